//! How many of the latest calls have failed: a sliding window of ten buckets.

use std::time::Duration;

use super::wait::millis;

/// Buckets of a window: it slides in steps of a tenth.
pub(super) const BUCKETS: usize = 10;

/// Calls and failures by tenths of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Window {
    /// A bucket's length in milliseconds, by which buckets are numbered from the Unix epoch; 0: nothing was counted.
    pub(super) length: u64,
    /// The number of the first in `buckets`.
    pub(super) newest: u64,
    /// From the newest to the oldest.
    pub(super) buckets: [Bucket; BUCKETS],
}

/// What was counted in one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bucket {
    pub(super) calls: u32,
    pub(super) failures: u32,
}

impl Window {
    /// Counts `calls`, `failures` of them in vain. All calls and all failures in the window then.
    pub(super) fn count(&mut self, now: Duration, window: Duration, calls: u32, failures: u32) -> (u64, u64) {
        let length = length(window);
        let at = number(now, length);
        // Of another size, or of a clock that was set back: as new.
        let is_other = length != self.length || self.newest.saturating_sub(at) >= BUCKETS as u64;
        if is_other {
            *self = Window { length, newest: at, ..Window::default() };
        }
        self.slide(at);
        let age = usize::try_from(self.newest.saturating_sub(at)).unwrap_or(usize::MAX);
        if let Some(bucket) = self.buckets.get_mut(age) {
            bucket.calls = bucket.calls.saturating_add(calls);
            bucket.failures = bucket.failures.saturating_add(failures);
        }
        let sum = |of: fn(&Bucket) -> u32| self.buckets.iter().map(|bucket| u64::from(of(bucket))).sum();
        (sum(|bucket| bucket.calls), sum(|bucket| bucket.failures))
    }

    /// Whether a failure is in it.
    pub(super) fn has_failures(&self, now: Duration) -> bool {
        let past = number(now, self.length.max(1)).saturating_sub(self.newest);
        let left = BUCKETS.saturating_sub(usize::try_from(past).unwrap_or(usize::MAX));
        self.buckets.iter().take(left).any(|bucket| bucket.failures > 0)
    }

    fn slide(&mut self, to: u64) {
        let by = usize::try_from(to.saturating_sub(self.newest)).unwrap_or(usize::MAX).min(BUCKETS);
        self.newest = self.newest.max(to);
        self.buckets.rotate_right(by);
        self.buckets.iter_mut().take(by).for_each(|bucket| *bucket = Bucket::default());
    }
}

/// A bucket's length in milliseconds.
pub(super) fn length(window: Duration) -> u64 {
    millis(window).checked_div(BUCKETS as u64).unwrap_or(0).max(1)
}

fn number(now: Duration, length: u64) -> u64 {
    millis(now).checked_div(length).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const WINDOW: Duration = Duration::from_secs(10);

    const fn at(secs: u64) -> Duration {
        Duration::from_secs(1_800_000_000 + secs)
    }

    #[test]
    fn what_is_older_than_the_window_no_longer_counts() {
        let mut window = Window::default();
        assert!(!window.has_failures(at(0)));
        assert_eq!(window.count(at(0), WINDOW, 5, 5), (5, 5));
        assert_eq!(window.count(at(4), WINDOW, 5, 0), (10, 5));
        assert_eq!(window.count(at(9), WINDOW, 1, 1), (11, 6));
        assert_eq!(window.count(at(10), WINDOW, 1, 0), (7, 1));
        assert!(window.has_failures(at(18)) && !window.has_failures(at(19)));
        assert_eq!(window.count(at(400), WINDOW, 1, 0), (1, 0));
    }

    #[test]
    fn a_worker_a_little_behind_counts_in_its_own_bucket() {
        let mut window = Window::default();
        window.count(at(3), WINDOW, 2, 0);
        assert_eq!(window.count(at(2), WINDOW, 1, 1), (3, 1));
        assert_eq!(window.count(at(12), WINDOW, 0, 0), (2, 0));
    }

    #[test]
    fn a_clock_that_was_set_or_another_length_begins_anew() {
        let mut window = Window::default();
        window.count(at(3_600), WINDOW, 2, 2);
        assert_eq!(window.count(at(0), WINDOW, 1, 0), (1, 0));
        assert_eq!(window.count(at(1), WINDOW * 2, 1, 0), (1, 0));
        assert_eq!(window.count(at(1), Duration::ZERO, 1, 0), (1, 0));
        assert_eq!(
            window.count(Duration::MAX, WINDOW, u32::MAX, u32::MAX),
            (u64::from(u32::MAX), u64::from(u32::MAX))
        );
    }
}
