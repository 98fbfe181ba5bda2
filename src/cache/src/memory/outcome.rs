//! What an insertion did to the others.

/// What became of an entry and of those that were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Inserted {
    /// False if it was not kept: too large, or not worth what would have had to go for it.
    pub admitted: bool,
    /// Who had to go.
    pub evicted: Evicted,
}

/// How many entries went, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evicted {
    /// For the bound on their number.
    pub capacity: u64,
    /// For the bound on their bytes.
    pub bytes: u64,
    /// Because their time was over.
    pub ttl: u64,
    /// For a new value of the same key.
    pub replaced: u64,
    /// Of those that went for a bound: still in use, that is, used again in the last half of their life
    /// (counted in accesses). Each is a sign that the cache is too small.
    pub hot: u64,
}

/// What happened since the cache was made; only rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// All that went.
    pub evicted: Evicted,
    /// Entries that were not admitted.
    pub rejected: u64,
    /// Entries that came again not long after their time was over: the time to live made work.
    pub came_again: u64,
}

/// For which bound an entry goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    Capacity,
    Bytes,
}

impl Evicted {
    /// Adds another's counts.
    pub fn add(&mut self, other: Evicted) {
        self.capacity = self.capacity.saturating_add(other.capacity);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.ttl = self.ttl.saturating_add(other.ttl);
        self.replaced = self.replaced.saturating_add(other.replaced);
        self.hot = self.hot.saturating_add(other.hot);
    }
}
