//! What bounds a worker's plans, and what a plan costs.

use std::time::Duration;

/// The bounds and the strategy of a [`Memory`](crate::Memory).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemorySettings {
    /// Entries kept; 0 is taken as 1.
    pub max_entries: usize,
    /// Bytes of all entries, as their [`Cost`]s say. A dearer entry is not kept.
    pub max_bytes: usize,
    /// How long an entry is good; `None`: for ever.
    pub ttl: Option<Duration>,
    /// Whether a hit starts the time to live anew.
    pub renew_on_hit: bool,
    /// Who goes when a bound is reached.
    pub strategy: Strategy,
    /// How many percent of `max_entries` [`Strategy::LruBatch`] evicts at once, 1 to 50; taken to the nearest.
    pub batch_percentage: u8,
    /// Whether entries that are asked for often, or were slow to make, outlive others that were used later.
    pub admission: bool,
}

/// Who goes when a bound is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// One at a time, least recently used first: an exact order, kept by a linked list.
    Lru,
    /// A share of all at once: the order is found when it is needed, so that a hit has nothing to link.
    LruBatch,
}

/// What an entry takes and what it saves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Bytes of the entry, with whatever the caller wants counted.
    pub bytes: usize,
    /// What making it anew would take; zero if that is not known.
    pub work: Duration,
}

impl MemorySettings {
    /// How many entries are kept: slots are numbered with 32 bits.
    pub(crate) fn entries(&self) -> usize {
        self.max_entries.clamp(1, u32::MAX as usize)
    }

    /// How many entries go at once.
    pub(crate) fn batch(&self) -> usize {
        let percentage = usize::from(self.batch_percentage.clamp(1, 50));
        self.entries().saturating_mul(percentage).div_ceil(100)
    }

    /// When an entry that is made or renewed at `now` expires.
    pub(crate) fn expiry(&self, now: u64) -> u64 {
        self.ttl.map_or(u64::MAX, |ttl| now.saturating_add(nanoseconds(ttl)))
    }
}

/// As one word, so that a hit compares only one: enough until the year 2554, and longer times to live are as good as
/// none. Multiplied without a test for overflow, which would cost wasm a 128-bit product on each hit.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    const MOST: u64 = u64::MAX / 1_000_000_000 - 1;
    time.as_secs().min(MOST).wrapping_mul(1_000_000_000).wrapping_add(u64::from(time.subsec_nanos()))
}
