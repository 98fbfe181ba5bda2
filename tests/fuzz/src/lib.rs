//! Fuzz targets: what must hold for any bytes that reach Weir from a client, a subgraph or an operator.
//!
//! Each target is a function from bytes to nothing that panics if something does not hold. libFuzzer drives
//! it (`make fuzz`), and so does a plain test (`tests/replay.rs`) over the kept corpus, the inputs that once
//! were found to fail, and some thousand mutations of them.

pub mod configuration;
mod conformance;
mod demo;
mod edits;
mod host;
pub mod http_request;
pub mod mutation;
pub mod operation;
mod run;
pub mod subgraph_response;
mod tree;
pub mod variables;

pub use run::run;

/// One target.
#[derive(Debug)]
pub struct Target {
    /// Its name: of its libFuzzer binary, and of its folders in `corpus/` and `regressions/`.
    pub name: &'static str,
    /// Panics if something does not hold for these bytes.
    pub check: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [&Target; 5] = [
    &operation::TARGET,
    &variables::TARGET,
    &subgraph_response::TARGET,
    &configuration::TARGET,
    &http_request::TARGET,
];
