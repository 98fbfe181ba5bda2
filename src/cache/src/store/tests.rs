//! What the store is asked for, what its answers mean, and when it is left alone.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::Entry;

const NOW: Duration = Duration::from_secs(1_790_000_000);
const SECOND: Duration = Duration::from_secs(1);

fn settings() -> StoreSettings {
    StoreSettings {
        prefix: "/plans".into(),
        ttl: Some(60 * SECOND),
        max_object: 1000,
        max_puts: 2,
        timeout: SECOND,
        failures: 3,
        backoff: 10 * SECOND,
        max_backoff: 60 * SECOND,
    }
}

fn wanted() -> Wanted {
    Wanted { key: Key(0xab << 120 | 1), environment: 1, text: "{ a }".into(), variant: "".into() }
}

fn entry(payload: &[u8]) -> Vec<u8> {
    let wanted = wanted();
    Entry {
        environment: wanted.environment,
        key: wanted.key,
        created: NOW,
        planning: SECOND,
        text: &wanted.text,
        variant: &wanted.variant,
        payload,
    }
    .encode()
}

fn answer(status: u16, body: Vec<u8>) -> StoreAnswer {
    StoreAnswer::Answered { status, body }
}

fn fetch(store: &mut Store, now: Duration, answer: StoreAnswer) -> Fetched {
    let (get, _) = store.get(now, wanted()).unwrap();
    store.got(now, get, answer)
}

#[test]
fn a_plan_has_one_path() {
    let mut store = Store::new(settings(), 0);
    let path = "/plans/1/ab/ab000000000000000000000000000001";
    let (_, call) = store.get(NOW, wanted()).unwrap();
    assert_eq!(call, StoreCall { method: "GET", path: path.into(), body: Vec::new() });
    let (_, call) = store.put(NOW, wanted().key, entry(b"plan")).unwrap();
    assert_eq!(call, StoreCall { method: "PUT", path: path.into(), body: entry(b"plan") });
}

#[test]
fn only_the_plan_that_was_wanted_is_a_hit() {
    let mut store = Store::new(settings(), 0);
    let Fetched::Hit(found) = fetch(&mut store, NOW, answer(200, entry(b"plan"))) else { panic!("no hit") };
    assert_eq!(found.payload(), b"plan");

    let mut damaged = entry(b"plan");
    damaged[20] ^= 1;
    let other = Entry { text: "{ b }", ..Entry::decode(&entry(b"plan")).unwrap() }.encode();
    for body in [damaged, other, b"<html>".to_vec(), Vec::new(), entry(&[0; 1000])] {
        assert_eq!(fetch(&mut store, NOW, answer(200, body)), Fetched::Miss);
    }
    assert_eq!(fetch(&mut store, NOW, answer(404, entry(b"plan"))), Fetched::Miss);
    let counts = store.take_counts();
    assert_eq!((counts.hits, counts.misses, counts.corrupt, counts.foreign), (1, 6, 4, 1));
    assert!(!store.is_open(NOW));
}

#[test]
fn old_plans_are_misses() {
    let mut store = Store::new(settings(), 0);
    let just = NOW + 60 * SECOND - Duration::from_millis(1);
    assert!(matches!(fetch(&mut store, just, answer(200, entry(b""))), Fetched::Hit(_)));
    assert_eq!(fetch(&mut store, NOW + 60 * SECOND, answer(200, entry(b""))), Fetched::Miss);
    assert_eq!(store.take_counts().expired, 1);
    store.set_settings(StoreSettings { ttl: None, ..settings() });
    assert!(matches!(fetch(&mut store, NOW + 60 * SECOND, answer(200, entry(b""))), Fetched::Hit(_)));
    // Made by a machine whose clock is ahead.
    assert!(matches!(fetch(&mut store, NOW - 60 * SECOND, answer(200, entry(b""))), Fetched::Hit(_)));
}

#[test]
fn failures_in_a_row_open_the_breaker_and_one_call_tries() {
    let mut store = Store::new(settings(), 7);
    for bad in [StoreAnswer::Failed, answer(503, Vec::new())] {
        assert_eq!(fetch(&mut store, NOW, bad), Fetched::Failed);
    }
    assert_eq!(
        fetch(&mut store, NOW, answer(404, Vec::new())),
        Fetched::Miss,
        "a success: counted from none again"
    );
    for bad in [StoreAnswer::Failed, answer(403, Vec::new())] {
        assert_eq!(fetch(&mut store, NOW, bad), Fetched::Failed);
    }
    let (late, _) = store.get(NOW, wanted()).unwrap();
    let (put, _) = store.put(NOW, wanted().key, entry(b"")).unwrap();
    assert!(!store.put_done(NOW, put, &answer(500, Vec::new())), "the third");
    assert!(store.is_open(NOW));
    assert_eq!(store.get(NOW, wanted()).unwrap_err(), Skipped::Open);
    assert_eq!(store.put(NOW, wanted().key, entry(b"")).unwrap_err(), Skipped::Open);
    // From before it opened: still a hit, but no reason to call again.
    assert!(matches!(store.got(NOW, late, answer(200, entry(b""))), Fetched::Hit(_)));
    assert!(store.is_open(NOW));

    assert!(store.is_open(NOW + 4 * SECOND), "half of the wait at least");
    let later = NOW + 10 * SECOND;
    assert!(!store.is_open(later), "the wait at most");
    let (probe, _) = store.get(later, wanted()).unwrap();
    assert_eq!(store.get(later, wanted()).unwrap_err(), Skipped::Open, "one at a time");
    assert_eq!(store.got(later, probe, StoreAnswer::Failed), Fetched::Failed);
    assert!(store.is_open(later + 9 * SECOND), "twice as long");
    let later = later + 20 * SECOND;
    let (probe, _) = store.get(later, wanted()).unwrap();
    drop(probe);
    assert_eq!(store.get(later, wanted()).unwrap_err(), Skipped::Open);
    // Its answer never came.
    assert_eq!(fetch(&mut store, later + 2 * SECOND, answer(404, Vec::new())), Fetched::Miss);
    assert!(store.get(later, wanted()).is_ok() && store.get(later, wanted()).is_ok());
    let counts = store.take_counts();
    assert_eq!((counts.opened, counts.skipped_open, counts.failures), (2, 4, 6));
}

#[test]
fn no_wait_is_longer_than_the_longest() {
    let mut store = Store::new(StoreSettings { failures: 1, ..settings() }, 7);
    let mut now = NOW;
    for _ in 0..100 {
        assert_eq!(fetch(&mut store, now, StoreAnswer::Failed), Fetched::Failed);
        now += 60 * SECOND;
        assert!(!store.is_open(now));
    }
}

#[test]
fn workers_dont_try_again_at_the_same_moment() {
    let reopens = |seed| {
        let mut store = Store::new(StoreSettings { failures: 1, ..settings() }, seed);
        fetch(&mut store, NOW, StoreAnswer::Failed);
        (0..10_000).find(|ms| !store.is_open(NOW + Duration::from_millis(*ms))).unwrap()
    };
    let mut times: Vec<u64> = (0..50).map(reopens).collect();
    times.sort_unstable();
    times.dedup();
    assert!(times.len() > 45 && times[0] >= 5000, "{times:?}");
}

#[test]
fn only_so_many_objects_are_written_at_a_time() {
    let mut store = Store::new(settings(), 0);
    let key = wanted().key;
    assert_eq!(store.put(NOW, key, vec![0; 1001]).unwrap_err(), Skipped::TooLarge);
    let (first, _) = store.put(NOW, key, entry(b"")).unwrap();
    let (_second, _) = store.put(NOW, key, entry(b"")).unwrap();
    assert_eq!(store.put(NOW, key, entry(b"")).unwrap_err(), Skipped::Busy);
    assert!(store.put_done(NOW, first, &answer(204, Vec::new())));
    let (_third, _) = store.put(NOW, key, entry(b"")).unwrap();
    assert_eq!(store.put(NOW, key, entry(b"")).unwrap_err(), Skipped::Busy);
    // The answers to the second and third never came.
    assert!(store.put(NOW + 2 * SECOND, key, entry(b"")).is_ok());
    let counts = store.take_counts();
    assert_eq!((counts.puts, counts.skipped_busy, counts.skipped_too_large), (1, 2, 1));
}
