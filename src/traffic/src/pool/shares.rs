//! The cell: which worker holds how many slots, and who waits for some.

use std::time::Duration;

use super::fair::{self, Claim};
use super::{Grant, Settings};

/// Workers that can hold slots of one subgraph. Further ones get none until one lapses or has given back all it had.
pub const MOST_WORKERS: usize = 128;

/// For how long a worker counts as waiting after it last said so, in ms. It's then dead, or too busy for its turn; slots that
/// are its by right would else be left alone until it lapses.
const WAITS_FOR: u64 = 200;

/// How soon a worker that still waits says so again, in ms.
const SAYS_AGAIN: u64 = 50;

const FORMAT: u8 = 1;
const ENTRY: usize = 30;

/// What a worker wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants {
    /// Its calls in flight.
    pub in_use: u32,
    /// Its calls that wait.
    pub waiting: u32,
    /// Most calls in flight since it last wrote.
    pub peak: u32,
}

/// Each worker's share: the value of the cell, at most 3,841 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shares {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    worker: u64,
    /// When it last wrote, in ms since the epoch.
    renewed: u64,
    /// Since when it waits, or holds its share; not after `renewed`.
    since: u64,
    share: u32,
    /// Slots in use when it wrote.
    in_use: u32,
    /// Calls that lacked a slot when it wrote.
    waiting: u16,
}

impl Entry {
    fn waits(&self, now: u64) -> bool {
        self.waiting > 0 && now.saturating_sub(self.renewed) < WAITS_FOR
    }

    fn claim(&self, now: u64) -> Claim {
        // Who holds less than it used, for it had lapsed, gets no slot for that before those who wait.
        let wants = match self.waits(now) {
            true => self.in_use.saturating_add(self.waiting.into()),
            false => self.in_use.min(self.share),
        };
        Claim { worker: self.worker, wants, share: self.share, since: self.since }
    }

    fn is_empty(&self) -> bool {
        self.share == 0 && self.in_use == 0 && self.waiting == 0
    }
}

impl Shares {
    /// Reads the cell. What can't be read, or is of another format, holds no shares: then those who hold some come
    /// back within a tick, and meanwhile more slots may be in use than there are.
    pub fn decode(value: &[u8]) -> Shares {
        let Some((&FORMAT, rest)) = value.split_first() else { return Shares::default() };
        let (entries, rest) = rest.as_chunks::<ENTRY>();
        if !rest.is_empty() || entries.len() > MOST_WORKERS {
            return Shares::default();
        }
        Shares { entries: entries.iter().filter_map(decode_entry).collect() }
    }

    /// Never empty, for the host takes an empty value for none.
    pub fn encode(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(self.entries.len().saturating_mul(ENTRY).saturating_add(1));
        value.push(FORMAT);
        for entry in &self.entries {
            let age = u32::try_from(entry.renewed.saturating_sub(entry.since)).unwrap_or(u32::MAX);
            value.extend_from_slice(&entry.worker.to_le_bytes());
            value.extend_from_slice(&entry.renewed.to_le_bytes());
            value.extend_from_slice(&age.to_le_bytes());
            value.extend_from_slice(&entry.share.to_le_bytes());
            value.extend_from_slice(&entry.in_use.to_le_bytes());
            value.extend_from_slice(&entry.waiting.to_le_bytes());
        }
        value
    }

    /// Each worker's number and share.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u32)> {
        self.entries.iter().map(|entry| (entry.worker, entry.share))
    }

    /// Settles what `worker` holds from now on; whether that is to be written.
    ///
    /// It gets more only of what nobody holds, and keeps what it uses. So whatever any worker believes, and whatever
    /// `max_connections` another one goes by, no sum of shares grows beyond the largest of these.
    pub(super) fn exchange(
        &mut self,
        now: Duration,
        worker: u64,
        settings: &Settings,
        wants: Wants,
    ) -> (Grant, bool) {
        let lapse = millis(settings.lapse);
        let now = millis(now);
        self.drop_lapsed(now, lapse);
        let at = self.entries.iter().position(|entry| entry.worker == worker);
        let before = at.and_then(|at| self.entries.get(at)).copied();
        if before.is_none() && self.entries.len() >= MOST_WORKERS {
            let short = wants.waiting > 0;
            return (Grant { short, others_use: self.used_beside(worker), others: self.beside(worker), ..Grant::default() }, false);
        }
        let due =
            before.is_some_and(|entry| now.abs_diff(entry.renewed) >= lapse.checked_div(3).unwrap_or(0));
        let mut entry =
            before.unwrap_or(Entry { worker, renewed: now, since: now, share: 0, in_use: 0, waiting: 0 });
        let (usable, others_wait) = self.settle(now, settings.max_connections, &mut entry, wants, due);

        let demand = wants.in_use.saturating_add(wants.waiting);
        entry.in_use = wants.in_use.max(demand.min(usable));
        entry.waiting = u16::try_from(demand.saturating_sub(entry.in_use)).unwrap_or(u16::MAX);
        let (old_share, said) = before.map_or((0, 0), |before| (before.share, before.waiting));
        // It goes to the end of those who wait: it got something, gave something back, or begins to wait with nothing. Who holds
        // some doesn't by waiting anew: its turn would never be over.
        let begins = entry.share == 0 && !before.is_some_and(|before| before.waits(now));
        if entry.share > old_share || (entry.waiting > 0 && (entry.share < old_share || begins)) {
            entry.since = now;
        }
        let says_again = entry.waiting > 0 && now.abs_diff(entry.renewed) >= SAYS_AGAIN;
        let changed = due
            || says_again
            || entry.share != old_share
            || (entry.waiting > 0) != (said > 0)
            || before.is_none() != entry.is_empty();
        if changed {
            entry.renewed = now;
            self.put(at, entry);
        }
        let grant = Grant {
            share: entry.share,
            usable,
            renewed: Duration::from_millis(entry.renewed),
            short: entry.waiting > 0,
            entered: !entry.is_empty(),
            others_wait,
            others_use: self.used_beside(worker),
            others: self.beside(worker),
        };
        (grant, changed)
    }

    /// Gives a worker its share; how much of it it may use, and whether others wait for some.
    fn settle(&self, now: u64, most: u32, entry: &mut Entry, wants: Wants, due: bool) -> (u32, bool) {
        let others = self.entries.iter().filter(|other| other.worker != entry.worker);
        let held: u64 = others.clone().map(|other| u64::from(other.share)).sum();
        let free = u64::from(most).saturating_sub(held).saturating_sub(u64::from(entry.share));
        let over = held.saturating_add(u64::from(entry.share)) > u64::from(most);
        let others_wait = others.clone().any(|other| other.waits(now));
        let scarce = others_wait || over;

        let demand = wants.in_use.saturating_add(wants.waiting);
        // What was in use a moment ago will be again; but not while others wait for it.
        let wanted = if scarce { demand } else { demand.max(wants.peak) };
        let others: Vec<Claim> = others.map(|other| other.claim(now)).collect();
        let target = fair::target(most, Claim { wants: wanted, ..entry.claim(now) }, &others, now);

        let more = target.saturating_sub(entry.share).min(u32::try_from(free).unwrap_or(u32::MAX));
        // Much more than it wants is given back, but not what the next calls may want again: that would make edits for nothing.
        let much = target.saturating_add(most.div_ceil(8)).saturating_add(1);
        if demand > entry.share {
            entry.share = entry.share.saturating_add(more);
        }
        if scarce || (due && (wanted == 0 || entry.share > much)) {
            // What is in use beyond the target is given back as calls end.
            entry.share = entry.share.min(target.max(wants.in_use));
        }
        (if scarce { entry.share.min(target) } else { entry.share }, others_wait)
    }

    fn put(&mut self, at: Option<usize>, entry: Entry) {
        match at.and_then(|at| self.entries.get_mut(at)) {
            Some(place) => *place = entry,
            None => self.entries.push(entry),
        }
        self.entries.retain(|entry| !entry.is_empty());
    }

    fn drop_lapsed(&mut self, now: u64, lapse: u64) {
        self.entries.retain(|entry| now.saturating_sub(entry.renewed) < lapse);
        // A clock that was set back: such a share would else outlast its worker by as much.
        for entry in &mut self.entries {
            if entry.renewed.saturating_sub(now) > lapse {
                entry.renewed = now;
            }
            entry.since = entry.since.min(entry.renewed);
        }
    }

    fn beside(&self, worker: u64) -> u32 {
        u32::try_from(self.iter().filter(|(other, _)| *other != worker).count()).unwrap_or(u32::MAX)
    }

    fn used_beside(&self, worker: u64) -> u32 {
        let others = self.entries.iter().filter(|entry| entry.worker != worker);
        others.fold(0, |sum, entry| sum.saturating_add(entry.in_use))
    }
}

fn decode_entry(value: &[u8; ENTRY]) -> Option<Entry> {
    let (worker, rest) = value.split_first_chunk::<8>()?;
    let (renewed, rest) = rest.split_first_chunk::<8>()?;
    let (age, rest) = rest.split_first_chunk::<4>()?;
    let (share, rest) = rest.split_first_chunk::<4>()?;
    let (in_use, rest) = rest.split_first_chunk::<4>()?;
    let waiting = rest.first_chunk::<2>()?;
    let renewed = u64::from_le_bytes(*renewed);
    Some(Entry {
        worker: u64::from_le_bytes(*worker),
        renewed,
        since: renewed.saturating_sub(u64::from(u32::from_le_bytes(*age))),
        share: u32::from_le_bytes(*share),
        in_use: u32::from_le_bytes(*in_use),
        waiting: u16::from_le_bytes(*waiting),
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
