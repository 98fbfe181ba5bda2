//! The lease: one worker at a time does what must happen once (DESIGN §4, invariant 8).
//!
//! It is a value in shared data that its holder prolongs; when the holder dies, it lapses, and whoever looks next takes it.
//! A worker holds it only once it has read its own name there: the host can't set a missing key under a
//! condition (HOST §1), so two may write, and one stays.
//!
//! # How many hold it
//!
//! One, if each looks at least once a tick. A holder counts from when it first read the value, another from when *it* did: a
//! holder that was slow to read what it wrote may think for as long as it was slow that it holds what another has
//! taken. So what happens under the lease must bear to happen twice now and then.

use std::time::Duration;

/// How old it is when its holder prolongs it.
pub const PROLONG_AT: Duration = Duration::from_millis(1500);

/// How long the lease lasts unless it is prolonged: some ticks, so that a busy worker doesn't lose it.
pub const LASTS: Duration = Duration::from_secs(3);

const FORMAT: u8 = 1;

/// The lease as a worker last saw it.
#[derive(Debug, Clone, Default)]
pub struct Lease {
    held_until: Duration,
    /// The value's number, and since when it is this one by this worker's own clock: clocks of workers differ, so no
    /// time that another has written decides.
    seen: Option<(Option<u32>, Duration)>,
    /// When this worker began.
    began: Duration,
}

impl Lease {
    /// Of a worker that begins now.
    pub fn new(began: Duration) -> Lease {
        Lease { began, ..Lease::default() }
    }

    /// Whether this worker holds it.
    pub fn is_held(&self, now: Duration) -> bool {
        self.held_until > now
    }

    /// What stands in the shared data was read: `value`, of the number `cas`. What this worker, of the name `worker` and the
    /// configuration `configuration`, is to write there instead, if the number is still the same.
    pub fn read(
        &mut self,
        now: Duration,
        worker: u64,
        configuration: u64,
        value: Option<&[u8]>,
        cas: Option<u32>,
    ) -> Option<Vec<u8>> {
        let since = match self.seen {
            Some((seen, since)) if seen == cas => since,
            _ => now,
        };
        self.seen = Some((cas, since));
        let still = now.saturating_sub(since);
        self.held_until = Duration::ZERO;
        match value.and_then(decode) {
            Some(held) if held.holder == worker => {
                self.held_until = since.saturating_add(LASTS);
                if still < PROLONG_AT {
                    return None;
                }
            }
            // Another's, prolonged not long ago. That of an older configuration ends when a newer one begins.
            Some(held)
                if still < LASTS
                    && (held.configuration == configuration || held.began >= millis(self.began)) =>
            {
                return None;
            }
            _ => {}
        }
        Some(encode(Held { holder: worker, configuration, began: millis(self.began) }))
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

fn millis(at: Duration) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
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
