//! What happened to L3, as one worker saw it.

/// Counts since they were last taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreCounts {
    /// Plans that were found.
    pub hits: u64,
    /// Plans that were not, or could not be used.
    pub misses: u64,
    /// Of the misses: older than the ttl.
    pub expired: u64,
    /// Of the misses: not an entry, or too large.
    pub corrupt: u64,
    /// Of the misses: an entry of another version, operation or supergraph.
    pub foreign: u64,
    /// Plans that were written.
    pub puts: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Calls that were not made because the breaker was open.
    pub skipped_open: u64,
    /// Plans that were not written because too many others were being written.
    pub skipped_busy: u64,
    /// Plans that were not written because they were too large.
    pub skipped_too_large: u64,
    /// How often the breaker opened.
    pub opened: u64,
}
