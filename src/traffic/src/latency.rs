//! How long a subgraph usually takes, and so how old a call may be to be joined.

use std::time::Duration;

/// Smoothed latency and its mean deviation, as TCP keeps its round-trip time (Jacobson & Karels 1988; RFC 6298 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    seen: bool,
    average: Duration,
    deviation: Duration,
}

impl Latency {
    /// An age at which a call may be joined whatever was measured: less is what a busy worker's turn may take.
    pub const LEAST_AGE: Duration = Duration::from_millis(10);
    /// The age until something was measured, and at most: none gathers others for longer.
    pub const MOST_AGE: Duration = Duration::from_secs(1);

    /// A call was answered after `took`.
    pub fn answered(&mut self, took: Duration) {
        if !self.seen {
            *self = Latency { seen: true, average: took, deviation: took.checked_div(2).unwrap_or_default() };
            return;
        }
        // RFC 6298 §2.3: the deviation first, with a weight of 1/4, then the average, with 1/8.
        self.deviation = mix(self.deviation, self.average.abs_diff(took), 4);
        self.average = mix(self.average, took, 8);
    }

    /// The smoothed latency; `None` until a call was answered.
    pub fn average(&self) -> Option<Duration> {
        self.seen.then_some(self.average)
    }

    /// How old a call in flight may be for others to join it: the average and four deviations (RFC 6298's time-out),
    /// within [`Latency::LEAST_AGE`] and [`Latency::MOST_AGE`]. An older one probably hangs.
    pub fn joinable_age(&self) -> Duration {
        if !self.seen {
            return Latency::MOST_AGE;
        }
        let usual = self.average.saturating_add(self.deviation.saturating_mul(4));
        usual.clamp(Latency::LEAST_AGE, Latency::MOST_AGE)
    }
}

/// `old` with a share of 1/`weight` of `new`.
fn mix(old: Duration, new: Duration, weight: u32) -> Duration {
    let kept = old.saturating_mul(weight.saturating_sub(1));
    kept.saturating_add(new).checked_div(weight).unwrap_or(old)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_steady_latency_narrows_the_age_to_itself() {
        let mut latency = Latency::default();
        assert_eq!((latency.average(), latency.joinable_age()), (None, Latency::MOST_AGE));
        latency.answered(ms(40));
        assert_eq!(latency.joinable_age(), ms(120));
        (0..100).for_each(|_| latency.answered(ms(40)));
        assert!(latency.joinable_age() >= ms(39) && latency.joinable_age() < ms(42), "{latency:?}");
    }

    #[test]
    fn a_step_is_followed_and_the_age_is_bounded() {
        let mut latency = Latency::default();
        (0..50).for_each(|_| latency.answered(ms(1)));
        assert_eq!(latency.joinable_age(), Latency::LEAST_AGE);
        (0..50).for_each(|_| latency.answered(ms(100)));
        let average = latency.average().unwrap_or_default();
        assert!(average > ms(95) && average <= ms(100), "{average:?}");
        latency.answered(Duration::MAX);
        assert_eq!(latency.joinable_age(), Latency::MOST_AGE);
    }
}
