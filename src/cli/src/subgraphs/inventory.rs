//! The inventory subgraph: what lies where, and what sending it costs.

use std::sync::Arc;

use async_graphql::{
    Context, EmptyMutation, EmptySubscription, Enum, InputObject, Object, Result, Schema, SchemaBuilder,
    SimpleObject,
};

use super::dataset::{self, Dataset};
use super::store::Store;
use super::values::{DateTime, Dimensions, Money, RequiredDimensions, Sku, SkuKey};

/// The schema, still without data.
pub(crate) fn schema() -> SchemaBuilder<Query, EmptyMutation, EmptySubscription> {
    Schema::build(Query, EmptyMutation, EmptySubscription)
}

pub(crate) struct Query;

#[Object]
impl Query {
    async fn warehouses(&self, ctx: &Context<'_>, country: Option<String>) -> Vec<Warehouse> {
        let data = store(ctx).read();
        warehouses(&data, country.as_deref()).map(Warehouse).collect()
    }

    /// What is on its way, soonest first, at most 100.
    async fn restocks(&self, ctx: &Context<'_>, #[graphql(default = 5)] first: i32) -> Vec<Restock> {
        let expected = restocks(&store(ctx).read(), first);
        let restock = |(product, quantity, expected_at)| Restock {
            product: Product::of(product),
            quantity,
            expected_at,
        };
        expected.into_iter().map(restock).collect()
    }

    #[graphql(entity)]
    async fn product_by_sku(
        &self,
        ctx: &Context<'_>,
        #[graphql(key)] sku: SkuKey,
        price: Option<Money>,
        weight: Option<i32>,
        dimensions: Option<RequiredDimensions>,
    ) -> Option<Product> {
        let row = store(ctx).read().product_by_sku(&sku.into())?;
        Some(Product { row, price, weight, dimensions: dimensions.map(Dimensions::from) })
    }

    #[graphql(entity)]
    async fn warehouse(&self, ctx: &Context<'_>, country: String, code: String) -> Option<Warehouse> {
        let data = store(ctx).read();
        let found = data.warehouses.iter().find(|w| w.country == country && w.code == code);
        found.cloned().map(Warehouse)
    }
}

/// A product as the warehouse sees it: found by its maker's number, not by ours.
struct Product {
    row: Arc<dataset::Product>,
    // What another subgraph sent for `@requires`; none if the operation needs none of it.
    price: Option<Money>,
    weight: Option<i32>,
    dimensions: Option<Dimensions>,
}

impl Product {
    fn of(row: Arc<dataset::Product>) -> Self {
        Self { row, price: None, weight: None, dimensions: None }
    }
}

#[Object]
impl Product {
    async fn sku(&self) -> &Sku {
        &self.row.sku
    }

    #[graphql(shareable)]
    async fn name(&self) -> &str {
        &self.row.name
    }

    #[graphql(external)]
    async fn price(&self) -> Result<Money> {
        self.price.ok_or_else(|| "the price was not sent along".into())
    }

    #[graphql(external)]
    async fn weight(&self) -> Result<i32> {
        self.weight.ok_or_else(|| "the weight was not sent along".into())
    }

    #[graphql(external)]
    async fn dimensions(&self) -> Option<Dimensions> {
        self.dimensions
    }

    /// Pieces in all warehouses.
    async fn stock(&self) -> i32 {
        self.row.stock
    }

    async fn availability(&self) -> Availability {
        Availability::of(&self.row)
    }

    #[graphql(override_from = "products")]
    async fn discontinued(&self) -> bool {
        self.row.discontinued
    }

    /// Null if it is too heavy to be sent. Free from 1,000 euro.
    #[graphql(requires = "price weight")]
    async fn shipping_estimate(
        &self,
        to: Option<Destination>,
        #[graphql(default = false)] express: bool,
    ) -> Result<Option<Money>> {
        match (self.price, self.weight) {
            (Some(price), Some(weight)) => Ok(shipping_estimate(price, weight, to.as_ref(), express)),
            _ => Err("price and weight were not sent along".into()),
        }
    }

    /// The box it goes in; null if its size is not known.
    #[graphql(requires = "dimensions { width height depth }")]
    async fn parcel(&self) -> Option<Parcel> {
        self.dimensions.map(Parcel::of)
    }

    /// Where it lies.
    async fn warehouses(&self, ctx: &Context<'_>) -> Vec<Warehouse> {
        warehouses_of(&store(ctx).read(), &self.row).map(Warehouse).collect()
    }
}

pub(super) fn warehouses(
    data: &Dataset,
    country: Option<&str>,
) -> impl Iterator<Item = Arc<dataset::Warehouse>> {
    data.warehouses.iter().filter(move |warehouse| country.is_none_or(|c| c == warehouse.country)).cloned()
}

/// Products, pieces and dates.
pub(super) fn restocks(data: &Dataset, first: i32) -> Vec<(Arc<dataset::Product>, i32, DateTime)> {
    let empty = data.products.iter().filter(|product| product.stock == 0);
    empty
        .take(first.clamp(0, 100) as usize)
        .enumerate()
        .map(|(n, product)| {
            let date = DateTime(format!("2027-{:02}-{:02}T06:00:00Z", 1 + n / 28 % 12, 1 + n % 28));
            (Arc::clone(product), 20 + (n as i32 * 13) % 80, date)
        })
        .collect()
}

pub(super) fn shipping_estimate(
    price: Money,
    weight: i32,
    to: Option<&Destination>,
    express: bool,
) -> Option<Money> {
    if weight > 20_000 {
        return None;
    }
    if price >= Money(100_000) {
        return Some(Money(0));
    }
    let abroad = to.is_some_and(|to| to.country != "DE");
    Some(Money(390 + i64::from(weight) / 25 + i64::from(abroad) * 650 + i64::from(express) * 499))
}

pub(super) fn warehouses_of(
    data: &Dataset,
    product: &dataset::Product,
) -> impl Iterator<Item = Arc<dataset::Warehouse>> {
    let here = data.warehouses.iter().enumerate().filter(|(n, _)| (product.number + n).is_multiple_of(3));
    here.map(|(_, warehouse)| Arc::clone(warehouse))
}

/// Who leads a warehouse, if anybody.
pub(super) fn manager(data: &Dataset, warehouse: &dataset::Warehouse) -> Option<Arc<dataset::User>> {
    let number = data.warehouses.iter().position(|other| other.code == warehouse.code)?;
    (number % 4 != 3).then(|| Arc::clone(&data.users[number * 5]))
}

/// Whether it can be had.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum Availability {
    InStock,
    Low,
    BackOrder,
    Discontinued,
}

impl Availability {
    pub(super) fn of(product: &dataset::Product) -> Self {
        match (product.discontinued, product.stock) {
            (true, _) => Self::Discontinued,
            (_, 0) => Self::BackOrder,
            (_, 1..10) => Self::Low,
            _ => Self::InStock,
        }
    }
}

/// A box.
#[derive(SimpleObject)]
pub(super) struct Parcel {
    size: ParcelSize,
    litres: f64,
}

impl Parcel {
    pub(super) fn of(Dimensions { width, height, depth }: Dimensions) -> Self {
        let longest = width.max(height).max(depth);
        Self {
            size: match longest {
                ..300 => ParcelSize::S,
                300..600 => ParcelSize::M,
                _ => ParcelSize::L,
            },
            litres: f64::from(width) * f64::from(height) * f64::from(depth) / 1e6,
        }
    }
}

/// How large a box.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParcelSize {
    S,
    M,
    L,
}

/// Where to send it.
#[derive(InputObject)]
pub(super) struct Destination {
    country: String,
    postcode: Option<String>,
}

/// A building with shelves, known by its country and a code that is unique there.
struct Warehouse(Arc<dataset::Warehouse>);

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

    /// Cubic metres.
    async fn capacity(&self) -> i32 {
        self.0.capacity
    }

    /// Null if the post is vacant. Inventory knows its people by e-mail.
    async fn manager(&self, ctx: &Context<'_>) -> Option<User> {
        manager(&store(ctx).read(), &self.0).map(|user| User { email: user.email.clone() })
    }
}

/// Known here by its key only.
#[derive(SimpleObject)]
#[graphql(unresolvable = "email")]
struct User {
    email: String,
}

/// A delivery that is expected.
#[derive(SimpleObject)]
struct Restock {
    product: Product,
    quantity: i32,
    expected_at: DateTime,
}

fn store<'a>(ctx: &Context<'a>) -> &'a Arc<Store> {
    ctx.data_unchecked()
}
