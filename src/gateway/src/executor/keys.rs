//! The representations of a call, in order, each once.

use hashbrown::HashTable;

use crate::response::bytes::equal;

/// Where one representation stands in its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) hash: u64,
    start: u32,
    end: u32,
}

impl Key {
    /// Its bytes in the text that it was written to.
    pub(crate) fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// Representations in one text. Whether two are equal is decided by their bytes; the hash only finds candidates.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    keys: Vec<Key>,
    index: HashTable<u32>,
}

impl Keys {
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = Key> + '_ {
        self.keys.iter().copied()
    }

    /// The number of the key with these bytes; `text` is what the keys stand in.
    pub(crate) fn find(&self, text: &[u8], hash: u64, bytes: &[u8]) -> Option<u32> {
        let is_it = |number: &u32| {
            self.keys.get(*number as usize).is_some_and(|key| key.hash == hash && equal(key.of(text), bytes))
        };
        self.index.find(hash, is_it).copied()
    }

    /// Adds the key that stands at `start..end`, which must not be there yet. Returns its number.
    pub(crate) fn push(&mut self, hash: u64, start: usize, end: usize) -> u32 {
        let number = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.keys.push(Key { hash, start: place(start), end: place(end) });
        let hash_of = |number: &u32| self.keys.get(*number as usize).map_or(0, |key| key.hash);
        self.index.insert_unique(hash, number, hash_of);
        number
    }
}

/// The representations of one lookup in the body of a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyList {
    /// Where the list begins and ends in the body, between its brackets.
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) keys: Keys,
}
