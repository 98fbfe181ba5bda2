//! What a breaker is to do, from the settings `circuit_breaker`.

use std::time::Duration;

/// The most probes of a round: their deadlines are part of the shared value.
pub const MOST_PROBES: u32 = 16;

/// When it opens and closes, from the settings `circuit_breaker`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Failures in a row, over all workers, that open it; 0: however many.
    pub failure_threshold: u32,
    /// Percent of the calls in the window that open it when they fail; 0: however many.
    pub failure_rate: u32,
    /// The window of the rate.
    pub window: Duration,
    /// Calls in the window below which its rate says nothing.
    pub minimum_volume: u32,
    /// How long it is open at first.
    pub reset_timeout: Duration,
    /// How long it is open at most, having opened often in a row.
    pub max_reset_timeout: Duration,
    /// Probes of a round, over all workers; from 1 to [`MOST_PROBES`].
    pub half_open_max_calls: u32,
    /// When a probe that nobody has heard of makes room for another one. Longer than a call may take: what remains is a
    /// worker's death.
    pub probe_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            failure_threshold: 5,
            failure_rate: 50,
            window: Duration::from_secs(10),
            minimum_volume: 20,
            reset_timeout: Duration::from_secs(30),
            max_reset_timeout: Duration::from_secs(300),
            half_open_max_calls: 3,
            probe_timeout: Duration::from_secs(60),
        }
    }
}
