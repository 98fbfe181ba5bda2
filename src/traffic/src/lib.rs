//! How calls to subgraphs are gathered, withheld and repeated: the batch window, breakers, retry budgets. Pure state machines.
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

pub mod batch_window;
pub mod breaker;
pub mod budget;
pub mod health;
pub mod latency;
pub mod lease;
pub mod outcome;

#[cfg(all(test, not(target_arch = "wasm32")))]
mod simulated;
