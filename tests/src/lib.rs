//! What the tests share: a simulated world around the core, random operations, and a reference to compare with.

pub mod bombs;
pub mod dataset;
pub mod operations;
pub mod plain_operation;
pub mod reference;
pub mod schema;
pub mod shared_data;
pub mod subgraph;
pub mod suite;
pub mod world;
