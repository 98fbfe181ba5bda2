//! How often it is tried whether a longer time-out brings answers: ever more rarely.

use std::time::Duration;

/// A trial that goes on, or the pause before the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    /// When the time-out was raised last, since the epoch.
    raised: Option<Duration>,
    /// Intervals to let pass.
    pause: u32,
    /// After the next one that fails.
    next: u32,
}

impl Default for Trial {
    /// The first one comes at once: a subgraph that has become slow must not stay cut off.
    fn default() -> Trial {
        Trial { raised: None, pause: 0, next: Trial::FIRST }
    }
}

impl Trial {
    const FIRST: u32 = 4;
    const MOST: u32 = 64;

    /// An interval is over in which calls were cut off: whether the time-out may be raised.
    pub(super) fn goes_on(&mut self, now: Duration) -> bool {
        let goes = self.pause == 0;
        self.pause = self.pause.saturating_sub(1);
        if goes {
            self.raised = Some(now);
        }
        goes
    }

    /// Whether the time-out is raised on trial.
    pub(super) fn is_on(&self) -> bool {
        self.raised.is_some()
    }

    /// Whether what was measured since then shows what the time-out that was raised last brings.
    pub(super) fn is_seen(&self, since: Duration, timeout: Duration) -> bool {
        self.raised.is_none_or(|raised| since >= raised.saturating_add(timeout))
    }

    /// No more calls were cut off in an interval than may be. That may be chance: half of what is known is forgotten.
    pub(super) fn ended(&mut self) {
        self.raised = None;
        self.pause = self.pause.checked_div(2).unwrap_or_default();
        self.next = self.next.checked_div(2).unwrap_or_default().max(Trial::FIRST);
    }

    /// No time-out brought more answers.
    pub(super) fn failed(&mut self) {
        self.raised = None;
        self.pause = self.next;
        self.next = self.next.saturating_mul(2).min(Trial::MOST);
    }
}
