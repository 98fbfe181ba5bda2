//! Which keys of the shared data Weir uses: their number is fixed by the configured size, for a key can't be deleted.

use serde::{Deserialize, Serialize};

use super::{index, page};
use crate::Key;
use crate::sealed::{self, Corrupt, Magic};

/// The key that holds the geometry in force.
pub(super) const KEY: &str = "weir.l2.geometry";

const MAGIC: Magic = *b"WL2G";
const FORMAT: u16 = 1;

/// 1 GiB. More is not used.
pub(super) const MAX_PAGES: u32 = 1 << 18;
/// So that an index stays under 64 KiB.
const MAX_SHARD_PAGES: u32 = 1 << 12;
/// How many entries a shard is made for: few enough for its index to be read and written in a microsecond or two,
/// enough for their numbers to even out.
const SHARD_RECORDS: u32 = 64;
/// How many pages a shard has at least, if there are so many: a long plan must find room in its shard.
const MIN_SHARD_PAGES: u32 = 64;

/// What was configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Size {
    pub(super) max_entries: u64,
    pub(super) max_bytes: u64,
}

/// The size in force and since when. Kept in the shared data, changed under compare-and-swap only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Geometry {
    /// Grows with every change. At least the milliseconds of the change since the Unix epoch, so that it grows even if
    /// the value before it was lost.
    pub(super) epoch: u64,
    pub(super) size: Size,
    /// The first epoch that had as many shards as this one: indexes written since then name the same keys.
    pub(super) since: u64,
    /// Pages below this number may have been written by an earlier geometry.
    pub(super) high_pages: u32,
    /// The same of indexes.
    pub(super) high_shards: u32,
}

/// The numbers that follow from a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// A power of two, or zero if nothing fits.
    pub(super) shards: u32,
    /// Pages of one shard.
    pub(super) pages: u32,
    /// Entries of one shard.
    pub(super) records: u32,
}

impl Geometry {
    /// The first geometry, or one after a geometry that can't be read: then any page may have been used.
    pub(super) fn first(size: Size, now: u64, lost: bool) -> Self {
        let shape = size.shape();
        let (high_pages, high_shards) =
            if lost { (MAX_PAGES, MAX_PAGES / MIN_SHARD_PAGES) } else { (shape.total(), shape.shards) };
        Geometry { epoch: now, size, since: now, high_pages, high_shards }
    }

    /// The one after this.
    pub(super) fn next(self, size: Size, now: u64) -> Self {
        let epoch = now.max(self.epoch.saturating_add(1));
        let (old, new) = (self.size.shape(), size.shape());
        Geometry {
            epoch,
            size,
            since: if old.shards == new.shards { self.since } else { epoch },
            high_pages: self.high_pages.max(old.total()).max(new.total()),
            high_shards: self.high_shards.max(old.shards).max(new.shards),
        }
    }

    pub(super) fn shape(&self) -> Shape {
        self.size.shape()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        sealed::seal(MAGIC, FORMAT, self, &[])
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let body = sealed::unseal(MAGIC, FORMAT, bytes)?;
        let geometry: Geometry = postcard::from_bytes(body).map_err(|_| Corrupt::Damaged)?;
        Ok(Geometry {
            // So that a sweep ends, whatever was written.
            high_pages: geometry.high_pages.min(MAX_PAGES),
            high_shards: geometry.high_shards.min(MAX_PAGES / MIN_SHARD_PAGES),
            ..geometry
        })
    }
}

impl Size {
    pub(super) fn shape(self) -> Shape {
        let pages = u32::try_from(self.max_bytes.checked_div(page::SIZE as u64).unwrap_or(0))
            .unwrap_or(MAX_PAGES)
            .min(MAX_PAGES);
        // Each entry takes a page at least.
        let entries = u32::try_from(self.max_entries).unwrap_or(MAX_PAGES).min(pages);
        if entries == 0 {
            return Shape { shards: 0, pages: 0, records: 0 };
        }
        let wished = entries.div_ceil(SHARD_RECORDS).next_power_of_two();
        let least = pages.div_ceil(MAX_SHARD_PAGES).next_power_of_two();
        let most = power_of_two_within(pages / MIN_SHARD_PAGES).min(power_of_two_within(entries));
        let shards = wished.max(least).min(most).max(1);
        let share = |of: u32| of.checked_div(shards).unwrap_or(0);
        Shape { shards, pages: share(pages).min(MAX_SHARD_PAGES), records: share(entries) }
    }
}

impl Shape {
    pub(super) fn total(self) -> u32 {
        self.shards.saturating_mul(self.pages)
    }

    /// The number of a shard's page among all pages. Interleaved, so that a shard that grows or shrinks keeps the
    /// pages it has.
    pub(super) fn page(self, shard: u32, page: u16) -> u32 {
        u32::from(page).saturating_mul(self.shards).saturating_add(shard)
    }

    pub(super) fn shard(self, key: Key) -> u32 {
        // From the high end: the low bits choose the bucket in whatever map the key is in.
        let hash = (key.0 >> 96) as u32;
        hash & self.shards.saturating_sub(1)
    }

    /// How many bytes all values together may have.
    pub(super) fn bound(self) -> u64 {
        let pages = u64::from(self.total()).saturating_mul(page::SIZE as u64);
        let index = u64::try_from(index::bound(self)).unwrap_or(u64::MAX);
        pages.saturating_add(index.saturating_mul(u64::from(self.shards))).saturating_add(BOUND)
    }
}

/// Bytes of an encoded geometry at most: five numbers of at most 10 bytes and two of at most 5, and the head.
const BOUND: u64 = 80;

fn power_of_two_within(number: u32) -> u32 {
    number.checked_ilog2().map_or(0, |log| 1 << log)
}

/// The key of a page, by its number among all pages.
pub(super) fn page_key(page: u32) -> String {
    format!("weir.l2.p.{page}")
}

/// The key of a shard's index.
pub(super) fn index_key(shard: u32) -> String {
    format!("weir.l2.i.{shard}")
}
