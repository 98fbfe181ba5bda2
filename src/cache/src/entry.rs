//! A plan as it is kept outside a worker's memory: opaque bytes in an envelope that says whose they are.

use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Key;
use crate::sealed::{self, Corrupt, Magic};

const MAGIC: Magic = *b"WPLN";

/// Changes with the envelope's layout. What is in the payload is the writer's to version: its version belongs to
/// the environment.
pub(crate) const FORMAT: u16 = 1;

/// A stored plan and all that proves it to be the one that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<'a> {
    /// Hash of the supergraph, the planner's version, the format of the payload and the active override labels.
    pub environment: u128,
    /// The name under which it is kept.
    pub key: Key,
    /// When the plan was made, since the Unix epoch.
    pub created: Duration,
    /// What making it took.
    pub planning: Duration,
    /// The normalised operation.
    #[serde(borrow)]
    pub text: &'a str,
    /// The combination of condition values it was planned for.
    #[serde(borrow)]
    pub variant: &'a str,
    /// The plan. Follows the rest as it is, without a length: it ends where the entry ends.
    #[serde(skip)]
    pub payload: &'a [u8],
}

impl<'a> Entry<'a> {
    /// The entry as bytes: those of the three texts and some 80 more.
    pub fn encode(&self) -> Vec<u8> {
        sealed::seal(MAGIC, FORMAT, self, self.payload)
    }

    /// Reads what `encode` wrote, without a copy. Any bytes at all may be given.
    ///
    /// # Errors
    /// `Corrupt`, if the bytes are not a whole entry in this version's format.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Corrupt> {
        let body = sealed::unseal(MAGIC, FORMAT, bytes)?;
        let (entry, payload) = postcard::take_from_bytes::<Entry<'a>>(body).map_err(|_| Corrupt::Damaged)?;
        Ok(Entry { payload, ..entry })
    }
}

/// What a plan is looked up with. The key finds, the rest proves: keys are hashes of what clients choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The name under which the plan would be kept.
    pub key: Key,
    /// The environment it must have been made in.
    pub environment: u128,
    /// The normalised operation.
    pub text: Rc<str>,
    /// The combination of condition values.
    pub variant: Rc<str>,
}

impl Wanted {
    /// The entry in `bytes`, if it is the one that is wanted.
    ///
    /// # Errors
    /// `Unfit` says whether the bytes are damaged or belong to something else.
    pub fn open(&self, bytes: Vec<u8>) -> Result<Found, Unfit> {
        let entry = Entry::decode(&bytes)?;
        let ours = entry.key == self.key
            && entry.environment == self.environment
            && entry.text == &*self.text
            && entry.variant == &*self.variant;
        if !ours {
            return Err(Unfit::Foreign);
        }
        let (created, planning) = (entry.created, entry.planning);
        let payload = bytes.len().saturating_sub(entry.payload.len())..bytes.len();
        Ok(Found { bytes, payload, created, planning })
    }
}

/// An entry that was looked for, found, and proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    bytes: Vec<u8>,
    payload: Range<usize>,
    /// When the plan was made, since the Unix epoch, by the clock of whoever made it.
    pub created: Duration,
    /// What making it took.
    pub planning: Duration,
}

impl Found {
    /// The plan.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(self.payload.clone()).unwrap_or_default()
    }

    /// The whole entry, to be written into another layer.
    pub fn into_entry(self) -> Vec<u8> {
        self.bytes
    }
}

/// Why an entry is not the one that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Not an entry of this version at all.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// A whole entry, of another key, operation or environment.
    #[error("of another operation or supergraph")]
    Foreign,
}

#[cfg(test)]
mod tests;
