//! Reads a shard's index, and changes it under compare-and-swap.

use super::geometry::{self, Geometry, Shape};
use super::index::{Index, Now};
use super::{NotStored, Refused, Session, SharedCounts};
use crate::Key;
use crate::sealed::Corrupt;

/// How often a change is tried. Each failure means that another worker got on, so this many in a row are rare.
pub(super) const TRIES: usize = 8;

/// The host refuses a set whose number is not the value's, but creates a missing key whatever the number (HOST.md §1). So a
/// number that no value has creates a key only if it is not there: two workers that both find it missing don't
/// overwrite each other. (The host counts sets from one: it would take four milliard of them to get here, and
/// then cost one lost index.)
pub(super) const CREATE: Option<u32> = Some(u32::MAX);

/// Which shard.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    Of(Key),
    Number(u32),
}

/// An index that was read, and what it takes to put it back.
pub(super) struct Opened {
    pub(super) index: Index,
    pub(super) shape: Shape,
    pub(super) shard: u32,
    /// Whether what was read needs to be replaced.
    pub(super) broken: bool,
    epoch: u64,
    cas: Option<u32>,
    counts: SharedCounts,
}

/// What became of the copy that a change was made on.
pub(super) enum Edit<T> {
    /// Put it back, and if that works, this is the result.
    Write(T),
    /// Leave the index as it is.
    Keep(T),
}

impl Session {
    /// The geometry in force, as far as this worker knows. Reads it if it knows none.
    pub(super) async fn geometry(&self) -> Option<Geometry> {
        let known = self.state.borrow().geometry;
        match known {
            Some(geometry) => Some(geometry),
            None => self.reload().await,
        }
    }

    /// Reads the geometry in force.
    pub(super) async fn reload(&self) -> Option<Geometry> {
        let (value, _) = self.mailbox.get(geometry::KEY.to_owned()).await;
        let read = value.map(|value| Geometry::decode(&value));
        let mut state = self.state.borrow_mut();
        match read {
            Some(Ok(geometry)) => state.adopt(Some(geometry)),
            // A later version has taken over: two formats in the same keys would only destroy each other.
            Some(Err(Corrupt::Newer(_))) => state.adopt(None),
            // What we know is as good as anything; `configure` and `maintain` write it again.
            Some(Err(_)) | None => {}
        }
        state.geometry
    }

    /// `None`: there is no such shard.
    pub(super) async fn open(&self, which: Which) -> Option<Opened> {
        let mut geometry = self.geometry().await?;
        let mut fresh = false;
        loop {
            let shape = geometry.shape();
            let shard = match which {
                Which::Of(key) => shape.shard(key),
                Which::Number(shard) => shard,
            };
            if shard >= shape.shards {
                return None;
            }
            let (value, cas) = self.mailbox.get(geometry::index_key(shard)).await;
            let read = value.map(|value| Index::decode(&value));
            if let Some(Ok(index)) = &read
                && index.epoch > geometry.epoch
                && !fresh
            {
                // Somebody knows a later geometry than we do.
                geometry = self.reload().await?;
                fresh = true;
                continue;
            }
            let opened = Opened::new(read, cas, geometry, shard, shape)?;
            self.state.borrow_mut().see(shard, &opened.index);
            return Some(opened);
        }
    }

    /// Puts an index back.
    pub(super) async fn put(&self, opened: Opened, now_counts: SharedCounts) -> Result<(), Refused> {
        let Opened { mut index, shard, epoch, cas, mut counts, .. } = opened;
        index.epoch = epoch;
        let done = self.mailbox.set(geometry::index_key(shard), index.encode(), cas).await;
        let mut state = self.state.borrow_mut();
        match done {
            Ok(()) => {
                counts.add(now_counts);
                state.counts.add(counts);
                state.see(shard, &index);
            }
            Err(Refused::CasMismatch) => {
                state.counts.cas_retries = state.counts.cas_retries.saturating_add(1)
            }
            Err(Refused::Failed) => {}
        }
        done
    }

    /// Makes a change, again if another worker was first.
    ///
    /// # Errors
    /// The change is not made: there is no such shard, the host refuses, or others are always first.
    pub(super) async fn edit<T>(
        &self,
        which: Which,
        mut change: impl FnMut(&mut Index, Shape, Now, &mut SharedCounts) -> Edit<T>,
    ) -> Result<T, NotStored> {
        for _ in 0..TRIES {
            let Some(mut opened) = self.open(which).await else { return Err(NotStored::Off) };
            let mut counts = SharedCounts::default();
            match change(&mut opened.index, opened.shape, self.now, &mut counts) {
                Edit::Keep(result) => return Ok(result),
                Edit::Write(result) => match self.put(opened, counts).await {
                    Ok(()) => return Ok(result),
                    Err(Refused::Failed) => return Err(NotStored::Refused),
                    Err(Refused::CasMismatch) => {}
                },
            }
        }
        self.count(|counts| &mut counts.contended);
        Err(NotStored::Contended)
    }
}

impl Opened {
    /// `None`: a later version has written it.
    fn new(
        read: Option<Result<Index, Corrupt>>,
        cas: Option<u32>,
        geometry: Geometry,
        shard: u32,
        shape: Shape,
    ) -> Option<Self> {
        let mut counts = SharedCounts::default();
        let mut broken = false;
        let mut index = match read {
            Some(Ok(index)) if index.epoch > geometry.epoch => {
                // Of an epoch that nobody has set.
                counts.foreign = 1;
                broken = true;
                Index::empty(geometry.epoch)
            }
            Some(Ok(index)) if index.epoch < geometry.since => {
                counts.evicted_resize = index.records.len() as u64;
                broken = true;
                Index::empty(geometry.epoch)
            }
            Some(Ok(index)) => index,
            Some(Err(Corrupt::Newer(_))) => return None,
            Some(Err(Corrupt::Older(_))) => {
                counts.foreign = 1;
                broken = true;
                Index::empty(geometry.epoch)
            }
            Some(Err(Corrupt::Damaged)) => {
                counts.corrupt = 1;
                broken = true;
                Index::empty(geometry.epoch)
            }
            None => Index::empty(geometry.epoch),
        };
        broken |= index.fit(shape, &mut counts);
        let cas = cas.or(CREATE);
        Some(Opened { index, shape, shard, broken, epoch: geometry.epoch, cas, counts })
    }
}

impl super::State {
    fn see(&mut self, shard: u32, index: &Index) {
        let entries = u32::try_from(index.records.len()).unwrap_or(u32::MAX);
        if let Some(seen) = self.seen.get_mut(shard as usize) {
            *seen = (entries, index.bytes());
        }
    }
}
