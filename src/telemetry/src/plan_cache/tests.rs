//! Windows as they come from real caches, and what is said of them.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::miss_ratio::MissRatio;
use crate::recommendation::{Effort, Gain, SettingsChange};

fn hash(number: u64) -> u64 {
    let z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (z ^ (z >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// So many operations asked for in turn, ten times each: LRU hits only if all have room.
fn in_turn(operations: u64) -> Curve {
    let mut ratio = MissRatio::new(10_000);
    (0..10).for_each(|_| (0..operations).for_each(|number| ratio.record(hash(number))));
    ratio.curve()
}

/// Nothing is wrong with it.
fn sound() -> PlanCacheWindow {
    PlanCacheWindow {
        settings: InForce {
            max_entries: 1000,
            max_bytes: 100_000_000,
            ttl: Some(Duration::from_secs(900)),
            renew_on_hit: false,
            admission: true,
        },
        lookups: 100_000,
        hits: [99_900, 90, 0],
        lookup_time: Duration::from_millis(100),
        planning_time: Duration::from_millis(10),
        evicted_for_entries: 0,
        evicted_for_bytes: 0,
        evicted_hot: 0,
        expired: 0,
        expired_again: 0,
        entries: 100,
        bytes: 1_000_000,
        texts: 200,
        operations: 100,
        literal_misses: 0,
        curve: in_turn(100),
    }
}

fn only(window: &PlanCacheWindow) -> Recommendation {
    let mut found = recommend(window);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn near(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() < 0.1
}

#[test]
fn nothing_is_said_of_a_sound_cache_nor_of_few_lookups() {
    assert_eq!(recommend(&PlanCacheWindow { hits: [99_990, 0, 0], ..sound() }), []);
    let few = PlanCacheWindow { lookups: 999, hits: [0; 3], evicted_hot: 900, ..sound() };
    assert_eq!((recommend(&few), diagnose(&few)), (vec![], vec![]));
}

#[test]
fn a_cache_too_small_is_told_the_size_that_the_curve_asks_for() {
    let window = PlanCacheWindow {
        hits: [0, 100_000, 0],
        entries: 1000,
        bytes: 10_000_000,
        evicted_for_entries: 100_000,
        curve: in_turn(3000),
        ..sound()
    };
    let found = only(&window);
    assert_eq!((found.kind, found.gain, found.effort), (Kind::TooSmall, Gain::HitRate, Effort::Low));
    assert_eq!(found.change, Some(SettingsChange { max_entries: Some(4000), ..SettingsChange::default() }));
    assert!(near(found.expected_improvement, 90.0), "{found:?}");
    let causes = diagnose(&window);
    assert!(causes[0].kind == Kind::TooSmall && near(causes[0].share, 90.0), "{causes:?}");
}

#[test]
fn a_cache_whose_bytes_are_too_few_is_told_more_bytes() {
    let window = PlanCacheWindow {
        settings: InForce { max_entries: 10_000, max_bytes: 1_000_000, ..sound().settings },
        hits: [0, 100_000, 0],
        entries: 100,
        bytes: 1_000_000,
        evicted_for_bytes: 100_000,
        curve: in_turn(300),
        ..sound()
    };
    let found = only(&window);
    assert_eq!(
        found.change,
        Some(SettingsChange { max_bytes: Some(4_400_000), ..SettingsChange::default() })
    );
    assert!(near(found.expected_improvement, 90.0) && found.effort == Effort::Medium, "{found:?}");
}

#[test]
fn a_cache_too_large_is_told_what_it_would_free() {
    // Ten in use; 990 others came once.
    let mut ratio = MissRatio::new(10_000);
    (0..990).for_each(|number| ratio.record(hash(1000 + number)));
    (0..500_000).for_each(|number| ratio.record(hash(number % 10)));
    let window = PlanCacheWindow { entries: 1000, bytes: 10_000_000, curve: ratio.curve(), ..sound() };
    let found = only(&window);
    assert_eq!((found.kind, found.gain), (Kind::TooLarge, Gain::Memory));
    assert_eq!(found.change, Some(SettingsChange { max_entries: Some(31), ..SettingsChange::default() }));
    assert!(near(found.expected_improvement, 96.9), "{found:?}");
}

#[test]
fn plans_evicted_in_use_ask_for_admission_and_then_for_room() {
    let settings = InForce { admission: false, max_entries: 100, ..sound().settings };
    let mut ratio = MissRatio::new(100_000);
    // 150 in turn, and as many that come once.
    (0..20_000).for_each(|number| {
        ratio.record(hash(if number % 2 == 0 { number % 300 } else { 1_000_000 + number }))
    });
    let window = PlanCacheWindow {
        settings,
        hits: [90_000, 10_000, 0],
        entries: 100,
        evicted_for_entries: 10_000,
        evicted_hot: 5000,
        curve: ratio.curve(),
        ..sound()
    };
    let of = |window: &PlanCacheWindow| {
        recommend(window).into_iter().find(|found| found.kind == Kind::HotEvictions).expect("it is said")
    };
    let found = of(&window);
    assert_eq!(found.change, Some(SettingsChange { admission: Some(true), ..SettingsChange::default() }));
    // 5% of the lookups, less the 150 of 10,150 first uses that come again.
    assert!(near(found.expected_improvement, 5.0 * (1.0 - 150.0 / 10_150.0)), "{found:?}");
    let window = PlanCacheWindow {
        settings: InForce { admission: true, max_entries: 200, ..settings },
        entries: 200,
        ..window
    };
    let found = of(&window);
    assert_eq!(found.change, Some(SettingsChange { max_entries: Some(400), ..SettingsChange::default() }));
    assert!(near(found.expected_improvement, 5.0), "no more than what is lost: {found:?}");
}

#[test]
fn plans_that_expire_and_come_again_ask_for_renewal_and_then_for_time() {
    let window = PlanCacheWindow { hits: [97_000, 3000, 0], expired: 4000, expired_again: 3000, ..sound() };
    let found = only(&window);
    assert_eq!((found.kind, found.expected_improvement), (Kind::TtlChurn, 3.0));
    assert_eq!(found.change, Some(SettingsChange { renew_on_hit: Some(true), ..SettingsChange::default() }));
    let renewing = InForce { renew_on_hit: true, ..window.settings };
    let found = only(&PlanCacheWindow { settings: renewing, ..window.clone() });
    let longer = SettingsChange { ttl: Some(Duration::from_secs(1800)), ..SettingsChange::default() };
    assert_eq!((found.change, found.expected_improvement), (Some(longer), 1.5));
    let causes = diagnose(&window);
    assert!(causes.iter().any(|cause| cause.kind == Kind::TtlChurn && cause.share == 3.0), "{causes:?}");
}

#[test]
fn literals_that_stay_ask_for_variables() {
    let found = only(&PlanCacheWindow { hits: [80_000, 20_000, 0], literal_misses: 15_000, ..sound() });
    assert_eq!((found.kind, found.expected_improvement), (Kind::Literals, 15.0));
    assert_eq!((found.change, found.effort), (None, Effort::High));
}

#[test]
fn first_uses_that_come_again_ask_for_warm_up_unless_another_layer_had_them() {
    // A tenth are first uses.
    let cold = PlanCacheWindow { hits: [90_000, 0, 0], planning_time: Duration::from_secs(20), ..sound() };
    let found = only(&cold);
    assert_eq!(found.kind, Kind::WarmUp);
    assert!(near(found.expected_improvement, 10.0), "{found:?}");
    assert!(found.explanation.contains("2.0 ms each"), "{}", found.explanation);
    assert_eq!(recommend(&PlanCacheWindow { hits: [90_000, 10_000, 0], ..cold }), []);
}

#[test]
fn the_greatest_improvement_comes_first() {
    let window = PlanCacheWindow {
        hits: [70_000, 25_000, 0],
        expired: 4000,
        expired_again: 3000,
        literal_misses: 15_000,
        ..sound()
    };
    let kinds: Vec<Kind> = recommend(&window).into_iter().map(|found| found.kind).collect();
    assert_eq!(kinds, [Kind::Literals, Kind::WarmUp, Kind::TtlChurn]);
}
