//! The lowest of many numbers, exactly, in about one pass over them.
//!
//! As Floyd and Rivest's SELECT ("Expected time bounds for selection", 1975): a sample tells a number that is a little
//! higher than the one sought for, almost surely; one pass collects those up to it; of these few the exact one is
//! selected. Should they be too few, all are collected.

/// Numbers with where they are; kept for its memory.
#[derive(Debug, Default)]
pub(crate) struct Lowest {
    sample: Vec<u64>,
    /// Where those are that were collected: the first `count`.
    found: Vec<u32>,
    count: usize,
    /// Their numbers.
    numbers: Vec<u64>,
}

/// How many are sampled: the share below a number is told to within 7% (three standard deviations).
const SAMPLE: usize = 512;

impl Lowest {
    /// The highest of the `count` lowest; [`Lowest::found`] has them, and some that are higher. `None` if `count`
    /// is 0 or there are fewer.
    pub(crate) fn find(&mut self, all: &[u64], count: usize) -> Option<u64> {
        let nth = count.checked_sub(1).filter(|nth| *nth < all.len())?;
        let bound = self.bound(all, count);
        self.collect(all, bound);
        if self.count < count {
            self.collect(all, u64::MAX);
        }
        self.numbers.clear();
        let found = self.found.iter().take(self.count);
        self.numbers.extend(found.filter_map(|at| all.get(*at as usize)));
        (nth < self.numbers.len()).then(|| *self.numbers.select_nth_unstable(nth).1)
    }

    /// Where those are that were collected.
    pub(crate) fn found(&self) -> impl Iterator<Item = u32> {
        self.found.iter().copied().take(self.count)
    }

    /// A number that is probably higher than the `count` lowest are.
    fn bound(&mut self, all: &[u64], count: usize) -> u64 {
        if all.len() < SAMPLE.saturating_mul(4) {
            return u64::MAX;
        }
        self.sample.clear();
        self.sample.extend(all.iter().step_by(all.len() / SAMPLE).copied());
        let size = self.sample.len() as f64;
        let share = count as f64 / all.len() as f64;
        let nth = size * share + 3.0 * (size * share * (1.0 - share)).sqrt() + 1.0;
        if nth >= size {
            return u64::MAX;
        }
        *self.sample.select_nth_unstable(nth as usize).1
    }

    /// All up to a bound. Without a branch that depends on them: which ones are low can't be predicted.
    fn collect(&mut self, all: &[u64], bound: u64) {
        if self.found.len() < all.len() {
            self.found.resize(all.len(), 0);
        }
        self.count = 0;
        for (at, number) in all.iter().enumerate() {
            if let Some(place) = self.found.get_mut(self.count) {
                *place = at as u32;
            }
            self.count = self.count.wrapping_add(usize::from(*number <= bound));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// `find` leaves exactly the `count` lowest at or under the threshold, whatever the order and size.
    #[test]
    fn finds_as_many_as_a_sort_does() {
        let mut lowest = Lowest::default();
        for len in [1_usize, 2, 10, 2047, 2048, 10_000] {
            for spread in [1_u64, 7919, u64::MAX / 3] {
                // A multiplication by an odd number is one to one.
                let all: Vec<u64> = (0..len as u64).map(|at| at.wrapping_mul(spread | 1)).collect();
                let mut sorted = all.clone();
                sorted.sort_unstable();
                for count in [1, len.div_ceil(10), len / 2, len] {
                    let Some(threshold) = lowest.find(&all, count) else {
                        assert_eq!(count, 0);
                        continue;
                    };
                    assert_eq!(threshold, sorted[count - 1]);
                    let found = lowest.found().map(|at| all[at as usize]);
                    let mut found: Vec<u64> = found.filter(|number| *number <= threshold).collect();
                    found.sort_unstable();
                    assert_eq!(found, sorted[..count]);
                }
            }
        }
    }

    #[test]
    fn none_of_none() {
        assert_eq!(Lowest::default().find(&[], 1), None);
        assert_eq!(Lowest::default().find(&[1], 0), None);
    }
}
