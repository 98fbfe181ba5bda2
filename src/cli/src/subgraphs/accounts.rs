//! The accounts subgraph: people, and the moderation of what they write.

use std::sync::Arc;

use async_graphql::{
    Context, EmptySubscription, Enum, ID, InputObject, Object, Result, Schema, SchemaBuilder, SimpleObject,
};

use super::dataset::{self, Dataset};
use super::store::Store;
use super::values::{BigInt, DateTime, Tier};

/// Who asks, as the `x-user-id` header says; without it the demo's first user.
pub(crate) struct Caller(pub(crate) Option<String>);

/// The schema, still without data.
pub(crate) fn schema() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query, Mutation, EmptySubscription)
}

pub(crate) struct Query;
pub(crate) struct Mutation;

#[Object]
impl Query {
    /// Who asks: named by the header `x-user-id`, `u1` without it, null if there is no such user.
    async fn me(&self, ctx: &Context<'_>) -> Option<User> {
        store(ctx).read().user(caller(ctx)).map(User)
    }

    async fn user(&self, ctx: &Context<'_>, id: ID) -> Option<User> {
        store(ctx).read().user(&id).map(User)
    }

    /// Users in the order of their ids, at most 500.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 10)] first: i32,
        tier: Option<Tier>,
    ) -> Vec<User> {
        users(&store(ctx).read(), first, tier).map(User).collect()
    }

    #[graphql(entity)]
    async fn user_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<User> {
        store(ctx).read().user(&id).map(User)
    }

    #[graphql(entity)]
    async fn user_by_email(&self, ctx: &Context<'_>, email: String) -> Option<User> {
        store(ctx).read().users.iter().find(|user| user.email == email).cloned().map(User)
    }

    #[graphql(entity)]
    async fn review(&self, id: ID) -> Review {
        Review { moderation: Moderation::of(&id), id }
    }

    #[graphql(entity)]
    async fn question(&self, id: ID) -> Question {
        Question { moderation: Moderation::of(&id), id }
    }
}

#[Object]
impl Mutation {
    /// Changes what is given and leaves the rest; doing it twice is as doing it once.
    async fn update_profile(&self, ctx: &Context<'_>, input: UpdateProfile) -> Result<User> {
        store(ctx).change(|data| update_profile(data, input)).map(User)
    }
}

/// The id of who asks.
pub(super) fn caller<'a>(ctx: &Context<'a>) -> &'a str {
    ctx.data_opt::<Caller>().and_then(|caller| caller.0.as_deref()).unwrap_or("u1")
}

pub(super) fn users(
    data: &Dataset,
    first: i32,
    tier: Option<Tier>,
) -> impl Iterator<Item = Arc<dataset::User>> {
    let wanted = data.users.iter().filter(move |user| tier.is_none_or(|tier| user.tier == tier));
    wanted.take(first.clamp(0, 500) as usize).cloned()
}

pub(super) fn update_profile(data: &mut Dataset, input: UpdateProfile) -> Result<Arc<dataset::User>> {
    let index = data.user_index(&input.user_id).ok_or("there is no such user")?;
    let old = Arc::clone(&data.users[index]);
    data.users[index] = Arc::new(dataset::User {
        id: old.id.clone(),
        email: old.email.clone(),
        username: old.username.clone(),
        name: input.name.unwrap_or_else(|| old.name.clone()),
        joined_at: old.joined_at.clone(),
        tier: input.tier.unwrap_or(old.tier),
        birth_year: input.birth_year.or(old.birth_year),
        loyalty_points: old.loyalty_points,
        address: old.address.as_ref().map(|address| dataset::Address {
            street: address.street.clone(),
            postcode: address.postcode.clone(),
            ..*address
        }),
        warehouse: old.warehouse,
    });
    Ok(Arc::clone(&data.users[index]))
}

/// What to change of a profile.
#[derive(InputObject)]
pub(super) struct UpdateProfile {
    user_id: ID,
    name: Option<String>,
    tier: Option<Tier>,
    birth_year: Option<i32>,
}

/// Somebody with an account.
pub(crate) struct User(Arc<dataset::User>);

#[Object]
impl User {
    async fn id(&self) -> ID {
        ID::from(&self.0.id)
    }

    async fn email(&self) -> &str {
        &self.0.email
    }

    /// What others see.
    #[graphql(shareable)]
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

    /// Null if the user doesn't say.
    async fn birth_year(&self) -> Option<i32> {
        self.0.birth_year
    }

    async fn loyalty_points(&self) -> BigInt {
        self.0.loyalty_points
    }

    /// Null for every fifth user.
    async fn address(&self) -> Option<Address> {
        self.0.address.as_ref().map(Address::of)
    }

    /// Where this user's orders are packed.
    async fn nearest_warehouse(&self, ctx: &Context<'_>) -> Warehouse {
        let data = store(ctx).read();
        let warehouse = &data.warehouses[self.0.warehouse];
        Warehouse { country: warehouse.country, code: warehouse.code }
    }
}

/// Where a user lives.
#[derive(SimpleObject)]
pub(super) struct Address {
    street: String,
    city: &'static str,
    postcode: String,
    country: &'static str,
}

impl Address {
    pub(super) fn of(row: &dataset::Address) -> Self {
        Self {
            street: row.street.clone(),
            city: row.city,
            postcode: row.postcode.clone(),
            country: row.country,
        }
    }
}

/// Known here by its key only.
#[derive(SimpleObject)]
#[graphql(unresolvable = "country code")]
struct Warehouse {
    country: &'static str,
    code: &'static str,
}

/// Known here for its moderation only.
#[derive(SimpleObject)]
struct Review {
    id: ID,
    moderation: Moderation,
}

/// Known here for its moderation only.
#[derive(SimpleObject)]
struct Question {
    id: ID,
    moderation: Moderation,
}

/// What the moderators think of a post.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moderation {
    Approved,
    Pending,
    Hidden,
}

impl Moderation {
    pub(super) fn of(id: &str) -> Self {
        match id.bytes().map(u32::from).sum::<u32>() % 7 {
            0 => Self::Hidden,
            1 | 2 => Self::Pending,
            _ => Self::Approved,
        }
    }
}

fn store<'a>(ctx: &Context<'a>) -> &'a Arc<Store> {
    ctx.data_unchecked()
}
