//! The lease: one worker at a time does what must happen once (DESIGN §4, invariant 8).
//!
//! It is a value in shared data that its holder prolongs; when the holder dies, it lapses, and whoever looks next takes it.
//! A worker holds it only once it has read its own name there: the host can't set a missing key under a
//! condition (HOST §1), so two may write, and one stays.

use std::time::Duration;

use super::Gateway;
use super::cells::Cell;
use crate::event::Timestamp;

/// How long is left when its holder prolongs it.
const PROLONG_AT: Duration = Duration::from_millis(1500);

/// How long the lease lasts unless it is prolonged: some ticks, so that a busy worker doesn't lose it.
const LASTS: Duration = Duration::from_secs(3);

const FORMAT: u8 = 1;

/// The lease as a worker last saw it.
#[derive(Debug, Default)]
pub(super) struct Lease {
    held_until: Timestamp,
}

impl Lease {
    /// Whether this worker holds it.
    pub(super) fn is_held(&self, now: Timestamp) -> bool {
        self.held_until > now
    }
}

impl Gateway {
    /// What stands in the shared data.
    pub(super) fn lease_read(&mut self, now: Timestamp, value: Option<&[u8]>, cas: Option<u32>) {
        let (holder, until) = value.and_then(decode).unwrap_or_default();
        // A time that no holder can have written is none.
        let lapsed = until <= now || until > now.after(LASTS.saturating_mul(2));
        if holder == self.worker && !lapsed {
            self.lease.held_until = until;
            if until.since(now) > PROLONG_AT {
                return;
            }
        } else {
            self.lease.held_until = Timestamp::default();
            if !lapsed {
                return;
            }
        }
        self.write_cell(Cell::WroteLease, encode(self.worker, now.after(LASTS)), cas);
    }
}

fn encode(holder: u64, until: Timestamp) -> Vec<u8> {
    let mut value = vec![FORMAT];
    value.extend_from_slice(&holder.to_le_bytes());
    value.extend_from_slice(&u64::try_from(until.0.as_millis()).unwrap_or(u64::MAX).to_le_bytes());
    value
}

fn decode(value: &[u8]) -> Option<(u64, Timestamp)> {
    let (&[format], rest) = value.split_first_chunk::<1>()?;
    let (holder, rest) = rest.split_first_chunk::<8>()?;
    let until = rest.first_chunk::<8>()?;
    (format == FORMAT).then(|| {
        let until = Duration::from_millis(u64::from_le_bytes(*until));
        (u64::from_le_bytes(*holder), Timestamp(until))
    })
}
