//! When a second call is made beside one that takes unusually long; the first answer counts.
//!
//! Dean & Barroso, "The Tail at Scale" (CACM 2013): a second call after the 95th percentile adds 5% to the load at most
//! and cuts off the tail. It draws on the same [`Budget`] as retries, so that both together stay within it.

use std::time::Duration;

use crate::budget::Budget;
use crate::timeout_table::TimeoutTable;

/// From which latency on a call is unusual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hedge {
    /// In percent of the calls, 0 to 100.
    pub percentile: f64,
}

impl Hedge {
    /// How old a query must be for a second one to be made. `None` if too little was measured, or if more calls than that
    /// are cut off: then the subgraph fails, and more load would not help it.
    ///
    /// Changes only when [`TimeoutTable::tend`] returned true: to be kept until then, it costs a scan of the digest.
    pub fn after(&self, table: &TimeoutTable) -> Option<Duration> {
        table.quantile(self.percentile / 100.0)
    }
}

/// Whether the second call is made, its time having come. `usual` is the subgraph's latency: one that can't be answered
/// before `until` isn't. Takes one repetition from the budget.
pub fn may_go(usual: Duration, budget: &mut Budget, now: Duration, until: Duration) -> bool {
    now.saturating_add(usual) < until && budget.take(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Settings;
    use crate::timeout_table::tests::{SETTINGS, measured};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const HEDGE: Hedge = Hedge { percentile: 95.0 };

    #[test]
    fn the_second_call_comes_after_the_percentile_if_it_is_known() {
        assert_eq!(HEDGE.after(&TimeoutTable::new(SETTINGS, Duration::ZERO)), None);
        // 95 of 100 take 10 ms, told as the end of their bucket from 9,728 to 10,239 µs.
        let tail = measured(&[(10, 95), (500, 5)], 0);
        assert_eq!(HEDGE.after(&tail), Some(Duration::from_micros(10_239)));
        assert_eq!(HEDGE.after(&measured(&[(10, 95), (500, 4)], 2)), Some(Duration::from_micros(507_903)));
        assert_eq!(HEDGE.after(&measured(&[(10, 90)], 10)), None, "a tenth of the calls is cut off");
        assert_eq!(HEDGE.after(&measured(&[(10, 49)], 0)), None, "too few");
    }

    #[test]
    fn it_is_made_within_time_and_budget_only() {
        let (now, second) = (Duration::from_secs(9), Duration::from_secs(1));
        let settings = Settings { percent: 10, least_per_second: 1, saved: second };
        let mut budget = Budget::new(settings, now);
        assert!(!may_go(second, &mut budget, now, now + second), "could be answered at the deadline only");
        assert!(may_go(second, &mut budget, now, now + 2 * second));
        assert!(!may_go(second, &mut budget, now, now + 2 * second), "the budget held one");
    }
}
