//! A call on its way.

use crate::event::Timestamp;
use crate::loader::FlightId;
use crate::metric::SubgraphId;

/// What is kept of a call until it ends.
#[derive(Debug, Clone, Copy)]
pub(in crate::pipeline) struct Sent {
    pub(in crate::pipeline) flight: FlightId,
    /// The subgraph's place in metrics.
    pub(in crate::pipeline) label: SubgraphId,
    /// Its breaker's place among the subgraph's.
    pub(super) breaker: usize,
    /// Of its breaker when it was sent.
    pub(super) epoch: u32,
    /// Its number, if it is a probe.
    pub(super) probe: Option<u64>,
    pub(in crate::pipeline) at: Timestamp,
    /// When the host gives it up.
    pub(in crate::pipeline) until: Timestamp,
    /// Whether it is a second call beside another.
    pub(in crate::pipeline) is_hedge: bool,
    /// When it gets a second call beside it, unless it ends before.
    pub(super) hedge_at: Option<Timestamp>,
}
