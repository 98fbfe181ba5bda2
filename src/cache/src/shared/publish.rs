//! Stores a plan: a place in the index, the pages, then the index says that it is there.

use std::time::Duration;

use super::edit::{Edit, Which};
use super::geometry::{self, Geometry};
use super::index::room::Claimant;
use super::{NotStored, Outcome, Session, page};
use crate::Key;

/// See `Shared::store`.
pub(super) async fn store(session: Session, key: Key, entry: Vec<u8>, cost: Duration) -> Outcome {
    match attempt(&session, key, &entry, cost).await {
        Ok(()) => {
            session.count(|counts| &mut counts.stored);
            Outcome::Stored
        }
        Err(why) => {
            session.count(|counts| &mut counts.not_stored);
            Outcome::NotStored(why)
        }
    }
}

/// See `Shared::release`.
pub(super) async fn release(session: Session, key: Key) -> Outcome {
    let worker = session.state.borrow().worker;
    let change = |index: &mut super::index::Index, _, _, _: &mut _| match index.release(key, worker) {
        true => Edit::Write(()),
        false => Edit::Keep(()),
    };
    // If it can't be ended, it lapses.
    let _ended = session.edit(Which::Of(key), change).await;
    Outcome::Done
}

async fn attempt(session: &Session, key: Key, entry: &[u8], cost: Duration) -> Result<(), NotStored> {
    let (worker, tag, batch) = {
        let mut state = session.state.borrow_mut();
        (state.worker, state.tag(), state.settings.batch)
    };
    let cost = u32::try_from(cost.as_micros()).unwrap_or(u32::MAX);
    let new = Claimant { key, tag, worker, size: entry.len(), cost };
    let (pages, shape) = session
        .edit(Which::Of(key), |index, shape, now, counts| {
            match index.reserve(&new, shape, batch, now, counts) {
                Ok(pages) => Edit::Write(Ok((pages, shape))),
                Err(why) => Edit::Keep(Err(why)),
            }
        })
        .await??;
    let shard = shape.shard(key);
    let pages: Vec<u32> = pages.into_iter().map(|page| shape.page(shard, page)).collect();
    let mut written = Ok(());
    for (part, page) in (0u16..).zip(&pages) {
        // No compare-and-swap: the index gave us the page. Should it have given it to another since, its tag tells.
        let value = page::write(tag, part, entry);
        if session.mailbox.set(geometry::page_key(*page), value, None).await.is_err() {
            written = Err(NotStored::Refused);
            break;
        }
    }
    let published = match written {
        Ok(()) => session
            .edit(Which::Of(key), |index, _, _, _| match index.publish(key, tag) {
                true => Edit::Write(Ok(())),
                false => Edit::Keep(Err(NotStored::Lost)),
            })
            .await
            .flatten(),
        Err(why) => {
            let change = |index: &mut super::index::Index, _, _, _: &mut _| match index.forget(key, tag) {
                true => Edit::Write(()),
                false => Edit::Keep(()),
            };
            let _forgotten = session.edit(Which::Of(key), change).await;
            Err(why)
        }
    };
    // If the size was changed before this point, whoever changed it may have blanked what we wrote before we wrote it;
    // if it is changed after it, they find what we wrote.
    let total = session.reload().await.as_ref().map_or(0, |geometry: &Geometry| geometry.shape().total());
    let outside = pages.iter().filter(|page| **page >= total);
    let mut lost = false;
    for page in outside {
        lost = true;
        let _refused = session.mailbox.set(geometry::page_key(*page), Vec::new(), None).await;
    }
    if lost { published.and(Err(NotStored::Lost)) } else { published }
}
