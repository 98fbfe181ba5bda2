//! What happened to L2, as one worker saw it.

/// Counts since they were last taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SharedCounts {
    /// Look-ups that found their plan.
    pub hits: u64,
    /// Look-ups that found none.
    pub misses: u64,
    /// Look-ups that found another worker making it.
    pub busy: u64,
    /// Claims that were made.
    pub claims: u64,
    /// Plans that were stored.
    pub stored: u64,
    /// Plans that were not.
    pub not_stored: u64,
    /// Entries that went because there were too many.
    pub evicted_capacity: u64,
    /// Entries that went because they took too many pages.
    pub evicted_bytes: u64,
    /// Entries that had had their time.
    pub evicted_ttl: u64,
    /// Entries that went for another of the same key.
    pub evicted_replaced: u64,
    /// Entries that didn't fit any more after a change of the size.
    pub evicted_resize: u64,
    /// Writes that were begun and never ended: their worker died, or took longer than a claim lasts.
    pub abandoned: u64,
    /// Values that were not what somebody had written.
    pub corrupt: u64,
    /// Values that were whole, but of another version, operation or supergraph.
    pub foreign: u64,
    /// Changes that had to be made again because another worker was first.
    pub cas_retries: u64,
    /// Changes that were given up after several such retries.
    pub contended: u64,
    /// Keys of an earlier, larger size whose memory was given back.
    pub blanked: u64,
}

impl SharedCounts {
    /// Adds `other` to these.
    pub fn add(&mut self, other: SharedCounts) {
        let SharedCounts {
            hits,
            misses,
            busy,
            claims,
            stored,
            not_stored,
            evicted_capacity,
            evicted_bytes,
            evicted_ttl,
            evicted_replaced,
            evicted_resize,
            abandoned,
            corrupt,
            foreign,
            cas_retries,
            contended,
            blanked,
        } = other;
        for (to, by) in [
            (&mut self.hits, hits),
            (&mut self.misses, misses),
            (&mut self.busy, busy),
            (&mut self.claims, claims),
            (&mut self.stored, stored),
            (&mut self.not_stored, not_stored),
            (&mut self.evicted_capacity, evicted_capacity),
            (&mut self.evicted_bytes, evicted_bytes),
            (&mut self.evicted_ttl, evicted_ttl),
            (&mut self.evicted_replaced, evicted_replaced),
            (&mut self.evicted_resize, evicted_resize),
            (&mut self.abandoned, abandoned),
            (&mut self.corrupt, corrupt),
            (&mut self.foreign, foreign),
            (&mut self.cas_retries, cas_retries),
            (&mut self.contended, contended),
            (&mut self.blanked, blanked),
        ] {
            *to = to.saturating_add(by);
        }
    }
}
