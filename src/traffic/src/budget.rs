//! How many calls may be repeated: a share of those that are made.

use std::time::Duration;

/// What a budget allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Repetitions for a hundred calls, in the long run.
    pub percent: u32,
    /// Repetitions a second that are allowed whatever the number of calls.
    pub least_per_second: u32,
    /// How long an allowance may be saved up.
    pub saved: Duration,
}

impl Default for Settings {
    /// 20% in Finagle, 10% in most service meshes: a tenth more load doesn't bring down a subgraph that is nearly full.
    fn default() -> Settings {
        Settings { percent: 10, least_per_second: 2, saved: Duration::from_secs(10) }
    }
}

/// A token bucket filled by calls and, slowly, by time (Finagle's `RetryBudget`; gRPC's retry throttling, gRFC A6).
#[derive(Debug, Clone)]
pub struct Budget {
    settings: Settings,
    /// Thousandths of a repetition.
    tokens: u64,
    /// Until when time has filled it, since the epoch.
    filled: Duration,
}

const TOKEN: u64 = 1_000;

impl Budget {
    /// A budget that holds at first what time alone would have saved up.
    pub fn new(settings: Settings, now: Duration) -> Budget {
        let mut budget = Budget { settings, tokens: 0, filled: now };
        budget.tokens = budget.by_time(settings.saved);
        budget
    }

    /// Takes other settings; no more is kept than they let be saved.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
        self.add(0);
    }

    /// A call was made that is no repetition.
    pub fn called(&mut self, now: Duration) {
        self.fill(now);
        self.add(u64::from(self.settings.percent).saturating_mul(TOKEN / 100));
    }

    /// Takes one repetition; false if none is left.
    pub fn take(&mut self, now: Duration) -> bool {
        self.fill(now);
        match self.tokens.checked_sub(TOKEN) {
            Some(rest) => {
                self.tokens = rest;
                true
            }
            None => false,
        }
    }

    /// Repetitions that are left now.
    pub fn left(&mut self, now: Duration) -> u64 {
        self.fill(now);
        self.tokens / TOKEN
    }

    fn fill(&mut self, now: Duration) {
        let earned = self.by_time(now.saturating_sub(self.filled));
        // Time that earned nothing yet goes on counting.
        if earned > 0 {
            self.filled = now;
            self.add(earned);
        }
    }

    fn add(&mut self, tokens: u64) {
        // Saved calls are bounded too: ten times what time alone may save.
        let most = self.by_time(self.settings.saved).saturating_mul(10).max(TOKEN);
        self.tokens = self.tokens.saturating_add(tokens).min(most);
    }

    fn by_time(&self, time: Duration) -> u64 {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        // A token is a thousand thousandths and a second a thousand milliseconds.
        millis.saturating_mul(u64::from(self.settings.least_per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_tenth_of_the_calls_may_be_repeated_besides_the_least() {
        let now = Duration::from_secs(5);
        let mut budget = Budget::new(Settings::default(), now);
        assert_eq!((0..100).filter(|_| budget.take(now)).count(), 20, "2 a second for 10 s");
        (0..1000).for_each(|_| budget.called(now));
        assert_eq!((0..1000).filter(|_| budget.take(now)).count(), 100);
    }

    #[test]
    fn time_fills_it_slowly_however_often_it_is_asked() {
        let mut budget = Budget::new(Settings::default(), Duration::ZERO);
        while budget.take(Duration::ZERO) {}
        let taken = (1..=10_000_000_u64).step_by(100).filter(|us| budget.take(Duration::from_micros(*us)));
        assert_eq!(taken.count(), 19, "2 a second in a little less than 10 s");
    }

    #[test]
    fn what_is_saved_is_bounded() {
        let mut budget = Budget::new(Settings::default(), Duration::ZERO);
        (0..1_000_000).for_each(|_| budget.called(Duration::ZERO));
        assert_eq!((0..1_000).filter(|_| budget.take(Duration::ZERO)).count(), 200);
    }
}
