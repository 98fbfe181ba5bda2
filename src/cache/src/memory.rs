//! L1: decoded plans in this worker's memory.

mod batch;
mod entry;
mod expired;
mod identity;
mod least_recent;
mod lowest;
mod outcome;
mod settings;

use std::time::Duration;

pub use outcome::{Evicted, Inserted, Totals};
pub use settings::{Cost, MemorySettings, Strategy};

use crate::Key;
use crate::admission::{AVERAGE, Admission};
use batch::Batch;
use entry::Entry;
use expired::Expired;
use least_recent::LeastRecent;
use settings::nanoseconds;

/// A bounded map from keys to values, with a time to live.
///
/// Neither [`MemorySettings::max_entries`] nor [`MemorySettings::max_bytes`] is ever exceeded, and nothing is served
/// whose time is over. The tables and what is counted of the entries take some 150 bytes an entry beyond their
/// [`Cost::bytes`].
///
/// `now` is the time since the Unix epoch; it may go back, then entries live a little longer.
#[derive(Debug)]
pub struct Memory<V> {
    settings: MemorySettings,
    store: Store<V>,
    admission: Option<Admission>,
    expired: Expired,
    totals: Totals,
}

#[derive(Debug)]
enum Store<V> {
    Lru(LeastRecent<V>),
    LruBatch(Batch<V>),
}

impl<V> Memory<V> {
    /// Empty.
    pub fn new(settings: MemorySettings) -> Memory<V> {
        Memory {
            settings,
            store: Store::new(&settings),
            admission: settings.admission.then(|| Admission::new(settings.entries())),
            expired: Expired::new(),
            totals: Totals::default(),
        }
    }

    /// The value of a key, unless its time is over. Counts as a use.
    pub fn get(&mut self, now: Duration, key: Key) -> Option<&V> {
        let now = nanoseconds(now);
        let renewed = self.settings.renew_on_hit.then(|| self.settings.expiry(now));
        let before = self.totals.evicted.ttl;
        let over = &mut self.totals.evicted.ttl;
        let found = match &mut self.store {
            Store::Lru(store) => store.get(now, renewed, key, over),
            Store::LruBatch(store) => store.get(now, renewed, self.settings.admission, key, over),
        };
        if found.is_none() && *over != before {
            self.expired.note(key);
        }
        found
    }

    /// Whether a key's value would be found. Doesn't count as a use.
    pub fn contains(&self, now: Duration, key: Key) -> bool {
        let entry = match &self.store {
            Store::Lru(store) => store.peek(key),
            Store::LruBatch(store) => store.peek(key),
        };
        entry.is_some_and(|entry| entry.expires > nanoseconds(now))
    }

    /// Keeps a value, in place of the key's former one; `now` is when its time begins.
    pub fn insert(&mut self, now: Duration, key: Key, value: V, cost: Cost) -> Inserted {
        let now = nanoseconds(now);
        let mut evicted = Evicted::default();
        if self.expired.take(key) {
            self.totals.came_again = self.totals.came_again.saturating_add(1);
        }
        let (uses, weight) = match &mut self.admission {
            Some(admission) => (admission.seen(key), admission.weight(cost.work)),
            None => (1, AVERAGE),
        };
        let entry = Entry {
            value,
            expires: self.settings.expiry(now),
            bytes: cost.bytes,
            born: 0,
            used: 0,
            uses,
            weight,
            credit: entry::credit(uses, weight),
        };
        let admitted = if cost.bytes > self.settings.max_bytes {
            // What it would have replaced is no longer right.
            evicted.replaced = u64::from(self.store.remove(key).is_some());
            false
        } else {
            let (settings, admission) = (&self.settings, self.admission.as_mut());
            self.store.insert(now, settings, admission, key, entry, &mut evicted)
        };
        self.totals.evicted.add(evicted);
        self.totals.rejected = self.totals.rejected.saturating_add(u64::from(!admitted));
        Inserted { admitted, evicted }
    }

    /// Lets go of a key; true if it was there.
    pub fn remove(&mut self, key: Key) -> bool {
        self.store.remove(key).is_some()
    }

    /// Lets go of all, and forgets how often keys were asked for.
    pub fn clear(&mut self) {
        self.store = Store::new(&self.settings);
        self.admission = self.settings.admission.then(|| Admission::new(self.settings.entries()));
    }

    /// Lets go of entries whose time is over, as far as a look at `at_most` finds any: called now and then it
    /// keeps memory free, whatever it misses is not served anyway. Returns how many went.
    pub fn expire(&mut self, now: Duration, at_most: usize) -> usize {
        let now = nanoseconds(now);
        if self.settings.ttl.is_none() {
            return 0;
        }
        let mut count = 0_usize;
        let gone = |key| {
            self.expired.note(key);
            count = count.saturating_add(1);
        };
        match &mut self.store {
            Store::Lru(store) => store.expire(now, at_most, gone),
            Store::LruBatch(store) => store.expire(now, at_most, gone),
        }
        self.totals.evicted.ttl = self.totals.evicted.ttl.saturating_add(count as u64);
        count
    }

    /// Goes over to other settings, with the entries that are there as far as the new bounds let them stay. A new
    /// time to live holds for them too, counted from when theirs began (from `now` if they had none).
    pub fn set_settings(&mut self, now: Duration, settings: MemorySettings) -> Evicted {
        let now = nanoseconds(now);
        let mut evicted = Evicted::default();
        match (settings.admission, &mut self.admission) {
            (true, Some(admission)) => admission.resize(settings.entries()),
            (true, none) => *none = Some(Admission::new(settings.entries())),
            (false, some) => *some = None,
        }
        if settings.ttl != self.settings.ttl {
            let (old, new) = (self.settings.ttl.map(nanoseconds), settings.ttl.map(nanoseconds));
            self.store.for_each_mut(|entry| {
                let began = old.map_or(now, |old| entry.expires.saturating_sub(old));
                entry.expires = new.map_or(u64::MAX, |new| began.saturating_add(new));
            });
        }
        self.store.resize(now, &settings, &mut evicted);
        let same = matches!(
            (settings.strategy, &self.store),
            (Strategy::Lru, Store::Lru(_)) | (Strategy::LruBatch, Store::LruBatch(_))
        );
        if !same {
            self.store = self.store.converted(&settings);
        }
        self.settings = settings;
        self.totals.evicted.add(evicted);
        evicted
    }

    /// Those in force.
    pub fn settings(&self) -> &MemorySettings {
        &self.settings
    }

    /// How many entries are kept, those included whose time is over and that nobody asked for since.
    pub fn len(&self) -> usize {
        match &self.store {
            Store::Lru(store) => store.len(),
            Store::LruBatch(store) => store.len(),
        }
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sum of the entries' [`Cost::bytes`].
    pub fn bytes(&self) -> usize {
        match &self.store {
            Store::Lru(store) => store.bytes(),
            Store::LruBatch(store) => store.bytes(),
        }
    }

    /// What happened since it was made.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// At most `count` entries, hottest first: those still in use before others, then by uses, then by the last
    /// one. Looks at all entries.
    pub fn hottest(&self, count: usize) -> Vec<(Key, &V)> {
        let mut found: Vec<(Key, &Entry<V>)> = match &self.store {
            Store::Lru(store) => store.iter().collect(),
            Store::LruBatch(store) => store.iter().collect(),
        };
        let tick = self.store.tick();
        let count = count.min(found.len());
        let Some(last) = count.checked_sub(1) else { return Vec::new() };
        let hotter = |(_, a): &(Key, &Entry<V>), (_, b): &(Key, &Entry<V>)| b.heat(tick).cmp(&a.heat(tick));
        found.select_nth_unstable_by(last, hotter);
        found.truncate(count);
        found.sort_unstable_by(hotter);
        found.into_iter().map(|(key, entry)| (key, &entry.value)).collect()
    }

    /// All keys and values, in no order. Doesn't count as a use.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &V)> {
        let (lru, batch) = match &self.store {
            Store::Lru(store) => (Some(store.iter()), None),
            Store::LruBatch(store) => (None, Some(store.iter())),
        };
        lru.into_iter().flatten().chain(batch.into_iter().flatten()).map(|(key, entry)| (key, &entry.value))
    }
}

impl<V> Store<V> {
    fn new(settings: &MemorySettings) -> Store<V> {
        match settings.strategy {
            Strategy::Lru => Store::Lru(LeastRecent::new(settings)),
            Strategy::LruBatch => Store::LruBatch(Batch::new()),
        }
    }

    fn insert(
        &mut self,
        now: u64,
        settings: &MemorySettings,
        admission: Option<&mut Admission>,
        key: Key,
        entry: Entry<V>,
        evicted: &mut Evicted,
    ) -> bool {
        match self {
            Store::Lru(store) => store.insert(now, settings, admission, key, entry, evicted),
            Store::LruBatch(store) => {
                store.insert(now, settings, admission, key, entry, evicted);
                true
            }
        }
    }

    fn remove(&mut self, key: Key) -> Option<Entry<V>> {
        match self {
            Store::Lru(store) => store.remove(key),
            Store::LruBatch(store) => store.remove(key),
        }
    }

    fn resize(&mut self, now: u64, settings: &MemorySettings, evicted: &mut Evicted) {
        match self {
            Store::Lru(store) => store.resize(now, settings, evicted),
            Store::LruBatch(store) => store.resize(now, settings, evicted),
        }
    }

    fn for_each_mut(&mut self, f: impl FnMut(&mut Entry<V>)) {
        match self {
            Store::Lru(store) => store.iter_mut().for_each(f),
            Store::LruBatch(store) => store.iter_mut().for_each(f),
        }
    }

    fn tick(&self) -> u64 {
        match self {
            Store::Lru(store) => store.tick(),
            Store::LruBatch(store) => store.tick(),
        }
    }

    /// The same entries under another strategy, in the same order. They fit: it was resized.
    fn converted(&mut self, settings: &MemorySettings) -> Store<V> {
        let drained: Vec<(Key, Entry<V>)> = match self {
            Store::Lru(store) => store.drain().collect(),
            Store::LruBatch(store) => store.drain().collect(),
        };
        let mut store = Store::new(settings);
        for (key, entry) in drained {
            // Not a time that anything was asked for: an entry whose time is over stays so.
            store.insert(0, settings, None, key, entry, &mut Evicted::default());
        }
        store
    }
}

#[cfg(test)]
mod tests;
