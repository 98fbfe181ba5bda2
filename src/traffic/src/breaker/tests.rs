//! One worker's view: when it opens, for how long, who may probe, and what its value looks like.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

pub(super) const NOW: Duration = Duration::from_secs(1_800_000_000);
pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) fn settings() -> Settings {
    Settings { failure_threshold: 3, failure_rate: 0, half_open_max_calls: 2, ..Settings::default() }
}

/// The outcomes of some calls, `.` fine and `x` failed, as a worker that has just read `breaker` gathers them.
fn tally(breaker: &Breaker, outcomes: &str) -> Tally {
    let mut tally = Tally::default();
    for outcome in outcomes.chars() {
        match outcome {
            '.' => tally.fine(breaker, breaker.epoch()),
            _ => tally.failed(breaker, breaker.epoch()),
        }
    }
    tally
}

pub(super) fn record(
    breaker: &mut Breaker,
    now: Duration,
    settings: &Settings,
    outcomes: &str,
) -> Option<Transition> {
    let tally = tally(breaker, outcomes);
    breaker.record(now, settings, tally, 0)
}

pub(super) fn opened(now: Duration) -> Breaker {
    let mut breaker = Breaker::default();
    assert!(record(&mut breaker, now, &settings(), "xxx").is_some());
    breaker
}

fn probe(breaker: &mut Breaker, now: Duration) -> u64 {
    match breaker.claim(now, &settings()) {
        Claim::Probe(number) => number,
        other => panic!("{other:?}"),
    }
}

#[test]
fn failures_in_a_row_open_it_and_a_success_begins_anew() {
    let mut breaker = Breaker::default();
    assert_eq!(record(&mut breaker, NOW, &settings(), "xx.xx"), None);
    assert_eq!(record(&mut breaker, NOW, &settings(), "."), None);
    assert_eq!(record(&mut breaker, NOW, &settings(), "xx"), None);
    assert_eq!(breaker.glance(NOW), Glance::Pass);
    let transition = record(&mut breaker, NOW, &settings(), "x.").unwrap();
    assert_eq!((transition.from, transition.to), (Phase::Closed, Phase::Open));
    assert_eq!(transition.why.to_string(), "3 failures in a row");
    assert_eq!(breaker.glance(NOW), Glance::Refuse { until: NOW + 30 * SECOND });
    assert_eq!((breaker.next_probe(), breaker.resets()), (Some(NOW + 30 * SECOND), 1));
}

/// However much a worker gathers before it writes, streaks come to the same.
#[test]
fn a_tally_counts_as_its_outcomes_one_by_one() {
    let settings = settings();
    for before in 0..8_u32 {
        for outcomes in 0..64_u32 {
            let word = |bits: u32, length: u32| -> String {
                (0..length).map(|at| if bits >> at & 1 == 1 { 'x' } else { '.' }).collect()
            };
            let mut at_once = Breaker::default();
            let begun = word(before, 3);
            if begun == "xxx" {
                continue;
            }
            record(&mut at_once, NOW, &settings, &begun);
            let mut one_by_one = at_once.clone();
            let outcomes = word(outcomes, 6);
            let opened = record(&mut at_once, NOW, &settings, &outcomes).is_some();
            let mut some = false;
            for outcome in outcomes.chars() {
                some |= record(&mut one_by_one, NOW, &settings, &outcome.to_string()).is_some();
            }
            assert_eq!(opened, some, "{begun} {outcomes}");
            if !some {
                assert_eq!(at_once, one_by_one, "{begun} {outcomes}");
            }
        }
    }
}

#[test]
fn too_many_failures_in_the_window_open_it() {
    let settings = Settings { failure_threshold: 0, failure_rate: 50, ..settings() };
    let mut breaker = Breaker::default();
    assert_eq!(record(&mut breaker, NOW, &settings, &"x".repeat(19)), None, "too few to tell");
    let transition = record(&mut breaker, NOW + 9 * SECOND, &settings, "x").unwrap();
    assert_eq!(transition.why, Why::Rate { failures: 20, calls: 20 });

    let mut breaker = Breaker::default();
    assert_eq!(record(&mut breaker, NOW, &settings, &"x".repeat(19)), None);
    assert_eq!(record(&mut breaker, NOW + 11 * SECOND, &settings, "x"), None, "the others are past");
    let mut breaker = Breaker::default();
    assert_eq!(record(&mut breaker, NOW, &settings, &"x..".repeat(100)), None);
    assert_eq!(record(&mut breaker, NOW, &settings, &"x".repeat(99)), None);
    assert!(record(&mut breaker, NOW, &settings, &"x".repeat(2)).is_some(), "201 of 401");
}

#[test]
fn without_a_threshold_and_a_rate_nothing_opens_it() {
    let settings = Settings { failure_threshold: 0, failure_rate: 0, ..settings() };
    let mut breaker = Breaker::default();
    assert_eq!(record(&mut breaker, NOW, &settings, &"x".repeat(10_000)), None);
    assert_eq!(breaker.phase(NOW), Phase::Closed);
}

#[test]
fn half_open_lets_out_just_its_probes_and_closes_when_all_are_fine() {
    let mut breaker = opened(NOW);
    let due = NOW + 30 * SECOND;
    let early = due - Duration::from_millis(1);
    assert_eq!(breaker.phase(early), Phase::Open);
    assert_eq!(breaker.claim(early, &settings()), Claim::Refuse { until: due });
    assert_eq!((breaker.phase(due), breaker.glance(due)), (Phase::HalfOpen, Glance::Ask));
    let (first, second) = (probe(&mut breaker, due), probe(&mut breaker, due + SECOND));
    assert_eq!(Transition::of_probe(first).map(|transition| transition.to), Some(Phase::HalfOpen));
    assert_eq!(Transition::of_probe(second), None);
    let full = Glance::Refuse { until: due + 60 * SECOND };
    assert_eq!(breaker.glance(due + SECOND), full);
    assert_eq!(breaker.probed(due, &settings(), second, true, 0), None);
    assert_eq!(breaker.glance(due + SECOND), full, "one fine, one on its way");
    let transition = breaker.probed(due, &settings(), first, true, 0).unwrap();
    assert_eq!((transition.from, transition.to), (Phase::HalfOpen, Phase::Closed));
    assert_eq!((breaker.glance(due), breaker.resets()), (Glance::Pass, 0));
}

#[test]
fn a_probe_that_fails_opens_it_for_longer_each_time_up_to_the_bound() {
    let mut breaker = opened(NOW);
    let mut waits = Vec::new();
    for random in [0, u64::MAX, 7_777, 0, 12_345_678_901, 3] {
        let now = breaker.next_probe().unwrap();
        let number = probe(&mut breaker, now);
        let other = probe(&mut breaker, now);
        let transition = breaker.probed(now, &settings(), number, false, random).unwrap();
        assert_eq!(
            (transition.from, transition.to, transition.why),
            (Phase::HalfOpen, Phase::Open, Why::Probe)
        );
        assert_eq!(breaker.probed(now, &settings(), other, true, 0), None, "its round is over");
        waits.push((breaker.next_probe().unwrap() - now).as_secs());
    }
    assert_eq!(breaker.resets(), 7);
    assert_eq!(waits[0], 30);
    for (at, wait) in waits.iter().enumerate() {
        let ceiling = (60 << at).min(300);
        assert!((ceiling / 2..=ceiling).contains(wait), "{waits:?}");
    }
}

#[test]
fn a_probe_that_nobody_hears_of_makes_room_and_its_late_success_is_not_counted() {
    let mut breaker = opened(NOW);
    let due = NOW + 30 * SECOND;
    let (lost, other) = (probe(&mut breaker, due), probe(&mut breaker, due));
    let later = due + 60 * SECOND;
    assert_eq!(breaker.glance(later), Glance::Ask);
    let replacement = probe(&mut breaker, later);
    assert_eq!(breaker.probed(later, &settings(), lost, true, 0), None);
    assert_eq!(breaker.probed(later, &settings(), other, true, 0), None, "it had lapsed too");
    assert_eq!(breaker.probed(later, &settings(), replacement, true, 0), None);
    let last = probe(&mut breaker, later);
    assert!(breaker.probed(later, &settings(), last, true, 0).is_some());
    assert_eq!(breaker.phase(later), Phase::Closed);
    // A failure of this round says that the subgraph is sick, whoever has the place.
    let mut breaker = opened(NOW);
    let lost = probe(&mut breaker, due);
    probe(&mut breaker, later);
    assert!(breaker.probed(later, &settings(), lost, false, 0).is_some());
}

#[test]
fn what_calls_of_an_older_epoch_tell_is_not_counted() {
    let mut breaker = Breaker::default();
    let old = breaker.epoch();
    let copy = breaker.clone();
    let late = tally(&breaker, "xxxxx");
    assert!(record(&mut breaker, NOW, &settings(), "xxx").is_some());
    assert_eq!(breaker.record(NOW, &settings(), late, 0), None);
    let due = NOW + 30 * SECOND;
    for number in [probe(&mut breaker, due), probe(&mut breaker, due)] {
        breaker.probed(due, &settings(), number, true, 0);
    }
    assert_eq!(breaker.phase(due), Phase::Closed);
    assert_eq!(breaker.record(due, &settings(), late, 0), None);
    let mut tally = Tally::default();
    (0..5).for_each(|_| tally.failed(&breaker, old));
    assert!(tally.is_empty());
    // By a worker that hasn't seen yet that it opened.
    (0..5).for_each(|_| tally.failed(&copy, old));
    assert!(tally.is_due(&copy) && !tally.is_due(&breaker));
    assert!(!tally.tick(due, &breaker, &settings()) && tally.is_empty());
}

#[test]
fn a_clock_that_was_set_back_ends_a_wait() {
    let mut breaker = opened(NOW);
    assert_eq!(breaker.glance(NOW - SECOND), Glance::Refuse { until: NOW + 30 * SECOND });
    let back = NOW - 3600 * SECOND;
    assert_eq!((breaker.glance(back), breaker.phase(back)), (Glance::Ask, Phase::HalfOpen));
    let due = NOW + 30 * SECOND;
    probe(&mut breaker, due);
    probe(&mut breaker, due);
    assert!(matches!(breaker.glance(due), Glance::Refuse { .. }));
    assert_eq!(breaker.glance(back), Glance::Ask);
}

#[test]
fn an_operator_has_the_last_word() {
    let mut breaker = Breaker::default();
    let transition = breaker.force(NOW, Some(Forced::Open)).unwrap();
    assert_eq!((transition.from, transition.to), (Phase::Closed, Phase::Open));
    assert_eq!(transition.why.to_string(), "an operator forced it open");
    assert_eq!(breaker.glance(NOW), Glance::Refuse { until: Duration::MAX });
    assert_eq!(breaker.claim(NOW, &settings()), Claim::Refuse { until: Duration::MAX });
    assert_eq!((breaker.forced(), breaker.next_probe()), (Some(Forced::Open), None));
    assert_eq!(breaker.force(NOW, Some(Forced::Open)), None);
    assert!(breaker.force(NOW, Some(Forced::Closed)).is_some());
    let mut tally = Tally::default();
    (0..100).for_each(|_| tally.failed(&breaker, breaker.epoch()));
    assert!(tally.is_empty(), "nothing is counted");
    assert_eq!(breaker.glance(NOW), Glance::Pass);
    assert_eq!(breaker.force(NOW, None), None, "closed it was and is");
    assert!(record(&mut breaker, NOW, &settings(), "xxx").is_some());
    // A round is forgotten, and its probes with it.
    let number = probe(&mut breaker, NOW + 30 * SECOND);
    breaker.force(NOW, Some(Forced::Closed));
    assert_eq!(breaker.probed(NOW, &settings(), number, false, 0), None);
    breaker.force(NOW, None);
    assert_eq!(breaker.probed(NOW, &settings(), number, false, 0), None);
    assert_eq!((breaker.phase(NOW), breaker.resets()), (Phase::Closed, 0));
}

#[test]
fn a_success_waits_to_be_written_unless_it_ends_a_streak() {
    let settings = Settings { failure_threshold: 3, failure_rate: 50, ..settings() };
    let mut breaker = Breaker::default();
    let mut calls = tally(&breaker, "..");
    assert!(!calls.is_due(&breaker));
    assert!(!calls.tick(NOW, &breaker, &settings));
    assert!(!calls.tick(NOW + SECOND / 2, &breaker, &settings));
    assert!(calls.tick(NOW + SECOND, &breaker, &settings), "a tenth of the window");
    assert!(!calls.tick(NOW - 9 * SECOND, &breaker, &settings), "the clock was set back");
    assert!(tally(&breaker, ".x").is_due(&breaker));
    record(&mut breaker, NOW, &settings, ".x");
    assert!(tally(&breaker, ".").is_due(&breaker));
    record(&mut breaker, NOW, &settings, ".");
    let mut calls = tally(&breaker, ".");
    assert!(!calls.is_due(&breaker));
    assert!(calls.tick(NOW, &breaker, &settings), "something failed in the window");
    assert_eq!((calls.take().is_empty(), calls.is_empty()), (false, true));
    assert!(!calls.tick(NOW, &breaker, &settings));
    let mut calls = tally(&breaker, ".");
    assert!(!calls.tick(NOW, &breaker, &Settings { failure_rate: 0, ..settings }) && calls.is_empty());
}

#[test]
fn a_probe_that_shows_nothing_makes_room_for_another() {
    let settings = Settings { half_open_max_calls: 1, failure_threshold: 1, ..Settings::default() };
    let mut breaker = Breaker::default();
    let mut tally = Tally::default();
    let now = Duration::from_secs(1_800_000_000);
    tally.failed(&breaker, breaker.epoch());
    breaker.record(now, &settings, tally, 0);
    let later = now + settings.reset_timeout;
    let Claim::Probe(first) = breaker.claim(later, &settings) else { panic!("{breaker:?}") };
    assert!(matches!(breaker.claim(later, &settings), Claim::Refuse { .. }));
    breaker.withdraw(first);
    let Claim::Probe(second) = breaker.claim(later, &settings) else { panic!("{breaker:?}") };
    let closed = breaker.probed(later, &settings, second, true, 0);
    assert_eq!(closed.map(|transition| transition.to), Some(Phase::Closed));
}
