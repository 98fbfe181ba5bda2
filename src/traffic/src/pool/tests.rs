//! One pool by itself, and what the cell holds; the modules below have several workers.

use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[cfg(not(target_arch = "wasm32"))]
mod enumeration;
mod loads;
mod model;
mod schedules;

const NOW: Duration = Duration::from_secs(1_700_000_000);

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn settings(max_connections: u32) -> Settings {
    Settings { max_connections, ..Settings::default() }
}

/// Gets and sets, undisturbed; whether it wrote.
fn settle(pool: &mut Pool, now: Duration, waiting: u32, cell: &mut Option<Vec<u8>>) -> bool {
    let edit = pool.exchange(now, waiting, cell.as_deref());
    edit.is_some_and(|edit| {
        *cell = Some(edit.value);
        pool.granted(edit.grant);
        true
    })
}

#[test]
fn a_first_call_gets_slots_for_the_next_ones_too() {
    let (mut pool, mut cell) = (Pool::new(1, settings(1024)), None);
    assert!(!pool.acquire(NOW) && pool.wants(NOW, 1) && !pool.wants(NOW, 0));
    assert!(settle(&mut pool, NOW, 1, &mut cell));
    assert_eq!((0..200).filter(|_| pool.acquire(NOW)).count(), 129);
    assert_eq!((pool.in_use(), pool.share(), pool.utilisation()), (129, 129, 12));
}

#[test]
fn slots_that_are_not_used_for_a_second_are_given_back() {
    let (mut pool, mut cell) = (Pool::new(1, settings(100)), None);
    settle(&mut pool, NOW, 1, &mut cell);
    assert!(pool.acquire(NOW));
    pool.release();
    let first = settle(&mut pool, NOW + ms(1_000), 0, &mut cell);
    assert_eq!((first, pool.share()), (true, 14), "one was in use in that second");
    let second = settle(&mut pool, NOW + ms(2_000), 0, &mut cell);
    assert_eq!((second, pool.share()), (true, 0));
    assert!(!pool.wants(NOW + ms(9_000), 0), "it has nothing to renew");
    assert_eq!(Shares::decode(&cell.unwrap()), Shares::default());
}

#[test]
fn a_share_is_not_used_unless_it_was_renewed() {
    let (mut pool, mut cell) = (Pool::new(1, settings(100)), None);
    settle(&mut pool, NOW, 1, &mut cell);
    assert!(pool.acquire(NOW + ms(2_499)) && !pool.acquire(NOW + ms(2_500)));
    assert!(!pool.acquire(NOW - ms(2_500)), "a clock that was set back doesn't prolong it");
    assert!(pool.wants(NOW + ms(2_500), 1));
    settle(&mut pool, NOW + ms(2_500), 1, &mut cell);
    assert!(pool.acquire(NOW + ms(2_500)));
}

#[test]
fn until_an_edit_is_written_neither_the_old_share_nor_the_new_one_is_exceeded() {
    let (mut pool, mut other, mut cell) = (Pool::new(1, settings(8)), Pool::new(2, settings(8)), None);
    settle(&mut pool, NOW, 8, &mut cell);
    settle(&mut other, NOW, 1, &mut cell);
    assert_eq!((pool.share(), other.share()), (8, 0));
    (0..4).for_each(|_| assert!(pool.acquire(NOW)));
    let edit = pool.exchange(NOW + ms(1), 0, cell.as_deref()).unwrap();
    // The edit gives back what isn't in use, but for a reserve. If it is written without our knowing, that is others' now.
    assert!(pool.acquire(NOW) && !pool.acquire(NOW));
    assert_eq!(pool.share(), 8);
    pool.granted(edit.grant);
    assert_eq!((pool.share(), pool.acquire(NOW)), (5, false));
}

#[test]
fn fewer_slots_than_are_in_use_take_no_call_back() {
    let (mut pool, mut cell) = (Pool::new(1, settings(8)), None);
    settle(&mut pool, NOW, 8, &mut cell);
    (0..8).for_each(|_| assert!(pool.acquire(NOW)));
    pool.set_settings(settings(2));
    assert!(!pool.acquire(NOW) && pool.wants(NOW, 0));
    settle(&mut pool, NOW, 0, &mut cell);
    assert_eq!((pool.share(), pool.in_use()), (8, 8));
    (0..6).for_each(|_| pool.release());
    settle(&mut pool, NOW + ms(200), 0, &mut cell);
    assert_eq!((pool.share(), pool.acquire(NOW)), (2, false));
    (0..9).for_each(|_| pool.release());
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn the_cell_is_bounded_and_whatever_is_in_it_is_read() {
    let mut cell = None;
    let mut pools: Vec<Pool> = (0..200).map(|n| Pool::new(n, settings(1024))).collect();
    for pool in &mut pools {
        settle(pool, NOW, 1, &mut cell);
    }
    let value = cell.unwrap();
    assert!(value.len() <= 4096, "{}", value.len());
    let shares = Shares::decode(&value);
    assert_eq!(shares.iter().count(), MOST_WORKERS);
    assert!(shares.iter().map(|(_, share)| share).sum::<u32>() <= 1024);
    assert_eq!(shares.encode(), value);
    assert!(pools[150].wants(NOW + LOOK, 1), "who got nothing looks again");
    for end in 0..value.len() {
        Shares::decode(&value[..end]);
    }
    for damaged in [&[][..], &[1, 2], &[2; 31], &[1; 30 * 129 + 1], &[255; 31]] {
        assert_eq!(Shares::decode(damaged), Shares::default());
    }
    // Absurd numbers saturate.
    let mut absurd = vec![1];
    absurd.extend([255; 60]);
    let mut pool = Pool::new(7, settings(10));
    let edit = pool.exchange(NOW, 1, Some(&absurd));
    pool.granted(edit.unwrap().grant);
    assert!(!pool.acquire(NOW));
}

#[test]
fn a_dead_workers_slots_come_back_even_if_its_clock_was_ahead() {
    let (mut dead, mut pool, mut cell) = (Pool::new(1, settings(2)), Pool::new(2, settings(2)), None);
    settle(&mut dead, NOW + Duration::from_secs(3_600), 2, &mut cell);
    let back = |at: Duration, pool: &mut Pool, cell: &mut Option<Vec<u8>>| {
        settle(pool, at, 1, cell);
        pool.share()
    };
    assert_eq!(back(NOW, &mut pool, &mut cell), 0);
    assert_eq!(back(NOW + ms(2_900), &mut pool, &mut cell), 0);
    assert!(back(NOW + ms(3_100), &mut pool, &mut cell) > 0);
}
