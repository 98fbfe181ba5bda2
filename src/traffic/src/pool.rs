//! Slots that bound the calls in flight to one subgraph, over all workers.
//!
//! Workers have no common memory but small values that are changed under compare-and-swap, and a call must not wait for
//! one. So each worker holds a *share* of the slots, as clients of YouTube's Doorman lease
//! capacity: a call takes a slot of the share at hand, in some ns, and the *cell* that says who holds what is
//! touched only if the share is too small or much too large, and once a second to prove that its worker is alive.
//!
//! What holds, whatever the order in which workers come:
//!
//! - The shares of living workers sum up to `max_connections` at most (after it was lowered: as soon as calls have ended).
//! - A worker begins no call that would exceed its share, and gives no slot back that is in use.
//! - A worker whose share was not renewed for [`Settings::lapse`] has lost it, so slots of a dead one come back. It stops
//!   using it a sixth of that time earlier, more than clocks of workers differ. Calls that a dead worker, or one that was stuck
//!   for so long, still has in flight are no longer counted: for as long as they last, the subgraph may see more.
//! - While calls wait, slots go to the workers that want any in equal parts (max-min fairness), and where there are fewer slots
//!   than such workers, to each in turn. A worker with calls that wait and no slot looks again each [`LOOK`];
//!   one that holds slots notices at its next tick that others want them.
//!
//! How the gateway drives it: `acquire` for each call; one that gets no slot waits in a [`Queue`](crate::queue::Queue). When a
//! call was queued, after `release` (and after the queue was served as long as `acquire` succeeds), at each tick, and
//! at `poll_timeout`, `wants` says whether to look at the cell: get its value, `exchange`, set what comes out of that (with the
//! value's number, or [`CREATE`] if there was none), and `granted` if the set was accepted. If it was refused, all again
//! from the get. Whatever came of it, the queue is to be served then.

use std::time::Duration;

mod fair;
mod shares;

pub use shares::{MOST_WORKERS, Shares, Wants};

/// How soon a worker that lacks slots looks at the cell again: a lookup takes some µs, so this costs a thousandth of its time.
pub const LOOK: Duration = Duration::from_millis(4);

/// How soon a worker that holds slots looks whether others lack some: a little less than a tick, so that each tick does.
const LOOK_FOR_OTHERS: Duration = Duration::from_millis(200);

/// The number to set a value with if there was none. The host creates a missing key whatever the number (HOST §1), but
/// refuses one that is not the value's: so of two workers that found nothing, the second doesn't overwrite the first.
pub const CREATE: u32 = u32::MAX;

/// What bounds the calls. The same for all workers; while they learn of a change, the larger bound holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Calls in flight to the subgraph, over all workers.
    pub max_connections: u32,
    /// After how long a share that is not renewed is lost; it's renewed each third of it.
    pub lapse: Duration,
}

impl Default for Settings {
    /// 1024 is also Envoy's default for a cluster. 3 s outlast a garbage collection or a large supergraph that is taken, and
    /// nobody waits longer than that for the slots of a worker that died.
    fn default() -> Settings {
        Settings { max_connections: 1024, lapse: Duration::from_secs(3) }
    }
}

impl Settings {
    /// How old a share may be for its worker to use it.
    fn usable_for(&self) -> Duration {
        self.lapse.saturating_sub(self.lapse.checked_div(6).unwrap_or_default())
    }
}

/// One worker's slots.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pool {
    worker: u64,
    settings: Settings,
    in_use: u32,
    /// Most in use since the last edit.
    peak: u32,
    /// As the cell says.
    grant: Grant,
    /// Up to how many slots may be in use: the share or less, if others are to get some of it.
    usable: u32,
    /// When the cell was last looked at.
    looked: Option<Duration>,
}

/// An edit of the cell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Edit {
    /// What to set.
    pub value: Vec<u8>,
    /// What to tell the pool once it was set.
    pub grant: Grant,
}

/// What a worker may do according to the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Grant {
    share: u32,
    usable: u32,
    /// Since the epoch. In whole ms, just as others read it.
    renewed: Duration,
    /// Whether some of the worker's calls still lack a slot.
    short: bool,
    /// Whether the cell names the worker.
    entered: bool,
    others_wait: bool,
    others_use: u32,
    /// Other workers that the cell knows of.
    others: u32,
}

impl Pool {
    /// A pool without slots: the first call gets some. No two workers may have the same number, one after another neither.
    pub fn new(worker: u64, settings: Settings) -> Pool {
        Pool { worker, settings, in_use: 0, peak: 0, grant: Grant::default(), usable: 0, looked: None }
    }

    /// Takes other settings. With fewer slots, the calls in flight go on; no other begins before enough of them have ended.
    pub fn set_settings(&mut self, settings: Settings) {
        if settings != self.settings {
            self.settings = settings;
            self.usable = self.usable.min(settings.max_connections);
            self.grant.short = false;
            self.looked = None;
        }
    }

    /// Takes a slot for a call, if there is one at hand. To be called for each call: it neither allocates nor looks at the cell.
    pub fn acquire(&mut self, now: Duration) -> bool {
        if !self.has_slot(now) {
            return false;
        }
        self.in_use = self.in_use.saturating_add(1);
        self.peak = self.peak.max(self.in_use);
        true
    }

    /// A call has ended that had a slot.
    pub fn release(&mut self) {
        self.in_use = self.in_use.saturating_sub(1);
    }

    /// Whether to look at the cell now, `waiting` calls being in the queue.
    pub fn wants(&self, now: Duration, waiting: u32) -> bool {
        if !self.is_registered() && waiting == 0 {
            return false;
        }
        let Some(looked) = self.looked else { return true };
        // A clock that was set back must not stop it.
        let since = now.checked_sub(looked).unwrap_or(Duration::MAX);
        if waiting > 0 && !self.has_slot(now) && !self.grant.short {
            return true;
        }
        self.owes() || since >= LOOK_FOR_OTHERS || (since >= LOOK && self.looks_often(now, waiting))
    }

    /// Settles with the others what this worker may use; `cell` is the value as it was just read.
    ///
    /// `None`: there's nothing to write, and the pool has taken note of what it read. Else the edit is to be written and then
    /// [`granted`](Pool::granted); until then the pool uses neither more than before nor more than the edit says, so that
    /// calls may come and go meanwhile.
    pub fn exchange(&mut self, now: Duration, waiting: u32, cell: Option<&[u8]>) -> Option<Edit> {
        let mut shares = cell.map(Shares::decode).unwrap_or_default();
        let wants = Wants { in_use: self.in_use, waiting, peak: self.peak.max(self.in_use) };
        let (grant, changed) = shares.exchange(now, self.worker, &self.settings, wants);
        self.looked = Some(now);
        if changed {
            self.usable = self.usable.min(grant.usable);
            return Some(Edit { value: shares.encode(), grant });
        }
        self.take(grant);
        None
    }

    /// An edit was written.
    pub fn granted(&mut self, grant: Grant) {
        self.take(grant);
        self.peak = self.in_use;
    }

    /// Calls in flight of this worker.
    pub fn in_use(&self) -> u32 {
        self.in_use
    }

    /// Workers that have slots, or want some, and this one.
    pub fn workers(&self) -> u32 {
        self.grant.others.saturating_add(1)
    }

    /// Slots that this worker holds.
    pub fn share(&self) -> u32 {
        self.grant.share
    }

    /// How much of all slots is in use by all workers, in percent: this worker's now, the others' at most
    /// a second or so before this one last looked.
    pub fn utilisation(&self) -> u32 {
        let all = u64::from(self.in_use.saturating_add(self.grant.others_use));
        let percent = all.saturating_mul(100).checked_div(u64::from(self.settings.max_connections));
        percent.map_or(0, |percent| u32::try_from(percent).unwrap_or(u32::MAX))
    }

    /// Until when to ask [`wants`](Pool::wants) again, since the epoch. `None`: the tick is soon enough.
    pub fn poll_timeout(&self, now: Duration, waiting: u32) -> Option<Duration> {
        let soon = self.looks_often(now, waiting) || self.owes();
        let looked = self.looked.filter(|looked| *looked <= now);
        soon.then(|| looked.map_or(now, |looked| looked.saturating_add(LOOK)))
    }

    fn take(&mut self, grant: Grant) {
        self.grant = grant;
        self.usable = grant.usable.min(grant.share).min(self.settings.max_connections);
    }

    /// Whether the next `acquire` succeeds.
    fn has_slot(&self, now: Duration) -> bool {
        self.in_use < self.usable && now.abs_diff(self.grant.renewed) < self.settings.usable_for()
    }

    /// Whether the cell knows of this worker, or should.
    fn is_registered(&self) -> bool {
        self.grant.entered || self.grant.short || self.in_use > 0
    }

    /// Whether there are slots that others wait for and that this worker is no longer to use.
    fn owes(&self) -> bool {
        self.grant.others_wait && self.grant.share > self.in_use.max(self.usable)
    }

    /// Whether the cell is to be looked at each [`LOOK`].
    fn looks_often(&self, now: Duration, waiting: u32) -> bool {
        let demand = self.in_use.saturating_add(waiting);
        (waiting > 0 && !self.has_slot(now))
            // The cell says that calls wait; none does.
            || (waiting == 0 && self.grant.short)
            || (self.grant.others_wait && self.grant.share > demand)
    }
}

#[cfg(test)]
mod tests;
