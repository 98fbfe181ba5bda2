//! The circuit breaker of one subgraph: which calls to a sick subgraph are not even made, decided by all workers together.
//!
//! Closed, it counts; after `failure_threshold` failures in a row, or when `failure_rate` percent of the calls in the
//! window have failed, it opens (Nygard, *Release It!*, 2nd ed., ch. 5; the rate as in resilience4j). Open, it refuses all
//! calls until its time is over. Then it is half-open: `half_open_max_calls` calls go out as probes. If all are
//! fine, it closes; if one fails, it opens for twice as long.
//!
//! # Why the state is shared
//!
//! Each worker of an Envoy has its own memory. With a breaker each, eight workers would send eight times as many probes to a
//! subgraph that is just getting up, and each would first have to see its own five failures. So the state is one
//! value in the host's shared data. A worker decides by a copy of it that is at most a tick old ([`Breaker::glance`]: no shared
//! access, no allocation) and edits the value under compare-and-swap: read, [`Breaker::decode`], change, [`Breaker::encode`],
//! write unless another has written since, else from the beginning. The change is made on what stands there, never on the copy,
//! so it counts whoever writes when.
//!
//! # Why late news does no harm
//!
//! Each change of state begins a new epoch. A call belongs to the epoch in which it was let through, a probe to its round:
//! what a call of an older epoch has to tell (it hung for a minute, its subgraph was restarted since) is not counted. A
//! probe whose worker died holds its place until it lapses, so a round always ends.
//!
//! Times are whole milliseconds since the epoch. Workers' clocks may differ by some of them; a clock that is set back
//! by more than [`SLACK`] ends a wait instead of prolonging it.

use std::time::Duration;

mod bytes;
mod outstanding;
mod round;
mod settings;
mod tally;
mod transition;
mod wait;
mod window;

pub use settings::{MOST_PROBES, Settings};
pub use tally::Tally;
pub use transition::{Phase, Transition, Why};
pub use wait::SLACK;

use outstanding::Outstanding;
use round::{Ended, Round, parts};
use wait::{is_over, wait, whole};
use window::Window;

/// What an operator wants of it whatever happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Forced {
    /// Refuse all calls.
    Open,
    /// Let all calls pass.
    Closed,
}

/// What a copy says of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glance {
    /// It may be made.
    Pass,
    /// It may be one of the probes: claim that in the shared value first.
    Ask,
    /// It must not be made.
    Refuse {
        /// When a probe may be made, since the epoch; [`Duration::MAX`]: when an operator says so.
        until: Duration,
    },
}

/// What the shared value says of a call. It holds once the value was written (a refusal and a pass change nothing).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It may be made, as any other: the breaker has closed since.
    Pass,
    /// It may be made as the probe of this number, and [`Breaker::probed`] is to be told how it ended.
    Probe(u64),
    /// It must not be made.
    Refuse {
        /// As [`Glance::Refuse`] has it.
        until: Duration,
    },
}

/// The state that all workers share, at most 256 bytes when encoded; the default is closed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Breaker {
    forced: Option<Forced>,
    /// Grows with each change of state.
    epoch: u32,
    /// How often in a row it opened.
    resets: u32,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum State {
    Closed {
        /// Failures since the last success.
        streak: u32,
        window: Window,
    },
    Open {
        until: Duration,
        /// How long it was to be open then.
        wait: Duration,
        /// Probes of the rounds before.
        outstanding: Outstanding,
    },
    HalfOpen(Round),
}

impl Default for State {
    fn default() -> State {
        State::Closed { streak: 0, window: Window::default() }
    }
}

impl Breaker {
    /// The state in a value of the shared data; a closed one if it can't be read or is of another version's format.
    pub fn decode(value: &[u8]) -> Breaker {
        bytes::decode(value).unwrap_or_default()
    }

    /// The value, at most 256 bytes.
    pub fn encode(&self) -> Vec<u8> {
        bytes::encode(self)
    }

    /// Where it stands. One whose time is over is half-open: the next call probes.
    pub fn phase(&self, now: Duration) -> Phase {
        match (self.forced, &self.state) {
            (Some(Forced::Closed), _) | (None, State::Closed { .. }) => Phase::Closed,
            (Some(Forced::Open), _) => Phase::Open,
            (None, State::Open { until, wait, .. }) if !is_over(now, *until, *wait) => Phase::Open,
            (None, _) => Phase::HalfOpen,
        }
    }

    /// What an operator wants of it.
    pub fn forced(&self) -> Option<Forced> {
        self.forced
    }

    /// When it is half-open, if it is open and not by force.
    pub fn next_probe(&self) -> Option<Duration> {
        match (self.forced, &self.state) {
            (None, State::Open { until, .. }) => Some(*until),
            _ => None,
        }
    }

    /// How often in a row it opened; 0 once all probes of a round were fine.
    pub fn resets(&self) -> u32 {
        self.resets
    }

    /// The number of the period between two changes, for [`Tally`]: to be noted of each call that is let through.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// What this copy, at most a tick old, says of a call. Neither allocates nor needs the shared value.
    pub fn glance(&self, now: Duration) -> Glance {
        match (self.forced, &self.state) {
            (Some(Forced::Closed), _) | (None, State::Closed { .. }) => Glance::Pass,
            (Some(Forced::Open), _) => Glance::Refuse { until: Duration::MAX },
            (None, State::Open { until, wait, .. }) if is_over(now, *until, *wait) => Glance::Ask,
            (None, State::Open { until, .. }) => Glance::Refuse { until: *until },
            (None, State::HalfOpen(round)) => match round.full_until(now, self.epoch) {
                Some(until) => Glance::Refuse { until },
                None => Glance::Ask,
            },
        }
    }

    /// Claims one of the probes for a call, or tells what else is to be done with it.
    pub fn claim(&mut self, now: Duration, settings: &Settings) -> Claim {
        match self.glance(now) {
            Glance::Pass => return Claim::Pass,
            Glance::Refuse { until } => return Claim::Refuse { until },
            Glance::Ask => {}
        }
        if let State::Open { outstanding, .. } = &self.state {
            let mut older = outstanding.clone();
            older.drop_lapsed(now);
            let round = Round::new(settings, older);
            // Older probes may hold all places: then it stays as it is.
            if let Some(until) = round.full_until(now, self.epoch.wrapping_add(1)) {
                return Claim::Refuse { until };
            }
            self.become_state(State::HalfOpen(round));
        }
        match &mut self.state {
            State::HalfOpen(round) => Claim::Probe(round.admit(now, settings, self.epoch)),
            State::Closed { .. } | State::Open { .. } => Claim::Pass,
        }
    }

    /// Counts outcomes of calls that were no probes. `random` spreads the time that it is open.
    pub fn record(
        &mut self,
        now: Duration,
        settings: &Settings,
        tally: Tally,
        random: u64,
    ) -> Option<Transition> {
        if self.forced.is_some() || tally.is_empty() || tally.epoch != self.epoch {
            return None;
        }
        let State::Closed { streak, window } = &mut self.state else { return None };
        let longest = streak.saturating_add(tally.leading).max(tally.longest);
        *streak = if tally.fine == 0 { streak.saturating_add(tally.failed) } else { tally.trailing };
        if settings.failure_threshold > 0 && tally.failed > 0 && longest >= settings.failure_threshold {
            return Some(self.open(now, settings, random, Why::Streak { failures: longest }));
        }
        if settings.failure_rate == 0 {
            return None;
        }
        let calls = tally.fine.saturating_add(tally.failed);
        let (calls, failures) = window.count(now, settings.window, calls, tally.failed);
        let is_many = calls >= u64::from(settings.minimum_volume)
            && failures.saturating_mul(100) >= calls.saturating_mul(u64::from(settings.failure_rate));
        // A success never opens it.
        (tally.failed > 0 && is_many).then(|| self.open(now, settings, random, Why::Rate { failures, calls }))
    }

    /// A probe has ended, and its place is free. One of an older round tells nothing else, nor does one that was fine but
    /// whose place was given away. To be written whether or not that is a change of phase.
    pub fn probed(
        &mut self,
        now: Duration,
        settings: &Settings,
        probe: u64,
        fine: bool,
        random: u64,
    ) -> Option<Transition> {
        let (epoch, _) = parts(probe);
        let round = match &mut self.state {
            State::HalfOpen(round) if epoch == self.epoch => round,
            State::HalfOpen(Round { outstanding, .. }) | State::Open { outstanding, .. } => {
                outstanding.remove(probe);
                return None;
            }
            State::Closed { .. } => return None,
        };
        match round.ended(probe, fine) {
            Ended::Counted => None,
            Ended::Failed => Some(self.open(now, settings, random, Why::Probe)),
            Ended::AllFine { probes } => {
                self.resets = 0;
                self.become_state(State::default());
                let why = Why::Probes { fine: probes };
                Some(Transition { from: Phase::HalfOpen, to: Phase::Closed, why })
            }
        }
    }

    /// A probe has ended without showing anything of the subgraph: its place is free for another.
    pub fn withdraw(&mut self, probe: u64) {
        match &mut self.state {
            State::HalfOpen(Round { outstanding, .. }) | State::Open { outstanding, .. } => {
                outstanding.remove(probe);
            }
            State::Closed { .. } => {}
        }
    }

    /// What an operator wants of it from now on; `None`: that it follows what it sees again, beginning closed. To be written
    /// whether or not that is a change of phase.
    pub fn force(&mut self, now: Duration, forced: Option<Forced>) -> Option<Transition> {
        if forced == self.forced {
            return None;
        }
        let from = self.phase(now);
        self.forced = forced;
        self.resets = 0;
        // What was counted until then is no longer what is.
        self.become_state(State::default());
        let to = self.phase(now);
        (from != to).then_some(Transition { from, to, why: Why::Operator { forced } })
    }

    /// Whether calls are counted in it: it is closed, and not by force.
    fn is_counting(&self) -> bool {
        self.forced.is_none() && matches!(self.state, State::Closed { .. })
    }

    fn open(&mut self, now: Duration, settings: &Settings, random: u64, why: Why) -> Transition {
        let (from, mut outstanding) = match &mut self.state {
            State::HalfOpen(round) => (Phase::HalfOpen, std::mem::take(&mut round.outstanding)),
            State::Closed { .. } | State::Open { .. } => (Phase::Closed, Outstanding::default()),
        };
        outstanding.drop_lapsed(now);
        self.resets = self.resets.saturating_add(1);
        let wait = whole(wait(settings, self.resets, random));
        self.become_state(State::Open { until: whole(now.saturating_add(wait)), wait, outstanding });
        Transition { from, to: Phase::Open, why }
    }

    fn become_state(&mut self, state: State) {
        self.epoch = self.epoch.wrapping_add(1);
        self.state = state;
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod model;
#[cfg(test)]
mod tests;
