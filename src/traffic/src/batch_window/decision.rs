//! One step of the adaptation: from an interval's measurements to the limits of the next.

use std::time::Duration;

use super::{Limits, Measured, Settings};

/// Where the search for a window stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Climb {
    /// The window and keys a batch before the step that is on trial.
    trial: Option<(Duration, f64)>,
    /// Intervals until the next step may be tried.
    rest: u32,
    /// How long to rest after the next step in vain.
    back_off: u32,
    /// Whether the size last grew, and intervals until it may turn back.
    grew: bool,
    size_rest: u32,
    size_back_off: u32,
}

/// Fewer batches in an interval say nothing.
const LEAST_BATCHES: u64 = 20;
/// How much of the size the average should fill: above the guide's 70% even when the average falls a little.
const TARGET_FILL: f64 = 0.8;
/// Within these no other size is taken.
const FILL_BAND: (f64, f64) = (0.72, 0.9);
/// A longer window must gather this many times as many keys a batch to be kept.
const LEAST_GAIN: f64 = 1.1;
/// Of the batches: if fewer are sent while others could still join, a longer window changes little.
const LEAST_CUT_SHORT: f64 = 0.1;
/// Steps of the whole range.
const STEPS: u32 = 5;
const MOST_REST: u32 = 32;

pub(super) fn next(
    climb: &mut Climb,
    settings: &Settings,
    from: Limits,
    measured: &Measured,
    elapsed: Duration,
) -> (Limits, String) {
    if measured.batches < LEAST_BATCHES {
        climb.trial = None;
        let why = format!("only {} batches in {elapsed:.1?}: nothing to gain by waiting", measured.batches);
        return (Limits { batch_window: Duration::ZERO, ..from }, why);
    }
    let (batch_window, window_why) = window(climb, settings, from, measured, elapsed);
    let (max_batch_size, size_why) = size(climb, settings, from, measured);
    let why: Vec<String> = [window_why, size_why].into_iter().flatten().collect();
    (Limits { max_batch_size, batch_window }, why.join("; "))
}

/// The next window, with the reason if it is another.
fn window(
    climb: &mut Climb,
    settings: &Settings,
    from: Limits,
    measured: &Measured,
    elapsed: Duration,
) -> (Duration, Option<String>) {
    let now = from.batch_window;
    let size = measured.average_size();
    let time = measured.average_time();
    let per_second = measured.answered_keys as f64 / elapsed.as_secs_f64().max(f64::EPSILON);
    let step = settings.batch_window.checked_div(STEPS).unwrap_or_default().max(Duration::from_millis(1));
    let trial = climb.trial.take();
    if now > Duration::ZERO && time > settings.max_latency.as_secs_f64() {
        climb.rest_longer();
        let halved = now.checked_div(2).filter(|half| *half >= Duration::from_millis(1)).unwrap_or_default();
        let why = format!("a batch takes {:.1} ms, above {:?}", time * 1e3, settings.max_latency);
        return (halved, Some(why));
    }
    if now > Duration::ZERO && per_second < settings.min_throughput as f64 {
        climb.rest_longer();
        let why = format!("{per_second:.0} keys a second, below {}", settings.min_throughput);
        return (Duration::ZERO, Some(why));
    }
    if let Some((before, was)) = trial {
        if size < was * LEAST_GAIN {
            climb.rest_longer();
            return (
                before,
                Some(format!("a window of {now:?} gathered {size:.1} keys a call, before {was:.1}")),
            );
        }
        climb.back_off = 0;
    }
    climb.rest = climb.rest.saturating_sub(1);
    let longer = now.saturating_add(step).min(settings.batch_window);
    let cut_short = measured.cut_short as f64 / measured.batches as f64;
    let allowed = climb.rest == 0
        && longer > now
        && cut_short >= LEAST_CUT_SHORT
        && time + step.as_secs_f64() <= settings.max_latency.as_secs_f64()
        && per_second >= settings.min_throughput as f64;
    if !allowed {
        return (now, None);
    }
    climb.trial = Some((now, size));
    let why = format!("{:.0}% of the batches were sent while others could join", 100.0 * cut_short);
    (longer, Some(why))
}

/// The next size, with the reason if it is another.
fn size(
    climb: &mut Climb,
    settings: &Settings,
    from: Limits,
    measured: &Measured,
) -> (usize, Option<String>) {
    let most = settings.max_batch_size.max(1);
    let average = measured.average_size();
    let fill = measured.utilisation(from.max_batch_size) / 100.0;
    if (FILL_BAND.0..=FILL_BAND.1).contains(&fill) {
        return (from.max_batch_size, None);
    }
    // Full batches hide how large they would have been, so the size grows by half a time instead.
    let wanted = (average / TARGET_FILL).ceil().max(1.0);
    let is_hidden = fill > FILL_BAND.1 && measured.full.saturating_mul(2) >= measured.batches;
    let wanted = if is_hidden { wanted.max(from.max_batch_size as f64 * 1.5) } else { wanted };
    let to = (wanted as usize).clamp(1, most);
    climb.size_rest = climb.size_rest.saturating_sub(1);
    if to == from.max_batch_size {
        return (to, None);
    }
    let grows = to > from.max_batch_size;
    if grows != climb.grew {
        if climb.size_rest > 0 {
            return (from.max_batch_size, None);
        }
        // Each turn back makes the next one wait twice as long, so that a load between two sizes settles.
        climb.size_back_off = climb.size_back_off.saturating_mul(2).clamp(1, MOST_REST);
        climb.size_rest = climb.size_back_off;
        climb.grew = grows;
    }
    let why = (to != from.max_batch_size)
        .then(|| format!("{average:.1} keys a batch fill {:.0}% of {}", 100.0 * fill, from.max_batch_size));
    (to, why)
}

impl Climb {
    fn rest_longer(&mut self) {
        self.back_off = self.back_off.saturating_mul(2).clamp(2, MOST_REST);
        self.rest = self.back_off;
    }
}
