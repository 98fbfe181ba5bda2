//! Which calls to subgraphs are made, when, and together with which others: batches, breakers, slots, timeouts, retries.
//! Pure state machines.
//!
//! Knows nothing of Envoy, clocks or randomness: times since the epoch are arguments (DESIGN §4, invariant 1).

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

pub mod backoff;
pub mod batch_window;
pub mod breaker;
pub mod budget;
pub mod concurrency;
pub mod digest;
pub mod health;
pub mod hedge;
pub mod latency;
pub mod lease;
pub mod outcome;
pub mod pool;
pub mod queue;
pub mod retry;
pub mod timeout_table;

#[cfg(test)]
mod simulated;
