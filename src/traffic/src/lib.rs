//! How calls to subgraphs are gathered and repeated: the batch window, latencies, retry budgets. Pure state machines.
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
pub mod budget;
pub mod digest;
pub mod hedge;
pub mod latency;
pub mod outcome;
pub mod retry;
pub mod timeout_table;

#[cfg(test)]
mod dice;
