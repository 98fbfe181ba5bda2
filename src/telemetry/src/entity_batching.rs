//! What a window of recorded lookups says: which limits of batches would serve them best, by replaying them.
//!
//! The spec's "DataLoader Tuning Strategies". A gain is computed from the arrivals, never assumed.

mod diagnosis;
mod pattern;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

pub use diagnosis::{Cause, Observed, diagnose};
pub use pattern::{Pattern, pattern};

/// One lookup of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When, since the epoch.
    pub at: Duration,
    /// Distinct keys.
    pub keys: usize,
    /// Of what it may share a call with.
    pub group: u64,
}

/// The latest arrivals, a bounded number of them.
#[derive(Debug, Clone)]
pub struct Arrivals {
    ring: VecDeque<Arrival>,
    most: usize,
}

impl Arrivals {
    /// Keeps the latest `most` (24 to 32 bytes each), at least 1.
    pub fn new(most: usize) -> Arrivals {
        Arrivals { ring: VecDeque::new(), most: most.max(1) }
    }

    /// Records one; the oldest goes if there is no room.
    pub fn record(&mut self, arrival: Arrival) {
        if self.ring.len() >= self.most {
            self.ring.pop_front();
        }
        self.ring.push_back(arrival);
    }

    /// Oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Arrival> + '_ {
        self.ring.iter().copied()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }
}

/// Limits to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Keys in a batch, at least 1.
    pub max_batch_size: usize,
    /// How long a batch waits.
    pub batch_window: Duration,
}

/// What a candidate would have done.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Replayed {
    /// Calls.
    pub calls: u64,
    /// Keys in them.
    pub keys: u64,
    /// Average wait of a lookup until the last of its keys was sent, in milliseconds.
    pub wait_ms: f64,
}

/// Sends the recorded arrivals once more, with a candidate's limits: batches close on size or at their window's end.
pub fn replay(arrivals: &Arrivals, candidate: Candidate) -> Replayed {
    let most = candidate.max_batch_size.max(1);
    let mut open: BTreeMap<u64, Open> = BTreeMap::new();
    let mut done = Replayed::default();
    let mut lookups = 0_u64;
    let mut waited = 0.0;
    for Arrival { at, keys, group } in arrivals.iter() {
        let batch = open.entry(group).or_insert(Open { closes: at, keys: 0, joined: Vec::new() });
        if batch.keys > 0 && at > batch.closes {
            done.calls = done.calls.saturating_add(1);
            waited += batch.sent(batch.closes);
        }
        if batch.keys == 0 {
            batch.closes = at.saturating_add(candidate.batch_window);
        }
        lookups = lookups.saturating_add(1);
        done.keys = done.keys.saturating_add(u64::try_from(keys).unwrap_or(u64::MAX));
        batch.joined.push(at);
        batch.keys = batch.keys.saturating_add(keys);
        while batch.keys >= most {
            let rest = batch.keys.saturating_sub(most);
            done.calls = done.calls.saturating_add(1);
            if rest > 0 {
                // This lookup's last keys are still to go.
                batch.joined.pop();
            }
            waited += batch.sent(at);
            if rest > 0 {
                *batch =
                    Open { closes: at.saturating_add(candidate.batch_window), keys: rest, joined: vec![at] };
            }
        }
    }
    for batch in open.values_mut().filter(|batch| batch.keys > 0) {
        done.calls = done.calls.saturating_add(1);
        waited += batch.sent(batch.closes);
    }
    done.wait_ms = if lookups == 0 { 0.0 } else { waited / lookups as f64 };
    done
}

struct Open {
    closes: Duration,
    keys: usize,
    joined: Vec<Duration>,
}

impl Open {
    /// Empties it; the waits of its lookups together, in milliseconds.
    fn sent(&mut self, at: Duration) -> f64 {
        self.keys = 0;
        self.joined.drain(..).map(|joined| at.saturating_sub(joined).as_secs_f64() * 1e3).sum()
    }
}

/// What matters most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Short waits: fewer calls are worth at most a tenth of the latency.
    Latency,
    /// Few calls: waits are worth as long as the target of latency holds.
    Throughput,
}

/// Limits that would serve the recorded arrivals better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Which.
    pub candidate: Candidate,
    /// Percent fewer calls than with the present limits; negative if it is shorter waits that are gained.
    pub fewer_calls: f64,
    /// Milliseconds that a lookup would wait longer (negative: shorter) on average.
    pub longer_wait_ms: f64,
}

/// Fewer lookups say nothing.
pub const LEAST_ARRIVALS: usize = 200;

/// The best limits for a goal, found by replaying candidates; `None` if the present ones are, or too little was recorded.
/// `latency` is the subgraph's, `target` the longest that wait and call may take, `bursts` leaves room for twice the keys.
pub fn tune(
    arrivals: &Arrivals,
    present: Candidate,
    goal: Goal,
    bursts: bool,
    latency: Duration,
    target: Duration,
) -> Option<Tuning> {
    const WINDOWS_MS: [u64; 8] = [0, 1, 2, 3, 5, 8, 10, 20];
    const SIZES: [usize; 6] = [10, 25, 50, 100, 200, 400];
    if arrivals.len() < LEAST_ARRIVALS {
        return None;
    }
    let room = target.saturating_sub(latency).as_secs_f64() * 1e3;
    let most_wait = match goal {
        Goal::Latency => (latency.as_secs_f64() * 100.0).min(room),
        Goal::Throughput => room,
    };
    let now = replay(arrivals, present);
    let mut best: Option<(Candidate, Replayed)> = None;
    for window in WINDOWS_MS {
        for size in SIZES {
            let candidate = Candidate { max_batch_size: size, batch_window: Duration::from_millis(window) };
            let replayed = replay(arrivals, candidate);
            if replayed.wait_ms > most_wait && window > 0 {
                continue;
            }
            // Twentieth by twentieth: a longer wait or larger size must save at least 5% of the calls.
            if best.is_none_or(|(_, b)| (replayed.calls as f64) < b.calls as f64 * 0.95) {
                best = Some((candidate, replayed));
            }
        }
    }
    let (mut candidate, replayed) = best?;
    if bursts {
        candidate.max_batch_size = candidate.max_batch_size.saturating_mul(2);
    }
    let fewer_calls = 100.0 * (1.0 - replayed.calls as f64 / now.calls.max(1) as f64);
    let longer_wait_ms = replayed.wait_ms - now.wait_ms;
    let gains = fewer_calls >= 5.0 || (now.wait_ms > most_wait && longer_wait_ms < -0.1);
    gains.then_some(Tuning { candidate, fewer_calls, longer_wait_ms })
}

#[cfg(test)]
mod tests;
