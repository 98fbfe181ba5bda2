//! A call on its way.

use crate::event::{RequestId, Timestamp};
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
    /// Of the breakers then, so that its place among them is still right.
    pub(super) layout: u32,
    /// Whose stream sent it, with which its answer is lost; `None`: the worker's own.
    pub(super) by: Option<RequestId>,
    /// Whether less time was left than it may take: its end in time-out says little.
    pub(super) is_cut: bool,
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
