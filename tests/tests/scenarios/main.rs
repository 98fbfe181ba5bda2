//! Scenarios in the simulated world: outcomes only (reply, calls, metrics), never the order of host calls.

mod answers;
mod batching;
mod bounds;
mod csrf;
mod entity_batching;
mod error_policy;
mod failures;
mod headers;
mod operations;
mod operators;
mod plan_cache;
mod plan_races;
mod reload;
mod requests;
mod results;
mod traffic;
