//! What was measured of a subgraph's batches in one interval.

use std::time::Duration;

use super::Reason;

/// Sums over the batches of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// Batches sent.
    pub batches: u64,
    /// Distinct keys in them.
    pub keys: u64,
    /// Requests that they served.
    pub requests: u64,
    /// The waits of all batches together.
    pub waited: Duration,
    /// Batches sent although others could still have joined: those that a longer window might have made larger.
    pub cut_short: u64,
    /// Batches sent because they were full.
    pub full: u64,
    /// Keys answered without failure.
    pub answered_keys: u64,
    /// Batches answered, failures included.
    pub answers: u64,
    /// Batches that failed.
    pub failures: u64,
    /// The latencies of all answers together.
    pub latency: Duration,
}

impl Measured {
    pub(super) fn closed(&mut self, keys: usize, requests: usize, waited: Duration, reason: Reason) {
        let one = |reason_is: bool| u64::from(reason_is);
        self.batches = self.batches.saturating_add(1);
        self.keys = self.keys.saturating_add(u64::try_from(keys).unwrap_or(u64::MAX));
        self.requests = self.requests.saturating_add(u64::try_from(requests).unwrap_or(u64::MAX));
        self.waited = self.waited.saturating_add(waited);
        self.cut_short = self.cut_short.saturating_add(one(matches!(reason, Reason::Window | Reason::Turn)));
        self.full = self.full.saturating_add(one(reason == Reason::Size));
    }

    pub(super) fn answered(&mut self, latency: Duration, keys: usize, ok: bool) {
        self.answers = self.answers.saturating_add(1);
        self.latency = self.latency.saturating_add(latency);
        if ok {
            let keys = u64::try_from(keys).unwrap_or(u64::MAX);
            self.answered_keys = self.answered_keys.saturating_add(keys);
        } else {
            self.failures = self.failures.saturating_add(1);
        }
    }

    /// Keys a batch, on average; 0 without batches.
    pub fn average_size(&self) -> f64 {
        self.keys as f64 / self.batches.max(1) as f64
    }

    /// The average wait of a batch and its call's latency together, in seconds.
    pub fn average_time(&self) -> f64 {
        self.waited.as_secs_f64() / self.batches.max(1) as f64
            + self.latency.as_secs_f64() / self.answers.max(1) as f64
    }

    /// Percent of the room in batches that was used, with `max_batch_size` keys in each.
    pub fn utilisation(&self, max_batch_size: usize) -> f64 {
        100.0 * self.average_size() / max_batch_size.max(1) as f64
    }
}
