//! What one worker has seen of a subgraph and not yet written to the shared state.

use std::time::Duration;

use super::{Breaker, Settings, State, window};

/// One worker's outcomes, in short, since it last wrote: as much of their order as a streak needs.
///
/// A failure is written at once, and so is the success that ends a streak. Else successes are only the rate's
/// denominator: they can wait for a tick, and for a tenth of the window while nothing fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// In which all these calls were let through.
    pub(super) epoch: u32,
    pub(super) fine: u32,
    pub(super) failed: u32,
    /// Failures before the first success.
    pub(super) leading: u32,
    /// Failures since the last success.
    pub(super) trailing: u32,
    /// The most failures in a row.
    pub(super) longest: u32,
    /// The first tick at which there was something.
    since: Option<Duration>,
}

impl Tally {
    /// A call that was let through in `epoch` was fine. Counts if `copy` is still of that epoch.
    pub fn fine(&mut self, copy: &Breaker, epoch: u32) {
        if !self.is_to_count(copy, epoch) {
            return;
        }
        self.fine = self.fine.saturating_add(1);
        self.trailing = 0;
    }

    /// A call that was let through in `epoch` has failed. Counts if `copy` is still of that epoch.
    pub fn failed(&mut self, copy: &Breaker, epoch: u32) {
        if !self.is_to_count(copy, epoch) {
            return;
        }
        self.failed = self.failed.saturating_add(1);
        self.trailing = self.trailing.saturating_add(1);
        self.longest = self.longest.max(self.trailing);
        if self.fine == 0 {
            self.leading = self.trailing;
        }
    }

    /// Whether it is to be written at once: something failed, or the streak in `copy` has ended.
    pub fn is_due(&self, copy: &Breaker) -> bool {
        let ends_streak = || matches!(copy.state, State::Closed { streak, .. } if streak > 0);
        self.epoch == copy.epoch && (self.failed > 0 || self.fine > 0 && ends_streak())
    }

    /// To be called each tick: whether it is to be written now. What nobody would count is forgotten.
    pub fn tick(&mut self, now: Duration, copy: &Breaker, settings: &Settings) -> bool {
        if self.is_empty() || self.is_due(copy) {
            return !self.is_empty();
        }
        let State::Closed { window, .. } = &copy.state else {
            *self = Tally::default();
            return false;
        };
        if self.epoch != copy.epoch || settings.failure_rate == 0 {
            *self = Tally::default();
            return false;
        }
        // A clock that was set back begins anew.
        let since = self.since.filter(|since| *since <= now).unwrap_or(now);
        self.since = Some(since);
        let waited = now.saturating_sub(since);
        window.has_failures(now) || waited >= Duration::from_millis(window::length(settings.window))
    }

    /// What there is, to be written; nothing is left.
    pub fn take(&mut self) -> Tally {
        std::mem::take(self)
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.fine == 0 && self.failed == 0
    }

    fn is_to_count(&mut self, copy: &Breaker, epoch: u32) -> bool {
        if epoch != copy.epoch || !copy.is_counting() {
            return false;
        }
        if self.epoch != epoch {
            *self = Tally { epoch, ..Tally::default() };
        }
        true
    }
}
