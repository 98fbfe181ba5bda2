//! One round of probes: a bounded number of calls, over all workers, by which a half-open breaker decides.

use std::time::Duration;

use super::wait::{is_over, whole};
use super::{MOST_PROBES, Settings};

/// Probes that are on their way and how many were fine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Round {
    /// Places, as the settings had it when the round began: they stay what they are in it. From 1 to [`MOST_PROBES`].
    pub(super) most: u32,
    /// Probes that were fine, fewer than places.
    pub(super) fine: u32,
    /// Probes that were let out.
    pub(super) admitted: u32,
    /// After this long one lapses.
    pub(super) probe_timeout: Duration,
    /// Those on their way; together with those that were fine no more than places.
    pub(super) probes: Vec<Probe>,
}

/// A probe on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Probe {
    pub(super) serial: u32,
    /// When its place may be given to another.
    pub(super) lapses: Duration,
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
    pub(super) fn new(settings: &Settings) -> Round {
        Round {
            most: settings.half_open_max_calls.clamp(1, MOST_PROBES),
            fine: 0,
            admitted: 0,
            probe_timeout: whole(settings.probe_timeout),
            probes: Vec::new(),
        }
    }

    /// Until when all places are taken; `None` if one is free.
    pub(super) fn full_until(&self, now: Duration) -> Option<Duration> {
        let under_way = || self.probes.iter().filter(|probe| !self.has_lapsed(probe, now));
        let free = self.most.saturating_sub(self.fine);
        if under_way().count() < usize::try_from(free).unwrap_or(usize::MAX) {
            return None;
        }
        under_way().map(|probe| probe.lapses).min()
    }

    /// Lets a probe out; a place must be free. Its number in the round.
    pub(super) fn admit(&mut self, now: Duration) -> u32 {
        let mut probes = std::mem::take(&mut self.probes);
        probes.retain(|probe| !self.has_lapsed(probe, now));
        let serial = self.admitted;
        self.admitted = self.admitted.saturating_add(1);
        probes.push(Probe { serial, lapses: whole(now.saturating_add(self.probe_timeout)) });
        self.probes = probes;
        serial
    }

    pub(super) fn ended(&mut self, serial: u32, fine: bool) -> Ended {
        if !fine && serial < self.admitted {
            // Even one whose place was given away has seen the subgraph fail in this round.
            return Ended::Failed;
        }
        let Some(at) = self.probes.iter().position(|probe| probe.serial == serial) else {
            return Ended::Counted;
        };
        self.probes.remove(at);
        self.fine = self.fine.saturating_add(1);
        if self.fine >= self.most { Ended::AllFine { probes: self.fine } } else { Ended::Counted }
    }

    fn has_lapsed(&self, probe: &Probe, now: Duration) -> bool {
        is_over(now, probe.lapses, self.probe_timeout)
    }
}

/// A probe's number: whose round it is, and which it is of it.
pub(super) const fn number(epoch: u32, serial: u32) -> u64 {
    ((epoch as u64) << 32) | serial as u64
}

/// Epoch and serial of a probe's number.
pub(super) const fn parts(probe: u64) -> (u32, u32) {
    ((probe >> 32) as u32, (probe & u32::MAX as u64) as u32)
}
