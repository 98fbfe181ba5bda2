//! L3: plans in an HTTP object store that outlives the process and is shared by a fleet.
//!
//! Decides what to call and what an answer means; whoever holds the store makes the calls, each with
//! `StoreSettings::timeout`. The store is never in the way: it is asked at most once for a missing plan, written to behind
//! the reply, and left alone while its breaker is open. What it returns is proved like any other entry.

use std::time::Duration;

use crate::{Corrupt, Found, Key, Unfit, Wanted, entry};
use breaker::{Breaker, Pass};

mod breaker;
mod counts;

pub use counts::StoreCounts;

/// How the store is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// What paths begin with, such as `/plans`; without a slash at its end.
    pub prefix: String,
    /// How old a plan may be; the store itself has to delete what is older.
    pub ttl: Option<Duration>,
    /// Bytes of an object at most, read or written.
    pub max_object: usize,
    /// Objects that are being written at a time; others are not written.
    pub max_puts: usize,
    /// How long a call takes at most.
    pub timeout: Duration,
    /// Failures in a row that open the breaker; at least one.
    pub failures: u32,
    /// How long it is open the first time. Each time that it opens again without a success between, twice as long.
    pub backoff: Duration,
    /// How long it is open at most.
    pub max_backoff: Duration,
}

/// A call to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreCall {
    /// `GET` or `PUT`.
    pub method: &'static str,
    /// `<prefix>/<format>/<first two digits>/<key>`.
    pub path: String,
    /// Empty for a `GET`.
    pub body: Vec<u8>,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAnswer {
    /// It was answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// All of the body.
        body: Vec<u8>,
    },
    /// It was not, or not in time, or it could not be made.
    Failed,
}

/// A `GET` under way. If no answer ever comes, it may be dropped.
#[derive(Debug)]
pub struct Get {
    wanted: Wanted,
    pass: Pass,
}

/// A `PUT` under way.
#[derive(Debug)]
pub struct Put {
    number: u64,
    pass: Pass,
}

/// Why there is no call to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// The store failed too often lately.
    Open,
    /// Too many objects are being written.
    Busy,
    /// The object is too large.
    TooLarge,
}

/// What the answer to a `GET` means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The plan that was wanted.
    Hit(Found),
    /// There is none that could be used.
    Miss,
    /// The store did not say.
    Failed,
}

/// A worker's view of the store.
#[derive(Debug)]
pub struct Store {
    settings: StoreSettings,
    breaker: Breaker,
    /// Number and time limit of each object that is being written.
    puts: Vec<(u64, Duration)>,
    next_put: u64,
    counts: StoreCounts,
}

impl Store {
    /// `seed`: any number, another one for each worker, so that they don't all try a store again at the same moment.
    pub fn new(settings: StoreSettings, seed: u64) -> Self {
        Store {
            breaker: Breaker::new(seed),
            settings,
            puts: Vec::new(),
            next_put: 0,
            counts: StoreCounts::default(),
        }
    }

    /// Other settings from now on.
    pub fn set_settings(&mut self, settings: StoreSettings) {
        self.settings = settings;
    }

    /// The settings in force.
    pub fn settings(&self) -> &StoreSettings {
        &self.settings
    }

    /// The call that looks for a plan. Its answer goes to `got`.
    ///
    /// # Errors
    /// `Skipped::Open`: as good as a miss.
    pub fn get(&mut self, now: Duration, wanted: Wanted) -> Result<(Get, StoreCall), Skipped> {
        let Some(pass) = self.breaker.pass(now, &self.settings) else {
            return Err(self.skip(Skipped::Open));
        };
        let call = StoreCall { method: "GET", path: self.path(wanted.key), body: Vec::new() };
        Ok((Get { wanted, pass }, call))
    }

    /// What the answer to a `get` means.
    pub fn got(&mut self, now: Duration, get: Get, answer: StoreAnswer) -> Fetched {
        let Get { wanted, pass } = get;
        let (fetched, worked) = match answer {
            StoreAnswer::Answered { status: 200, body } => (self.judge(now, &wanted, body), true),
            StoreAnswer::Answered { status: 404 | 410, .. } => (Fetched::Miss, true),
            StoreAnswer::Answered { .. } | StoreAnswer::Failed => (Fetched::Failed, false),
        };
        self.tell(now, pass, worked);
        let count = match fetched {
            Fetched::Hit(_) => &mut self.counts.hits,
            Fetched::Miss => &mut self.counts.misses,
            Fetched::Failed => &mut self.counts.failures,
        };
        *count = count.saturating_add(1);
        fetched
    }

    /// The call that keeps an encoded `Entry`. Its answer goes to `put_done`.
    ///
    /// # Errors
    /// Why the plan is not kept.
    pub fn put(&mut self, now: Duration, key: Key, entry: Vec<u8>) -> Result<(Put, StoreCall), Skipped> {
        if entry.len() > self.settings.max_object {
            return Err(self.skip(Skipped::TooLarge));
        }
        // An answer that never came doesn't hold its place for ever.
        self.puts.retain(|(_, until)| *until > now);
        if self.puts.len() >= self.settings.max_puts {
            return Err(self.skip(Skipped::Busy));
        }
        let Some(pass) = self.breaker.pass(now, &self.settings) else {
            return Err(self.skip(Skipped::Open));
        };
        let number = self.next_put;
        self.next_put = number.wrapping_add(1);
        self.puts.push((number, now.saturating_add(self.settings.timeout.saturating_mul(2))));
        Ok((Put { number, pass }, StoreCall { method: "PUT", path: self.path(key), body: entry }))
    }

    /// Whether the object is kept.
    pub fn put_done(&mut self, now: Duration, put: Put, answer: &StoreAnswer) -> bool {
        self.puts.retain(|(number, _)| *number != put.number);
        let kept = matches!(answer, StoreAnswer::Answered { status: 200..=299, .. });
        self.tell(now, put.pass, kept);
        let count = if kept { &mut self.counts.puts } else { &mut self.counts.failures };
        *count = count.saturating_add(1);
        kept
    }

    /// Whether the store is left alone at the moment.
    pub fn is_open(&self, now: Duration) -> bool {
        self.breaker.is_open(now)
    }

    /// What happened since the last call.
    pub fn take_counts(&mut self) -> StoreCounts {
        std::mem::take(&mut self.counts)
    }

    fn path(&self, key: Key) -> String {
        let first = key.0 >> 120;
        format!("{}/{}/{first:02x}/{key}", self.settings.prefix, entry::FORMAT)
    }

    fn judge(&mut self, now: Duration, wanted: &Wanted, body: Vec<u8>) -> Fetched {
        let oversized = body.len() > self.settings.max_object;
        let opened = if oversized { Err(Unfit::Corrupt(Corrupt::Damaged)) } else { wanted.open(body) };
        let count = match opened {
            Ok(found) => {
                let age = now.saturating_sub(found.created);
                if self.settings.ttl.is_none_or(|ttl| age < ttl) {
                    return Fetched::Hit(found);
                }
                &mut self.counts.expired
            }
            Err(Unfit::Corrupt(Corrupt::Damaged)) => &mut self.counts.corrupt,
            Err(Unfit::Foreign | Unfit::Corrupt(Corrupt::Older(_) | Corrupt::Newer(_))) => {
                &mut self.counts.foreign
            }
        };
        *count = count.saturating_add(1);
        Fetched::Miss
    }

    fn tell(&mut self, now: Duration, pass: Pass, worked: bool) {
        if self.breaker.tell(now, pass, worked, &self.settings) {
            self.counts.opened = self.counts.opened.saturating_add(1);
        }
    }

    fn skip(&mut self, why: Skipped) -> Skipped {
        let count = match why {
            Skipped::Open => &mut self.counts.skipped_open,
            Skipped::Busy => &mut self.counts.skipped_busy,
            Skipped::TooLarge => &mut self.counts.skipped_too_large,
        };
        *count = count.saturating_add(1);
        why
    }
}

#[cfg(test)]
mod tests;
