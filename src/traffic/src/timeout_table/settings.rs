//! What a table of time-outs is made from.

use std::time::Duration;

/// Bounds and margins, from the settings `pre_calculated_timeouts`, `circuit_breaker` and `connection_pool.retry_policy`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Whether time-outs follow what is measured; else they are `max_timeout`.
    pub adapt: bool,
    /// In percent, 0 to 100: which latency they follow.
    pub percentile: f64,
    /// What it is multiplied by, at least 1.
    pub margin: f64,
    /// The shortest time-out: garbage collection or a new connection takes that long now and then.
    pub min_timeout: Duration,
    /// The longest, and the one as long as too little was measured.
    pub max_timeout: Duration,
    /// Time between two calculations.
    pub calculation_interval: Duration,
    /// How long a breaker stays open the first time.
    pub reset_timeout: Duration,
    /// The longest that one stays open.
    pub max_reset_timeout: Duration,
    /// The most that is waited before a call is repeated the first time.
    pub base_delay: Duration,
    /// The most that is waited at all.
    pub max_delay: Duration,
    /// Whether the wait doubles with each time; else it is `base_delay`.
    pub exponential: bool,
}

impl Settings {
    /// The percentile as a share.
    pub(super) fn quantile(&self) -> f64 {
        self.percentile / 100.0
    }

    /// The time-out where calls usually take so long.
    pub(super) fn time_out(&self, usual: Duration) -> Duration {
        times(usual, self.margin()).max(self.min_timeout).min(self.max_timeout)
    }

    /// From which latency on answers come near a time-out: the middle, on a scale of ratios, between it and the latency for
    /// which it was set. Never for the greatest one, which isn't raised.
    pub(super) fn near(&self, time_out: Duration) -> Duration {
        if time_out < self.max_timeout { times(time_out, 1.0 / self.margin().sqrt()) } else { Duration::MAX }
    }

    fn margin(&self) -> f64 {
        self.margin.max(1.0)
    }
}

fn times(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}
