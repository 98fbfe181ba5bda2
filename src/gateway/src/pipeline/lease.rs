//! The lease: one worker at a time does what must happen once (DESIGN §4, invariant 8).
//!
//! It is a value in shared data that its holder prolongs; when the holder dies, it lapses, and whoever looks next takes it.
//! A worker holds it only once it has read its own name there: the host can't set a missing key under a
//! condition (HOST §1), so two may write, and one stays.

use std::time::Duration;

use super::Gateway;
use super::cells::Cell;
use crate::event::Timestamp;

/// How old it is when its holder prolongs it.
const PROLONG_AT: Duration = Duration::from_millis(1500);

/// How long the lease lasts unless it is prolonged: some ticks, so that a busy worker doesn't lose it.
const LASTS: Duration = Duration::from_secs(3);

const FORMAT: u8 = 1;

/// The lease as a worker last saw it.
#[derive(Debug, Default)]
pub(super) struct Lease {
    held_until: Timestamp,
    /// The value's number, and since when it is this one by this worker's own clock: clocks of workers differ, so no
    /// time that another has written decides.
    seen: Option<(Option<u32>, Timestamp)>,
    /// When this worker began.
    began: Timestamp,
}

impl Lease {
    /// Of a worker that begins now.
    pub(super) fn new(began: Timestamp) -> Lease {
        Lease { began, ..Lease::default() }
    }

    /// Whether this worker holds it.
    pub(super) fn is_held(&self, now: Timestamp) -> bool {
        self.held_until > now
    }
}

impl Gateway {
    /// What stands in the shared data.
    pub(super) fn lease_read(&mut self, now: Timestamp, value: Option<&[u8]>, cas: Option<u32>) {
        let since = match self.lease.seen {
            Some((seen, since)) if seen == cas => since,
            _ => now,
        };
        self.lease.seen = Some((cas, since));
        let still = now.since(since);
        match value.and_then(decode) {
            Some(held) if held.holder == self.worker => {
                self.lease.held_until = since.after(LASTS);
                if still < PROLONG_AT {
                    return;
                }
            }
            // Another's, prolonged not long ago. That of an older configuration ends when a newer one begins.
            Some(held)
                if still < LASTS
                    && (held.configuration == self.configuration
                        || held.began >= millis(self.lease.began)) =>
            {
                self.lease.held_until = Timestamp::default();
                return;
            }
            _ => self.lease.held_until = Timestamp::default(),
        }
        let held =
            Held { holder: self.worker, configuration: self.configuration, began: millis(self.lease.began) };
        self.write_cell(Cell::WroteLease, encode(held), cas);
    }
}

/// What the value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    holder: u64,
    configuration: u64,
    /// When the holder began, in milliseconds since the Unix epoch.
    began: u64,
}

fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.0.as_millis()).unwrap_or(u64::MAX)
}

fn encode(held: Held) -> Vec<u8> {
    let mut value = vec![FORMAT];
    for number in [held.holder, held.configuration, held.began] {
        value.extend_from_slice(&number.to_le_bytes());
    }
    value
}

fn decode(value: &[u8]) -> Option<Held> {
    let (&[format], rest) = value.split_first_chunk::<1>()?;
    let (holder, rest) = rest.split_first_chunk::<8>()?;
    let (configuration, rest) = rest.split_first_chunk::<8>()?;
    let began = rest.first_chunk::<8>()?;
    (format == FORMAT).then(|| Held {
        holder: u64::from_le_bytes(*holder),
        configuration: u64::from_le_bytes(*configuration),
        began: u64::from_le_bytes(*began),
    })
}
