//! The gateway core: a pure state machine between client requests and subgraph calls.
//!
//! The core knows no clock, no network and no host ABI: [`Input`]s and the time go in, [`Output`]s come
//! out, and [`drive`] carries them between the core and a [`Host`] (DESIGN §4, invariants 1 and 2).

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

mod coerce;
pub mod config;
mod driver;
mod engine;
pub mod error;
mod error_policy;
pub mod event;
mod executor;
mod guard;
mod headers;
mod host;
mod known;
mod layer;
pub mod limit;
mod loader;
pub mod metric;
mod pipeline;
mod plans;
mod prepare;
mod protocol;
mod response;
mod retry_outcome;
#[doc(hidden)]
pub mod stages;

pub use config::Config;
pub use driver::{MAX_REPLIES_PER_TURN, drive};
pub use event::{Input, Output, RequestId, Timestamp};
pub use host::Host;
pub use pipeline::{Gateway, Progress, Readiness, Route, Surroundings, TICK};
pub use protocol::error_reply;
pub use weir_cache::{Ask, Refused as SharedRefused, Reply as SharedReply};
