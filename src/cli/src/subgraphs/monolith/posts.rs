//! What people write.

use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object, Union};

use super::catalogue::Product;
use super::people::User;
use super::store;
use crate::subgraphs::accounts::Moderation;
use crate::subgraphs::dataset;
use crate::subgraphs::values::DateTime;

#[derive(Interface)]
#[graphql(
    field(name = "id", ty = "ID"),
    field(name = "body", ty = "&str"),
    field(name = "created_at", ty = "&DateTime"),
    field(name = "author", ty = "Option<User>"),
    field(name = "product", ty = "Product")
)]
pub(crate) enum Post {
    Review(Review),
    Question(Question),
}

#[derive(Union)]
pub(crate) enum Activity {
    Review(Review),
    Question(Question),
}

pub(crate) struct Review(pub(super) Arc<dataset::Review>);

#[Object]
impl Review {
    async fn id(&self) -> ID {
        ID::from(&self.0.id)
    }

    async fn moderation(&self) -> Moderation {
        Moderation::of(&self.0.id)
    }

    async fn body(&self) -> &str {
        &self.0.body
    }

    async fn rating(&self) -> i32 {
        self.0.rating
    }

    async fn created_at(&self) -> &DateTime {
        &self.0.created_at
    }

    async fn helpful_votes(&self) -> i32 {
        self.0.helpful
    }

    async fn author(&self, ctx: &Context<'_>) -> Option<User> {
        author(ctx, self.0.author)
    }

    async fn product(&self, ctx: &Context<'_>) -> Product {
        product(ctx, self.0.product)
    }
}

pub(crate) struct Question(pub(super) Arc<dataset::Question>);

#[Object]
impl Question {
    async fn id(&self) -> ID {
        ID::from(&self.0.id)
    }

    async fn moderation(&self) -> Moderation {
        Moderation::of(&self.0.id)
    }

    async fn body(&self) -> &str {
        &self.0.body
    }

    async fn created_at(&self) -> &DateTime {
        &self.0.created_at
    }

    async fn author(&self, ctx: &Context<'_>) -> Option<User> {
        author(ctx, self.0.author)
    }

    async fn product(&self, ctx: &Context<'_>) -> Product {
        product(ctx, self.0.product)
    }

    async fn answers(&self) -> &[&'static str] {
        &self.0.answers
    }
}

fn author(ctx: &Context<'_>, index: usize) -> Option<User> {
    store(ctx).read().users.get(index).cloned().map(User)
}

fn product(ctx: &Context<'_>, index: usize) -> Product {
    Product(Arc::clone(&store(ctx).read().products[index]))
}
