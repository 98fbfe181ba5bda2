//! What is sold, who makes it, and where it lies.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject, Union};

use super::people::Warehouse;
use super::posts::Review;
use super::store;
use crate::subgraphs::dataset;
use crate::subgraphs::inventory::{self, Availability, Destination, Parcel};
use crate::subgraphs::products::{self, Category, Media};
use crate::subgraphs::reviews::{self, ReviewSort};
use crate::subgraphs::values::{BigInt, DateTime, Dimensions, Money, Sku};

pub(crate) struct Product(pub(super) Arc<dataset::Product>);

#[Object]
impl Product {
    async fn sku(&self) -> &Sku {
        &self.0.sku
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn price(&self) -> Money {
        self.0.price
    }

    async fn weight(&self) -> i32 {
        self.0.weight
    }

    async fn dimensions(&self) -> Option<Dimensions> {
        products::dimensions(&self.0)
    }

    async fn stock(&self) -> i32 {
        self.0.stock
    }

    async fn availability(&self) -> Availability {
        Availability::of(&self.0)
    }

    async fn discontinued(&self) -> bool {
        self.0.discontinued
    }

    async fn shipping_estimate(
        &self,
        to: Option<Destination>,
        #[graphql(default = false)] express: bool,
    ) -> Option<Money> {
        inventory::shipping_estimate(self.0.price, self.0.weight, to.as_ref(), express)
    }

    async fn parcel(&self) -> Option<Parcel> {
        products::dimensions(&self.0).map(Parcel::of)
    }

    async fn warehouses(&self, ctx: &Context<'_>) -> Vec<Warehouse> {
        inventory::warehouses_of(&store(ctx).read(), &self.0).map(Warehouse).collect()
    }

    async fn upc(&self) -> ID {
        ID::from(&self.0.upc)
    }

    #[graphql(deprecation = "it is the name")]
    async fn title(&self) -> &str {
        &self.0.name
    }

    async fn description(&self) -> &str {
        &self.0.description
    }

    async fn category(&self) -> Category {
        Category::of(&self.0)
    }

    async fn units_sold(&self) -> BigInt {
        self.0.units_sold
    }

    async fn brand(&self, ctx: &Context<'_>) -> Brand {
        Brand(Arc::clone(&store(ctx).read().brands[self.0.brand]))
    }

    async fn media(&self) -> Vec<Media> {
        products::media(&self.0)
    }

    async fn related(&self, ctx: &Context<'_>, #[graphql(default = 3)] first: i32) -> Vec<Option<Product>> {
        let related = products::related(&store(ctx).read(), &self.0, first);
        related.into_iter().map(|product| product.map(Product)).collect()
    }

    async fn reviews(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 10)] first: i32,
        min_rating: Option<i32>,
        #[graphql(default_with = "ReviewSort::Newest")] sort: ReviewSort,
    ) -> Vec<Review> {
        let data = store(ctx).read();
        let wanted = data
            .reviews_of_product(self.0.number)
            .filter(|review| min_rating.is_none_or(|min| review.rating >= min));
        sort.first(wanted, first).map(Review).collect()
    }

    async fn review_count(&self, ctx: &Context<'_>) -> i32 {
        store(ctx).read().reviews_of_product(self.0.number).count() as i32
    }

    async fn average_rating(&self, ctx: &Context<'_>) -> Option<f64> {
        reviews::average_rating(&store(ctx).read(), self.0.number)
    }
}

pub(crate) struct Brand(pub(super) Arc<dataset::Brand>);

#[Object]
impl Brand {
    async fn id(&self) -> ID {
        ID::from(&self.0.id)
    }

    async fn name(&self) -> &str {
        self.0.name
    }

    async fn country(&self) -> &str {
        self.0.country
    }

    async fn founded(&self) -> Option<i32> {
        self.0.founded
    }

    async fn products(&self, ctx: &Context<'_>, #[graphql(default = 5)] first: i32) -> Vec<Product> {
        products::brand_products(&store(ctx).read(), &self.0, first).map(Product).collect()
    }
}

#[derive(Union)]
pub(crate) enum SearchResult {
    Product(Product),
    Brand(Brand),
}

#[derive(SimpleObject)]
pub(crate) struct Restock {
    product: Product,
    quantity: i32,
    expected_at: DateTime,
}

impl From<(Arc<dataset::Product>, i32, DateTime)> for Restock {
    fn from((product, quantity, expected_at): (Arc<dataset::Product>, i32, DateTime)) -> Self {
        Self { product: Product(product), quantity, expected_at }
    }
}
