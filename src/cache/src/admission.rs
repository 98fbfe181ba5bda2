//! Which plans are worth their place: those asked for often, and those that were slow to make.
//!
//! Plain LRU lets a scan of operations that come only once push out what all others ask for. Two ideas are
//! joined here. *TinyLFU* (Einziger, Friedman, Manes: "TinyLFU: A Highly Efficient Cache Admission Policy", ACM
//! ToS 2017): a small sketch remembers how often keys were seen, also of those that are not in the cache, and ages.
//! *GreedyDual* (Young 1994; with frequency: Cherkasova, "Improving WWW Proxies Performance with
//! Greedy-Dual-Size-Frequency Caching", 1998): an entry's standing is what a miss of it costs times its uses, above
//! a floor that rises with each eviction, so that what is no longer asked for falls behind.
//!
//! The sketch is asked and fed on insertions only, that is when a plan was made: hits pay nothing for it. While an
//! entry is in the cache its uses are counted in it, and the sketch takes them over when it goes.

mod sketch;

use std::time::Duration;

use crate::Key;
use sketch::Sketch;

/// The weight of an entry whose work is average, or not known.
pub(crate) const AVERAGE: u8 = 4;

/// The greatest weight, of what took 64 times the average: one pathological operation must not hold its place
/// against hundreds of requests for others.
const GREATEST: u8 = 32;

/// What is remembered of keys in and out of the cache.
#[derive(Debug)]
pub(crate) struct Admission {
    sketch: Sketch,
    /// Of the latest some 64 entries, in nanoseconds; 0: none yet.
    average_work: u64,
}

impl Admission {
    /// For a cache of so many entries.
    pub(crate) fn new(entries: usize) -> Admission {
        Admission { sketch: Sketch::new(entries), average_work: 0 }
    }

    /// Counts a key that was missed, and tells how often it was seen, this time included.
    pub(crate) fn seen(&mut self, key: Key) -> u16 {
        self.sketch.increment(key)
    }

    /// Remembers the uses of an entry that goes.
    pub(crate) fn remember(&mut self, key: Key, uses: u16) {
        self.sketch.raise(key, uses);
    }

    /// What each use of an entry is worth: the square root of its work in proportion to the average, 1 to 32, 4 for
    /// average work. The work itself, as in GreedyDual, saves a little more of it and costs twice as much hit rate as
    /// admission gains, and what was slow once stays three times as long when clients turn to other operations
    /// (`tests/traces`).
    pub(crate) fn weight(&mut self, work: Duration) -> u8 {
        let work = u64::try_from(work.as_nanos()).unwrap_or(u64::MAX);
        if work == 0 {
            return AVERAGE;
        }
        if self.average_work == 0 {
            self.average_work = work;
        }
        let sixteenths = work.saturating_mul(u64::from(AVERAGE).pow(2)).checked_div(self.average_work);
        // Towards the new value by a 64th, by one at least, or it would never move.
        let step = work.abs_diff(self.average_work).div_ceil(64);
        self.average_work = if work > self.average_work {
            self.average_work.saturating_add(step)
        } else {
            self.average_work.saturating_sub(step).max(1)
        };
        let root = sixteenths.map_or(u64::from(AVERAGE), u64::isqrt);
        u8::try_from(root).unwrap_or(GREATEST).clamp(1, GREATEST)
    }

    /// For another number of entries. What was remembered is lost if that changes the size of the sketch.
    pub(crate) fn resize(&mut self, entries: usize) {
        if self.sketch.is_for(entries) {
            return;
        }
        self.sketch = Sketch::new(entries);
    }
}
