//! L2: plans in the shared data of an Envoy, for all its workers.
//!
//! Shared data has a get and a set under compare-and-swap, and no delete (HOST.md §1). So all that Weir keeps there is a
//! *fixed* set of keys: a geometry, an index for each shard, and pages of at most `page::SIZE` bytes. Whatever
//! workers do to each other, the values can't take more than all the keys of the geometry, full; see
//! `Shared::bytes_bound`.
//!
//! An entry is first given pages in the index of its shard, then written, then published. Readers trust nothing: a page
//! must carry the tag of the write that the index names, the whole must have its checksum, and the entry must
//! be the one that is wanted. Whatever fails is a miss, and the index forgets it.
//!
//! A worker that makes a plan may say so by a claim, so that the others wait instead of making it too. Claims lapse;
//! so does the reservation of a worker that dies while writing.
//!
//! Everything is done in tasks that ask for one call of the host at a time (`Task::step`). Between any two of their steps,
//! any other worker may have done anything: the tests do just that.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use crate::{Key, Wanted};
use geometry::{Geometry, Size};
use index::{Lifetime, Now};
use mailbox::Mailbox;

mod ask;
mod counts;
mod edit;
mod geometry;
mod index;
mod lookup;
mod mailbox;
mod page;
mod publish;
mod upkeep;

pub use ask::{Ask, NotStored, Outcome, Refused, Reply, Step};
pub use counts::SharedCounts;
pub use mailbox::Task;

/// Keys whose use is remembered until the next flush; beyond it, use is not noted.
const MAX_TOUCHED: usize = 1024;

/// How much L2 holds and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedSettings {
    /// Entries of all shards together. They are spread over shards by hash, so that the first is full a little
    /// before all are.
    pub max_entries: usize,
    /// Bytes of all pages together, at most 1 GiB; less than a page (4 KiB) turns L2 off. Indexes come on top: some 100 bytes
    /// an entry.
    pub max_bytes: usize,
    /// How long an entry lives.
    pub ttl: Option<Duration>,
    /// Whether it lives so long from its last use (as far as it was flushed) instead of its making.
    pub renew_on_hit: bool,
    /// Per cent of a shard's entries that go at once when one must; `None`: no more than must.
    pub batch: Option<u8>,
    /// How long others wait for a worker that makes a plan.
    pub claim: Duration,
}

/// A worker's view of L2.
#[derive(Debug)]
pub struct Shared(Rc<RefCell<State>>);

#[derive(Debug)]
struct State {
    settings: SharedSettings,
    /// Tells this worker from all others.
    worker: u64,
    /// How many writes this worker has begun.
    writes: u64,
    /// As last read. `None`: not read yet, or of a version that we don't know.
    geometry: Option<Geometry>,
    touched: HashMap<Key, u64>,
    /// Entries and bytes of each shard, as last seen.
    seen: Vec<(u32, u64)>,
    /// The next shard that upkeep looks at.
    next_shard: u32,
    /// The next of the keys that the geometry no longer uses, and whether all have been looked at since it changed.
    sweep: u32,
    swept: bool,
    counts: SharedCounts,
}

/// What a task works with.
#[derive(Clone)]
struct Session {
    mailbox: Mailbox,
    state: Rc<RefCell<State>>,
    now: Now,
}

impl Shared {
    /// `worker`: a number that no other worker has, nor had before; random, for instance. `configure` comes next: until then
    /// L2 uses the size that others have set, if any.
    pub fn new(settings: SharedSettings, worker: u64) -> Self {
        Shared(Rc::new(RefCell::new(State {
            settings,
            worker,
            writes: 0,
            geometry: None,
            touched: HashMap::new(),
            seen: Vec::new(),
            // So that the workers don't all look at the same shard.
            next_shard: worker as u32,
            sweep: 0,
            swept: false,
            counts: SharedCounts::default(),
        })))
    }

    /// Other settings for this worker. The size comes into force with the next `configure`.
    pub fn set_settings(&mut self, settings: SharedSettings) {
        self.0.borrow_mut().settings = settings;
    }

    /// Puts this worker's `max_entries` and `max_bytes` into force for all workers, unless they are already. The
    /// last to call it wins. Entries stay where they are unless they don't fit any more or the number of shards changes; what
    /// is no longer used is blanked by the following calls of `maintain`. Ends in `Done`.
    pub fn configure(&mut self, now: Duration) -> Task {
        self.task(now, upkeep::configure)
    }

    /// Ends in `Hit`, `Miss` or `Busy`. `claim`: on a miss, let the others wait for this worker, which then must
    /// `store` the plan or `release` the key.
    pub fn lookup(&mut self, now: Duration, wanted: Wanted, claim: bool) -> Task {
        self.task(now, move |session| lookup::lookup(session, wanted, claim))
    }

    /// Keeps an encoded `Entry` of this key and ends the claim on it. `cost`: what making it took. Ends in `Stored` or
    /// `NotStored`.
    pub fn store(&mut self, now: Duration, key: Key, entry: Vec<u8>, cost: Duration) -> Task {
        self.task(now, move |session| publish::store(session, key, entry, cost))
    }

    /// Ends this worker's claim on a key for which it has no plan after all. Ends in `Done`.
    pub fn release(&mut self, now: Duration, key: Key) -> Task {
        self.task(now, move |session| publish::release(session, key))
    }

    /// Notes that the plan of this key was used, here or in the worker's own memory. Costs one insertion into a
    /// small table.
    pub fn touch(&mut self, now: Duration, key: Key) {
        self.0.borrow_mut().touch(key, milliseconds(now));
    }

    /// Tells the others what was used since the last time: one change for each shard, at most 16 at a time. `None` if nothing
    /// was. Ends in `Done`.
    pub fn flush(&mut self, now: Duration) -> Option<Task> {
        let any = !self.0.borrow().touched.is_empty();
        any.then(|| self.task(now, upkeep::flush))
    }

    /// To be called every second or so: learns of changes of the size, clears one shard of what is over, and
    /// blanks some keys that are no longer used. Ends in `Done`.
    pub fn maintain(&mut self, now: Duration) -> Task {
        self.task(now, upkeep::maintain)
    }

    /// Entries in all shards, each as this worker last saw it (at most as many `maintain`s ago as there are shards).
    pub fn entries(&self) -> u64 {
        self.0.borrow().seen.iter().fold(0, |sum, (entries, _)| sum.saturating_add(u64::from(*entries)))
    }

    /// Bytes of those entries.
    pub fn bytes(&self) -> u64 {
        self.0.borrow().seen.iter().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    /// What all values may take together under the geometry in force: `max_bytes` of pages and the indexes. After a
    /// change to a smaller size, once what was there before is blanked. Zero before the geometry is known.
    pub fn bytes_bound(&self) -> u64 {
        self.0.borrow().geometry.map_or(0, |geometry| geometry.shape().bound())
    }

    /// What happened since the last call.
    pub fn take_counts(&mut self) -> SharedCounts {
        std::mem::take(&mut self.0.borrow_mut().counts)
    }

    fn task<F>(&self, now: Duration, work: impl FnOnce(Session) -> F) -> Task
    where
        F: Future<Output = Outcome> + 'static,
    {
        let state = self.0.clone();
        let now = state.borrow().settings.at(now);
        Task::new(|mailbox| work(Session { mailbox, state, now }))
    }
}

impl SharedSettings {
    fn size(&self) -> Size {
        Size { max_entries: self.max_entries as u64, max_bytes: self.max_bytes as u64 }
    }

    fn at(&self, now: Duration) -> Now {
        let life = Lifetime { ttl: self.ttl.map(milliseconds), renew: self.renew_on_hit };
        Now { now: milliseconds(now), claim: milliseconds(self.claim), life }
    }
}

impl State {
    /// A number that no other write has.
    fn tag(&mut self) -> u64 {
        self.writes = self.writes.wrapping_add(1);
        xxhash_rust::xxh3::xxh3_64_with_seed(&self.writes.to_le_bytes(), self.worker)
    }

    fn touch(&mut self, key: Key, now: u64) {
        if self.touched.len() < MAX_TOUCHED || self.touched.contains_key(&key) {
            self.touched.insert(key, now);
        }
    }

    /// From now on, this geometry is in force.
    fn adopt(&mut self, geometry: Option<Geometry>) {
        if self.geometry != geometry {
            self.geometry = geometry;
            self.swept = false;
            let shards = geometry.map_or(0, |geometry| geometry.shape().shards);
            self.seen = vec![(0, 0); shards as usize];
        }
    }
}

impl Session {
    fn count(&self, which: impl FnOnce(&mut SharedCounts) -> &mut u64) {
        let counts = &mut self.state.borrow_mut().counts;
        let count = which(counts);
        *count = count.saturating_add(1);
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
