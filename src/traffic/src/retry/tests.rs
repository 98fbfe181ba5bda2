//! Decisions one by one; how they add up is in the model.

use super::*;
use crate::budget::Settings as BudgetSettings;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(not(target_arch = "wasm32"))]
mod model;

const NOW: Duration = Duration::from_secs(1_000);

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

const SETTINGS: Settings =
    Settings { max_retries: 2, classes: Classes::NONE.with(FailureClass::Connect).with(FailureClass::Reset) };

const ATTEMPT: Attempt = Attempt {
    number: 1,
    class: FailureClass::Reset,
    is_query: true,
    retry_after: None,
    ceiling: ms(100),
    usual: ms(20),
};

fn budget() -> Budget {
    Budget::new(BudgetSettings { percent: 0, least_per_second: 1, saved: Duration::from_secs(1) }, NOW)
}

/// With half of the greatest random number.
fn decided(attempt: Attempt, within: Duration) -> Result<Duration, Refusal> {
    decide(attempt, &SETTINGS, &mut budget(), NOW, NOW + within, 1 << 63)
}

#[test]
fn each_reason_refuses() {
    let off = Settings { max_retries: 0, ..SETTINGS };
    let refused = decide(ATTEMPT, &off, &mut budget(), NOW, NOW + ms(1_000), 0);
    assert_eq!(refused, Err(Refusal::Disabled));
    let second = ms(1_000);
    assert_eq!(decided(ATTEMPT, second), Ok(ms(50)));
    assert_eq!(decided(Attempt { is_query: false, ..ATTEMPT }, second), Err(Refusal::NotAQuery));
    let timeout = Attempt { class: FailureClass::Timeout, ..ATTEMPT };
    assert_eq!(decided(timeout, second), Err(Refusal::NotThisClass));
    assert_eq!(decided(Attempt { number: 2, ..ATTEMPT }, second), Ok(ms(50)));
    assert_eq!(decided(Attempt { number: 3, ..ATTEMPT }, second), Err(Refusal::NoMoreTries));
    assert_eq!(decided(ATTEMPT, ms(20)), Err(Refusal::NoTime), "an answer at the deadline");
    let mut budget = budget();
    assert!(budget.take(NOW));
    let refused = decide(ATTEMPT, &SETTINGS, &mut budget, NOW, NOW + second, 0);
    assert_eq!(refused, Err(Refusal::NoBudget));
}

#[test]
fn the_wait_shrinks_to_the_time_there_is() {
    assert_eq!(decided(ATTEMPT, ms(60)), Ok(ms(20)), "half of 60 - 20");
    assert_eq!(decided(ATTEMPT, ms(120)), Ok(ms(50)), "the ceiling");
}

#[test]
fn it_waits_at_random_beyond_what_the_subgraph_asks_for() {
    let asked = Attempt { retry_after: Some(ms(2_000)), ..ATTEMPT };
    assert_eq!(decided(asked, ms(10_000)), Ok(ms(2_050)));
    assert_eq!(decided(asked, ms(2_020)), Err(Refusal::NoTime));
    let huge = Attempt { retry_after: Some(Duration::MAX), usual: Duration::MAX, ..ATTEMPT };
    assert_eq!(decided(huge, ms(10_000)), Err(Refusal::NoTime));
}

#[test]
fn a_refusal_costs_nothing_of_the_budget() {
    let mut budget = budget();
    for attempt in [
        Attempt { is_query: false, ..ATTEMPT },
        Attempt { class: FailureClass::Timeout, ..ATTEMPT },
        Attempt { number: 3, ..ATTEMPT },
        Attempt { usual: ms(5_000), ..ATTEMPT },
    ] {
        assert!(decide(attempt, &SETTINGS, &mut budget, NOW, NOW + ms(1_000), 0).is_err());
    }
    assert!(budget.take(NOW));
}

#[test]
fn each_refusal_has_a_word_of_its_own() {
    let mut words: Vec<_> = Refusal::ALL.into_iter().map(Refusal::name).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), 6);
}
