//! The demo as one service without federation: the oracle that a gateway over the four must agree with.
//!
//! Its schema is the API schema of `envoy/supergraph.graphql`, and it has the same rows and rules, but its
//! objects are whole, so nothing has to be planned, fetched or joined. It has data of its own, changed by the
//! mutations that it is sent itself: sent the same operations, it and the four stay alike.

mod catalogue;
mod people;
mod posts;

use std::sync::Arc;

use async_graphql::{Context, EmptySubscription, ID, Object, Result, Schema, SchemaBuilder, ValidationMode};

use super::accounts::{self, UpdateProfile};
use super::inventory;
use super::products::{self, Found, ProductFilter};
use super::reviews::{self, AddReview};
use super::store::Store;
use super::values::Tier;
use catalogue::{Brand, Product, Restock, SearchResult};
use people::{User, Warehouse};
use posts::{Activity, Post, Question, Review};

/// The schema, still without data.
pub(crate) fn schema() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    // What a gateway admits must not fail here: the library's validation refuses some valid operations.
    Schema::build(Query, Mutation, EmptySubscription)
        .limit_recursive_depth(1_000)
        .validation_mode(ValidationMode::Fast)
}

pub(crate) struct Query;
pub(crate) struct Mutation;

#[Object]
impl Query {
    async fn me(&self, ctx: &Context<'_>) -> Option<User> {
        store(ctx).read().user(accounts::caller(ctx)).map(User)
    }

    async fn user(&self, ctx: &Context<'_>, id: ID) -> Option<User> {
        store(ctx).read().user(&id).map(User)
    }

    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 10)] first: i32,
        tier: Option<Tier>,
    ) -> Vec<User> {
        accounts::users(&store(ctx).read(), first, tier).map(User).collect()
    }

    async fn warehouses(&self, ctx: &Context<'_>, country: Option<String>) -> Vec<Warehouse> {
        let data = store(ctx).read();
        inventory::warehouses(&data, country.as_deref()).map(Warehouse).collect()
    }

    async fn restocks(&self, ctx: &Context<'_>, #[graphql(default = 5)] first: i32) -> Vec<Restock> {
        inventory::restocks(&store(ctx).read(), first).into_iter().map(Restock::from).collect()
    }

    async fn top_products(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 5)] first: i32,
        filter: Option<ProductFilter>,
    ) -> Vec<Product> {
        products::top_products(&store(ctx).read(), first, filter.as_ref()).map(Product).collect()
    }

    async fn product(&self, ctx: &Context<'_>, upc: ID) -> Option<Product> {
        store(ctx).read().product_by_upc(&upc).map(Product)
    }

    async fn search(
        &self,
        ctx: &Context<'_>,
        text: String,
        #[graphql(default = 10)] first: i32,
    ) -> Vec<SearchResult> {
        let result = |found| match found {
            Found::Brand(brand) => SearchResult::Brand(Brand(brand)),
            Found::Product(product) => SearchResult::Product(Product(product)),
        };
        products::search(&store(ctx).read(), &text, first).into_iter().map(result).collect()
    }

    async fn post(&self, ctx: &Context<'_>, id: ID) -> Option<Post> {
        let data = store(ctx).read();
        match data.review_index(&id) {
            Some(index) => Some(Post::Review(Review(Arc::clone(&data.reviews[index])))),
            None => {
                let question = data.questions.iter().find(|question| question.id == *id);
                question.cloned().map(|question| Post::Question(Question(question)))
            }
        }
    }

    async fn recent_activity(&self, ctx: &Context<'_>, #[graphql(default = 5)] first: i32) -> Vec<Activity> {
        let data = store(ctx).read();
        let reviews = data.reviews.iter().cloned().map(|review| Activity::Review(Review(review)));
        let questions = data.questions.iter().cloned().map(|q| Activity::Question(Question(q)));
        let in_turn = reviews.zip(questions).flat_map(|(review, question)| [review, question]);
        in_turn.take(first.clamp(0, 100) as usize).collect()
    }
}

#[Object]
impl Mutation {
    async fn update_profile(&self, ctx: &Context<'_>, input: UpdateProfile) -> Result<User> {
        store(ctx).change(|data| accounts::update_profile(data, input)).map(User)
    }

    async fn add_review(&self, ctx: &Context<'_>, input: AddReview) -> Result<Review> {
        store(ctx).change(|data| reviews::add_review(data, input)).map(Review)
    }

    async fn vote_helpful(&self, ctx: &Context<'_>, review_id: ID) -> Option<Review> {
        store(ctx).change(|data| reviews::vote_helpful(data, &review_id)).map(Review)
    }
}

fn store<'a>(ctx: &Context<'a>) -> &'a Arc<Store> {
    ctx.data_unchecked()
}
