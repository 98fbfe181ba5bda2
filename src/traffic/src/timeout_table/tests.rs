//! Values that can be calculated by hand; how the table behaves in traffic is in the simulation.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod simulation;

pub(crate) const SETTINGS: Settings = Settings {
    adapt: true,
    percentile: 99.0,
    margin: 3.0,
    min_timeout: Duration::from_secs(1),
    max_timeout: Duration::from_secs(30),
    calculation_interval: Duration::from_secs(10),
    reset_timeout: Duration::from_secs(30),
    max_reset_timeout: Duration::from_mins(5),
    base_delay: Duration::from_millis(100),
    max_delay: Duration::from_secs(5),
    exponential: true,
};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

const fn s(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A table after its first interval, with so many answers after so many milliseconds each, and so many calls cut off.
pub(crate) fn measured(answers: &[(u64, usize)], cut: usize) -> TimeoutTable {
    let mut table = TimeoutTable::new(SETTINGS, Duration::ZERO);
    interval(&mut table, s(10), answers, cut);
    table
}

/// The interval that ends now; calls are cut at the time-out.
fn interval(table: &mut TimeoutTable, now: Duration, answers: &[(u64, usize)], cut: usize) {
    for (took, times) in answers {
        (0..*times).for_each(|_| table.answered(ms(*took)));
    }
    let after = table.request_timeout();
    (0..cut).for_each(|_| table.timed_out(after));
    assert!(table.tend(now));
}

#[test]
fn the_time_out_is_the_percentile_with_its_margin_within_the_bounds() {
    // 99 of 100 take 500 ms, told as the end of their bucket, 507.903 ms.
    let table = measured(&[(500, 99), (5_000, 1)], 0);
    assert_eq!(table.request_timeout(), Duration::from_micros(507_903 * 3));
    assert_eq!(table.quantile(0.5), Some(Duration::from_micros(507_903)));
    assert_eq!(table.count(), 100);
    assert_eq!(measured(&[(10, 100)], 0).request_timeout(), SETTINGS.min_timeout);
    assert_eq!(measured(&[(20_000, 100)], 0).request_timeout(), SETTINGS.max_timeout);
}

#[test]
fn too_few_calls_leave_the_greatest_time_out() {
    let table = measured(&[(10, 49)], 0);
    assert_eq!(
        (table.request_timeout(), table.quantile(0.5), table.count()),
        (SETTINGS.max_timeout, None, 49)
    );
    assert_eq!(measured(&[], 0).request_timeout(), SETTINGS.max_timeout);
    let mut fresh = TimeoutTable::new(SETTINGS, s(100));
    (0..49).for_each(|_| fresh.answered(ms(10)));
    assert!(!fresh.tend(s(101)));
    fresh.answered(ms(10));
    assert!(fresh.tend(s(101)), "the first time as soon as there are enough");
    assert_eq!(fresh.request_timeout(), SETTINGS.min_timeout);
}

#[test]
fn what_is_not_adapted_is_measured_still() {
    let mut table = TimeoutTable::new(Settings { adapt: false, ..SETTINGS }, Duration::ZERO);
    interval(&mut table, s(10), &[(10, 100)], 0);
    assert_eq!(table.request_timeout(), SETTINGS.max_timeout);
    assert!(table.quantile(0.99).is_some());
    table.set_settings(SETTINGS);
    assert_eq!(table.request_timeout(), SETTINGS.min_timeout);
    table.set_settings(Settings { min_timeout: ms(1), margin: 2.0, ..SETTINGS });
    assert_eq!(table.request_timeout(), Duration::from_micros(2 * 10_239));
}

#[test]
fn reset_times_and_delays_double_up_to_the_greatest() {
    let mut table = TimeoutTable::new(SETTINGS, Duration::ZERO);
    assert_eq!([0, 1, 2, 3, 4, u32::MAX].map(|n| table.reset(n).as_secs()), [30, 60, 120, 240, 300, 300]);
    assert_eq!([0, 1, 5, 6, u32::MAX].map(|n| table.retry(n).as_millis()), [100, 200, 3_200, 5_000, 5_000]);
    table.set_settings(Settings { exponential: false, ..SETTINGS });
    assert_eq!([0, 1, u32::MAX].map(|n| table.retry(n).as_millis()), [100; 3]);
    table.set_settings(Settings { base_delay: Duration::ZERO, max_reset_timeout: s(1), ..SETTINGS });
    assert_eq!((table.retry(9), table.reset(0)), (Duration::ZERO, s(1)));
    let extreme = Settings { base_delay: Duration::from_nanos(1), max_delay: Duration::MAX, ..SETTINGS };
    table.set_settings(extreme);
    assert_eq!(
        (table.retry(31), table.retry(99)),
        (Duration::from_nanos(1 << 31), Duration::from_nanos(u64::from(u32::MAX)))
    );
}

#[test]
fn calls_given_up_sooner_than_they_usually_take_say_nothing() {
    let mut table = measured(&[(500, 100)], 0);
    (0..100).for_each(|_| table.timed_out(ms(499)));
    assert_eq!(table.count(), 100);
    (0..100).for_each(|_| table.timed_out(ms(508)));
    assert_eq!(table.count(), 200, "would have taken longer than usual");
}

#[test]
fn answers_near_the_time_out_double_it_at_the_next_tick() {
    let mut table = measured(&[(10, 1_000)], 0);
    // Near is more than 1 s / √3 = 577 ms; 1% may be.
    (0..2_000).for_each(|_| table.answered(ms(570)));
    (0..20).for_each(|_| table.answered(ms(580)));
    assert!(!table.tend(ms(10_250)), "1% of 2,020");
    (0..17).for_each(|_| table.answered(ms(570)));
    (0..3).for_each(|_| table.answered(ms(580)));
    assert!(table.tend(ms(10_500)));
    assert_eq!(table.request_timeout(), s(2));
}

#[test]
fn calls_cut_off_double_it_each_interval_and_in_vain_ever_more_rarely() {
    let mut table = measured(&[(10, 100)], 0);
    let mut told = Vec::new();
    for n in 2..40 {
        interval(&mut table, s(10 * n), &[], 5);
        told.push(table.request_timeout().as_secs());
    }
    let first = [2, 4, 8, 16, 30, 1, 1, 1, 1, 1, 2, 4, 8, 16, 30, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 30];
    assert_eq!(told[..29], first, "pauses of 4, 8, then 16 intervals");
    assert_eq!(told[29..], [1; 9]);
    // 16 intervals of pause are halved by each in which calls are answered.
    (0..6).for_each(|n| interval(&mut table, s(400 + 10 * n), &[(10, 100)], 0));
    interval(&mut table, s(460), &[], 5);
    assert_eq!(table.request_timeout(), s(2), "tried at once again");
}

#[test]
fn a_step_up_is_confirmed_by_calls_that_waited_as_long() {
    let mut table = measured(&[(10, 100)], 0);
    interval(&mut table, s(20), &[], 5);
    // Sent before it was doubled.
    (0..5).for_each(|_| table.timed_out(s(1)));
    assert!(table.tend(s(30)));
    assert_eq!(table.request_timeout(), s(2));
}

#[test]
fn a_long_interval_is_not_waited_for_when_calls_are_cut_off() {
    let slow = Settings { calculation_interval: Duration::from_mins(5), ..SETTINGS };
    let mut table = TimeoutTable::new(slow, Duration::ZERO);
    (0..100).for_each(|_| table.answered(ms(10)));
    assert!(table.tend(s(1)));
    assert!(!table.tend(s(100)));
    table.timed_out(s(1));
    assert!(table.tend(s(100)));
    assert_eq!(table.request_timeout(), s(2));
}

#[test]
fn few_calls_are_gathered_over_intervals_and_forgotten_when_old() {
    let mut table = TimeoutTable::new(SETTINGS, Duration::ZERO);
    for n in 1..=5 {
        interval(&mut table, s(10 * n), &[(10, 10)], 0);
        let expected = if n < 5 { SETTINGS.max_timeout } else { SETTINGS.min_timeout };
        assert_eq!(table.request_timeout(), expected, "interval {n}");
    }
    for n in 6..66 {
        interval(&mut table, s(10 * n), &[], 0);
        assert_eq!(table.request_timeout(), SETTINGS.min_timeout, "interval {n}");
    }
    (66..130).for_each(|n| interval(&mut table, s(10 * n), &[], 0));
    assert_eq!((table.request_timeout(), table.count()), (SETTINGS.max_timeout, 0));
}

#[test]
fn no_settings_nor_times_panic() {
    use crate::simulated::Dice;
    let mut dice = Dice(9);
    for _ in 0..300 {
        let odd = [0.0, -1.0, f64::NAN, f64::INFINITY, 50.0, 99.0, 100.0, 1e300];
        let times = [Duration::ZERO, Duration::from_nanos(1), ms(1), s(1), s(100), Duration::MAX];
        let mut time = || times[dice.below(6) as usize];
        let mut settings = Settings {
            min_timeout: time(),
            max_timeout: time(),
            calculation_interval: time(),
            reset_timeout: time(),
            max_reset_timeout: time(),
            base_delay: time(),
            max_delay: time(),
            ..SETTINGS
        };
        settings.percentile = odd[dice.below(8) as usize];
        settings.margin = odd[dice.below(8) as usize];
        let mut table = TimeoutTable::new(settings, times[dice.below(6) as usize]);
        for _ in 0..300 {
            let time = times[dice.below(6) as usize];
            match dice.below(40) {
                0 => drop(table.tend(time)),
                1 => table.set_settings(Settings { margin: odd[dice.below(8) as usize], ..settings }),
                2..20 => table.timed_out(time),
                _ => table.answered(time),
            }
            assert!(table.request_timeout() <= settings.max_timeout);
            table.quantile(odd[dice.below(8) as usize]);
            table.reset(dice.next() as u32);
        }
    }
}
