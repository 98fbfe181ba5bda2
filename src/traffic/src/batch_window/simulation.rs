//! The controller in simulated traffic: one worker and one subgraph, time in steps of a tenth of a millisecond.

use std::time::Duration;

use super::*;
use crate::simulated::Dice;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SETTINGS: Settings = Settings {
    max_batch_size: 100,
    batch_window: Duration::from_millis(10),
    adaptive: true,
    max_latency: Duration::from_millis(50),
    min_throughput: 1_000,
    adaptation_interval: Duration::from_secs(1),
};

/// The adaptations of `seconds`; each step (0.1 ms) `arrivals` says how many lookups of 3 to 7 keys come.
fn run(
    window: &mut BatchWindow,
    seconds: std::ops::Range<u64>,
    seed: u64,
    latency: Duration,
    mut arrivals: impl FnMut(u64, &mut Dice) -> u64,
) -> (Vec<Adaptation>, Measured) {
    let mut dice = Dice(seed);
    let (mut adaptations, mut last) = (Vec::new(), Measured::default());
    let (mut keys, mut requests, mut opened) = (0_usize, 0_usize, Duration::ZERO);
    for step in seconds.start * 10_000..seconds.end * 10_000 {
        let now = Duration::from_micros(step * 100);
        let close = |window: &mut BatchWindow, keys: usize, requests: usize, opened: Duration, reason| {
            window.closed(now, keys, requests, now.saturating_sub(opened), reason);
            window.answered(now + latency, latency, keys, true);
        };
        for _ in 0..arrivals(step, &mut dice) {
            if requests == 0 {
                opened = now;
            }
            requests += 1;
            for _ in 0..3 + dice.below(5) {
                keys += 1;
                if keys >= window.limits().max_batch_size {
                    close(window, keys, requests, opened, Reason::Size);
                    (keys, requests, opened) = (0, 1, now);
                }
            }
        }
        let limit = window.limits().batch_window;
        if keys > 0 && now.saturating_sub(opened) >= limit {
            let reason = if limit.is_zero() { Reason::Turn } else { Reason::Window };
            close(window, keys, requests, opened, reason);
            keys = 0;
        }
        if keys == 0 {
            requests = 0;
        }
        let so_far = *window.measured();
        let before = window.limits();
        if let Some(adaptation) = window.adapt(now) {
            assert!(!adaptation.why.is_empty() && adaptation.from == before && adaptation.to != before);
            adaptations.push(adaptation);
        }
        if window.measured().batches < so_far.batches {
            last = so_far;
        }
        let Limits { max_batch_size, batch_window } = window.limits();
        assert!((1..=SETTINGS.max_batch_size).contains(&max_batch_size));
        assert!(batch_window <= SETTINGS.batch_window);
    }
    (adaptations, last)
}

const FAST: Duration = Duration::from_millis(5);

fn steady(_: u64, dice: &mut Dice) -> u64 {
    u64::from(dice.below(4) == 0)
}

/// For 20 ms of each 100 ms four times the load, else a fifth of it.
fn bursty(step: u64, dice: &mut Dice) -> u64 {
    if step % 1_000 < 200 { dice.below(3) } else { u64::from(dice.below(20) == 0) }
}

#[test]
fn steady_and_bursty_loads_converge_to_well_used_batches_without_flapping() {
    for (load, arrivals) in
        [("steady", steady as fn(u64, &mut Dice) -> u64), ("bursty", bursty as fn(u64, &mut Dice) -> u64)]
    {
        for seed in 0..3 {
            let mut window = BatchWindow::new(SETTINGS);
            run(&mut window, 0..30, seed, FAST, arrivals);
            let (late, measured) = run(&mut window, 30..60, seed + 100, FAST, arrivals);
            let used = measured.utilisation(window.limits().max_batch_size);
            assert!(used > 70.0, "{load} {seed}: {used:.1}% of {:?}\n{late:#?}", window.limits());
            assert!(late.len() <= 8, "{load} {seed}: {late:#?}");
        }
    }
}

#[test]
fn a_steady_load_opens_the_window_because_that_gathers_more() {
    let mut window = BatchWindow::new(SETTINGS);
    run(&mut window, 0..30, 7, FAST, steady);
    assert!(window.limits().batch_window >= Duration::from_millis(4), "{:?}", window.limits());
}

#[test]
fn an_idle_subgraph_never_makes_a_lookup_wait() {
    let mut window = BatchWindow::new(SETTINGS);
    run(&mut window, 0..20, 1, FAST, steady);
    run(&mut window, 20..24, 1, FAST, |step, _| u64::from(step % 5_000 == 0));
    assert_eq!(window.limits().batch_window, Duration::ZERO);
}

#[test]
fn a_latency_beyond_the_target_closes_the_window() {
    let mut window = BatchWindow::new(SETTINGS);
    run(&mut window, 0..20, 1, FAST, steady);
    let (told, _) = run(&mut window, 20..30, 2, Duration::from_millis(120), steady);
    assert_eq!(window.limits().batch_window, Duration::ZERO);
    assert!(told.iter().any(|adaptation| adaptation.why.contains("above 50ms")), "{told:#?}");
}

#[test]
fn an_overload_is_served_with_the_largest_batches() {
    let mut window = BatchWindow::new(SETTINGS);
    run(&mut window, 0..5, 1, FAST, |step, _| u64::from(step % 5_000 == 0));
    let (_, measured) = run(&mut window, 5..15, 2, FAST, |_, dice| 20 + dice.below(20));
    assert!(measured.average_size() > 60.0, "{measured:?} {:?}", window.limits());
}

#[test]
fn fixed_limits_stay_what_the_settings_say() {
    let mut window = BatchWindow::new(Settings { adaptive: false, ..SETTINGS });
    let (told, _) = run(&mut window, 0..5, 1, FAST, steady);
    assert_eq!((told.len(), window.limits().batch_window), (0, SETTINGS.batch_window));
}
