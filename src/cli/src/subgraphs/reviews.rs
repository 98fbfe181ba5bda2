//! The reviews subgraph: what people write about products.

use std::sync::Arc;

use async_graphql::{
    Context, EmptySubscription, Enum, ID, InputObject, Interface, Object, Result, Schema, SchemaBuilder,
    Union,
};

use super::dataset::{self, Dataset};
use super::store::Store;
use super::values::{DateTime, Tier};

/// The schema, still without data.
pub(crate) fn schema() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query, Mutation, EmptySubscription)
}

pub(crate) struct Query;
pub(crate) struct Mutation;

#[Object]
impl Query {
    /// Any review or question.
    async fn post(&self, ctx: &Context<'_>, id: ID) -> Option<Post> {
        let data = store(ctx).read();
        match find_review(&data, &id) {
            Some(review) => Some(Post::Review(review)),
            None => find_question(&data, &id).map(Post::Question),
        }
    }

    /// Reviews and questions in turn, at most 100.
    async fn recent_activity(&self, ctx: &Context<'_>, #[graphql(default = 5)] first: i32) -> Vec<Activity> {
        let data = store(ctx).read();
        let reviews = data.reviews.iter().map(|review| Activity::Review(Review(Arc::clone(review))));
        let questions =
            data.questions.iter().map(|question| Activity::Question(Question(Arc::clone(question))));
        let in_turn = reviews.zip(questions).flat_map(|(review, question)| [review, question]);
        in_turn.take(first.clamp(0, 100) as usize).collect()
    }

    #[graphql(entity)]
    async fn find_review(&self, ctx: &Context<'_>, id: ID) -> Option<Review> {
        find_review(&store(ctx).read(), &id)
    }

    #[graphql(entity)]
    async fn find_question(&self, ctx: &Context<'_>, id: ID) -> Option<Question> {
        find_question(&store(ctx).read(), &id)
    }

    #[graphql(entity)]
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(key)] id: ID,
        tier: Option<Tier>,
        joined_at: Option<DateTime>,
    ) -> Option<User> {
        let index = store(ctx).read().user_index(&id)?;
        Some(User { index, tier, joined_at })
    }

    #[graphql(entity)]
    async fn product(&self, ctx: &Context<'_>, upc: ID) -> Option<Product> {
        store(ctx).read().product_by_upc(&upc).map(|product| Product { index: product.number })
    }
}

#[Object]
impl Mutation {
    /// Adds a review; its id is the next free one, `r1801` after a reset.
    async fn add_review(&self, ctx: &Context<'_>, input: AddReview) -> Result<Review> {
        store(ctx).change(|data| add_review(data, input)).map(Review)
    }

    /// Adds one to a review's votes: sent twice, it counts twice.
    async fn vote_helpful(&self, ctx: &Context<'_>, review_id: ID) -> Option<Review> {
        store(ctx).change(|data| vote_helpful(data, &review_id)).map(Review)
    }
}

pub(super) fn add_review(data: &mut Dataset, input: AddReview) -> Result<Arc<dataset::Review>> {
    if !(1..=5).contains(&input.rating) {
        return Err("a rating is from 1 to 5".into());
    }
    let author = data.user_index(&input.author_id).ok_or("there is no such user")?;
    let product = data.product_by_upc(&input.upc).ok_or("there is no such product")?.number;
    let review = Arc::new(dataset::Review {
        id: format!("r{}", data.reviews.len() + 1),
        body: input.body,
        rating: input.rating,
        created_at: DateTime("2026-01-01T12:00:00Z".to_owned()),
        author,
        product,
        helpful: 0,
    });
    data.add_review(Arc::clone(&review));
    Ok(review)
}

pub(super) fn vote_helpful(data: &mut Dataset, id: &str) -> Option<Arc<dataset::Review>> {
    let index = data.review_index(id)?;
    let review = &mut data.reviews[index];
    Arc::make_mut(review).helpful += 1;
    Some(Arc::clone(review))
}

/// What stands beside the name of a user of that tier.
pub(super) fn badge(tier: Tier, joined_at: &DateTime) -> String {
    let year = joined_at.0.get(..4).unwrap_or_default();
    format!("{tier:?} reviewer since {year}")
}

/// Of the reviews of a product, by its index.
pub(super) fn average_rating(data: &Dataset, product: usize) -> Option<f64> {
    let ratings = data.reviews_of_product(product).map(|review| review.rating);
    let (sum, count) = ratings.fold((0, 0), |(sum, count), rating| (sum + rating, count + 1));
    (count > 0).then(|| f64::from(sum * 100 / count) / 100.0)
}

/// What is to be said of a product.
#[derive(InputObject)]
pub(super) struct AddReview {
    author_id: ID,
    upc: ID,
    /// 1 to 5.
    rating: i32,
    body: String,
}

/// Which reviews come first.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReviewSort {
    Newest,
    BestRated,
    MostHelpful,
}

impl ReviewSort {
    pub(super) fn first<'a>(
        self,
        reviews: impl Iterator<Item = &'a Arc<dataset::Review>>,
        first: i32,
    ) -> impl Iterator<Item = Arc<dataset::Review>> {
        let mut reviews: Vec<_> = reviews.collect();
        // Stable sorts: equal ones stay in the order of their ids.
        match self {
            Self::Newest => reviews.sort_by(|a, b| b.created_at.cmp(&a.created_at)),
            Self::BestRated => reviews.sort_by_key(|review| -review.rating),
            Self::MostHelpful => reviews.sort_by_key(|review| -review.helpful),
        }
        reviews.into_iter().take(first.clamp(0, 500) as usize).cloned()
    }
}

/// What users write.
#[derive(Interface)]
#[graphql(
    field(name = "id", ty = "ID"),
    field(name = "body", ty = "&str"),
    field(name = "created_at", ty = "&DateTime"),
    field(name = "author", ty = "Option<User>"),
    field(name = "product", ty = "Product")
)]
enum Post {
    Review(Review),
    Question(Question),
}

/// What happened on the site.
#[derive(Union)]
enum Activity {
    Review(Review),
    Question(Question),
}

/// What one user thinks of one product.
pub(crate) struct Review(Arc<dataset::Review>);

#[Object]
impl Review {
    async fn id(&self) -> ID {
        ID::from(&self.0.id)
    }

    async fn body(&self) -> &str {
        &self.0.body
    }

    /// 1 to 5.
    async fn rating(&self) -> i32 {
        self.0.rating
    }

    async fn created_at(&self) -> &DateTime {
        &self.0.created_at
    }

    /// How many found it helpful.
    async fn helpful_votes(&self) -> i32 {
        self.0.helpful
    }

    /// Null if the account is gone. The name others see is kept with the review.
    #[graphql(provides = "username")]
    async fn author(&self) -> Option<User> {
        Some(User::of(self.0.author))
    }

    async fn product(&self) -> Product {
        Product { index: self.0.product }
    }
}

/// What one user wants to know of a product.
struct Question(Arc<dataset::Question>);

#[Object]
impl Question {
    async fn id(&self) -> ID {
        ID::from(&self.0.id)
    }

    async fn body(&self) -> &str {
        &self.0.body
    }

    async fn created_at(&self) -> &DateTime {
        &self.0.created_at
    }

    /// Null if the account is gone.
    async fn author(&self) -> Option<User> {
        Some(User::of(self.0.author))
    }

    async fn product(&self) -> Product {
        Product { index: self.0.product }
    }

    async fn answers(&self) -> &[&'static str] {
        &self.0.answers
    }
}

/// Somebody who writes.
struct User {
    index: usize,
    // What accounts sent for `@requires`.
    tier: Option<Tier>,
    joined_at: Option<DateTime>,
}

impl User {
    fn of(index: usize) -> Self {
        Self { index, tier: None, joined_at: None }
    }
}

#[Object(extends)]
impl User {
    async fn id(&self, ctx: &Context<'_>) -> ID {
        ID::from(&store(ctx).read().users[self.index].id)
    }

    /// Resolved here only where it is provided.
    #[graphql(external)]
    async fn username(&self, ctx: &Context<'_>) -> String {
        store(ctx).read().users[self.index].username.clone()
    }

    #[graphql(external)]
    async fn tier(&self) -> Result<Tier> {
        self.tier.ok_or_else(|| "the tier was not sent along".into())
    }

    #[graphql(external)]
    async fn joined_at(&self) -> Result<DateTime> {
        self.joined_at.clone().ok_or_else(|| "the date was not sent along".into())
    }

    /// What stands beside the name.
    #[graphql(requires = "tier joinedAt")]
    async fn badge(&self) -> Result<String> {
        let tier = self.tier.ok_or("the tier was not sent along")?;
        let joined_at = self.joined_at.as_ref().ok_or("the date was not sent along")?;
        Ok(badge(tier, joined_at))
    }

    async fn reviews(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 10)] first: i32,
        #[graphql(default_with = "ReviewSort::Newest")] sort: ReviewSort,
    ) -> Vec<Review> {
        let data = store(ctx).read();
        sort.first(data.reviews_by(self.index), first).map(Review).collect()
    }

    async fn review_count(&self, ctx: &Context<'_>) -> i32 {
        store(ctx).read().reviews_by(self.index).count() as i32
    }
}

/// What is written about.
struct Product {
    index: usize,
}

#[Object]
impl Product {
    async fn upc(&self, ctx: &Context<'_>) -> ID {
        ID::from(&store(ctx).read().products[self.index].upc)
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
            .reviews_of_product(self.index)
            .filter(|review| min_rating.is_none_or(|min| review.rating >= min));
        sort.first(wanted, first).map(Review).collect()
    }

    async fn review_count(&self, ctx: &Context<'_>) -> i32 {
        store(ctx).read().reviews_of_product(self.index).count() as i32
    }

    /// Null without reviews.
    async fn average_rating(&self, ctx: &Context<'_>) -> Option<f64> {
        average_rating(&store(ctx).read(), self.index)
    }
}

fn find_review(data: &Dataset, id: &str) -> Option<Review> {
    Some(Review(Arc::clone(&data.reviews[data.review_index(id)?])))
}

fn find_question(data: &Dataset, id: &str) -> Option<Question> {
    data.questions.iter().find(|question| question.id == id).cloned().map(Question)
}

fn store<'a>(ctx: &Context<'a>) -> &'a Arc<Store> {
    ctx.data_unchecked()
}
