//! For models in tests: the host's shared data as far as state machines under compare-and-swap need it, and randomness that a
//! seed determines.

/// One key of Envoy's shared data, as HOST §1 has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    value: Option<(Vec<u8>, u32)>,
    last: u32,
}

impl Cell {
    /// A number that no value has: with it a missing key is created, and one that another has created since is left alone.
    pub(crate) const ABSENT: Option<u32> = Some(u32::MAX);

    pub(crate) fn get(&self) -> (Option<&[u8]>, Option<u32>) {
        match &self.value {
            Some((value, cas)) => (Some(value), Some(*cas)),
            None => (None, None),
        }
    }

    /// Whether it was written: a missing key is with any number, an existing one without a number or with its own.
    pub(crate) fn set(&mut self, value: Vec<u8>, cas: Option<u32>) -> bool {
        if let (Some((_, current)), Some(cas)) = (&self.value, cas)
            && cas != 0
            && cas != *current
        {
            return false;
        }
        self.last += 1;
        self.value = Some((value, self.last));
        true
    }
}

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014): a seed is a run.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Less than `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A place in a list of so many.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// From 0 to 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.index(of.len())]
    }
}

/// The seeds to play: `count` of them, or the one in the environment variable `WEIR_SEED`.
pub(crate) fn seeds(count: u64) -> std::ops::Range<u64> {
    #[expect(clippy::disallowed_methods, reason = "to play one schedule again; this is no core code")]
    let only = std::env::var("WEIR_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    only.map_or(0..count, |seed| seed..seed + 1)
}
