//! What measurements mean: windows, alerts, miss-ratio curves, recommendations. Pure functions and state machines.
//!
//! Knows nothing of Envoy, clocks or randomness: time, seeds and the host's answers are arguments
//! (DESIGN §4, invariant 1).

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

pub mod alert;
pub mod connection_pool;
pub mod entity_batching;
pub mod hysteresis;
pub mod miss_ratio;
pub mod plan_cache;
pub mod recommendation;
pub mod subgraph_alert;
