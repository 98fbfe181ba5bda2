//! What the tests share: a simulated world around the core.

pub mod bombs;
pub mod dataset;
pub mod subgraph;
pub mod world;
