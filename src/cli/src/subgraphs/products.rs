//! The products subgraph: the catalogue, its brands and pictures, and the search over both.

use std::sync::Arc;

use async_graphql::{
    Context, EmptyMutation, EmptySubscription, Enum, ID, InputObject, Interface, Object, Schema,
    SchemaBuilder, SimpleObject, Union,
};

use super::dataset::{self, Dataset};
use super::store::Store;
use super::values::{BigInt, Dimensions, Money, Sku, SkuKey};

/// The schema, still without data.
pub(crate) fn schema() -> SchemaBuilder<Query, EmptyMutation, EmptySubscription> {
    Schema::build(Query, EmptyMutation, EmptySubscription)
}

pub(crate) struct Query;

#[Object]
impl Query {
    /// What sells best, at most 500.
    async fn top_products(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 5)] first: i32,
        filter: Option<ProductFilter>,
    ) -> Vec<Product> {
        top_products(&store(ctx).read(), first, filter.as_ref()).map(Product).collect()
    }

    async fn product(&self, ctx: &Context<'_>, upc: ID) -> Option<Product> {
        store(ctx).read().product_by_upc(&upc).map(Product)
    }

    /// Brands and products whose name holds the text, brands first.
    async fn search(
        &self,
        ctx: &Context<'_>,
        text: String,
        #[graphql(default = 10)] first: i32,
    ) -> Vec<SearchResult> {
        let found = search(&store(ctx).read(), &text, first);
        let result = |found| match found {
            Found::Brand(brand) => SearchResult::Brand(Brand(brand)),
            Found::Product(product) => SearchResult::Product(Product(product)),
        };
        found.into_iter().map(result).collect()
    }

    #[graphql(entity)]
    async fn product_by_upc(&self, ctx: &Context<'_>, upc: ID) -> Option<Product> {
        store(ctx).read().product_by_upc(&upc).map(Product)
    }

    #[graphql(entity)]
    async fn product_by_sku(&self, ctx: &Context<'_>, sku: SkuKey) -> Option<Product> {
        store(ctx).read().product_by_sku(&sku.into()).map(Product)
    }

    #[graphql(entity)]
    async fn brand(&self, ctx: &Context<'_>, id: ID) -> Option<Brand> {
        store(ctx).read().brands.iter().find(|brand| brand.id == *id).cloned().map(Brand)
    }
}

pub(super) fn top_products(
    data: &Dataset,
    first: i32,
    filter: Option<&ProductFilter>,
) -> impl Iterator<Item = Arc<dataset::Product>> {
    let wanted = data.products.iter().filter(move |p| filter.is_none_or(|filter| filter.admits(p)));
    wanted.take(first.clamp(0, 500) as usize).cloned()
}

/// A row of what a search finds.
pub(super) enum Found {
    Brand(Arc<dataset::Brand>),
    Product(Arc<dataset::Product>),
}

pub(super) fn search(data: &Dataset, text: &str, first: i32) -> Vec<Found> {
    let text = text.to_lowercase();
    let brands = data.brands.iter().filter(|brand| brand.name.to_lowercase().contains(&text));
    let products = data.products.iter().filter(|product| product.name.to_lowercase().contains(&text));
    brands
        .cloned()
        .map(Found::Brand)
        .chain(products.cloned().map(Found::Product))
        .take(first.clamp(0, 500) as usize)
        .collect()
}

/// Which products to show: all conditions must hold.
#[derive(InputObject)]
pub(super) struct ProductFilter {
    category: Option<Category>,
    max_price: Option<Money>,
    /// Any of these brands.
    brand_ids: Option<Vec<ID>>,
}

impl ProductFilter {
    fn admits(&self, product: &dataset::Product) -> bool {
        self.category.is_none_or(|category| Category::of(product) == category)
            && self.max_price.is_none_or(|max| product.price <= max)
            && self.brand_ids.as_ref().is_none_or(|ids| ids.iter().any(|id| **id == Brand::id_of(product)))
    }
}

/// The shelf a product stands on.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    Outdoor,
    Kitchen,
    Workshop,
    Home,
}

impl Category {
    pub(super) fn of(product: &dataset::Product) -> Self {
        [Self::Outdoor, Self::Kitchen, Self::Workshop, Self::Home][product.number % 4]
    }
}

/// Something to buy.
struct Product(Arc<dataset::Product>);

#[Object]
impl Product {
    async fn upc(&self) -> ID {
        ID::from(&self.0.upc)
    }

    async fn sku(&self) -> &Sku {
        &self.0.sku
    }

    #[graphql(shareable)]
    async fn name(&self) -> &str {
        &self.0.name
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

    async fn price(&self) -> Money {
        self.0.price
    }

    /// Not for clients.
    #[graphql(inaccessible)]
    async fn cost_price(&self) -> Money {
        self.0.cost_price
    }

    /// Grams.
    async fn weight(&self) -> i32 {
        self.0.weight
    }

    /// Null for what can be folded.
    async fn dimensions(&self) -> Option<Dimensions> {
        dimensions(&self.0)
    }

    async fn units_sold(&self) -> BigInt {
        self.0.units_sold
    }

    /// As the catalogue knew it last year: inventory has taken this field over.
    async fn discontinued(&self) -> bool {
        false
    }

    async fn brand(&self, ctx: &Context<'_>) -> Brand {
        Brand(Arc::clone(&store(ctx).read().brands[self.0.brand]))
    }

    async fn media(&self) -> Vec<Media> {
        media(&self.0)
    }

    /// Similar products; null where one is no longer shown.
    async fn related(&self, ctx: &Context<'_>, #[graphql(default = 3)] first: i32) -> Vec<Option<Product>> {
        let related = related(&store(ctx).read(), &self.0, first);
        related.into_iter().map(|product| product.map(Product)).collect()
    }
}

pub(super) fn dimensions(product: &dataset::Product) -> Option<Dimensions> {
    (!product.name.starts_with("Folding")).then_some(product.dimensions)
}

pub(super) fn media(product: &dataset::Product) -> Vec<Media> {
    let image = Media::Image(Image {
        url: format!("https://img.example.com/{}.jpg", product.upc),
        alt: format!("{} seen from the front", product.name),
        width: 1200,
        height: 800,
    });
    let video = Media::Video(Video {
        url: format!("https://video.example.com/{}.mp4", product.upc),
        alt: format!("{} in use", product.name),
        seconds: 20 + (product.number % 90) as i32,
    });
    if product.number.is_multiple_of(3) { vec![image, video] } else { vec![image] }
}

pub(super) fn related(
    data: &Dataset,
    product: &dataset::Product,
    first: i32,
) -> Vec<Option<Arc<dataset::Product>>> {
    let numbers = (1..=first.clamp(0, 50) as usize).map(|step| product.number + step * 5);
    numbers
        .map(|number| {
            let product = data.products.get(number % data.products.len())?;
            (!product.discontinued).then(|| Arc::clone(product))
        })
        .collect()
}

/// Who makes it.
struct Brand(Arc<dataset::Brand>);

impl Brand {
    fn id_of(product: &dataset::Product) -> String {
        format!("b{}", product.brand + 1)
    }
}

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

    /// A year; null if nobody remembers.
    async fn founded(&self) -> Option<i32> {
        self.0.founded
    }

    async fn products(&self, ctx: &Context<'_>, #[graphql(default = 5)] first: i32) -> Vec<Product> {
        brand_products(&store(ctx).read(), &self.0, first).map(Product).collect()
    }
}

pub(super) fn brand_products(
    data: &Dataset,
    brand: &dataset::Brand,
    first: i32,
) -> impl Iterator<Item = Arc<dataset::Product>> {
    let own = data.products.iter().filter(|product| Brand::id_of(product) == brand.id);
    own.take(first.clamp(0, 500) as usize).cloned()
}

/// What a search finds.
#[derive(Union)]
enum SearchResult {
    Product(Product),
    Brand(Brand),
}

/// Something to look at.
#[derive(Interface)]
#[allow(clippy::duplicated_attributes, reason = "two fields of one type are no duplicates")]
#[graphql(field(name = "url", ty = "&String"), field(name = "alt", ty = "&String"))]
pub(super) enum Media {
    Image(Image),
    Video(Video),
}

/// A still picture.
#[derive(SimpleObject)]
pub(super) struct Image {
    url: String,
    alt: String,
    width: i32,
    height: i32,
}

/// A moving picture.
#[derive(SimpleObject)]
pub(super) struct Video {
    url: String,
    alt: String,
    seconds: i32,
}

fn store<'a>(ctx: &Context<'a>) -> &'a Arc<Store> {
    ctx.data_unchecked()
}
