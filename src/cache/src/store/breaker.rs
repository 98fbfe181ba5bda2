//! Leaves a store alone that fails: after so many failures in a row, for a time that doubles, then one call to try.
//!
//! Simpler than a subgraph's breaker, for nothing depends on the store: no rate, no window, no sharing between workers.

use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::StoreSettings;

#[derive(Debug)]
pub(super) struct Breaker {
    seed: u64,
    state: State,
    /// Counts changes of the state: an answer to a call from before the last one says nothing about now.
    generation: u64,
    /// How often it opened since the last success.
    opened: u32,
}

#[derive(Debug)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Duration,
    },
    /// One call is under way; if its answer never comes, another one may try from `until` on.
    Trying {
        until: Duration,
    },
}

/// Leave to make a call.
#[derive(Debug)]
pub(super) struct Pass(u64);

impl Breaker {
    pub(super) fn new(seed: u64) -> Self {
        Breaker { seed, state: State::Closed { failures: 0 }, generation: 0, opened: 0 }
    }

    /// `None`: no call now.
    pub(super) fn pass(&mut self, now: Duration, settings: &StoreSettings) -> Option<Pass> {
        match self.state {
            State::Closed { .. } => {}
            State::Open { until } | State::Trying { until } if now >= until => {
                let until = now.saturating_add(settings.timeout.saturating_mul(2));
                self.change(State::Trying { until });
            }
            State::Open { .. } | State::Trying { .. } => return None,
        }
        Some(Pass(self.generation))
    }

    /// Hears how a call went. `true`: the breaker opened by this.
    pub(super) fn tell(&mut self, now: Duration, pass: Pass, worked: bool, settings: &StoreSettings) -> bool {
        if pass.0 != self.generation {
            return false;
        }
        if worked {
            self.opened = 0;
            match &mut self.state {
                State::Closed { failures } => *failures = 0,
                State::Open { .. } | State::Trying { .. } => self.change(State::Closed { failures: 0 }),
            }
            return false;
        }
        if let State::Closed { failures } = &mut self.state {
            *failures = failures.saturating_add(1);
            if *failures < settings.failures {
                return false;
            }
        }
        let until = now.saturating_add(self.wait(settings));
        self.opened = self.opened.saturating_add(1);
        self.change(State::Open { until });
        true
    }

    pub(super) fn is_open(&self, now: Duration) -> bool {
        match self.state {
            State::Closed { .. } => false,
            State::Open { until } | State::Trying { until } => now < until,
        }
    }

    /// Between half of the full wait and all of it.
    fn wait(&self, settings: &StoreSettings) -> Duration {
        let factor = 1u32.checked_shl(self.opened).unwrap_or(u32::MAX);
        let full = settings.backoff.saturating_mul(factor).min(settings.max_backoff);
        let random = xxh3_64_with_seed(&self.generation.to_le_bytes(), self.seed) as u32;
        let part = full.as_secs_f64() * (0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX));
        Duration::try_from_secs_f64(part).unwrap_or(full)
    }

    fn change(&mut self, state: State) {
        self.state = state;
        self.generation = self.generation.wrapping_add(1);
    }
}
