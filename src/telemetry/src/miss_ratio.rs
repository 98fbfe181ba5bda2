//! What the hit rate would be at any other size, from a sample of the keys that are asked for.
//!
//! SHARDS (Waldspurger, Park, Garthwaite, Ahmad: "Efficient MRC Construction with SHARDS", FAST '15), the fixed-size
//! variant: keys are sampled by their hash, so that a key is either seen at each of its uses or never. The distance
//! between two uses of a sampled key, in distinct sampled keys, divided by the rate, is the size an LRU cache
//! must have for the second use to hit. When the sample is full, the key with the highest hash leaves it
//! and the rate falls to that hash. Counts are weighted with the reciprocal of the rate of their time, and what is
//! missing from the number of all uses is added at distance zero (the paper's SHARDS-adj).

use std::collections::BTreeMap;

/// Sub-buckets per power of two in the histogram of distances: a size is read to within 3%.
const FINE: usize = 32;
const BUCKETS: usize = 33 * FINE;

/// Builds a [`Curve`] from the keys that are asked for.
///
/// Holds at most `most` keys: some 60 bytes each, and 9 KB. As long as fewer are asked for, the curve is exact (but for the
/// width of its buckets); beyond that it errs by a few points (see the tests).
#[derive(Debug)]
pub struct MissRatio {
    most: usize,
    /// Hashes below it are sampled.
    threshold: u64,
    sampled: BTreeMap<u64, Sampled>,
    /// By time: whether a sampled key was last used then. Counted by [`MissRatio::later`].
    times: Fenwick,
    clock: usize,
    uses: f64,
    weighed: f64,
    distances: Box<[f64]>,
    cold: f64,
    warmable: f64,
}

#[derive(Debug, Clone, Copy)]
struct Sampled {
    time: usize,
    again: bool,
}

/// Which share of uses an LRU cache of a given size would have hit.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    uses: f64,
    distances: Box<[f64]>,
    cold: f64,
    warmable: f64,
}

impl MissRatio {
    /// Samples at most this many keys (at least 16).
    pub fn new(most: usize) -> MissRatio {
        let most = most.max(16);
        MissRatio {
            most,
            threshold: u64::MAX,
            sampled: BTreeMap::new(),
            times: Fenwick::new(most.saturating_mul(4)),
            clock: 0,
            uses: 0.0,
            weighed: 0.0,
            distances: vec![0.0; BUCKETS].into_boxed_slice(),
            cold: 0.0,
            warmable: 0.0,
        }
    }

    /// Counts a use of a key. `hash` must be evenly spread; once the sample is full most uses end at one
    /// comparison.
    pub fn record(&mut self, hash: u64) {
        self.uses += 1.0;
        if hash >= self.threshold {
            return;
        }
        self.sample(hash);
    }

    fn sample(&mut self, hash: u64) {
        let rate = self.rate();
        let weight = 1.0 / rate;
        self.weighed += weight;
        if self.clock >= self.times.len() {
            self.renumber();
        }
        let time = self.clock;
        self.clock = time.saturating_add(1);
        match self.sampled.get_mut(&hash) {
            Some(known) => {
                let since = known.time;
                known.time = time;
                if !known.again {
                    known.again = true;
                    self.warmable += weight;
                }
                let distance = self.times.after(since) as f64 / rate;
                self.times.add(since, false);
                if let Some(bucket) = self.distances.get_mut(bucket(distance)) {
                    *bucket += weight;
                }
            }
            None => {
                self.cold += weight;
                self.sampled.insert(hash, Sampled { time, again: false });
            }
        }
        self.times.add(time, true);
        if self.sampled.len() > self.most
            && let Some((highest, gone)) = self.sampled.pop_last()
        {
            self.threshold = highest;
            self.times.add(gone.time, false);
        }
    }

    /// The share of keys that are sampled.
    pub fn rate(&self) -> f64 {
        self.threshold as f64 / u64::MAX as f64
    }

    /// Lets what was counted so far weigh half as much: called at the end of each window, so that the curve follows
    /// what is asked lately.
    pub fn age(&mut self) {
        for weight in self.distances.iter_mut() {
            *weight /= 2.0;
        }
        for weight in [&mut self.uses, &mut self.weighed, &mut self.cold, &mut self.warmable] {
            *weight /= 2.0;
        }
    }

    /// The curve of what was counted.
    pub fn curve(&self) -> Curve {
        let mut distances = self.distances.clone();
        // A key in the sample that is hotter or colder than the others distorts the counts; its uses are the
        // nearest ones, and so are those that are missing or too many.
        if let Some(nearest) = distances.first_mut() {
            *nearest += self.uses - self.weighed;
        }
        Curve { uses: self.uses, distances, cold: self.cold, warmable: self.warmable }
    }

    /// Gives the times numbers from 0 again, in the same order.
    fn renumber(&mut self) {
        let mut order: Vec<(usize, u64)> = self.sampled.iter().map(|(hash, s)| (s.time, *hash)).collect();
        order.sort_unstable();
        self.times = Fenwick::new(self.times.len());
        self.clock = order.len();
        for (time, (_, hash)) in order.into_iter().enumerate() {
            if let Some(known) = self.sampled.get_mut(&hash) {
                known.time = time;
            }
            self.times.add(time, true);
        }
    }
}

impl Curve {
    /// In percent, of a cache of so many entries; 0 if nothing was counted.
    pub fn hit_rate(&self, entries: usize) -> f64 {
        let position = position(entries as f64);
        let whole: f64 = self.distances.iter().take(position as usize).sum();
        let part = self.distances.get(position as usize).copied().unwrap_or(0.0) * position.fract();
        self.percent(whole + part)
    }

    /// In percent, of a cache without bound: what is missing are first uses.
    pub fn best_hit_rate(&self) -> f64 {
        self.percent(self.distances.iter().sum())
    }

    /// In percent of the uses: first ones of keys that were used again. Warm-up could make hits of them, of the
    /// other first uses it could not.
    pub fn warmable(&self) -> f64 {
        self.percent(self.warmable)
    }

    /// In percent of the uses: first ones.
    pub fn first_uses(&self) -> f64 {
        self.percent(self.cold)
    }

    fn percent(&self, uses: f64) -> f64 {
        if self.uses > 0.0 { (100.0 * uses / self.uses).clamp(0.0, 100.0) } else { 0.0 }
    }
}

/// The bucket of a distance: exact below [`FINE`], then [`FINE`] to a power of two.
fn bucket(distance: f64) -> usize {
    (position(distance) as usize).min(BUCKETS.saturating_sub(1))
}

fn position(distance: f64) -> f64 {
    let fine = FINE as f64;
    if distance < fine { distance } else { fine + fine * (distance / fine).log2() }
}

/// Marks by position, and how many are behind one, both in logarithmic time (Fenwick 1994).
#[derive(Debug)]
struct Fenwick {
    sums: Box<[u32]>,
    marks: u32,
}

impl Fenwick {
    fn new(positions: usize) -> Fenwick {
        Fenwick { sums: vec![0; positions].into_boxed_slice(), marks: 0 }
    }

    fn len(&self) -> usize {
        self.sums.len()
    }

    /// Sets or takes away the mark at a position.
    fn add(&mut self, position: usize, mark: bool) {
        let apply = |sum: u32| if mark { sum.saturating_add(1) } else { sum.saturating_sub(1) };
        self.marks = apply(self.marks);
        let mut at = position.saturating_add(1);
        while let Some(sum) = self.sums.get_mut(at.wrapping_sub(1)) {
            *sum = apply(*sum);
            at = at.saturating_add(at & at.wrapping_neg());
        }
    }

    /// How many marks are at higher positions.
    fn after(&self, position: usize) -> u32 {
        let mut until = 0_u32;
        let mut at = position.saturating_add(1);
        while at > 0 {
            until = until.saturating_add(self.sums.get(at.wrapping_sub(1)).copied().unwrap_or(0));
            at &= at.wrapping_sub(1);
        }
        self.marks.saturating_sub(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// SplitMix64 of a number: evenly spread, as keys are.
    fn hash(number: u64) -> u64 {
        let z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Zipf with the exponent 0.9, as operations are asked for.
    fn trace(keys: u64, uses: u64) -> Vec<u64> {
        let mut sum = 0.0;
        let cumulated: Vec<f64> = (1..=keys)
            .map(|rank| {
                sum += (rank as f64).powf(-0.9);
                sum
            })
            .collect();
        let of = |at: u64| cumulated.partition_point(|c| *c < hash(at) as f64 / u64::MAX as f64 * sum) as u64;
        (0..uses).map(of).collect()
    }

    /// In percent, by the definition of LRU: distinct keys since the last use, the key itself not counted.
    fn exact(trace: &[u64], sizes: &[usize]) -> Vec<f64> {
        let mut recent: Vec<u64> = Vec::new();
        let mut hits = vec![0.0; sizes.len()];
        for key in trace {
            if let Some(at) = recent.iter().rev().position(|k| k == key) {
                for (size, hits) in sizes.iter().zip(&mut hits) {
                    *hits += f64::from(u8::from(at < *size));
                }
                recent.remove(recent.len() - 1 - at);
            }
            recent.push(*key);
        }
        hits.iter().map(|hits| 100.0 * hits / trace.len() as f64).collect()
    }

    const SIZES: [usize; 6] = [50, 100, 250, 500, 1000, 2000];

    #[test]
    fn a_sample_of_all_keys_is_exact() {
        let trace = trace(1000, 20_000);
        let mut ratio = MissRatio::new(1000);
        trace.iter().for_each(|key| ratio.record(hash(*key)));
        let curve = ratio.curve();
        assert_eq!(ratio.rate(), 1.0);
        let of: Vec<f64> = SIZES.iter().map(|size| curve.hit_rate(*size)).collect();
        for (exact, of) in exact(&trace, &SIZES).into_iter().zip(&of) {
            // As the buckets are wide.
            assert!((exact - of).abs() < 1.5, "exactly {exact}%, by the curve {of}%");
        }
        assert!((curve.best_hit_rate() + curve.first_uses() - 100.0).abs() < 1e-6);
    }

    /// What recommendations go by are differences on one curve, whose error is less than the curve's own.
    #[test]
    fn a_sample_of_half_is_within_six_points_and_of_an_eighth_within_nine() {
        let trace = trace(4000, 60_000);
        let exact = exact(&trace, &SIZES);
        for (most, within) in [(2000, 6.0), (500, 9.0)] {
            for salt in [0, 100_000, 200_000, 300_000] {
                let mut ratio = MissRatio::new(most);
                trace.iter().for_each(|key| ratio.record(hash(*key + salt)));
                assert!(ratio.sampled.len() <= most && ratio.rate() < 0.6);
                let curve = ratio.curve();
                for (exact, size) in exact.iter().zip(SIZES) {
                    let of = curve.hit_rate(size);
                    assert!((exact - of).abs() < within, "{size} entries: exactly {exact}%, here {of}%");
                }
            }
        }
    }

    #[test]
    fn first_uses_that_come_again_could_be_warmed() {
        let mut ratio = MissRatio::new(1000);
        for key in (0..100).chain(0..100).chain(1000..1200) {
            ratio.record(hash(key));
        }
        let curve = ratio.curve();
        assert_eq!((curve.first_uses(), curve.warmable(), curve.best_hit_rate()), (75.0, 25.0, 25.0));
    }

    #[test]
    fn the_curve_follows_what_is_asked_lately() {
        let mut ratio = MissRatio::new(1000);
        (0..1000).for_each(|key| ratio.record(hash(key)));
        for _ in 0..10 {
            ratio.age();
            (0..1000).for_each(|key| ratio.record(hash(key % 10)));
        }
        assert!(ratio.curve().hit_rate(20) > 99.0, "{}", ratio.curve().hit_rate(20));
    }

    #[test]
    fn nothing_counted_is_no_curve() {
        assert_eq!(MissRatio::new(100).curve().hit_rate(10), 0.0);
    }
}
