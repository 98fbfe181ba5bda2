//! How many calls one worker may have in flight to a subgraph, following what is measured.
//!
//! A subgraph answers so many calls at once; what is sent beyond that waits there, where nobody can shed it, and makes all
//! calls slower (Little's law). The limit is looked for from outside, as TCP looks for its window: by latency, which grows
//! as soon as calls queue (*gradient*: Netflix's concurrency-limits, `Gradient2Limit`, after TCP Vegas, Brakmo & Peterson
//! 1995), or by calls that were dropped (*AIMD*: Chiu & Jain 1989; RFC 5681 §3.1).
//!
//! Both judge a *window* of answers: ten at least, over twice their latency, so that what is judged came of the limit that is
//! changed. A limit that isn't used tells nothing of what the subgraph bears, and is left as it is.

use std::time::Duration;

mod gradient;
mod window;

use gradient::Gradient;
use window::{Measured, Window};

/// Where the limit starts, as Netflix's does.
const INITIAL: f64 = 20.0;

/// What the limit is multiplied with if calls were dropped (Netflix's `AIMDLimit`). TCP halves, but on a single loss.
const DECREASE: f64 = 0.9;

/// By what the limit is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// By latency: how much longer calls take now than they do in the long run.
    Gradient,
    /// One more each window, a tenth less if calls were dropped or took too long.
    Aimd,
}

/// Bounds, from the settings `adaptive_concurrency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// By what it's found.
    pub algorithm: Algorithm,
    /// At least so many, and at least 1: with fewer, one slow call would be half of what is measured.
    pub min_limit: u32,
    /// At most so many; `min_limit` if that is more.
    pub max_limit: u32,
    /// For AIMD: an average latency above which the limit falls. `None`: only drops count.
    pub target: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { algorithm: Algorithm::Gradient, min_limit: 10, max_limit: 1000, target: None }
    }
}

/// The limit of one subgraph on one worker.
#[derive(Debug, Clone)]
pub struct Limiter {
    settings: Settings,
    limit: f64,
    window: Window,
    gradient: Gradient,
}

impl Limiter {
    /// Starts with 20 calls, or the nearest that is allowed.
    pub fn new(settings: Settings) -> Limiter {
        let mut limiter =
            Limiter { settings, limit: INITIAL, window: Window::default(), gradient: Gradient::default() };
        limiter.set(INITIAL);
        limiter
    }

    /// Takes other settings; the limit is brought within them.
    pub fn set_settings(&mut self, settings: Settings) {
        if settings.algorithm != self.settings.algorithm {
            self.gradient = Gradient::default();
        }
        self.settings = settings;
        self.set(self.limit);
    }

    /// How many calls may be in flight now.
    pub fn limit(&self) -> u32 {
        let limit = match self.settings.algorithm {
            Algorithm::Gradient => self.gradient.in_force(self.limit),
            Algorithm::Aimd => self.limit,
        };
        // Saturates; never NaN, for it was clamped.
        let (least, most) = self.bounds();
        (limit as u32).clamp(least, most)
    }

    /// How long calls take in the long run when they don't queue, as far as the gradient knows.
    pub fn long_term(&self) -> Option<Duration> {
        self.gradient.long_term()
    }

    /// A call has ended `took` after it was sent, `in_flight` having been in flight with it. `dropped`: the subgraph had no
    /// room for it, refused it or didn't answer in time; its latency says nothing.
    pub fn answered(&mut self, now: Duration, took: Duration, in_flight: u32, dropped: bool) {
        self.window.answered(now, took, in_flight, dropped);
        let Some(measured) = self.window.take(now) else { return };
        let next = match self.settings.algorithm {
            Algorithm::Gradient => self.gradient.next(self.limit, &measured),
            Algorithm::Aimd => aimd(self.limit, &measured, self.settings.target),
        };
        self.set(next);
    }

    fn set(&mut self, limit: f64) {
        let (least, most) = self.bounds();
        self.limit = limit.max(f64::from(least)).min(f64::from(most));
    }

    fn bounds(&self) -> (u32, u32) {
        let least = self.settings.min_limit.max(1);
        (least, self.settings.max_limit.max(least))
    }
}

fn aimd(limit: f64, measured: &Measured, target: Option<Duration>) -> f64 {
    let slow = target.zip(measured.average).is_some_and(|(target, average)| average > target.as_secs_f64());
    if measured.has_drops() || slow {
        limit * DECREASE
    } else if measured.is_used(limit) {
        limit + 1.0
    } else {
        limit
    }
}
