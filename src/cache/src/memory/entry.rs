//! A value with what is counted of it.

use super::outcome::{Bound, Evicted};

/// A value in memory. Times are nanoseconds since the epoch, ticks are accesses to the cache.
#[derive(Debug)]
pub(crate) struct Entry<V> {
    pub(crate) value: V,
    /// From then on it is not served.
    pub(crate) expires: u64,
    pub(crate) bytes: usize,
    /// The tick when it came.
    pub(crate) born: u64,
    /// The tick when it was last used.
    pub(crate) used: u64,
    /// How often it was used, its making and what is remembered of earlier lives included.
    pub(crate) uses: u32,
    /// What a use is worth (see [`Admission::weight`](crate::admission::Admission::weight)).
    pub(crate) weight: u32,
    /// What its uses have earned it, as far as that is not spent.
    pub(crate) credit: u32,
}

/// Uses beyond these earn nothing: what was hot once must not stay for ever.
const MOST_USES: u32 = 15;

impl<V> Entry<V> {
    /// Counts a use.
    pub(crate) fn touch(&mut self, tick: u64) {
        self.used = tick;
        self.uses = self.uses.saturating_add(1);
        self.credit = self.credit.saturating_add(self.weight).min(self.weight.saturating_mul(MOST_USES));
    }

    /// Whether it is still in use (see [`Evicted::hot`]).
    pub(crate) fn is_hot(&self, tick: u64) -> bool {
        self.used > self.born
            && tick.saturating_sub(self.used) <= tick.saturating_sub(self.born).checked_div(2).unwrap_or(0)
    }

    /// Hottest last.
    pub(crate) fn heat(&self, tick: u64) -> (bool, u32, u64) {
        (self.is_hot(tick), self.uses, self.used)
    }

    /// Counts its going for a bound; if its time was over that is the reason.
    pub(crate) fn count_eviction(&self, now: u64, tick: u64, bound: Bound, evicted: &mut Evicted) {
        if self.expires <= now {
            evicted.ttl = evicted.ttl.saturating_add(1);
            return;
        }
        let count = match bound {
            Bound::Capacity => &mut evicted.capacity,
            Bound::Bytes => &mut evicted.bytes,
        };
        *count = count.saturating_add(1);
        evicted.hot = evicted.hot.saturating_add(u64::from(self.is_hot(tick)));
    }
}

/// What so many uses of such a weight earn: at most 15 times the greatest weight.
pub(crate) fn credit(uses: u32, weight: u32) -> u32 {
    uses.min(MOST_USES).saturating_mul(weight)
}
