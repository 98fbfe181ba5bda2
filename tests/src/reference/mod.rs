//! A reference to compare Weir with: GraphQL execution as the spec tells it, over one dataset.
//!
//! It shares no code with Weir: another parser, another executor, no plans. The same executor answers as each
//! subgraph ([`server`], with that subgraph's schema and only what that subgraph can know) and as a single service
//! with the whole schema ([`oracle`]).

pub mod coercion;
pub mod execution;
pub mod field_set;
pub mod oracle;
pub mod ordered;
pub mod server;
pub mod store;
