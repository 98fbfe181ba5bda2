//! [`Strategy::LruBatch`](super::Strategy): no list to keep in order, so that a hit is one look-up and a store.

use hashbrown::{HashTable, hash_table};

use super::entry::Entry;
use super::lowest::Lowest;
use super::outcome::{Bound, Evicted};
use super::settings::MemorySettings;
use crate::Key;
use crate::admission::Admission;

/// Entries in slots of a cache line, a table that finds the slot of a key (4 bytes an entry: it stays in the processor's
/// cache; the key is read in the slot), and a dense array of *stamps*, the slots' rank: a hit writes its slot's. When
/// a bound is reached, the lowest of the array are found (linear, and the array is small: 8 bytes an entry), and a whole batch goes.
///
/// A stamp is the tick of the last use; with admission, above it, the floor when the entry was last used plus what
/// it has earned (see [`crate::admission`]). The floor rises to the highest stamp that was evicted. So all are
/// admitted, and those that came only once go with the next batch.
#[derive(Debug)]
pub(crate) struct Batch<V> {
    index: HashTable<u32>,
    slots: Vec<Slot<V>>,
    /// Of each slot; [`FREE`] if nothing is in it.
    stamps: Vec<u64>,
    free: Vec<u32>,
    ranks: Lowest,
    bytes: usize,
    tick: u64,
    floor: u64,
    /// Where [`Batch::expire`] goes on.
    cursor: usize,
}

#[derive(Debug)]
#[repr(align(64))]
struct Slot<V>(Option<(Key, Entry<V>)>);

const FREE: u64 = u64::MAX;

/// The tick's part of a stamp: at a million accesses a second it comes round after 12 days, and then one batch goes in
/// another order.
const TICK_BITS: u32 = 40;
const TICKS: u64 = (1 << TICK_BITS) - 1;

/// The floor is lowered there, long before it would run out of its 24 bits.
const HIGHEST_FLOOR: u64 = 1 << 23;

impl<V> Batch<V> {
    pub(crate) fn new() -> Batch<V> {
        // Grown as entries come: a development cache of 50,000 that sees ten operations costs ten.
        Batch {
            index: HashTable::new(),
            slots: Vec::new(),
            stamps: Vec::new(),
            free: Vec::new(),
            ranks: Lowest::default(),
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
        let at = self.find(key)?;
        if self.entry(at).is_none_or(|entry| entry.expires <= now) {
            self.remove(key);
            *expired = expired.saturating_add(1);
            return None;
        }
        let (_, entry) = self.slots.get_mut(at)?.0.as_mut()?;
        entry.touch(self.tick);
        if let Some(renewed) = renewed {
            entry.expires = renewed;
        }
        if let Some(stamp) = self.stamps.get_mut(at) {
            *stamp = rank(self.floor, if admission { entry.credit } else { 0 }, self.tick);
        }
        Some(&entry.value)
    }

    pub(crate) fn insert(
        &mut self,
        now: u64,
        settings: &MemorySettings,
        mut admission: Option<&mut Admission>,
        key: Key,
        mut entry: Entry<V>,
        evicted: &mut Evicted,
    ) {
        self.tick = self.tick.wrapping_add(1);
        (entry.born, entry.used) = (self.tick as u32, self.tick as u32);
        // A full cache may hold the key: it is looked for first, or others would go for nothing.
        if self.len() >= settings.entries()
            || self.bytes.saturating_add(entry.bytes) > settings.max_bytes && self.len() > 0
        {
            self.take_over(key, &mut entry, evicted);
            self.make_room(now, settings, admission.as_deref_mut(), entry.bytes, evicted);
        }
        let slots = &self.slots;
        let found = self.index.entry(key.low(), |at| holds(slots, *at, key), |at| hash(slots, *at));
        let at = match found {
            hash_table::Entry::Vacant(vacant) => {
                let at = self.free.pop().unwrap_or(self.slots.len() as u32);
                vacant.insert(at);
                at
            }
            hash_table::Entry::Occupied(_) => {
                self.take_over(key, &mut entry, evicted);
                let at = self.free.pop().unwrap_or(self.slots.len() as u32);
                let slots = &self.slots;
                self.index.insert_unique(key.low(), at, |at| hash(slots, *at));
                at
            }
        };
        self.bytes = self.bytes.saturating_add(entry.bytes);
        let stamp = rank(self.floor, if admission.is_some() { entry.credit } else { 0 }, self.tick);
        match (self.slots.get_mut(at as usize), self.stamps.get_mut(at as usize)) {
            (Some(slot), Some(place)) => {
                slot.0 = Some((key, entry));
                *place = stamp;
            }
            _ => {
                self.slots.push(Slot(Some((key, entry))));
                self.stamps.push(stamp);
            }
        }
    }

    /// Lets the key's former entry go and hands on what it earned.
    fn take_over(&mut self, key: Key, entry: &mut Entry<V>, evicted: &mut Evicted) {
        if let Some(old) = self.remove(key) {
            entry.uses = entry.uses.max(old.uses);
            entry.credit = entry.credit.max(old.credit);
            evicted.replaced = evicted.replaced.saturating_add(1);
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
        let Some(threshold) = self.ranks.lowest(&self.stamps, count.min(self.len())) else { return };
        for (rank, at) in self.ranks.found() {
            if rank > threshold {
                continue;
            }
            let Some((key, entry)) = self.slots.get_mut(at as usize).and_then(|slot| slot.0.take()) else {
                continue;
            };
            if let Some(stamp) = self.stamps.get_mut(at as usize) {
                *stamp = FREE;
            }
            self.free.push(at);
            if let Ok(found) = self.index.find_entry(key.low(), |found| *found == at) {
                found.remove();
            }
            self.bytes = self.bytes.saturating_sub(entry.bytes);
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
        for stamp in self.stamps.iter_mut().filter(|stamp| **stamp != FREE) {
            *stamp = stamp.checked_sub(by).unwrap_or(*stamp & TICKS);
        }
        self.floor = 0;
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Entry<V>> {
        let slots = &self.slots;
        let found = self.index.find_entry(key.low(), |at| holds(slots, *at, key)).ok()?;
        let (at, _) = found.remove();
        if let Some(stamp) = self.stamps.get_mut(at as usize) {
            *stamp = FREE;
        }
        let (_, entry) = self.slots.get_mut(at as usize)?.0.take()?;
        self.free.push(at);
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        Some(entry)
    }

    /// Lets go of those whose time is over in the next `at_most` slots.
    pub(crate) fn expire(&mut self, now: u64, at_most: usize, mut gone: impl FnMut(Key)) {
        for _ in 0..at_most.min(self.slots.len()) {
            if self.cursor >= self.slots.len() {
                self.cursor = 0;
            }
            let Some(slot) = self.slots.get(self.cursor) else { break };
            self.cursor = self.cursor.saturating_add(1);
            if let Some((key, entry)) = &slot.0
                && entry.expires <= now
            {
                let key = *key;
                self.remove(key);
                gone(key);
            }
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
    }

    /// Coldest first; leaves it empty.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (Key, Entry<V>)> {
        let mut ranked: Vec<(u64, (Key, Entry<V>))> = self
            .stamps
            .drain(..)
            .zip(self.slots.drain(..))
            .filter_map(|(stamp, slot)| Some((stamp, slot.0?)))
            .collect();
        ranked.sort_unstable_by_key(|(stamp, _)| *stamp);
        self.index.clear();
        self.free.clear();
        (self.bytes, self.floor, self.cursor) = (0, 0, 0);
        ranked.into_iter().map(|(_, entry)| entry)
    }

    pub(crate) fn peek(&self, key: Key) -> Option<&Entry<V>> {
        self.entry(self.find(key)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &Entry<V>)> {
        self.slots.iter().filter_map(|slot| slot.0.as_ref()).map(|(key, entry)| (*key, entry))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry<V>> {
        self.slots.iter_mut().filter_map(|slot| slot.0.as_mut()).map(|(_, entry)| entry)
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn tick(&self) -> u64 {
        self.tick
    }

    fn entry(&self, at: usize) -> Option<&Entry<V>> {
        self.slots.get(at)?.0.as_ref().map(|(_, entry)| entry)
    }

    fn find(&self, key: Key) -> Option<usize> {
        self.index.find(key.low(), |at| holds(&self.slots, *at, key)).map(|at| *at as usize)
    }
}

/// By what was earned above the floor, then by the last use.
fn rank(floor: u64, credit: u16, tick: u64) -> u64 {
    (floor.saturating_add(u64::from(credit)) << TICK_BITS) | (tick & TICKS)
}

fn holds<V>(slots: &[Slot<V>], at: u32, key: Key) -> bool {
    matches!(slots.get(at as usize), Some(Slot(Some((held, _)))) if *held == key)
}

/// Of the key in a slot: keys are hashes.
fn hash<V>(slots: &[Slot<V>], at: u32) -> u64 {
    slots.get(at as usize).and_then(|slot| slot.0.as_ref()).map_or(0, |(key, _)| key.low())
}
