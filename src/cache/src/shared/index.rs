//! The index of a shard: which entries it holds in which pages, and who is making which.
//!
//! Pure bookkeeping on a copy; `edit.rs` takes the copy and puts it back.

use std::cmp::Reverse;
use std::mem;

use serde::{Deserialize, Serialize};

use super::geometry::Shape;
use super::{SharedCounts, page};
use crate::Key;
use crate::sealed::{self, Corrupt, HEAD, Magic};

pub(super) mod room;

const MAGIC: Magic = *b"WL2I";
const FORMAT: u16 = 1;

/// Claims in one shard: several times the plans that all workers of a machine make at once in a shard.
const MAX_CLAIMS: usize = 32;

/// How far the clocks of two workers may be apart, or a task's sense of now may lag behind, in milliseconds.
const SKEW: u64 = 60_000;

/// Of an encoded record without its pages: a key of at most 19 bytes, five numbers of at most 10, two of at most 5, a
/// number of pages of at most 3, a flag.
const RECORD_BOUND: usize = 83;
const PAGE_BOUND: usize = 3;
const CLAIM_BOUND: usize = 39;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    /// Of the geometry it was written under.
    pub(super) epoch: u64,
    pub(super) records: Vec<Record>,
    pub(super) claims: Vec<Claim>,
}

/// An entry. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) key: Key,
    /// What its pages begin with.
    pub(super) tag: u64,
    /// Who is still writing the pages, if so: nobody reads them until then.
    pub(super) writer: Option<Writer>,
    /// Within the shard, in order.
    pub(super) pages: Vec<u16>,
    /// Bytes of the entry.
    pub(super) size: u32,
    pub(super) created: u64,
    pub(super) used: u64,
    /// What making it took, in microseconds.
    pub(super) cost: u32,
}

/// A worker, for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Writer {
    pub(super) worker: u64,
    pub(super) until: u64,
}

/// A worker is making the entry of this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claim {
    pub(super) key: Key,
    pub(super) by: Writer,
}

/// When an entry has had its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetime {
    pub(super) ttl: Option<u64>,
    pub(super) renew: bool,
}

/// Time as all of the index is told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Now {
    pub(super) now: u64,
    /// How long a claim lasts, in milliseconds.
    pub(super) claim: u64,
    pub(super) life: Lifetime,
}

/// Bytes of a shard's encoded index at most.
pub(super) fn bound(shape: Shape) -> usize {
    let records = (shape.records as usize).saturating_mul(RECORD_BOUND);
    let pages = (shape.pages as usize).saturating_mul(PAGE_BOUND);
    let claims = MAX_CLAIMS.saturating_mul(CLAIM_BOUND);
    // Epoch and two lengths.
    HEAD.saturating_add(20).saturating_add(records).saturating_add(pages).saturating_add(claims)
}

impl Writer {
    /// Whether its time is not over. A time that lies too far ahead is of another clock than ours, and over: else the
    /// others would wait until that clock's now.
    fn holds(self, now: Now) -> bool {
        now.now < self.until && self.until <= now.now.saturating_add(now.claim).saturating_add(SKEW)
    }
}

impl Index {
    pub(super) fn empty(epoch: u64) -> Self {
        Index { epoch, records: Vec::new(), claims: Vec::new() }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        sealed::seal(MAGIC, FORMAT, self, &[])
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let body = sealed::unseal(MAGIC, FORMAT, bytes)?;
        postcard::from_bytes(body).map_err(|_| Corrupt::Damaged)
    }

    /// Leaves only what holds in a shard of this shape: after a change of size, and whatever else was written. `false` if all
    /// does.
    pub(super) fn fit(&mut self, shape: Shape, counts: &mut SharedCounts) -> bool {
        let before = self.records.len();
        let mut taken = vec![false; shape.pages as usize];
        let mut take =
            |page: &u16| taken.get_mut(usize::from(*page)).is_some_and(|taken| !mem::replace(taken, true));
        self.records.retain(|record| {
            record.pages.len() == page::count(record.size as usize) && record.pages.iter().all(&mut take)
        });
        if self.records.len() > shape.records as usize {
            self.records.sort_by_key(|record| Reverse(record.rank()));
            self.records.truncate(shape.records as usize);
        }
        self.claims.truncate(MAX_CLAIMS);
        let gone = before.saturating_sub(self.records.len());
        counts.evicted_resize = counts.evicted_resize.saturating_add(gone as u64);
        gone > 0
    }

    pub(super) fn find(&self, key: Key) -> Option<&Record> {
        self.records.iter().find(|record| record.key == key)
    }

    /// The worker that is making or writing the entry of `key`.
    pub(super) fn holder(&self, key: Key, now: Now) -> Option<Writer> {
        let claims = self.claims.iter().filter(|claim| claim.key == key).map(|claim| claim.by);
        let writers =
            self.records.iter().filter(|record| record.key == key).filter_map(|record| record.writer);
        claims.chain(writers).find(|by| by.holds(now))
    }

    /// Lets the others wait for `worker`. `false` if there are too many claims already.
    pub(super) fn claim(&mut self, key: Key, worker: u64, now: Now) -> bool {
        self.claims.retain(|claim| claim.by.holds(now) && claim.key != key);
        if self.claims.len() >= MAX_CLAIMS {
            return false;
        }
        let until = now.now.saturating_add(now.claim);
        self.claims.push(Claim { key, by: Writer { worker, until } });
        true
    }

    /// Ends the worker's claim. `false` if it has none.
    pub(super) fn release(&mut self, key: Key, worker: u64) -> bool {
        let before = self.claims.len();
        self.claims.retain(|claim| claim.key != key || claim.by.worker != worker);
        self.claims.len() != before
    }

    /// The entry is whole. `false` if its place was given away.
    pub(super) fn publish(&mut self, key: Key, tag: u64) -> bool {
        let record = self.records.iter_mut().find(|record| record.key == key && record.tag == tag);
        record.map(|record| record.writer = None).is_some()
    }

    /// Forgets the entry that the write `tag` made. `false` if there is none.
    pub(super) fn forget(&mut self, key: Key, tag: u64) -> bool {
        let before = self.records.len();
        self.records.retain(|record| record.key != key || record.tag != tag);
        self.records.len() != before
    }

    /// Notes that these were used.
    pub(super) fn touch(&mut self, used: &[(Key, u64)]) -> bool {
        let mut changed = false;
        for record in &mut self.records {
            if let Some((_, at)) = used.iter().find(|(key, _)| *key == record.key)
                && record.used < *at
            {
                record.used = *at;
                changed = true;
            }
        }
        changed
    }

    /// Drops entries that have had their time, writes that were never ended, and claims that lapsed. `false` if there were none.
    pub(super) fn expire(&mut self, now: Now, counts: &mut SharedCounts) -> bool {
        let mut changed = false;
        self.records.retain(|record| {
            let abandoned = record.writer.is_some_and(|writer| !writer.holds(now));
            let expired = record.writer.is_none() && now.life.over(record, now.now);
            counts.evicted_ttl = counts.evicted_ttl.saturating_add(u64::from(expired));
            counts.abandoned = counts.abandoned.saturating_add(u64::from(abandoned));
            changed |= abandoned || expired;
            !abandoned && !expired
        });
        let claims = self.claims.len();
        self.claims.retain(|claim| claim.by.holds(now));
        changed || self.claims.len() != claims
    }

    /// Bytes of its entries.
    pub(super) fn bytes(&self) -> u64 {
        self.records.iter().fold(0, |sum: u64, record| sum.saturating_add(u64::from(record.size)))
    }
}

impl Lifetime {
    pub(super) fn over(self, record: &Record, now: u64) -> bool {
        let since = if self.renew { record.used } else { record.created };
        self.ttl.is_some_and(|ttl| now.saturating_sub(since) >= ttl)
    }
}
