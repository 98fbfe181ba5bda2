//! The demo's data: made by rule from running numbers, so every start, machine and test sees the same.

use std::collections::HashMap;
use std::sync::Arc;

use super::phrases;
use super::values::{BigInt, DateTime, Dimensions, Money, Sku, Tier};

const USERS: usize = 60;
const BRANDS: usize = 12;
const PRODUCTS: usize = 300;
const REVIEWS_PER_PRODUCT: usize = 6;
const QUESTIONS: usize = 90;

/// Everything the four services know. Rows are shared, so cloning it to change one row is cheap.
#[derive(Clone)]
pub(crate) struct Dataset {
    pub(crate) users: Vec<Arc<User>>,
    pub(crate) brands: Vec<Arc<Brand>>,
    pub(crate) products: Vec<Arc<Product>>,
    pub(crate) warehouses: Vec<Arc<Warehouse>>,
    pub(crate) reviews: Vec<Arc<Review>>,
    pub(crate) questions: Vec<Arc<Question>>,
    by_upc: HashMap<String, usize>,
    by_sku: HashMap<Sku, usize>,
    /// For each product, and each user, the indexes of their reviews.
    by_product: Vec<Vec<usize>>,
    by_author: Vec<Vec<usize>>,
}

pub(crate) struct Address {
    pub(crate) street: String,
    pub(crate) city: &'static str,
    pub(crate) postcode: String,
    pub(crate) country: &'static str,
}

pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) joined_at: DateTime,
    pub(crate) tier: Tier,
    pub(crate) birth_year: Option<i32>,
    pub(crate) loyalty_points: BigInt,
    pub(crate) address: Option<Address>,
    /// Index into `warehouses`.
    pub(crate) warehouse: usize,
}

pub(crate) struct Brand {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) country: &'static str,
    pub(crate) founded: Option<i32>,
}

pub(crate) struct Product {
    pub(crate) number: usize,
    pub(crate) upc: String,
    pub(crate) sku: Sku,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) price: Money,
    pub(crate) cost_price: Money,
    /// Grams.
    pub(crate) weight: i32,
    pub(crate) dimensions: Dimensions,
    pub(crate) units_sold: BigInt,
    /// Index into `brands`.
    pub(crate) brand: usize,
    pub(crate) stock: i32,
    pub(crate) discontinued: bool,
}

pub(crate) struct Warehouse {
    pub(crate) country: &'static str,
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) city: &'static str,
    pub(crate) capacity: i32,
}

#[derive(Clone)]
pub(crate) struct Review {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) rating: i32,
    pub(crate) created_at: DateTime,
    /// Index into `users`.
    pub(crate) author: usize,
    /// Index into `products`.
    pub(crate) product: usize,
    pub(crate) helpful: i32,
}

pub(crate) struct Question {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) created_at: DateTime,
    pub(crate) author: usize,
    pub(crate) product: usize,
    pub(crate) answers: Vec<&'static str>,
}

impl Dataset {
    /// The data as it is at every start and after `POST /reset`.
    pub(crate) fn initial() -> Self {
        let products: Vec<_> = (0..PRODUCTS).map(|n| Arc::new(product(n))).collect();
        let mut data = Self {
            users: (0..USERS).map(|n| Arc::new(user(n))).collect(),
            brands: (0..BRANDS).map(|n| Arc::new(brand(n))).collect(),
            warehouses: warehouses().into_iter().map(Arc::new).collect(),
            reviews: Vec::new(),
            questions: (0..QUESTIONS).map(|n| Arc::new(question(n))).collect(),
            by_upc: products.iter().map(|p| (p.upc.clone(), p.number)).collect(),
            by_sku: products.iter().map(|p| (p.sku.clone(), p.number)).collect(),
            by_product: vec![Vec::new(); PRODUCTS],
            by_author: vec![Vec::new(); USERS],
            products,
        };
        for n in 0..PRODUCTS * REVIEWS_PER_PRODUCT {
            data.add_review(Arc::new(review(n)));
        }
        data
    }

    pub(crate) fn add_review(&mut self, review: Arc<Review>) {
        let index = self.reviews.len();
        self.by_product[review.product].push(index);
        self.by_author[review.author].push(index);
        self.reviews.push(review);
    }

    /// Reviews are numbered from `r1`, so their id says where they are.
    pub(crate) fn review_index(&self, id: &str) -> Option<usize> {
        let number: usize = id.strip_prefix('r')?.parse().ok()?;
        number.checked_sub(1).filter(|index| *index < self.reviews.len())
    }

    /// In the order of their ids.
    pub(crate) fn reviews_of_product(&self, product: usize) -> impl Iterator<Item = &Arc<Review>> {
        self.by_product[product].iter().map(|index| &self.reviews[*index])
    }

    /// In the order of their ids.
    pub(crate) fn reviews_by(&self, author: usize) -> impl Iterator<Item = &Arc<Review>> {
        self.by_author[author].iter().map(|index| &self.reviews[*index])
    }

    pub(crate) fn user(&self, id: &str) -> Option<Arc<User>> {
        self.users.get(self.user_index(id)?).cloned()
    }

    /// Users are numbered from `u1`.
    pub(crate) fn user_index(&self, id: &str) -> Option<usize> {
        self.users.iter().position(|user| user.id == id)
    }

    pub(crate) fn product_by_upc(&self, upc: &str) -> Option<Arc<Product>> {
        self.by_upc.get(upc).and_then(|n| self.products.get(*n)).cloned()
    }

    pub(crate) fn product_by_sku(&self, sku: &Sku) -> Option<Arc<Product>> {
        self.by_sku.get(sku).and_then(|n| self.products.get(*n)).cloned()
    }
}

fn user(n: usize) -> User {
    let first = phrases::pick(phrases::FIRST_NAMES, n);
    let last = phrases::pick(phrases::LAST_NAMES, n * 7 + n / 12);
    let username = format!("{}{}", first.to_lowercase(), n + 1);
    User {
        id: format!("u{}", n + 1),
        email: format!("{username}@example.com"),
        username,
        name: format!("{first} {last}"),
        joined_at: date(2019, n * 37),
        tier: [Tier::Gold, Tier::Basic, Tier::Silver][n % 3],
        birth_year: (n % 4 != 3).then_some(1950 + (n as i32 * 11) % 55),
        // Above 2^53, where doubles lose the last digit.
        loyalty_points: BigInt(9_007_199_254_740_993 + n as u64 * 2),
        address: (n % 5 != 4).then(|| Address {
            street: format!("{} {}", phrases::pick(phrases::STREETS, n), 1 + n * 3 % 97),
            city: phrases::pick(phrases::CITIES, n),
            postcode: format!("{:05}", 10_000 + n * 613),
            country: phrases::pick(phrases::COUNTRIES, n),
        }),
        warehouse: n % warehouses().len(),
    }
}

fn brand(n: usize) -> Brand {
    Brand {
        id: format!("b{}", n + 1),
        name: phrases::pick(phrases::BRANDS, n),
        country: phrases::pick(phrases::COUNTRIES, n * 5),
        founded: (n % 3 != 2).then_some(1890 + n as i32 * 9),
    }
}

fn product(n: usize) -> Product {
    let brand = n % BRANDS;
    let vendor: String = phrases::pick(phrases::BRANDS, brand).chars().take(3).collect();
    let adjective = phrases::pick(phrases::ADJECTIVES, n / 16 + n * 3);
    let thing = phrases::pick(phrases::THINGS, n);
    let price = 499 + (n as i64 * 7_919) % 180_000;
    Product {
        number: n,
        upc: format!("P{:04}", n + 1),
        sku: Sku { code: format!("{}-{:03}", thing.to_uppercase(), n + 1), vendor: vendor.to_uppercase() },
        name: format!("{adjective} {thing}"),
        description: format!(
            "{} {}",
            phrases::pick(phrases::DESCRIPTIONS, n),
            phrases::pick(phrases::CARE, n / 3)
        ),
        price: Money(price),
        cost_price: Money(price * 6 / 10),
        weight: 120 + (n as i32 * 991) % 24_000,
        dimensions: Dimensions {
            width: 40 + (n as i32 * 53) % 900,
            height: 30 + (n as i32 * 31) % 600,
            depth: 10 + (n as i32 * 17) % 400,
        },
        units_sold: BigInt(1 + n as u64 * 104_729),
        brand,
        stock: if n % 9 == 8 { 0 } else { (n as i32 * 29) % 140 },
        discontinued: n % 17 == 16,
    }
}

fn warehouses() -> [Warehouse; 6] {
    [
        ("DE", "BER", "Spree Hall", "Berlin", 41_000),
        ("DE", "HAM", "Harbour Store", "Hamburg", 27_500),
        ("FR", "LYS", "Confluence", "Lyon", 33_000),
        ("ES", "BCN", "Llobregat Yard", "Barcelona", 18_200),
        ("SE", "GOT", "Westgate", "Gothenburg", 22_900),
        ("PL", "WAW", "Vistula Depot", "Warsaw", 36_400),
    ]
    .map(|(country, code, name, city, capacity)| Warehouse { country, code, name, city, capacity })
}

fn review(n: usize) -> Review {
    // Reviews of one product lie PRODUCTS apart, so the first ones are of as many products.
    let product = n % PRODUCTS;
    let round = n / PRODUCTS;
    Review {
        id: format!("r{}", n + 1),
        body: format!(
            "{} {}",
            phrases::pick(phrases::OPINIONS, n * 5 + round),
            phrases::pick(phrases::DETAILS, n + round * 3)
        ),
        rating: 1 + ((n * 7 + round * 3) % 5) as i32,
        created_at: date(2022, n * 13),
        author: (n * 11 + round * 17) % USERS,
        product,
        helpful: ((n * 19) % 47) as i32,
    }
}

fn question(n: usize) -> Question {
    Question {
        id: format!("q{}", n + 1),
        body: phrases::pick(phrases::QUESTIONS, n).to_owned(),
        created_at: date(2023, n * 29),
        author: (n * 23 + 5) % USERS,
        product: (n * 7) % PRODUCTS,
        answers: (0..n % 3).map(|a| phrases::pick(phrases::ANSWERS, n + a)).collect(),
    }
}

/// A moment `step` steps after the start of `year`: not evenly spaced, but the same at every start.
fn date(year: usize, step: usize) -> DateTime {
    let (day, month, years) = (1 + step % 28, 1 + step / 28 % 12, step / 336 % 3);
    DateTime(format!(
        "{:04}-{month:02}-{day:02}T{:02}:{:02}:00Z",
        year + years,
        step * 7 % 24,
        step * 11 % 60
    ))
}
