//! One round of probes: a bounded number of calls, over all workers, by which a half-open breaker decides.

use std::time::Duration;

use super::outstanding::{Outstanding, Probe};
use super::{MOST_PROBES, Settings};

/// How many probes were fine and which are on their way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Round {
    /// Places, as the settings had it when the round began: they stay what they are in it. From 1 to [`MOST_PROBES`].
    pub(super) most: u32,
    /// Probes that were fine, fewer than places.
    pub(super) fine: u32,
    /// Probes that were let out.
    pub(super) admitted: u32,
    /// Of this round no more than the places that the fine ones leave; with those of older rounds no more than
    /// places, or none is added.
    pub(super) outstanding: Outstanding,
}

/// What the end of a probe means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The round goes on.
    Counted,
    /// It failed: the round is over.
    Failed,
    /// It was the last, and all were fine.
    AllFine {
        /// So many.
        probes: u32,
    },
}

impl Round {
    /// A round that begins while those of older ones are on their way.
    pub(super) fn new(settings: &Settings, outstanding: Outstanding) -> Round {
        Round { most: settings.half_open_max_calls.clamp(1, MOST_PROBES), fine: 0, admitted: 0, outstanding }
    }

    /// Until when at least all places are taken; `None` if one is free.
    pub(super) fn full_until(&self, now: Duration, epoch: u32) -> Option<Duration> {
        let (mut all, mut of_this, mut first) = (0_u32, 0_u32, None::<Duration>);
        for probe in self.outstanding.iter(now) {
            all = all.saturating_add(1);
            of_this = of_this.saturating_add(u32::from(is_of(probe, epoch)));
            first = Some(first.map_or(probe.lapses, |first| first.min(probe.lapses)));
        }
        let is_free = all < self.most && self.fine.saturating_add(of_this) < self.most;
        if is_free { None } else { first }
    }

    /// Lets a probe out; a place must be free. Its number.
    pub(super) fn admit(&mut self, now: Duration, settings: &Settings, epoch: u32) -> u64 {
        let number = number(epoch, self.admitted);
        self.admitted = self.admitted.saturating_add(1);
        self.outstanding.add(now, settings, number);
        number
    }

    /// A probe of this round has ended.
    pub(super) fn ended(&mut self, probe: u64, fine: bool) -> Ended {
        let was_there = self.outstanding.remove(probe);
        let (_, serial) = parts(probe);
        if !fine && serial < self.admitted {
            // Even one whose place was given away has seen the subgraph fail in this round.
            return Ended::Failed;
        }
        if !was_there {
            return Ended::Counted;
        }
        self.fine = self.fine.saturating_add(1);
        if self.fine >= self.most { Ended::AllFine { probes: self.fine } } else { Ended::Counted }
    }
}

/// Whether it belongs to the round of this epoch.
pub(super) const fn is_of(probe: &Probe, epoch: u32) -> bool {
    parts(probe.number).0 == epoch
}

/// A probe's number: whose round it is, and which it is of it.
pub(super) const fn number(epoch: u32, serial: u32) -> u64 {
    ((epoch as u64) << 32) | serial as u64
}

/// Epoch and serial of a probe's number.
pub(super) const fn parts(probe: u64) -> (u32, u32) {
    ((probe >> 32) as u32, (probe & u32::MAX as u64) as u32)
}
