//! How often keys were seen lately, about: a count-min sketch of 4-bit counters that ages.
//!
//! As in TinyLFU (see the parent module): each key has four counters, all in one block of a cache line, and they are
//! raised only to what the smallest of them comes to (conservative update), which halves the error. After ten times
//! as many increments as the cache has entries all counters are halved.

use crate::Key;

/// Counters end here.
const MOST: u64 = 15;

/// Eight words: a row of counters is two of them.
type Block = [u64; 8];

/// Blocks above which a sketch does not grow: 2 MiB, for a quarter of a million entries and more.
const MOST_BLOCKS: usize = 1 << 15;

#[derive(Debug)]
pub(super) struct Sketch {
    /// A power of two of blocks.
    blocks: Box<[Block]>,
    increments: usize,
    /// How many increments to the next halving.
    period: usize,
}

impl Sketch {
    /// For a cache of so many entries: 8 to 16 bytes for each, up to 2 MiB in all.
    pub(super) fn new(entries: usize) -> Sketch {
        let blocks = vec![Block::default(); blocks(entries)].into_boxed_slice();
        Sketch { blocks, increments: 0, period: period(entries) }
    }

    /// Whether one made for so many entries would be the same.
    pub(super) fn is_for(&self, entries: usize) -> bool {
        self.blocks.len() == blocks(entries) && self.period == period(entries)
    }

    /// Counts a key; returns its count, 1 to 15.
    pub(super) fn increment(&mut self, key: Key) -> u16 {
        self.increments = self.increments.saturating_add(1);
        if self.increments >= self.period {
            self.increments = 0;
            self.halve();
        }
        let count = self.estimate(key).saturating_add(1).min(MOST as u16);
        self.raise(key, count);
        count
    }

    /// About how often a key was seen: never too low, but for aging, and at most 15.
    pub(super) fn estimate(&self, key: Key) -> u16 {
        let block = self.blocks.get(self.block(key)).copied().unwrap_or_default();
        (0..4).map(|row| count(&block, place(key, row))).min().unwrap_or(0) as u16
    }

    /// Sees to it that a key's count is at least this.
    pub(super) fn raise(&mut self, key: Key, to: u16) {
        let to = u64::from(to).min(MOST);
        let at = self.block(key);
        let Some(block) = self.blocks.get_mut(at) else { return };
        for row in 0..4 {
            let place = place(key, row);
            if count(block, place) < to
                && let Some(word) = block.get_mut(place.0)
            {
                *word = (*word & !(MOST << place.1)) | (to << place.1);
            }
        }
    }

    fn halve(&mut self) {
        for word in self.blocks.iter_mut().flatten() {
            // Each counter's lowest bit would fall into its neighbour.
            *word = (*word >> 1) & 0x7777_7777_7777_7777;
        }
    }

    fn block(&self, key: Key) -> usize {
        hash(key) as usize & self.blocks.len().saturating_sub(1)
    }
}

/// The half of a key that the tables don't use.
fn hash(key: Key) -> u64 {
    (key.0 >> 64) as u64
}

/// Where a key's counter of a row is: which word of the block, and how far it is to be shifted.
fn place(key: Key, row: u32) -> (usize, u32) {
    // Five bits for each row, from the top: the lowest ones choose the block.
    let bits = (hash(key) >> row.wrapping_mul(5).wrapping_add(44)) as u32 & 31;
    (row.wrapping_mul(2).wrapping_add(bits >> 4) as usize, (bits & 15).wrapping_mul(4))
}

fn count(block: &Block, (word, shift): (usize, u32)) -> u64 {
    (block.get(word).copied().unwrap_or(0) >> shift) & MOST
}

fn blocks(entries: usize) -> usize {
    entries.div_ceil(8).clamp(1, MOST_BLOCKS).next_power_of_two()
}

fn period(entries: usize) -> usize {
    entries.saturating_mul(10).max(64)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn key(number: u64) -> Key {
        Key(xxhash_rust::xxh3::xxh3_128(&number.to_le_bytes()))
    }

    #[test]
    fn counts_to_fifteen() {
        let mut sketch = Sketch::new(100);
        let counts: Vec<u16> = (0..20).map(|_| sketch.increment(key(1))).collect();
        assert_eq!(counts, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15, 15, 15, 15, 15]);
        assert_eq!(sketch.estimate(key(2)), 0);
    }

    #[test]
    fn most_keys_seen_once_count_little_beside_a_thousand_others() {
        let mut sketch = Sketch::new(1000);
        for number in 0..1000 {
            sketch.increment(key(number));
        }
        assert!((0..1000).all(|number| sketch.estimate(key(number)) >= 1));
        let wrong = (0..1000).filter(|number| sketch.estimate(key(*number)) > 1).count();
        assert!(wrong < 50, "{wrong} of 1000 are counted more than once");
        let unseen = (1000..2000).filter(|number| sketch.estimate(key(*number)) > 0).count();
        assert!(unseen < 200, "{unseen} of 1000 unseen keys are counted");
    }

    #[test]
    fn halves_all_counts_after_ten_times_the_entries() {
        let mut sketch = Sketch::new(100);
        sketch.raise(key(1), 12);
        for number in 0..1000 {
            sketch.increment(key(1000 + number));
        }
        assert!((6..=8).contains(&sketch.estimate(key(1))), "{}", sketch.estimate(key(1)));
    }
}
