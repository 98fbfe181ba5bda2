//! Random valid operations over any schema, the same for the same seed on every machine.
//!
//! ```no_run
//! use weir_tests::operations::Operations;
//! use weir_tests::schema::Schema;
//!
//! let schema = Schema::api_of_supergraph("…");
//! let values = serde_json::json!({"upc": ["p1", "p2"], "ID": ["1"]});
//! for operation in Operations::new(&schema, 7).values(values).take(100) {
//!     println!("{}\n{}", operation.text, operation.variables);
//! }
//! ```
//!
//! They hold what clients write and what gateways get wrong: aliases (the same one for different fields of
//! different types, too), fragments inline, named, nested, used more than once and without a type, conditions by
//! literal and by variable, arguments as literals, variables, defaults, absent and null, `__typename` anywhere.

mod arguments;
mod document;
mod merging;
mod random;
mod selections;

use serde_json::{Map, Value as Json};

use crate::schema::Schema;
use random::Random;

/// One random operation: a request that every GraphQL server with the schema must accept.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratedOperation {
    /// The seed of [`Operations`] it comes from.
    pub seed: u64,
    /// Which of that seed's operations it is: [`Operations::nth_operation`] makes it again.
    pub number: u64,
    /// The GraphQL document: one operation and its fragments.
    pub text: String,
    /// The request's `variables`, an object.
    pub variables: Json,
}

/// An endless series of operations.
#[derive(Debug, Clone)]
pub struct Operations<'s> {
    schema: &'s Schema,
    seed: u64,
    next: u64,
    values: Map<String, Json>,
    mutations: bool,
    size: usize,
}

impl<'s> Operations<'s> {
    /// Operations over `schema`, which must be an API schema; one in five is a mutation if it has any.
    pub fn new(schema: &'s Schema, seed: u64) -> Operations<'s> {
        Operations { schema, seed, next: 0, values: Map::new(), mutations: true, size: 30 }
    }

    /// Which values make sense: lists of JSON values by argument name, `InputType.field`, or named type. Without
    /// any, an argument gets values of its type that mean nothing.
    #[must_use]
    pub fn values(mut self, values: Json) -> Operations<'s> {
        match values {
            Json::Object(values) => self.values = values,
            other => panic!("values are an object of lists, not {other}"),
        }
        self
    }

    /// Only queries.
    #[must_use]
    pub fn without_mutations(mut self) -> Operations<'s> {
        self.mutations = false;
        self
    }

    /// About how many fields an operation selects at most (default 30).
    #[must_use]
    pub fn size(mut self, fields: usize) -> Operations<'s> {
        self.size = fields;
        self
    }

    /// The operation with this number.
    pub fn nth_operation(&self, number: u64) -> GeneratedOperation {
        let mut random = Random::new(self.seed, number);
        // Most bugs need few fields; some need many.
        let size = 3 + random.below(self.size.max(4));
        let mutation = self.mutations && self.schema.mutation.is_some() && random.one_in(5);
        let (text, variables) = document::write(self.schema, &self.values, random, mutation, size);
        GeneratedOperation { seed: self.seed, number, text, variables }
    }
}

impl Iterator for Operations<'_> {
    type Item = GeneratedOperation;

    fn next(&mut self) -> Option<GeneratedOperation> {
        let operation = self.nth_operation(self.next);
        self.next += 1;
        Some(operation)
    }
}
