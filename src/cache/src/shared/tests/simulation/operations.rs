//! What the workers look for and store: entries that can be told from each other to the last byte.

use std::time::Duration;

use super::super::NOW;
use crate::{Entry, Found, Key, Wanted};

/// Twelve operations with ten keys: the last two collide with the first two, one in the text, one in the environment.
pub(super) fn operation(number: usize) -> Wanted {
    let name = (number % 10) as u128;
    Wanted {
        // Spread over the shards by the highest bits.
        key: Key(((name * 0x1999_9999) << 96) | name),
        environment: if number == 11 { 2 } else { 1 },
        text: if number == 10 { "{ other }".into() } else { format!("{{ f{name} }}").into() },
        variant: "".into(),
    }
}

/// An entry whose every byte says whose it is.
pub(super) fn make(wanted: &Wanted, version: u8, size: usize) -> Vec<u8> {
    let payload = vec![version; size];
    Entry {
        environment: wanted.environment,
        key: wanted.key,
        created: NOW,
        planning: Duration::from_secs(version.into()),
        text: &wanted.text,
        variant: &wanted.variant,
        payload: &payload,
    }
    .encode()
}

/// Whether it is an entry that was made for this, and made in one piece.
pub(super) fn right(wanted: &Wanted, found: &Found) -> bool {
    let version = found.planning.as_secs() as u8;
    let whole = make(wanted, version, found.payload().len());
    found.clone().into_entry() == whole && found.payload().iter().all(|byte| *byte == version)
}
