//! A value with what is counted of it.

use std::cmp::Reverse;

use super::outcome::{Bound, Evicted};

/// A value in memory. Times are nanoseconds since the epoch; ticks are accesses to the cache, modulo 2^32.
///
/// Small, for it shares a cache line with its key.
#[derive(Debug)]
pub(crate) struct Entry<V> {
    pub(crate) value: V,
    /// From then on it is not served.
    pub(crate) expires: u64,
    pub(crate) bytes: usize,
    /// The tick when it came.
    pub(crate) born: u32,
    /// The tick when it was last used.
    pub(crate) used: u32,
    /// How often it was used, its making and what is remembered of earlier lives included.
    pub(crate) uses: u16,
    /// What a use is worth (see [`Admission::weight`](crate::admission::Admission::weight)).
    pub(crate) weight: u8,
    /// What its uses have earned it, as far as that is not spent.
    pub(crate) credit: u16,
}

/// Uses beyond these earn nothing: what was hot once must not stay for ever.
const MOST_USES: u16 = 15;

impl<V> Entry<V> {
    /// Counts a use.
    pub(crate) fn touch(&mut self, tick: u64) {
        self.used = tick as u32;
        self.uses = self.uses.saturating_add(1);
        let weight = u16::from(self.weight);
        self.credit = self.credit.saturating_add(weight).min(weight.saturating_mul(MOST_USES));
    }

    /// Whether it is still in use (see [`Evicted::hot`]).
    pub(crate) fn is_hot(&self, tick: u64) -> bool {
        let (life, idle) = ((tick as u32).wrapping_sub(self.born), (tick as u32).wrapping_sub(self.used));
        self.used != self.born && idle <= life / 2
    }

    /// Hottest last.
    pub(crate) fn heat(&self, tick: u64) -> impl Ord {
        (self.is_hot(tick), self.uses, Reverse((tick as u32).wrapping_sub(self.used)))
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
pub(crate) fn credit(uses: u16, weight: u8) -> u16 {
    uses.min(MOST_USES).saturating_mul(u16::from(weight))
}
