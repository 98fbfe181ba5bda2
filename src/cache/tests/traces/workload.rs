//! Seeded accesses as clients make them.

use weir_cache::Key;

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Of 0 to 1.
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Ranks from 0 whose probability falls with the rank's power.
pub struct Zipf {
    cumulated: Vec<f64>,
}

impl Zipf {
    pub fn new(ranks: usize, exponent: f64) -> Zipf {
        let mut sum = 0.0;
        let cumulated = (1..=ranks).map(|rank| {
            sum += (rank as f64).powf(-exponent);
            sum
        });
        Zipf { cumulated: cumulated.collect() }
    }

    pub fn rank(&self, random: &mut Random) -> u64 {
        let at = random.fraction() * self.cumulated.last().copied().unwrap_or(0.0);
        self.cumulated.partition_point(|sum| *sum < at) as u64
    }
}

pub fn key(number: u64) -> Key {
    Key(xxhash_rust::xxh3::xxh3_128(&number.to_le_bytes()))
}
