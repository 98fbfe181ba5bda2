//! One worker of the model: its copy, its calls, its clock, and one edit at a time in two host calls.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use super::super::*;
use crate::simulated::Cell;

#[derive(Debug, Clone, Hash, Default)]
pub(super) struct Worker {
    pub(super) copy: Breaker,
    pub(super) tally: Tally,
    /// What the tally is made of.
    pub(super) outcomes: Vec<bool>,
    pub(super) calls: Vec<Call>,
    pub(super) edit: Option<Edit>,
    /// How far its clock is ahead, in milliseconds.
    pub(super) ahead: u64,
}

#[derive(Debug, Clone, Copy, Hash)]
pub(super) struct Call {
    pub(super) epoch: u32,
    pub(super) probe: Option<u64>,
}

#[derive(Debug, Clone, Hash)]
pub(super) struct Edit {
    pub(super) what: What,
    pub(super) read: Option<Read>,
}

#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) breaker: Breaker,
    pub(super) cas: Option<u32>,
}

impl Hash for Read {
    /// Without its number: whether that is still the cell's is all that matters of it.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.breaker.hash(state);
    }
}

#[derive(Debug, Clone, Hash)]
pub(super) enum What {
    Claim,
    Record { tally: Tally, outcomes: Vec<bool> },
    Probed { number: u64, fine: bool },
    Force(Option<Forced>),
}

impl Worker {
    /// The same for workers that go on in the same way, the cell's number being `cas`.
    pub(super) fn fingerprint(&self, cas: Option<u32>) -> u64 {
        let read = self.edit.as_ref().and_then(|edit| edit.read.as_ref());
        let is_current = read.map(|read| read.cas == cas.or(Cell::ABSENT));
        let mut hasher = DefaultHasher::new();
        (self, is_current).hash(&mut hasher);
        hasher.finish()
    }
}
