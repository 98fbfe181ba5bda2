//! What is done beside requests: the size, the recency, and clearing up.

use std::collections::BTreeMap;

use super::edit::{Edit, TRIES, Which};
use super::geometry::{self, Geometry, Shape};
use super::index::Index;
use super::{Outcome, Session};
use crate::Key;
use crate::sealed::Corrupt;

/// Shards to which one flush writes: a bound on what a tick takes.
const FLUSH_SHARDS: usize = 16;

/// Keys that one call of `maintain` looks at: as long as this worker has not seen all of them under this geometry, and
/// afterwards, for what a worker may have left that died while it wrote.
const SWEEP_FIRST: u32 = 256;
const SWEEP_LATER: u32 = 16;

/// See `Shared::configure`.
pub(super) async fn configure(session: Session) -> Outcome {
    let size = session.state.borrow().settings.size();
    for _ in 0..TRIES {
        let (value, cas) = session.mailbox.get(geometry::KEY.to_owned()).await;
        let known = session.state.borrow().geometry;
        let next = match value.map(|value| Geometry::decode(&value)) {
            Some(Ok(geometry)) if geometry.size == size => {
                session.state.borrow_mut().adopt(Some(geometry));
                return Outcome::Done;
            }
            Some(Ok(geometry)) => geometry.next(size, session.now.now),
            Some(Err(Corrupt::Newer(_))) => {
                session.state.borrow_mut().adopt(None);
                return Outcome::Done;
            }
            Some(Err(_)) => {
                session.count(|counts| &mut counts.corrupt);
                recover(known, size, session.now.now)
            }
            None if cas.is_some() => recover(known, size, session.now.now),
            None => Geometry::first(size, session.now.now, false),
        };
        if session.replace_geometry(next, cas).await {
            return Outcome::Done;
        }
    }
    session.reload().await;
    Outcome::Done
}

fn recover(known: Option<Geometry>, size: geometry::Size, now: u64) -> Geometry {
    known.map_or_else(|| Geometry::first(size, now, true), |known| known.next(size, now))
}

/// See `Shared::flush`.
pub(super) async fn flush(session: Session) -> Outcome {
    let Some(geometry) = session.geometry().await else { return Outcome::Done };
    for (shard, keys) in session.take_touched(geometry.shape()) {
        let change = |index: &mut Index, _, _, _: &mut _| match index.touch(&keys) {
            true => Edit::Write(()),
            false => Edit::Keep(()),
        };
        // What can't be written is lost: entries look a little older than they are.
        let _written = session.edit(Which::Number(shard), change).await;
    }
    Outcome::Done
}

/// See `Shared::maintain`.
pub(super) async fn maintain(session: Session) -> Outcome {
    let (value, cas) = session.mailbox.get(geometry::KEY.to_owned()).await;
    let read = value.map(|value| Geometry::decode(&value));
    let known = session.state.borrow().geometry;
    let lost = match read {
        Some(Ok(geometry)) => {
            session.state.borrow_mut().adopt(Some(geometry));
            false
        }
        Some(Err(Corrupt::Newer(_))) => {
            session.state.borrow_mut().adopt(None);
            false
        }
        Some(Err(Corrupt::Older(_) | Corrupt::Damaged)) | None => true,
    };
    if let Some(known) = known
        && lost
    {
        // By whatever did it: put back before a new worker takes it for a fresh start. If another is first, so be it.
        session.count(|counts| &mut counts.corrupt);
        let _replaced = session.replace_geometry(known.next(known.size, session.now.now), cas).await;
    }
    let Some(geometry) = session.state.borrow().geometry else { return Outcome::Done };
    session.clear_next_shard(geometry.shape()).await;
    session.sweep(geometry).await;
    Outcome::Done
}

impl Session {
    /// `false`: another worker was first.
    async fn replace_geometry(&self, next: Geometry, cas: Option<u32>) -> bool {
        let cas = cas.or(super::edit::CREATE);
        let done = self.mailbox.set(geometry::KEY.to_owned(), next.encode(), cas).await.is_ok();
        if done {
            self.state.borrow_mut().adopt(Some(next));
        }
        done
    }

    /// What was used, by shard.
    fn take_touched(&self, shape: Shape) -> BTreeMap<u32, Vec<(Key, u64)>> {
        let mut shards = BTreeMap::<u32, Vec<(Key, u64)>>::new();
        self.state.borrow_mut().touched.retain(|key, at| {
            let shard = shape.shard(*key);
            if !shards.contains_key(&shard) && shards.len() >= FLUSH_SHARDS {
                return true;
            }
            shards.entry(shard).or_default().push((*key, *at));
            false
        });
        shards
    }

    async fn clear_next_shard(&self, shape: Shape) {
        let shard = {
            let mut state = self.state.borrow_mut();
            let Some(shard) = state.next_shard.checked_rem(shape.shards) else { return };
            state.next_shard = shard.wrapping_add(1);
            shard
        };
        for _ in 0..TRIES {
            let Some(mut opened) = self.open(Which::Number(shard)).await else { return };
            let mut counts = Default::default();
            let expired = opened.index.expire(self.now, &mut counts);
            if !expired && !opened.broken {
                return;
            }
            if self.put(opened, counts).await != Err(super::Refused::CasMismatch) {
                return;
            }
        }
    }

    /// Gives back the memory of keys that an earlier geometry used and this one does not.
    async fn sweep(&self, geometry: Geometry) {
        let shape = geometry.shape();
        let pages = geometry.high_pages.saturating_sub(shape.total());
        let all = pages.saturating_add(geometry.high_shards.saturating_sub(shape.shards));
        let (from, count) = {
            let mut state = self.state.borrow_mut();
            let from = if state.sweep < all { state.sweep } else { 0 };
            let count = if state.swept { SWEEP_LATER } else { SWEEP_FIRST }.min(all.saturating_sub(from));
            state.sweep = from.saturating_add(count);
            state.swept |= state.sweep >= all;
            (from, count)
        };
        for at in from..from.saturating_add(count) {
            let key = match at.checked_sub(pages) {
                None => geometry::page_key(shape.total().saturating_add(at)),
                Some(index) => geometry::index_key(shape.shards.saturating_add(index)),
            };
            // Found first: a key that was never set must not come into being by this.
            if let (Some(_), Some(cas)) = self.mailbox.get(key.clone()).await
                && self.mailbox.set(key, Vec::new(), Some(cas)).await.is_ok()
            {
                self.count(|counts| &mut counts.blanked);
            }
        }
    }
}
