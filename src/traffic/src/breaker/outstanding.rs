//! Probes that are on their way, of this round and of those before it.

use std::time::Duration;

use super::Settings;
use super::wait::{is_over, whole};

/// Each holds one of the places until it ends or lapses, even if its round is over: a subgraph that hangs for a minute
/// would else get `half_open_max_calls` more of them each time that the breaker has waited.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Outstanding {
    /// After this long a probe lapses: the longest that any of these was given.
    pub(super) probe_timeout: Duration,
    /// At most [`super::MOST_PROBES`].
    pub(super) probes: Vec<Probe>,
}

/// A probe on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Probe {
    /// Epoch and serial.
    pub(super) number: u64,
    /// When its place may be given to another.
    pub(super) lapses: Duration,
}

impl Outstanding {
    /// Those that have not lapsed.
    pub(super) fn iter(&self, now: Duration) -> impl Iterator<Item = &Probe> {
        self.probes.iter().filter(move |probe| !is_over(now, probe.lapses, self.probe_timeout))
    }

    pub(super) fn add(&mut self, now: Duration, settings: &Settings, number: u64) {
        self.drop_lapsed(now);
        let timeout = whole(settings.probe_timeout);
        self.probe_timeout = if self.probes.is_empty() { timeout } else { self.probe_timeout.max(timeout) };
        self.probes.push(Probe { number, lapses: whole(now.saturating_add(timeout)) });
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, number: u64) -> bool {
        let before = self.probes.len();
        self.probes.retain(|probe| probe.number != number);
        self.probes.len() < before
    }

    pub(super) fn drop_lapsed(&mut self, now: Duration) {
        let timeout = self.probe_timeout;
        self.probes.retain(|probe| !is_over(now, probe.lapses, timeout));
    }
}
