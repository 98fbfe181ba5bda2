//! Query planning: supergraph and operation in, executable plan out.
//!
//! The planning library is named in this crate alone, and only behind [`Supergraph`]; the rest of Weir sees
//! [`ExecutablePlan`] (DESIGN §6).

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

pub mod plan;
pub use plan::ExecutablePlan;
