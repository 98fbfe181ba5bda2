//! One step of the gradient: from a window's latency to the next limit.

use std::time::Duration;

use super::DECREASE;
use super::window::Measured;

/// How much longer than in the long run calls may take before the limit falls. Netflix's default is 1.5: then the
/// limit settles at one and a half of what the subgraph bears and the allowance on top, twice what it bears if that is ten.
const TOLERANCE: f64 = 1.3;

/// The limit falls by a half at most: an outlier must not shed all (Netflix).
const LEAST_GRADIENT: f64 = 0.5;

/// How much of the new limit is taken at once (Netflix).
const SMOOTHING: f64 = 0.2;

/// Windows over which the long-term latency is averaged (Netflix: 600, as an exponential average).
const LONG_TERM: f64 = 600.0;

/// Windows whose plain average it starts with (Netflix).
const WARM_UP: f64 = 10.0;

/// Windows from one probe to the next: some seconds to a minute.
const PROBE_AFTER: u32 = 60;

/// Netflix's Gradient2, and a probe.
///
/// ```text
/// gradient = clamp(tolerance × long / short, 0.5, 1)
/// limit    = 0.8 × limit + 0.2 × (limit × gradient + √limit)
/// ```
///
/// In Gradient2 the long-term latency follows whatever is measured, so under a load that doesn't end it learns that calls
/// queue, and the limit climbs without end. So windows in which calls queue don't count here, and now and then half of the
/// limit is in force for two windows: what calls take then is the latency without a queue (`GradientLimit`, Netflix's first,
/// probes so; and BBR, its `ProbeRTT`). If that is not less than before, the subgraph has become slower as a whole, and
/// fewer calls would not help.
#[derive(Debug, Clone, Default)]
pub(super) struct Gradient {
    /// Seconds; zero: not known.
    long: f64,
    /// Windows that it was made of, up to the warm-up.
    seen: f64,
    /// Since the last probe.
    windows: u32,
    /// The limit after the last probe.
    probed_at: f64,
    probe: Probe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Probe {
    #[default]
    None,
    /// Calls that were sent before it still come in.
    Settling,
    Measuring,
}

impl Gradient {
    /// Of the limit that was found, what holds now.
    pub(super) fn in_force(&self, limit: f64) -> f64 {
        if self.probe == Probe::None { limit } else { limit / 2.0 }
    }

    pub(super) fn long_term(&self) -> Option<Duration> {
        (self.seen > 0.0).then(|| Duration::try_from_secs_f64(self.long).unwrap_or(Duration::MAX))
    }

    pub(super) fn next(&mut self, limit: f64, measured: &Measured) -> f64 {
        // With what was dropped, the average is that of the lucky ones.
        let Some(short) = measured.average.filter(|_| !measured.has_drops()) else {
            self.probe = Probe::None;
            return limit * DECREASE;
        };
        match self.probe {
            Probe::Settling => {
                self.probe = Probe::Measuring;
                return limit;
            }
            Probe::Measuring => {
                (self.probe, self.windows, self.probed_at) = (Probe::None, 0, limit);
                self.long = short;
                return limit;
            }
            Probe::None => {}
        }
        if self.seen == 0.0 || short <= self.long * TOLERANCE {
            self.learn(short);
        }
        if !measured.is_used(limit) {
            return limit;
        }
        self.windows = self.windows.saturating_add(1);
        self.probed_at = self.probed_at.max(limit);
        // A limit that fell so far either did what it should or is no use: that's to be known.
        if self.windows >= PROBE_AFTER || limit < self.probed_at / 2.0 {
            self.probe = Probe::Settling;
            return limit;
        }
        let gradient = (TOLERANCE * self.long / short).clamp(LEAST_GRADIENT, 1.0);
        let next = limit * gradient + limit.sqrt();
        limit * (1.0 - SMOOTHING) + next * SMOOTHING
    }

    fn learn(&mut self, short: f64) {
        self.seen = (self.seen + 1.0).min(WARM_UP);
        let weight = if self.seen < WARM_UP { 1.0 / self.seen } else { 2.0 / (LONG_TERM + 1.0) };
        self.long += (short - self.long) * weight;
        // It was slow and is no more: the average alone would know after minutes (Netflix).
        if self.long > 2.0 * short {
            self.long *= 0.95;
        }
    }
}
