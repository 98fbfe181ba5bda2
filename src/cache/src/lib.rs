//! Where plans are kept: this worker's memory, data shared by the workers, and a store shared by a fleet.
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

mod admission;
mod entry;
mod key;
mod memory;
mod sealed;
mod shared;
mod store;

pub use entry::{Entry, Found, Unfit, Wanted};
pub use key::Key;
pub use memory::{Cost, Evicted, Inserted, Memory, MemorySettings, Strategy, Totals};
pub use sealed::Corrupt;
pub use shared::{Ask, NotStored, Outcome, Refused, Reply, Shared, SharedCounts, SharedSettings, Step, Task};
pub use store::{Fetched, Get, Put, Skipped, Store, StoreAnswer, StoreCall, StoreCounts, StoreSettings};
