//! Waits that double each time up to the longest, all calculated beforehand.

use std::time::Duration;

/// The wait for each number of times; at most 33 of them.
#[derive(Debug, Clone)]
pub(super) struct Ceilings(Vec<Duration>);

impl Ceilings {
    /// From `first`, doubling if `exponential`, to `longest`.
    pub(super) fn new(first: Duration, longest: Duration, exponential: bool) -> Ceilings {
        let mut waits = vec![first.min(longest)];
        if exponential && !first.is_zero() {
            let doubled = (1..=32).map(|n| first.saturating_mul(1_u32.checked_shl(n).unwrap_or(u32::MAX)));
            waits.extend(doubled.map(|wait| wait.min(longest)));
            waits.dedup();
        }
        Ceilings(waits)
    }

    /// The wait after `n` others.
    pub(super) fn at(&self, n: u32) -> Duration {
        let nth = usize::try_from(n).ok().and_then(|n| self.0.get(n));
        nth.or(self.0.last()).copied().unwrap_or_default()
    }
}
