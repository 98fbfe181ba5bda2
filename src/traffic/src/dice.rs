//! Randomness for tests: a seed is a run.

/// Vigna's splitmix64.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// From 0 to 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The seed to play again alone, from `WEIR_SEED`.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn only() -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "to play one schedule again; this is no core code")]
    let only = std::env::var("WEIR_SEED").ok();
    only.map(|seed| seed.parse().unwrap())
}
