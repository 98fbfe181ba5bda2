//! When a second call is made beside one that takes unusually long; the first answer counts.
//!
//! Dean & Barroso, "The Tail at Scale" (CACM 2013): a second call after the 95th percentile adds 5% to the load at most
//! and cuts off the tail. It draws on the same [`Budget`] as retries, so that both together stay within it.

use std::time::Duration;

use crate::budget::Budget;
use crate::timeout_table::TimeoutTable;

/// From which latency on a call is unusual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hedge {
    /// In percent of the calls, 0 to 100.
    pub percentile: f64,
}

impl Hedge {
    /// How old a query must be for a second one to be made. `None` if too little was measured, or if more calls than that
    /// are cut off: then the subgraph fails, and more load would not help it.
    ///
    /// Changes only when [`TimeoutTable::tend`] returned true: to be kept until then, it costs a scan of the digest.
    pub fn after(&self, table: &TimeoutTable) -> Option<Duration> {
        table.quantile(self.percentile / 100.0)
    }
}

/// Whether the second call is made, its time having come. `usual` is the subgraph's latency: one that can't be answered
/// before `until` isn't. Takes one repetition from the budget.
pub fn may_go(usual: Duration, budget: &mut Budget, now: Duration, until: Duration) -> bool {
    now.saturating_add(usual) < until && budget.take(now)
}
