//! People and the buildings they lead.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use super::posts::Review;
use super::store;
use crate::subgraphs::accounts::Address;
use crate::subgraphs::reviews::{self, ReviewSort};
use crate::subgraphs::values::{BigInt, DateTime, Tier};
use crate::subgraphs::{dataset, inventory};

pub(crate) struct User(pub(super) Arc<dataset::User>);

#[Object]
impl User {
    async fn id(&self) -> ID {
        ID::from(&self.0.id)
    }

    async fn email(&self) -> &str {
        &self.0.email
    }

    async fn username(&self) -> &str {
        &self.0.username
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn joined_at(&self) -> &DateTime {
        &self.0.joined_at
    }

    async fn tier(&self) -> Tier {
        self.0.tier
    }

    async fn birth_year(&self) -> Option<i32> {
        self.0.birth_year
    }

    async fn loyalty_points(&self) -> BigInt {
        self.0.loyalty_points
    }

    async fn address(&self) -> Option<Address> {
        self.0.address.as_ref().map(Address::of)
    }

    async fn nearest_warehouse(&self, ctx: &Context<'_>) -> Warehouse {
        Warehouse(Arc::clone(&store(ctx).read().warehouses[self.0.warehouse]))
    }

    async fn badge(&self) -> String {
        reviews::badge(self.0.tier, &self.0.joined_at)
    }

    async fn reviews(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 10)] first: i32,
        #[graphql(default_with = "ReviewSort::Newest")] sort: ReviewSort,
    ) -> Vec<Review> {
        let data = store(ctx).read();
        let Some(index) = data.user_index(&self.0.id) else { return Vec::new() };
        sort.first(data.reviews_by(index), first).map(Review).collect()
    }

    async fn review_count(&self, ctx: &Context<'_>) -> i32 {
        let data = store(ctx).read();
        data.user_index(&self.0.id).map_or(0, |index| data.reviews_by(index).count() as i32)
    }
}

pub(crate) struct Warehouse(pub(super) Arc<dataset::Warehouse>);

#[Object]
impl Warehouse {
    async fn country(&self) -> &str {
        self.0.country
    }

    async fn code(&self) -> &str {
        self.0.code
    }

    async fn name(&self) -> &str {
        self.0.name
    }

    async fn city(&self) -> &str {
        self.0.city
    }

    async fn capacity(&self) -> i32 {
        self.0.capacity
    }

    async fn manager(&self, ctx: &Context<'_>) -> Option<User> {
        inventory::manager(&store(ctx).read(), &self.0).map(User)
    }
}
