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
        let data = store(ctx).read();
        let wanted = data.products.iter().filter(|p| filter.as_ref().is_none_or(|filter| filter.admits(p)));
        wanted.take(first.clamp(0, 500) as usize).cloned().map(Product).collect()
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
        let data = store(ctx).read();
        let text = text.to_lowercase();
        let brands = data.brands.iter().filter(|brand| brand.name.to_lowercase().contains(&text));
        let products = data.products.iter().filter(|product| product.name.to_lowercase().contains(&text));
        brands
            .map(|brand| SearchResult::Brand(Brand(Arc::clone(brand))))
            .chain(products.map(|product| SearchResult::Product(Product(Arc::clone(product)))))
            .take(first.clamp(0, 500) as usize)
            .collect()
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

/// Which products to show: all conditions must hold.
#[derive(InputObject)]
struct ProductFilter {
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
enum Category {
    Outdoor,
    Kitchen,
    Workshop,
    Home,
}

impl Category {
    fn of(product: &dataset::Product) -> Self {
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
        (!self.0.name.starts_with("Folding")).then_some(self.0.dimensions)
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
        let alt = format!("{} seen from the front", self.0.name);
        let image = Media::Image(Image {
            url: format!("https://img.example.com/{}.jpg", self.0.upc),
            alt,
            width: 1200,
            height: 800,
        });
        let video = Media::Video(Video {
            url: format!("https://video.example.com/{}.mp4", self.0.upc),
            alt: format!("{} in use", self.0.name),
            seconds: 20 + (self.0.number % 90) as i32,
        });
        if self.0.number.is_multiple_of(3) { vec![image, video] } else { vec![image] }
    }

    /// Similar products; null where one is no longer shown.
    async fn related(&self, ctx: &Context<'_>, #[graphql(default = 3)] first: i32) -> Vec<Option<Product>> {
        let data: Arc<Dataset> = store(ctx).read();
        let related = (1..=first.clamp(0, 50) as usize).map(|step| self.0.number + step * 5);
        related
            .map(|number| {
                let product = data.products.get(number % data.products.len())?;
                (!product.discontinued).then(|| Product(Arc::clone(product)))
            })
            .collect()
    }
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
        let data = store(ctx).read();
        let own = data.products.iter().filter(|product| Brand::id_of(product) == self.0.id);
        own.take(first.clamp(0, 500) as usize).cloned().map(Product).collect()
    }
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
enum Media {
    Image(Image),
    Video(Video),
}

/// A still picture.
#[derive(SimpleObject)]
struct Image {
    url: String,
    alt: String,
    width: i32,
    height: i32,
}

/// A moving picture.
#[derive(SimpleObject)]
struct Video {
    url: String,
    alt: String,
    seconds: i32,
}

fn store<'a>(ctx: &Context<'a>) -> &'a Arc<Store> {
    ctx.data_unchecked()
}
