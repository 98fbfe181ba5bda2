//! [`Strategy::LruBatch`](super::Strategy): no list to keep in order, so that a hit is one look-up and two stores.

use hashbrown::HashTable;
use hashbrown::hash_table::{self, OccupiedEntry};

use super::entry::Entry;
use super::lowest::Lowest;
use super::outcome::{Bound, Evicted};
use super::settings::MemorySettings;
use crate::Key;
use crate::admission::Admission;

/// A table whose buckets are the entries, a cache line each, and beside it a dense array of *stamps*, the buckets'
/// rank: a hit writes its bucket's. When a bound is reached, the lowest of the array are found (linear, and the
/// array is small: 8 bytes a bucket), and a whole batch goes, without a look-up.
///
/// A stamp is the tick of the last use; with admission, above it, the floor when the entry was last used plus what
/// it has earned (see [`crate::admission`]). The floor rises to the highest stamp that was evicted. So all are
/// admitted, and those that came only once go with the next batch.
#[derive(Debug)]
pub(crate) struct Batch<V> {
    table: HashTable<Slot<V>>,
    /// Of each bucket; [`FREE`] if nothing is in it. Entries stay in their buckets until [`Batch::rebuild`].
    stamps: Vec<u64>,
    lowest: Lowest,
    bytes: usize,
    tick: u64,
    floor: u64,
    /// Where [`Batch::expire`] goes on.
    cursor: usize,
}

#[derive(Debug)]
#[repr(align(64))]
struct Slot<V> {
    key: Key,
    /// The bucket's, for when it gets another one.
    stamp: u64,
    entry: Entry<V>,
}

const FREE: u64 = u64::MAX;

/// The tick's part of a stamp: at a million accesses a second it comes round after 12 days, and then one batch goes in
/// another order.
const TICK_BITS: u32 = 40;
const TICKS: u64 = (1 << TICK_BITS) - 1;

/// The floor is lowered there, long before it would run out of its 24 bits.
const HIGHEST_FLOOR: u64 = 1 << 23;

impl<V> Batch<V> {
    /// Empty; grows as entries come.
    pub(crate) fn new() -> Batch<V> {
        Batch {
            table: HashTable::new(),
            stamps: Vec::new(),
            lowest: Lowest::default(),
            bytes: 0,
            tick: 0,
            floor: 0,
            cursor: 0,
        }
    }

    /// `None` and one more expired if its time is over.
    pub(crate) fn get(
        &mut self,
        now: u64,
        renewed: Option<u64>,
        admission: bool,
        key: Key,
        expired: &mut u64,
    ) -> Option<&V> {
        self.tick = self.tick.wrapping_add(1);
        let found = self.table.find_entry(key.low(), |slot| slot.key == key).ok()?;
        let stamp = self.stamps.get_mut(found.bucket_index())?;
        if found.get().entry.expires <= now {
            *stamp = FREE;
            let (slot, _) = found.remove();
            self.bytes = self.bytes.saturating_sub(slot.entry.bytes);
            *expired = expired.saturating_add(1);
            return None;
        }
        let slot = found.into_mut();
        slot.entry.touch(self.tick);
        if let Some(renewed) = renewed {
            slot.entry.expires = renewed;
        }
        slot.stamp = rank(self.floor, if admission { slot.entry.credit } else { 0 }, self.tick);
        *stamp = slot.stamp;
        Some(&slot.entry.value)
    }

    pub(crate) fn insert(
        &mut self,
        now: u64,
        settings: &MemorySettings,
        admission: Option<&mut Admission>,
        key: Key,
        mut entry: Entry<V>,
        evicted: &mut Evicted,
    ) {
        self.tick = self.tick.wrapping_add(1);
        (entry.born, entry.used) = (self.tick as u32, self.tick as u32);
        let ranked = admission.is_some();
        // A full cache may hold the key: it is looked for first, or others would go for nothing.
        if self.len() >= settings.entries()
            || self.bytes.saturating_add(entry.bytes) > settings.max_bytes && self.len() > 0
        {
            if let Some(old) = self.remove(key) {
                inherit(&mut entry, &old, evicted);
            }
            self.make_room(now, settings, admission, entry.bytes, evicted);
        }
        if self.table.len() >= self.table.capacity() {
            self.rebuild(settings);
        }
        let stamp = |entry: &Entry<V>| rank(self.floor, if ranked { entry.credit } else { 0 }, self.tick);
        self.bytes = self.bytes.saturating_add(entry.bytes);
        let (at, stamp) = match self.table.entry(key.low(), |slot| slot.key == key, hash) {
            hash_table::Entry::Vacant(vacant) => {
                let stamp = stamp(&entry);
                (vacant.insert(Slot { key, stamp, entry }).bucket_index(), stamp)
            }
            hash_table::Entry::Occupied(mut occupied) => {
                let old = &occupied.get().entry;
                inherit(&mut entry, old, evicted);
                self.bytes = self.bytes.saturating_sub(old.bytes);
                let stamp = stamp(&entry);
                *occupied.get_mut() = Slot { key, stamp, entry };
                (occupied.bucket_index(), stamp)
            }
        };
        if let Some(place) = self.stamps.get_mut(at) {
            *place = stamp;
        }
    }

    /// Lets a batch go if there is no room for another entry, and more until there is room for its bytes.
    fn make_room(
        &mut self,
        now: u64,
        settings: &MemorySettings,
        mut admission: Option<&mut Admission>,
        bytes: usize,
        evicted: &mut Evicted,
    ) {
        if self.len() >= settings.entries() {
            self.evict(now, settings.batch(), Bound::Capacity, admission.as_deref_mut(), evicted);
        }
        while self.bytes.saturating_add(bytes) > settings.max_bytes && self.len() > 0 {
            // A share of those that are there: of few large ones, few.
            let some = self.len().saturating_mul(settings.batch()).div_ceil(settings.entries());
            self.evict(now, some, Bound::Bytes, admission.as_deref_mut(), evicted);
        }
    }

    /// Lets the `count` lowest go.
    fn evict(
        &mut self,
        now: u64,
        count: usize,
        bound: Bound,
        mut admission: Option<&mut Admission>,
        evicted: &mut Evicted,
    ) {
        let Some(threshold) = self.lowest.find(&self.stamps, count.min(self.len())) else { return };
        for at in self.lowest.found() {
            if self.stamps.get(at as usize).is_none_or(|stamp| *stamp > threshold) {
                continue;
            }
            let Ok(found) = self.table.get_bucket_entry(at as usize) else { continue };
            let Slot { key, entry, .. } = take(found, &mut self.stamps, &mut self.bytes);
            if let Some(admission) = admission.as_deref_mut() {
                admission.remember(key, entry.uses);
            }
            entry.count_eviction(now, self.tick, bound, evicted);
        }
        self.floor = self.floor.max(threshold >> TICK_BITS);
        if self.floor > HIGHEST_FLOOR {
            self.lower_floor();
        }
    }

    /// Ranks count from the floor, so all can be lowered by it.
    fn lower_floor(&mut self) {
        let by = self.floor << TICK_BITS;
        let lower = |stamp: &mut u64| *stamp = stamp.checked_sub(by).unwrap_or(*stamp & TICKS);
        self.stamps.iter_mut().filter(|stamp| **stamp != FREE).for_each(lower);
        self.table.iter_mut().for_each(|slot| lower(&mut slot.stamp));
        self.floor = 0;
    }

    /// A new table: twice as large while it grows, then of the final size. The old one would move its entries to
    /// other buckets on its own when the marks of removed entries have used up its room.
    fn rebuild(&mut self, settings: &MemorySettings) {
        // An eighth more than is needed: the marks use it up slowly then.
        let most = settings.entries().saturating_add(settings.entries() / 8).saturating_add(8);
        let capacity = self.len().saturating_mul(2).clamp(8, most).max(self.len().saturating_add(1));
        let old = std::mem::replace(&mut self.table, HashTable::with_capacity(capacity));
        self.stamps.clear();
        self.stamps.resize(self.table.num_buckets(), FREE);
        for slot in old {
            let stamp = slot.stamp;
            let at = self.table.insert_unique(slot.key.low(), slot, hash).bucket_index();
            if let Some(place) = self.stamps.get_mut(at) {
                *place = stamp;
            }
        }
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Entry<V>> {
        let found = self.table.find_entry(key.low(), |slot| slot.key == key).ok()?;
        Some(take(found, &mut self.stamps, &mut self.bytes).entry)
    }

    /// Lets go of those whose time is over in the next `at_most` buckets.
    pub(crate) fn expire(&mut self, now: u64, at_most: usize, mut gone: impl FnMut(Key)) {
        for _ in 0..at_most.min(self.stamps.len()) {
            if self.cursor >= self.stamps.len() {
                self.cursor = 0;
            }
            if let Ok(found) = self.table.get_bucket_entry(self.cursor)
                && found.get().entry.expires <= now
            {
                gone(take(found, &mut self.stamps, &mut self.bytes).key);
            }
            self.cursor = self.cursor.saturating_add(1);
        }
    }

    /// Lets go of as many as the bounds ask for, lowest first.
    pub(crate) fn resize(&mut self, now: u64, settings: &MemorySettings, evicted: &mut Evicted) {
        let excess = self.len().saturating_sub(settings.entries());
        self.evict(now, excess, Bound::Capacity, None, evicted);
        while self.bytes > settings.max_bytes && self.len() > 0 {
            let some = self.len().div_ceil(100);
            self.evict(now, some, Bound::Bytes, None, evicted);
        }
        self.rebuild(settings);
    }

    /// Coldest first; leaves it empty.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (Key, Entry<V>)> {
        let mut ranked: Vec<Slot<V>> = std::mem::take(&mut self.table).into_iter().collect();
        ranked.sort_unstable_by_key(|slot| slot.stamp);
        *self = Batch { tick: self.tick, ..Batch::new() };
        ranked.into_iter().map(|slot| (slot.key, slot.entry))
    }

    pub(crate) fn peek(&self, key: Key) -> Option<&Entry<V>> {
        self.table.find(key.low(), |slot| slot.key == key).map(|slot| &slot.entry)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &Entry<V>)> {
        self.table.iter().map(|slot| (slot.key, &slot.entry))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry<V>> {
        self.table.iter_mut().map(|slot| &mut slot.entry)
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn tick(&self) -> u64 {
        self.tick
    }
}

/// Empties a bucket.
fn take<V>(found: OccupiedEntry<'_, Slot<V>>, stamps: &mut [u64], bytes: &mut usize) -> Slot<V> {
    if let Some(stamp) = stamps.get_mut(found.bucket_index()) {
        *stamp = FREE;
    }
    let (slot, _) = found.remove();
    *bytes = bytes.saturating_sub(slot.entry.bytes);
    slot
}

/// A new value of a key has what the former one earned.
fn inherit<V>(entry: &mut Entry<V>, old: &Entry<V>, evicted: &mut Evicted) {
    entry.uses = entry.uses.max(old.uses);
    entry.credit = entry.credit.max(old.credit);
    evicted.replaced = evicted.replaced.saturating_add(1);
}

/// By what was earned above the floor, then by the last use.
fn rank(floor: u64, credit: u16, tick: u64) -> u64 {
    (floor.saturating_add(u64::from(credit)) << TICK_BITS) | (tick & TICKS)
}

/// Keys are hashes.
fn hash<V>(slot: &Slot<V>) -> u64 {
    slot.key.low()
}
