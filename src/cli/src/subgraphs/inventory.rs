//! The inventory subgraph: what lies where, and what sending it costs.

use std::sync::Arc;

use async_graphql::{
    Context, EmptyMutation, EmptySubscription, Enum, InputObject, Object, Result, Schema, SchemaBuilder,
    SimpleObject,
};

use super::dataset;
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
        let wanted = data
            .warehouses
            .iter()
            .filter(|warehouse| country.as_ref().is_none_or(|c| c == warehouse.country));
        wanted.cloned().map(Warehouse).collect()
    }

    /// What is on its way, soonest first, at most 100.
    async fn restocks(&self, ctx: &Context<'_>, #[graphql(default = 5)] first: i32) -> Vec<Restock> {
        let data = store(ctx).read();
        let empty = data.products.iter().filter(|product| product.stock == 0);
        empty
            .take(first.clamp(0, 100) as usize)
            .enumerate()
            .map(|(n, product)| Restock {
                product: Product::of(Arc::clone(product)),
                quantity: 20 + (n as i32 * 13) % 80,
                expected_at: DateTime(format!("2027-{:02}-{:02}T06:00:00Z", 1 + n / 28 % 12, 1 + n % 28)),
            })
            .collect()
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
        match (self.row.discontinued, self.row.stock) {
            (true, _) => Availability::Discontinued,
            (_, 0) => Availability::BackOrder,
            (_, 1..10) => Availability::Low,
            _ => Availability::InStock,
        }
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
        let (price, weight) = match (self.price, self.weight) {
            (Some(price), Some(weight)) => (price, weight),
            _ => return Err("price and weight were not sent along".into()),
        };
        if weight > 20_000 {
            return Ok(None);
        }
        if price >= Money(100_000) {
            return Ok(Some(Money(0)));
        }
        let abroad = to.is_some_and(|to| to.country != "DE");
        let cents = 390 + i64::from(weight) / 25 + i64::from(abroad) * 650 + i64::from(express) * 499;
        Ok(Some(Money(cents)))
    }

    /// The box it goes in; null if its size is not known.
    #[graphql(requires = "dimensions { width height depth }")]
    async fn parcel(&self) -> Option<Parcel> {
        let Dimensions { width, height, depth } = self.dimensions?;
        let longest = width.max(height).max(depth);
        Some(Parcel {
            size: match longest {
                ..300 => ParcelSize::S,
                300..600 => ParcelSize::M,
                _ => ParcelSize::L,
            },
            litres: f64::from(width) * f64::from(height) * f64::from(depth) / 1e6,
        })
    }

    /// Where it lies.
    async fn warehouses(&self, ctx: &Context<'_>) -> Vec<Warehouse> {
        let data = store(ctx).read();
        let here =
            data.warehouses.iter().enumerate().filter(|(n, _)| (self.row.number + n).is_multiple_of(3));
        here.map(|(_, warehouse)| Warehouse(Arc::clone(warehouse))).collect()
    }
}

/// Whether it can be had.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum Availability {
    InStock,
    Low,
    BackOrder,
    Discontinued,
}

/// A box.
#[derive(SimpleObject)]
struct Parcel {
    size: ParcelSize,
    litres: f64,
}

/// How large a box.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum ParcelSize {
    S,
    M,
    L,
}

/// Where to send it.
#[derive(InputObject)]
struct Destination {
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
        let data = store(ctx).read();
        let number = data.warehouses.iter().position(|warehouse| warehouse.code == self.0.code)?;
        (number % 4 != 3).then(|| User { email: data.users[number * 5].email.clone() })
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
