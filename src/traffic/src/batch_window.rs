//! How many keys a batch takes and how long it waits for them, following what is measured.

use std::time::Duration;

use crate::latency::Latency;

mod decision;
mod measured;

pub use measured::Measured;

/// Bounds and targets, from the settings `entity_batching`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Keys in a batch, at least 1.
    pub max_batch_size: usize,
    /// The longest wait.
    pub batch_window: Duration,
    /// Whether limits follow what is measured; else they are these bounds.
    pub adaptive: bool,
    /// Average wait and call together above which the window shrinks.
    pub max_latency: Duration,
    /// Keys a second below which the window doesn't grow.
    pub min_throughput: u64,
    /// Time between two adaptations.
    pub adaptation_interval: Duration,
}

/// What holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Keys in a batch, from 1 to the settings' bound.
    pub max_batch_size: usize,
    /// How long a batch waits, from zero to the settings' bound.
    pub batch_window: Duration,
}

/// Why a batch was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It held as many keys as it may.
    Size,
    /// Its window was over.
    Window,
    /// The last request that could have joined has.
    Complete,
    /// The window is zero and the host's turn was over.
    Turn,
    /// No other request could have joined.
    Alone,
}

impl Reason {
    /// All.
    pub const ALL: [Reason; 5] =
        [Reason::Size, Reason::Window, Reason::Complete, Reason::Turn, Reason::Alone];

    /// Its word in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Size => "size",
            Reason::Window => "window",
            Reason::Complete => "complete",
            Reason::Turn => "turn",
            Reason::Alone => "alone",
        }
    }
}

/// Limits that were changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adaptation {
    /// Before.
    pub from: Limits,
    /// Now.
    pub to: Limits,
    /// For the log: what was measured.
    pub why: String,
}

/// The limits of one subgraph's batches on one worker.
///
/// The window climbs a hill: a step up is kept only if the interval after it gathered measurably more keys a call, and
/// after a step in vain the next trial waits twice as long (hill climbing with back-off, as concurrency limits are
/// found by Netflix's concurrency-limits). Beyond the targets it is halved at once (the multiplicative decrease of
/// AIMD, Chiu & Jain 1989). The size is set from the measured sizes: their average over 0.8, with a dead band.
#[derive(Debug, Clone)]
pub struct BatchWindow {
    settings: Settings,
    limits: Limits,
    measured: Measured,
    latency: Latency,
    /// When this interval began, since the epoch; `None` before the first batch.
    began: Option<Duration>,
    climb: decision::Climb,
}

impl BatchWindow {
    /// Starts with batches as large as allowed and, if adaptive, without waiting.
    pub fn new(settings: Settings) -> BatchWindow {
        let window = if settings.adaptive { Duration::ZERO } else { settings.batch_window };
        BatchWindow {
            limits: Limits { max_batch_size: settings.max_batch_size.max(1), batch_window: window },
            settings,
            measured: Measured::default(),
            latency: Latency::default(),
            began: None,
            climb: decision::Climb::default(),
        }
    }

    /// What holds now.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// How long the subgraph usually takes.
    pub fn latency(&self) -> &Latency {
        &self.latency
    }

    /// What was measured in this interval so far.
    pub fn measured(&self) -> &Measured {
        &self.measured
    }

    /// A batch was sent with so many distinct keys of so many requests; its first had waited for `waited`.
    pub fn closed(&mut self, now: Duration, keys: usize, requests: usize, waited: Duration, reason: Reason) {
        self.began.get_or_insert(now);
        self.measured.closed(keys, requests, waited, reason);
    }

    /// A batch was answered, `latency` after it was sent. A failure's time says nothing of the usual one.
    pub fn answered(&mut self, now: Duration, latency: Duration, keys: usize, ok: bool) {
        self.began.get_or_insert(now);
        self.measured.answered(latency, keys, ok);
        if ok {
            self.latency.answered(latency);
        }
    }

    /// Takes other settings; the limits are brought within them.
    pub fn set(&mut self, settings: Settings) {
        if settings == self.settings {
            return;
        }
        let limits = self.limits;
        let adaptive = settings.adaptive && self.settings.adaptive;
        *self = BatchWindow { latency: self.latency, ..BatchWindow::new(settings) };
        if adaptive {
            self.limits.max_batch_size = limits.max_batch_size.clamp(1, settings.max_batch_size.max(1));
            self.limits.batch_window = limits.batch_window.min(settings.batch_window);
        }
    }

    /// To be called now and then, cheap until an interval is over: changes the limits to what was measured in it.
    pub fn adapt(&mut self, now: Duration) -> Option<Adaptation> {
        let elapsed = now.saturating_sub(self.began?);
        if elapsed < self.settings.adaptation_interval {
            return None;
        }
        let measured = std::mem::take(&mut self.measured);
        self.began = Some(now);
        if !self.settings.adaptive {
            return None;
        }
        let from = self.limits;
        let (to, why) = decision::next(&mut self.climb, &self.settings, from, &measured, elapsed);
        self.limits = to;
        (from != to).then_some(Adaptation { from, to, why })
    }
}

#[cfg(test)]
mod simulation;
