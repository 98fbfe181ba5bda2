//! Room for one more entry, and who must go for it.

use std::cmp::Reverse;

use super::{Index, Now, Record, Writer};
use crate::Key;
use crate::shared::geometry::Shape;
use crate::shared::{NotStored, SharedCounts, page};

/// How much longer than others an entry is kept for each microsecond that making it took, in microseconds. A plan of
/// 10 ms counts as used ten seconds later than it was.
const CREDIT: u64 = 1000;

/// A plan is not kept longer than this for being slow, in milliseconds: ten minutes.
const MAX_CREDIT: u64 = 600_000;

/// A new entry.
pub(in crate::shared) struct Claimant {
    pub(in crate::shared) key: Key,
    pub(in crate::shared) tag: u64,
    pub(in crate::shared) worker: u64,
    /// Bytes.
    pub(in crate::shared) size: usize,
    /// Microseconds.
    pub(in crate::shared) cost: u32,
}

impl Index {
    /// Takes pages for an entry, which nobody reads before it is published, and ends the claim on it. Whatever the
    /// shard held under its key goes; if room is short, so do those that were used longest ago, slow plans later than
    /// others. `batch`: so many per cent of the entries at once, if one must go.
    pub(in crate::shared) fn reserve(
        &mut self,
        new: &Claimant,
        shape: Shape,
        batch: Option<u8>,
        now: Now,
        counts: &mut SharedCounts,
    ) -> Result<Vec<u16>, NotStored> {
        let need = page::count(new.size);
        if need > (shape.pages as usize).div_ceil(2) {
            return Err(NotStored::TooLarge);
        }
        if let Some(old) = self.find(new.key)
            && old.writer.is_some_and(|writer| writer.worker != new.worker && writer.holds(now))
        {
            return Err(NotStored::Busy);
        }
        self.expire(now, counts);
        self.claims.retain(|claim| claim.key != new.key);
        let before = self.records.len();
        self.records.retain(|record| record.key != new.key);
        counts.evicted_replaced =
            counts.evicted_replaced.saturating_add(before.saturating_sub(self.records.len()) as u64);
        self.make_room(need, shape, batch, counts)?;
        let mut free = self.free(shape);
        free.truncate(need);
        let until = now.now.saturating_add(now.claim);
        self.records.push(Record {
            key: new.key,
            tag: new.tag,
            writer: Some(Writer { worker: new.worker, until }),
            pages: free.clone(),
            size: u32::try_from(new.size).unwrap_or(u32::MAX),
            created: now.now,
            used: now.now,
            cost: new.cost,
        });
        Ok(free)
    }

    fn make_room(
        &mut self,
        need: usize,
        shape: Shape,
        batch: Option<u8>,
        counts: &mut SharedCounts,
    ) -> Result<(), NotStored> {
        let limit = shape.records as usize;
        let mut entries = self.records.len();
        let mut free = self.free(shape).len();
        if entries < limit && free >= need {
            return Ok(());
        }
        // Those that are being written stay: their pages are not their writer's to lose.
        let mut order: Vec<(Reverse<u64>, u64, usize)> = self
            .records
            .iter()
            .filter(|record| record.writer.is_none())
            .map(|record| (Reverse(record.rank()), record.tag, record.pages.len()))
            .collect();
        order.sort_unstable();
        let at_once =
            batch.map_or(1, |batch| order.len().saturating_mul(usize::from(batch)).div_ceil(100).max(1));
        let count = if entries >= limit { &mut counts.evicted_capacity } else { &mut counts.evicted_bytes };
        let mut gone = Vec::new();
        while entries >= limit || free < need || gone.len() < at_once {
            let Some((_, tag, pages)) = order.pop() else { break };
            *count = count.saturating_add(1);
            entries = entries.saturating_sub(1);
            free = free.saturating_add(pages);
            gone.push(tag);
        }
        if entries >= limit || free < need {
            return Err(NotStored::Full);
        }
        self.records.retain(|record| !gone.contains(&record.tag));
        Ok(())
    }

    /// The shard's pages that no entry has.
    fn free(&self, shape: Shape) -> Vec<u16> {
        let mut taken = vec![false; shape.pages as usize];
        for page in self.records.iter().flat_map(|record| &record.pages) {
            if let Some(taken) = taken.get_mut(usize::from(*page)) {
                *taken = true;
            }
        }
        let free = taken.iter().zip(0u16..).filter(|(taken, _)| !**taken);
        free.map(|(_, page)| page).collect()
    }
}

impl Record {
    /// The order in which entries go, lowest first.
    pub(super) fn rank(&self) -> u64 {
        let credit = u64::from(self.cost).saturating_mul(CREDIT) / 1000;
        self.used.saturating_add(credit.min(MAX_CREDIT))
    }
}
