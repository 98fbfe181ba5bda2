//! The answers that are judged together.

use std::time::Duration;

/// Fewer say nothing (Netflix's `WindowedLimit`).
const LEAST_ANSWERS: u32 = 10;
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);

/// Of twenty calls, one that is dropped is a failure of its own; more are too many calls.
const DROPS_IN: u32 = 20;

/// What comes in since the last judgement.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    /// Since the epoch; `None` before its first answer.
    began: Option<Duration>,
    fine: u32,
    dropped: u32,
    took: Duration,
    most_in_flight: u32,
}

/// What a window came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    /// Average latency in seconds, above zero; `None` if all calls were dropped.
    pub(super) average: Option<f64>,
    fine: u32,
    dropped: u32,
    most_in_flight: u32,
}

impl Window {
    pub(super) fn answered(&mut self, now: Duration, took: Duration, in_flight: u32, dropped: bool) {
        self.began.get_or_insert(now);
        self.most_in_flight = self.most_in_flight.max(in_flight);
        if dropped {
            self.dropped = self.dropped.saturating_add(1);
        } else {
            self.fine = self.fine.saturating_add(1);
            self.took = self.took.saturating_add(took);
        }
    }

    /// Its result, if it is over: then the next one begins.
    pub(super) fn take(&mut self, now: Duration) -> Option<Measured> {
        let average = self.took.checked_div(self.fine);
        let length = average.unwrap_or_default().saturating_mul(2).clamp(SHORTEST, LONGEST);
        let enough = self.fine.saturating_add(self.dropped) >= LEAST_ANSWERS;
        if !enough || now.saturating_sub(self.began?) < length {
            return None;
        }
        let over = std::mem::take(self);
        Some(Measured {
            // A clock of whole ms may show none at all.
            average: average.map(|average| average.as_secs_f64().max(1e-6)),
            fine: over.fine,
            dropped: over.dropped,
            most_in_flight: over.most_in_flight,
        })
    }
}

impl Measured {
    /// Whether enough was dropped to blame the number of calls.
    pub(super) fn has_drops(&self) -> bool {
        let all = self.fine.saturating_add(self.dropped);
        self.dropped > 0 && self.dropped.saturating_mul(DROPS_IN) >= all
    }

    /// Whether the limit was in the way, or nearly (Netflix: half of it in use).
    pub(super) fn is_used(&self, limit: f64) -> bool {
        f64::from(self.most_in_flight) >= limit / 2.0
    }
}
