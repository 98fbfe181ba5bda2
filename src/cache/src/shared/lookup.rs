//! Looks for a plan, and on a miss claims the making of it.

use std::time::Duration;

use super::edit::{Opened, TRIES, Which};
use super::geometry;
use super::index::Record;
use super::{Outcome, Refused, Session, SharedCounts, page};
use crate::sealed::Corrupt;
use crate::{Unfit, Wanted};

/// See `Shared::lookup`.
pub(super) async fn lookup(session: Session, wanted: Wanted, claim: bool) -> Outcome {
    let outcome = attempt(&session, &wanted, claim).await;
    session.count(|counts| match &outcome {
        Outcome::Hit(_) => &mut counts.hits,
        Outcome::Busy { .. } => &mut counts.busy,
        _ => &mut counts.misses,
    });
    if let Outcome::Hit(_) = &outcome {
        session.state.borrow_mut().touch(wanted.key, session.now.now);
    }
    outcome
}

async fn attempt(session: &Session, wanted: &Wanted, claim: bool) -> Outcome {
    let (key, now) = (wanted.key, session.now);
    let worker = session.state.borrow().worker;
    // The write whose pages were not what the index says, and what they were instead. It may have been evicted
    // while we read; only if the index still says so, it is broken.
    let mut broken: Option<(u64, SharedCounts)> = None;
    for _ in 0..TRIES {
        let Some(mut opened) = session.open(Which::Of(key)).await else {
            return Outcome::Miss { claimed: false };
        };
        let record = opened.index.find(key).filter(|record| record.writer.is_none());
        let mut found_broken = None;
        if let Some(record) = record.filter(|record| !now.life.over(record, now.now)) {
            match &broken {
                Some((tag, counts)) if *tag == record.tag => found_broken = Some((*tag, *counts)),
                _ => match read(session, &opened, record, wanted).await {
                    Ok(found) => return Outcome::Hit(found),
                    // A whole entry of another operation: two have one key. They take turns.
                    Err(Unfit::Foreign) => {
                        session.count(|counts| &mut counts.foreign);
                        return Outcome::Miss { claimed: false };
                    }
                    Err(Unfit::Corrupt(how)) => {
                        let mut counts = SharedCounts::default();
                        match how {
                            Corrupt::Damaged => counts.corrupt = 1,
                            Corrupt::Older(_) | Corrupt::Newer(_) => counts.foreign = 1,
                        }
                        broken = Some((record.tag, counts));
                        continue;
                    }
                },
            }
        }
        if let Some(holder) = opened.index.holder(key, now) {
            if holder.worker != worker {
                let until = holder.until.min(now.now.saturating_add(now.claim));
                return Outcome::Busy { until: Duration::from_millis(until) };
            }
            return Outcome::Miss { claimed: claim };
        }
        if !claim && found_broken.is_none() && !opened.broken {
            return Outcome::Miss { claimed: false };
        }
        let mut counts = SharedCounts::default();
        opened.index.expire(now, &mut counts);
        if let Some((tag, why)) = found_broken {
            opened.index.forget(key, tag);
            counts.add(why);
        }
        let claimed = claim && opened.index.claim(key, worker, now);
        match session.put(opened, counts).await {
            Ok(()) => {
                if claimed {
                    session.count(|counts| &mut counts.claims);
                }
                return Outcome::Miss { claimed };
            }
            Err(Refused::CasMismatch) => {}
            Err(Refused::Failed) => return Outcome::Miss { claimed: false },
        }
    }
    session.count(|counts| &mut counts.contended);
    Outcome::Miss { claimed: false }
}

/// Puts an entry together from its pages.
async fn read(
    session: &Session,
    opened: &Opened,
    record: &Record,
    wanted: &Wanted,
) -> Result<crate::Found, Unfit> {
    let size = record.size as usize;
    let mut entry = Vec::with_capacity(size.min(record.pages.len().saturating_mul(page::ROOM)));
    for (part, page) in (0u16..).zip(&record.pages) {
        let key = geometry::page_key(opened.shape.page(opened.shard, *page));
        let (value, _) = session.mailbox.get(key).await;
        let value = value.unwrap_or_default();
        entry.extend_from_slice(page::read(record.tag, part, &value).ok_or(Corrupt::Damaged)?);
    }
    if entry.len() != size {
        return Err(Corrupt::Damaged.into());
    }
    wanted.open(entry)
}
