//! What all schedules together came to.

use crate::SharedCounts;

/// A simulation in which nothing happens shows nothing.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) counts: SharedCounts,
    pub(super) lost: u64,
    pub(super) full: u64,
    pub(super) swept: u64,
}

impl Tally {
    /// Panics if something hardly ever happened.
    pub(super) fn check(&self) {
        let c = &self.counts;
        let often = [
            c.hits,
            c.misses,
            c.busy,
            c.claims,
            c.stored,
            c.not_stored,
            c.evicted_capacity,
            c.evicted_bytes,
            c.evicted_ttl,
            c.evicted_replaced,
            c.evicted_resize,
            c.abandoned,
            c.corrupt,
            c.foreign,
            c.cas_retries,
            c.blanked,
            self.lost,
            self.full,
            self.swept,
        ];
        assert!(often.iter().all(|count| *count > 100), "something hardly ever happened: {self:#?}");
    }
}
