//! Whether lookups come evenly, in bursts, or in a rhythm.

use std::time::Duration;

use super::{Arrivals, LEAST_ARRIVALS};

/// How lookups come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pattern {
    /// Independently of each other, at about the same rate.
    Steady,
    /// In crowds, at no regular time.
    Bursty,
    /// In crowds, one each period.
    Periodic(Duration),
}

const BINS: usize = 256;
/// An autocorrelation above this is a rhythm; white noise in 256 bins stays below 0.2 with three deviations.
const RHYTHM: f64 = 0.5;
/// A Poisson process has 1 (Cox & Lewis 1966, index of dispersion of counts).
const DISPERSED: f64 = 2.0;

/// By the counts in equal bins of time: periodic if their autocorrelation has a peak (Box & Jenkins), else bursty by
/// their index of dispersion, variance over mean (Cox & Lewis 1966). `None` if too little was recorded.
pub fn pattern(arrivals: &Arrivals) -> Option<Pattern> {
    if arrivals.len() < LEAST_ARRIVALS {
        return None;
    }
    let first = arrivals.iter().next()?.at;
    let span = arrivals.iter().last()?.at.saturating_sub(first).as_secs_f64();
    if span <= 0.0 {
        return Some(Pattern::Bursty);
    }
    let mut counts = [0.0_f64; BINS];
    for arrival in arrivals.iter() {
        let place = arrival.at.saturating_sub(first).as_secs_f64() / span * BINS as f64;
        if let Some(count) = counts.get_mut((place as usize).min(BINS.saturating_sub(1))) {
            *count += 1.0;
        }
    }
    let mean = counts.iter().sum::<f64>() / BINS as f64;
    // A period that is no whole number of bins would favour its multiples: each bin takes in its neighbours.
    let raw = counts;
    for (count, near) in counts.iter_mut().skip(1).zip(raw.windows(3)) {
        *count = near.iter().sum::<f64>() / 3.0;
    }
    let squares: f64 = counts.iter().map(|count| (count - mean) * (count - mean)).sum();
    let variance = raw.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / BINS as f64;
    if variance / mean <= DISPERSED {
        return Some(Pattern::Steady);
    }
    let correlation = |lag: usize| {
        let pairs = counts.iter().zip(counts.iter().skip(lag));
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / squares
    };
    // A burst that is wider than a bin correlates at short lags, so only what comes after the first fall counts.
    let mut fell = false;
    let mut peak = (0_usize, RHYTHM);
    for lag in 1..BINS / 2 {
        let found = correlation(lag);
        fell |= found < 0.1;
        // Multiples of the period correlate about as much: a later peak must be clearly higher.
        let clearly = if peak.0 > 0 && lag > peak.0.saturating_add(2) { 1.25 } else { 1.0 };
        if fell && found > peak.1 * clearly {
            peak = (lag, found);
        }
    }
    Some(match peak {
        (0, _) => Pattern::Bursty,
        (lag, _) => Pattern::Periodic(Duration::from_secs_f64(span * lag as f64 / BINS as f64)),
    })
}
