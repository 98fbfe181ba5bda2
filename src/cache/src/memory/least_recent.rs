//! [`Strategy::Lru`](super::Strategy): the crate `lru`.

use std::num::NonZeroUsize;

use lru::LruCache;

use super::entry::Entry;
use super::identity::BuildIdentity;
use super::outcome::{Bound, Evicted};
use super::settings::MemorySettings;
use crate::Key;
use crate::admission::Admission;

/// With admission, one for whom the least recently used would have to go is admitted only if it is worth as much;
/// each time it isn't, that one's credit is halved, so that nothing blocks the way for long (see
/// [`crate::admission`]).
#[derive(Debug)]
pub(crate) struct LeastRecent<V> {
    entries: LruCache<Key, Entry<V>, BuildIdentity>,
    bytes: usize,
    tick: u64,
}

impl<V> LeastRecent<V> {
    pub(crate) fn new(settings: &MemorySettings) -> LeastRecent<V> {
        let entries = LruCache::with_hasher(capacity(settings), BuildIdentity::default());
        LeastRecent { entries, bytes: 0, tick: 0 }
    }

    /// `None` and one more expired if its time is over.
    pub(crate) fn get(&mut self, now: u64, renewed: Option<u64>, key: Key, expired: &mut u64) -> Option<&V> {
        self.tick = self.tick.wrapping_add(1);
        let entry = self.entries.get_mut(&key)?;
        if entry.expires <= now {
            self.remove(key);
            *expired = expired.saturating_add(1);
            return None;
        }
        entry.touch(self.tick);
        if let Some(renewed) = renewed {
            entry.expires = renewed;
        }
        // It is the most recent one now: found without a second look-up.
        self.entries.peek_mru().map(|(_, entry)| &entry.value)
    }

    pub(crate) fn insert(
        &mut self,
        now: u64,
        settings: &MemorySettings,
        admission: Option<&mut Admission>,
        key: Key,
        mut entry: Entry<V>,
        evicted: &mut Evicted,
    ) -> bool {
        self.tick = self.tick.wrapping_add(1);
        (entry.born, entry.used) = (self.tick as u32, self.tick as u32);
        let bytes = entry.bytes;
        if let Some(admission) = admission {
            if let Some(old) = self.remove(key) {
                entry.uses = entry.uses.max(old.uses);
                entry.credit = entry.credit.max(old.credit);
                evicted.replaced = evicted.replaced.saturating_add(1);
            }
            if !self.make_room(now, settings, admission, &entry, evicted) {
                return false;
            }
        }
        self.bytes = self.bytes.saturating_add(bytes);
        if let Some((out, old)) = self.entries.push(key, entry) {
            self.bytes = self.bytes.saturating_sub(old.bytes);
            if out == key {
                evicted.replaced = evicted.replaced.saturating_add(1);
            } else {
                old.count_eviction(now, self.tick, Bound::Capacity, evicted);
            }
        }
        while self.bytes > settings.max_bytes {
            let Some((_, old)) = self.pop_least_recent() else { break };
            old.count_eviction(now, self.tick, Bound::Bytes, evicted);
        }
        true
    }

    /// Lets go who is worth no more than the new one until there is room for it; false if there is one who is worth
    /// more.
    fn make_room(
        &mut self,
        now: u64,
        settings: &MemorySettings,
        admission: &mut Admission,
        new: &Entry<V>,
        evicted: &mut Evicted,
    ) -> bool {
        loop {
            let bound = if self.entries.len() >= settings.entries() {
                Bound::Capacity
            } else if self.bytes.saturating_add(new.bytes) > settings.max_bytes {
                Bound::Bytes
            } else {
                return true;
            };
            let Some((&key, least)) = self.entries.peek_lru() else { return true };
            if least.expires > now && least.credit > new.credit {
                if let Some(least) = self.entries.peek_mut(&key) {
                    least.credit /= 2;
                }
                return false;
            }
            if let Some((_, old)) = self.pop_least_recent() {
                admission.remember(key, old.uses);
                old.count_eviction(now, self.tick, bound, evicted);
            }
        }
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Entry<V>> {
        let entry = self.entries.pop(&key)?;
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        Some(entry)
    }

    fn pop_least_recent(&mut self) -> Option<(Key, Entry<V>)> {
        let (key, entry) = self.entries.pop_lru()?;
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        Some((key, entry))
    }

    /// Lets go of those whose time is over among the `at_most` least recently used.
    pub(crate) fn expire(&mut self, now: u64, at_most: usize, mut gone: impl FnMut(Key)) {
        let over = self.entries.iter().rev().take(at_most).filter(|(_, entry)| entry.expires <= now);
        let over: Vec<Key> = over.map(|(key, _)| *key).collect();
        for key in over {
            self.remove(key);
            gone(key);
        }
    }

    /// Lets go of as many as the bounds ask for, least recently used first.
    pub(crate) fn resize(&mut self, now: u64, settings: &MemorySettings, evicted: &mut Evicted) {
        while self.entries.len() > settings.entries() || self.bytes > settings.max_bytes {
            let over = self.entries.len() > settings.entries();
            let Some((_, old)) = self.pop_least_recent() else { break };
            let bound = if over { Bound::Capacity } else { Bound::Bytes };
            old.count_eviction(now, self.tick, bound, evicted);
        }
        self.entries.resize(capacity(settings));
    }

    /// Coldest first.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (Key, Entry<V>)> {
        self.bytes = 0;
        std::iter::from_fn(|| self.entries.pop_lru())
    }

    pub(crate) fn peek(&self, key: Key) -> Option<&Entry<V>> {
        self.entries.peek(&key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &Entry<V>)> {
        self.entries.iter().map(|(key, entry)| (*key, entry))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry<V>> {
        self.entries.iter_mut().map(|(_, entry)| entry)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn tick(&self) -> u64 {
        self.tick
    }
}

fn capacity(settings: &MemorySettings) -> NonZeroUsize {
    NonZeroUsize::new(settings.entries()).unwrap_or(NonZeroUsize::MIN)
}
