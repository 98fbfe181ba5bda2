//! How often it is tried again whether a longer time-out brings answers: ever more rarely.

/// Between trials.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    /// Intervals to let pass.
    pause: u32,
    /// After the next one that fails.
    next: u32,
}

impl Default for Trial {
    /// The first one comes at once: a subgraph that has become slow must not stay cut off.
    fn default() -> Trial {
        Trial { pause: 0, next: Trial::FIRST }
    }
}

impl Trial {
    const FIRST: u32 = 4;
    const MOST: u32 = 64;

    /// An interval is over in which calls were cut off: whether the time-out may be raised.
    pub(super) fn may_go_on(&mut self) -> bool {
        let goes = self.pause == 0;
        self.pause = self.pause.saturating_sub(1);
        goes
    }

    /// The greatest time-out brought no answers either.
    pub(super) fn failed(&mut self) {
        self.pause = self.next;
        self.next = self.next.saturating_mul(2).min(Trial::MOST);
    }
}
