//! What a guard shows to operators.

use std::time::Duration;

use weir_traffic::breaker::Forced;

use super::Guard;
use super::watch::Watch;
use crate::event::Timestamp;

impl Guard {
    /// What an operator wants of its breaker.
    pub(in crate::pipeline) fn forced(&self) -> Option<Forced> {
        self.breakers.first().and_then(|copy| copy.breaker.forced())
    }

    /// When a breaker that is open is tried again; the first of several.
    pub(in crate::pipeline) fn next_probe(&self) -> Option<Timestamp> {
        self.breakers.iter().filter_map(|copy| copy.breaker.next_probe()).min().map(Timestamp)
    }

    /// How often in a row its breaker has opened.
    pub(in crate::pipeline) fn resets(&self) -> u32 {
        self.breakers.iter().map(|copy| copy.breaker.resets()).max().unwrap_or(0)
    }

    pub(in crate::pipeline) fn is_up(&self) -> bool {
        self.health.is_up()
    }

    /// When its health was checked last.
    pub(in crate::pipeline) fn checked_at(&self) -> Option<Timestamp> {
        self.health.checked_at().map(Timestamp)
    }

    /// Calls in flight of all workers in percent of what may be; the others' as of a second ago at most.
    pub(in crate::pipeline) fn utilisation(&self) -> u32 {
        self.pool.utilisation()
    }

    /// Calls in flight of this worker.
    pub(in crate::pipeline) fn active(&self) -> u32 {
        self.pool.in_use()
    }

    /// Slots that this worker holds.
    pub(in crate::pipeline) fn share(&self) -> u32 {
        self.pool.share()
    }

    /// Workers that hold slots.
    pub(in crate::pipeline) fn workers(&self) -> u32 {
        self.pool.workers()
    }

    /// Calls that wait for a slot.
    pub(in crate::pipeline) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// What `adaptive_concurrency` allows.
    pub(in crate::pipeline) fn limit(&self) -> Option<u32> {
        self.limiter.as_ref().map(weir_traffic::concurrency::Limiter::limit)
    }

    /// How long a query may take.
    pub(in crate::pipeline) fn request_timeout(&self) -> Duration {
        self.table.request_timeout()
    }

    pub(in crate::pipeline) fn hedge_after(&self) -> Option<Duration> {
        self.hedge_after
    }

    /// A latency that this worker's calls don't exceed more often.
    pub(in crate::pipeline) fn quantile(&self, q: f64) -> Option<Duration> {
        self.table.quantile(q)
    }

    pub(in crate::pipeline) fn watch(&self) -> &Watch {
        &self.watch
    }
}
