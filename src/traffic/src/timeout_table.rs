//! How long calls to a subgraph may take, set from how long they do take; read at each call, calculated now and then.
//!
//! The time-out is a high percentile of the latencies of the last one to two intervals, times a margin, within bounds
//! (Dean & Barroso, "The Tail at Scale", CACM 2013, set theirs so). Two movements must be told apart:
//!
//! * A subgraph that *slows down* still answers, nearer and nearer to the time-out. When more answers than the percentile
//!   leaves out come near it, the time-out is doubled at once, without waiting for the interval's end.
//! * One that *stalls* gives no answers; waiting longer for it only holds requests and connections. Its calls are cut at the
//!   time-out that was right before. As it may have become slow all at once, the time-out is doubled when calls have been
//!   cut off at it for an interval (RFC 6298 §5.5), up to the greatest one. If that brought no answers either, it returns to
//!   what is right for those that are answered, and the next such trial comes after twice as many intervals.

use std::time::Duration;

use crate::digest::{Digest, Quantile};

mod ceilings;
mod trial;

use ceilings::Ceilings;
use trial::Trial;

/// What the table is made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Whether time-outs follow what is measured; else they are `max_timeout`.
    pub adapt: bool,
    /// In percent, 0 to 100: which latency they follow.
    pub percentile: f64,
    /// What it is multiplied by, at least 1.
    pub margin: f64,
    /// The shortest time-out: garbage collection or a new connection takes that long now and then.
    pub min_timeout: Duration,
    /// The longest, and the one as long as too little was measured.
    pub max_timeout: Duration,
    /// Time between two calculations.
    pub calculation_interval: Duration,
    /// How long a breaker stays open the first time.
    pub reset_timeout: Duration,
    /// The longest that one stays open.
    pub max_reset_timeout: Duration,
    /// The most that is waited before a call is repeated the first time.
    pub base_delay: Duration,
    /// The most that is waited at all.
    pub max_delay: Duration,
    /// Whether the wait doubles with each time; else it is `base_delay`.
    pub exponential: bool,
}

/// The table of one subgraph on one worker, about 6 KB.
#[derive(Debug, Clone)]
pub struct TimeoutTable {
    settings: Settings,
    /// The interval before, this one, and both as they were at the last calculation.
    previous: Digest,
    current: Digest,
    both: Digest,
    /// When `current` began, and when the last calculation was, since the epoch.
    began: Duration,
    calculated: Duration,
    /// The percentile when it was calculated last; `None` while too little was measured.
    usual: Option<Duration>,
    request: Duration,
    /// From which latency on an answer came near the time-out.
    near: Duration,
    answers: Answers,
    cuts: Cuts,
    trial: Trial,
    resets: Ceilings,
    retries: Ceilings,
}

/// Since it was last looked whether they come near the time-out.
#[derive(Debug, Clone, Copy, Default)]
struct Answers {
    all: u32,
    near: u32,
}

/// Since the last calculation.
#[derive(Debug, Clone, Copy, Default)]
struct Cuts {
    /// Whether any call was answered.
    answered: bool,
    /// The longest that one was waited for in vain.
    longest: Duration,
}

impl TimeoutTable {
    /// Fewer calls in an interval say nothing of a high percentile.
    pub const LEAST_CALLS: u64 = 50;
    /// Fewer answers don't show that they come near the time-out; nor do fewer than [`Self::LEAST_NEAR`] near ones.
    const LEAST_ANSWERS: u32 = 20;
    const LEAST_NEAR: u32 = 3;
    /// A longer interval is not waited for when calls are cut off.
    const PRESSING: Duration = Duration::from_secs(10);
    /// Until when a window of too few calls goes on: what is older says nothing of today.
    const STALE: Duration = Duration::from_mins(10);

    /// One that has measured nothing: each time-out is the greatest.
    pub fn new(settings: Settings, now: Duration) -> TimeoutTable {
        let mut table = TimeoutTable {
            previous: Digest::new(),
            current: Digest::new(),
            both: Digest::new(),
            began: now,
            calculated: now,
            usual: None,
            request: settings.max_timeout,
            near: Duration::MAX,
            answers: Answers::default(),
            cuts: Cuts::default(),
            trial: Trial::default(),
            resets: Ceilings::new(settings.reset_timeout, settings.max_reset_timeout, true),
            retries: Ceilings::new(settings.base_delay, settings.max_delay, settings.exponential),
            settings,
        };
        table.set_request(settings.max_timeout);
        table
    }

    /// Takes other settings; what was measured stays.
    pub fn set_settings(&mut self, settings: Settings) {
        if settings == self.settings {
            return;
        }
        self.resets = Ceilings::new(settings.reset_timeout, settings.max_reset_timeout, true);
        self.retries = Ceilings::new(settings.base_delay, settings.max_delay, settings.exponential);
        self.settings = settings;
        self.set_request(self.usual.map_or(settings.max_timeout, |usual| self.target(usual)));
    }

    /// A call was answered, with whatever status, `took` after it was sent. Some nanoseconds, no allocation.
    pub fn answered(&mut self, took: Duration) {
        self.current.answered(took);
        self.cuts.answered = true;
        self.answers.all = self.answers.all.saturating_add(1);
        if took > self.near {
            self.answers.near = self.answers.near.saturating_add(1);
        }
    }

    /// A call was given up `after` it was sent, by its time-out or because nobody waited any longer: it would have taken
    /// longer. One that was given up sooner than calls usually take says nothing.
    pub fn timed_out(&mut self, after: Duration) {
        if self.usual.is_none_or(|usual| after >= usual) {
            self.current.cut();
            self.cuts.longest = self.cuts.longest.max(after);
        }
    }

    /// To be called at each tick, cheap until an interval is over: calculates the time-outs anew. True if it did.
    pub fn tend(&mut self, now: Duration) -> bool {
        let pressing = if self.cuts.longest.is_zero() { Duration::MAX } else { Self::PRESSING };
        let due = now.saturating_sub(self.calculated) >= self.settings.calculation_interval.min(pressing);
        // The first time as soon as it can be done, so that a new worker isn't without for an interval.
        if due || (self.both.count() == 0 && self.current.count() >= Self::LEAST_CALLS) {
            self.calculate(now);
            return true;
        }
        self.rise()
    }

    /// How long the next call may take.
    pub fn request_timeout(&self) -> Duration {
        self.request
    }

    /// How long a breaker stays open that opened for the `n`th time in a row (from 0), before jitter.
    pub fn reset(&self, n: u32) -> Duration {
        self.resets.at(n)
    }

    /// The most that is waited before the `n`th retry (from 0) of a call.
    pub fn retry(&self, n: u32) -> Duration {
        self.retries.at(n)
    }

    /// The latency that a share `q` (0 to 1) of the calls doesn't exceed, as it was at the last calculation, with the error
    /// that [`Quantile::Is`] says. `None` if there were fewer than [`Self::LEAST_CALLS`], or so many calls are cut off
    /// that it isn't known. A scan of the digest.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        if self.both.count() < Self::LEAST_CALLS {
            return None;
        }
        known(self.both.quantile(q))
    }

    /// Calls that were measured in this interval and the one before.
    pub fn count(&self) -> u64 {
        self.previous.count().saturating_add(self.current.count())
    }

    /// What [`Self::quantile`] reads, to be merged with other workers'.
    pub fn digest(&self) -> &Digest {
        &self.both
    }

    fn calculate(&mut self, now: Duration) {
        self.both.clear();
        self.both.merge(&self.previous);
        self.both.merge(&self.current);
        self.calculated = now;
        self.answers = Answers::default();
        let cuts = std::mem::take(&mut self.cuts);
        let enough = self.current.count() >= Self::LEAST_CALLS;
        let q = self.settings.percentile / 100.0;
        match self.current.quantile(q) {
            Quantile::Is(latest) if enough => {
                let usual = known(self.both.quantile(q)).map_or(latest, |longer| longer.max(latest));
                self.usual = Some(usual);
                self.trial = Trial::default();
                self.set_request(self.target(usual));
            }
            Quantile::Beyond if enough => self.cut_off(q, cuts.longest),
            // Cut off and nothing else: then a few, such as a breaker's probes, say enough.
            _ if !cuts.answered && !cuts.longest.is_zero() => self.cut_off(q, cuts.longest),
            _ if self.both.count() < Self::LEAST_CALLS => {
                self.usual = None;
                self.set_request(self.settings.max_timeout);
            }
            _ => {}
        }
        let stale = self.settings.calculation_interval.saturating_mul(2).max(Self::STALE);
        if enough || now.saturating_sub(self.began) >= stale {
            std::mem::swap(&mut self.previous, &mut self.current);
            self.current.clear();
            self.began = now;
        }
    }

    /// More calls than the percentile leaves out were cut off, having been waited for up to `longest`.
    fn cut_off(&mut self, q: f64, longest: Duration) {
        if longest < self.request {
            // None was waited for that long yet.
            return;
        }
        let (request, max) = (self.request, self.settings.max_timeout);
        if request < max {
            if self.trial.may_go_on() {
                self.set_request(request.saturating_mul(2).min(max));
            }
            return;
        }
        // The longest wait was in vain.
        if self.both.answers() >= Self::LEAST_CALLS {
            self.usual = known(self.both.quantile_answered(q));
        }
        if let Some(usual) = self.usual {
            self.trial.failed();
            self.set_request(self.target(usual));
        }
    }

    /// Doubles the time-out if answers come near it.
    fn rise(&mut self) -> bool {
        if self.answers.all < Self::LEAST_ANSWERS {
            return false;
        }
        let Answers { all, near } = std::mem::take(&mut self.answers);
        let left_out = (1.0 - self.settings.percentile / 100.0) * f64::from(all);
        let rises = near >= Self::LEAST_NEAR && f64::from(near) > left_out;
        if rises {
            self.set_request(self.request.saturating_mul(2).min(self.settings.max_timeout));
        }
        rises
    }

    /// The time-out for a percentile.
    fn target(&self, usual: Duration) -> Duration {
        let Settings { min_timeout, max_timeout, .. } = self.settings;
        times(usual, self.margin()).max(min_timeout).min(max_timeout)
    }

    fn margin(&self) -> f64 {
        self.settings.margin.max(1.0)
    }

    fn set_request(&mut self, request: Duration) {
        let max = self.settings.max_timeout;
        self.request = if self.settings.adapt { request } else { max };
        // The middle, on a scale of ratios, between the usual latency and the time-out.
        self.near =
            if self.request < max { times(self.request, 1.0 / self.margin().sqrt()) } else { Duration::MAX };
    }
}

fn known(quantile: Quantile) -> Option<Duration> {
    match quantile {
        Quantile::Is(time) => Some(time),
        Quantile::Unknown | Quantile::Beyond => None,
    }
}

fn times(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}
