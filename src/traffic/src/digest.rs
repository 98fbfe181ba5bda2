//! The distribution of one subgraph's latencies in a fixed number of bytes.
//!
//! An HDR histogram (Gil Tene, hdrhistogram.org): buckets whose width grows with the value, here with one significant
//! digit. That is enough, for what is set from it has a margin of its own; a second digit would take eight times the
//! memory for each subgraph and worker. Calls that were cut off before their answer came are *censored*: of them it is
//! only known that they would have taken longer. They are counted and not recorded, so that a quantile is never
//! estimated from the calls alone that were quick enough to be seen (the bias that Kaplan & Meier 1958 avoid).

use std::time::Duration;

use hdrhistogram::Histogram;

/// What a digest says of a quantile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantile {
    /// Nothing was recorded.
    Unknown,
    /// It is among the calls that were cut off: longer than they were waited for.
    Beyond,
    /// At least the exact one of the calls recorded, and too long by at most [`Digest::RELATIVE_ERROR`] of it and
    /// [`Digest::ABSOLUTE_ERROR`].
    Is(Duration),
}

/// Latencies up to [`Digest::LONGEST`]; about 1.6 KB whatever is recorded.
#[derive(Debug, Clone)]
pub struct Digest {
    /// Of microseconds.
    answered: Histogram<u32>,
    cut: u64,
}

impl Digest {
    /// A longer one is recorded as this.
    pub const LONGEST: Duration = Duration::from_mins(10);
    /// A bucket's width as a share of the values in it, at most.
    pub const RELATIVE_ERROR: f64 = 1.0 / 16.0;
    /// The width of the narrowest buckets.
    pub const ABSOLUTE_ERROR: Duration = Duration::from_micros(16);

    /// An empty one. All it ever allocates is allocated here.
    #[expect(clippy::expect_used, reason = "the bounds are constants; each test makes one")]
    pub fn new() -> Digest {
        let answered = Histogram::new_with_bounds(micros(Self::ABSOLUTE_ERROR), micros(Self::LONGEST), 1);
        Digest { answered: answered.expect("fit bounds"), cut: 0 }
    }

    /// A call was answered after `took`. Some nanoseconds, no allocation.
    pub fn answered(&mut self, took: Duration) {
        self.answered.saturating_record(micros(took));
    }

    /// A call was given up before its answer came: longer than any that is recorded.
    pub fn cut(&mut self) {
        self.cut = self.cut.saturating_add(1);
    }

    /// Calls that were answered.
    pub fn answers(&self) -> u64 {
        self.answered.len()
    }

    /// Calls that were cut off.
    pub fn cuts(&self) -> u64 {
        self.cut
    }

    /// All calls.
    pub fn count(&self) -> u64 {
        self.answers().saturating_add(self.cut)
    }

    /// The value that a share `q` (0 to 1) of all calls doesn't exceed, by nearest rank. One scan of 368 counters at
    /// most.
    pub fn quantile(&self, q: f64) -> Quantile {
        self.at(rank(q, self.count()))
    }

    /// The same of the answered calls alone.
    pub fn quantile_answered(&self, q: f64) -> Quantile {
        self.at(rank(q, self.answers()))
    }

    fn at(&self, rank: u64) -> Quantile {
        match self.answers() {
            _ if rank == 0 => Quantile::Unknown,
            answers if rank > answers => Quantile::Beyond,
            // Half a rank less: rounded up by the library, it is this rank exactly.
            answers => Quantile::Is(Duration::from_micros(
                self.answered.value_at_quantile((rank as f64 - 0.5) / answers as f64),
            )),
        }
    }

    /// Adds what another one holds.
    pub fn merge(&mut self, other: &Digest) {
        // Fails for other bounds only, and all have the same.
        let _ = self.answered.add(&other.answered);
        self.cut = self.cut.saturating_add(other.cut);
    }

    /// Empties it; keeps its memory.
    pub fn clear(&mut self) {
        self.answered.reset();
        self.cut = 0;
    }
}

impl Default for Digest {
    fn default() -> Digest {
        Digest::new()
    }
}

/// Which of `count` values, the shortest being 1, is the quantile; 0 if there are none.
fn rank(q: f64, count: u64) -> u64 {
    let rank = (q.clamp(0.0, 1.0) * count as f64).ceil();
    // A NaN becomes 0 here, and then the lowest rank there is.
    (rank as u64).clamp(count.min(1), count)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::Dice;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const QUANTILES: [f64; 8] = [0.0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0];

    /// The quantile, having been checked against the exact one of the sorted `times`.
    fn check(times: &[Duration], digest: &Digest, q: f64) {
        let rank = ((q * times.len() as f64).ceil() as usize).clamp(1, times.len());
        let exact = times[rank - 1];
        let Quantile::Is(told) = digest.quantile(q) else { panic!("{q}: {:?}", digest.quantile(q)) };
        let most = exact.mul_f64(1.0 + Digest::RELATIVE_ERROR) + Digest::ABSOLUTE_ERROR;
        // The digest knows whole microseconds.
        assert!(
            told + Duration::from_micros(1) > exact && told <= most,
            "{q}: {exact:?} is told as {told:?}"
        );
    }

    #[test]
    fn quantiles_are_by_nearest_rank() {
        let mut digest = Digest::new();
        assert_eq!(digest.quantile(0.5), Quantile::Unknown);
        (1..=100).for_each(|ms| digest.answered(Duration::from_millis(ms)));
        // 50 ms lies in the bucket from 49,152 to 51,199 µs, 99 ms in that from 98,304 to 102,399.
        assert_eq!(digest.quantile(0.5), Quantile::Is(Duration::from_micros(51_199)));
        assert_eq!(digest.quantile(0.99), Quantile::Is(Duration::from_micros(102_399)));
        assert_eq!(digest.count(), 100);
    }

    #[test]
    fn calls_that_were_cut_off_are_longer_than_all_others() {
        let mut digest = Digest::new();
        (0..98).for_each(|_| digest.answered(Duration::from_millis(10)));
        (0..2).for_each(|_| digest.cut());
        assert!(matches!(digest.quantile(0.98), Quantile::Is(_)));
        assert_eq!(digest.quantile(0.981), Quantile::Beyond);
        assert!(matches!(digest.quantile_answered(1.0), Quantile::Is(_)));
        digest.clear();
        assert_eq!((digest.quantile(0.5), digest.count(), digest.cuts()), (Quantile::Unknown, 0, 0));
        digest.cut();
        assert_eq!(
            (digest.quantile(0.0), digest.quantile_answered(0.0)),
            (Quantile::Beyond, Quantile::Unknown)
        );
    }

    #[test]
    fn errors_are_within_the_stated_bound_whatever_the_distribution() {
        for seed in 0..200 {
            let mut dice = Dice(seed);
            let (mut digest, mut other) = (Digest::new(), Digest::new());
            // Evenly spread over the powers of ten from 1 µs to 500 s, or over a narrow range.
            let (least, spread) = (dice.share() * 4.0, 0.01 + dice.share() * 4.6);
            let mut times: Vec<Duration> = (0..1 + dice.below(2000))
                .map(|_| Duration::from_secs_f64(10_f64.powf(-6.0 + least + dice.share() * spread)))
                .collect();
            for time in &times {
                if dice.below(3) == 0 { other.answered(*time) } else { digest.answered(*time) }
            }
            digest.merge(&other);
            times.sort();
            QUANTILES.into_iter().for_each(|q| check(&times, &digest, q));
        }
    }

    #[test]
    fn no_value_is_out_of_range() {
        let mut digest = Digest::new();
        digest.answered(Duration::MAX);
        digest.answered(Duration::ZERO);
        let Quantile::Is(longest) = digest.quantile(1.0) else { panic!() };
        assert!(longest >= Digest::LONGEST && longest < Digest::LONGEST.mul_f64(1.07), "{longest:?}");
        for q in [f64::NAN, -1.0, f64::NEG_INFINITY] {
            assert_eq!(digest.quantile(q), Quantile::Is(Duration::from_micros(15)), "{q}");
        }
        assert_eq!(digest.quantile(f64::INFINITY), Quantile::Is(longest));
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn errors_are_within_the_stated_bound(
            micros in proptest::collection::vec(0_u64..600_000_000, 1..300), q in 0.0..=1.0,
        ) {
            let mut times: Vec<Duration> = micros.into_iter().map(Duration::from_micros).collect();
            let mut digest = Digest::new();
            times.iter().for_each(|time| digest.answered(*time));
            times.sort();
            check(&times, &digest, q);
        }
    }
}
