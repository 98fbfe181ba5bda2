//! What both strategies keep to, and what sets them apart.

use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

const T0: Duration = Duration::from_secs(1_700_000_000);
const STRATEGIES: [Strategy; 2] = [Strategy::Lru, Strategy::LruBatch];

fn settings(strategy: Strategy) -> MemorySettings {
    MemorySettings {
        max_entries: 10,
        max_bytes: 1000,
        ttl: None,
        renew_on_hit: false,
        strategy,
        batch_percentage: 20,
        admission: false,
    }
}

pub(super) fn key(number: u64) -> Key {
    Key(xxhash_rust::xxh3::xxh3_128(&number.to_le_bytes()))
}

fn cost(bytes: usize) -> Cost {
    Cost { bytes, work: Duration::from_millis(1) }
}

fn seconds(count: u64) -> Duration {
    T0 + Duration::from_secs(count)
}

fn held(memory: &Memory<u64>) -> Vec<u64> {
    let mut values: Vec<u64> = memory.iter().map(|(_, value)| *value).collect();
    values.sort_unstable();
    values
}

fn filled(settings: MemorySettings, values: impl IntoIterator<Item = u64>) -> Memory<u64> {
    let mut memory = Memory::new(settings);
    for value in values {
        assert!(memory.insert(T0, key(value), value, cost(10)).admitted);
    }
    memory
}

#[test]
fn finds_what_was_put_in() {
    for strategy in STRATEGIES {
        let mut memory = filled(settings(strategy), 0..10);
        assert_eq!(memory.get(T0, key(3)), Some(&3));
        assert_eq!(memory.get(T0, key(10)), None);
        assert_eq!((memory.len(), memory.bytes()), (10, 100));
        assert!(memory.remove(key(3)) && !memory.remove(key(3)));
        assert_eq!((memory.get(T0, key(3)).copied(), memory.len(), memory.bytes()), (None, 9, 90));
        memory.clear();
        assert_eq!((memory.get(T0, key(4)).copied(), memory.len(), memory.bytes()), (None, 0, 0));
    }
}

#[test]
fn lru_lets_the_least_recently_used_go() {
    let mut memory = filled(settings(Strategy::Lru), 0..10);
    memory.get(T0, key(0));
    let inserted = memory.insert(T0, key(10), 10, cost(10));
    assert_eq!(inserted.evicted, Evicted { capacity: 1, ..Evicted::default() });
    assert_eq!(held(&memory), [0, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn lru_batch_lets_a_share_go_least_recently_used_first() {
    let mut memory = filled(settings(Strategy::LruBatch), 0..10);
    memory.get(T0, key(0));
    let inserted = memory.insert(T0, key(10), 10, cost(10));
    assert_eq!(inserted.evicted, Evicted { capacity: 2, ..Evicted::default() });
    assert_eq!(held(&memory), [0, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(memory.insert(T0, key(11), 11, cost(10)).evicted, Evicted::default());
}

#[test]
fn the_bytes_are_bounded_too() {
    for strategy in STRATEGIES {
        let mut memory = filled(settings(strategy), 0..5);
        let inserted = memory.insert(T0, key(5), 5, cost(980));
        assert!(inserted.admitted && memory.bytes() <= 1000, "{strategy:?}: {}", memory.bytes());
        assert_eq!(inserted.evicted.bytes, 3, "{strategy:?}");
        assert_eq!(held(&memory), [3, 4, 5]);
    }
}

#[test]
fn what_is_larger_than_all_room_is_not_kept_and_nothing_goes_for_it() {
    for strategy in STRATEGIES {
        let mut memory = filled(settings(strategy), 0..5);
        let inserted = memory.insert(T0, key(9), 9, cost(1001));
        assert_eq!(inserted, Inserted::default());
        assert_eq!(held(&memory), [0, 1, 2, 3, 4]);
        let inserted = memory.insert(T0, key(2), 2, cost(1001));
        assert_eq!(inserted.evicted.replaced, 1, "the former value is not the key's any more");
        assert_eq!(held(&memory), [0, 1, 3, 4]);
    }
}

#[test]
fn a_new_value_takes_the_place_of_the_old_one() {
    for strategy in STRATEGIES {
        for admission in [false, true] {
            let mut memory = filled(MemorySettings { admission, ..settings(strategy) }, 0..10);
            let inserted = memory.insert(T0, key(3), 33, cost(20));
            let replaced = Evicted { replaced: 1, ..Evicted::default() };
            assert_eq!(inserted, Inserted { admitted: true, evicted: replaced });
            assert_eq!((memory.get(T0, key(3)).copied(), memory.len(), memory.bytes()), (Some(33), 10, 110));
        }
    }
}

#[test]
fn nothing_is_served_after_its_time() {
    for strategy in STRATEGIES {
        let ttl = Some(Duration::from_secs(60));
        let mut memory = filled(MemorySettings { ttl, ..settings(strategy) }, 0..1);
        assert_eq!(memory.get(seconds(59), key(0)), Some(&0));
        assert!(memory.contains(seconds(59), key(0)) && !memory.contains(seconds(60), key(0)));
        assert_eq!(memory.get(seconds(60), key(0)), None, "a hit doesn't renew");
        assert_eq!((memory.len(), memory.bytes(), memory.totals().evicted.ttl), (0, 0, 1));
        assert_eq!(memory.totals().came_again, 0);
        memory.insert(seconds(61), key(0), 0, cost(10));
        assert_eq!(memory.totals().came_again, 1);

        let mut memory = filled(MemorySettings { ttl, renew_on_hit: true, ..settings(strategy) }, 0..1);
        assert_eq!(memory.get(seconds(59), key(0)), Some(&0));
        assert_eq!(memory.get(seconds(118), key(0)), Some(&0), "a hit renews");
        assert_eq!(memory.get(seconds(178), key(0)), None);
    }
}

#[test]
fn expired_entries_are_let_go_a_few_at_a_time() {
    for strategy in STRATEGIES {
        let ttl = Some(Duration::from_secs(60));
        let mut memory = filled(MemorySettings { ttl, ..settings(strategy) }, 0..8);
        assert_eq!(memory.expire(seconds(59), 100), 0);
        let some = memory.expire(seconds(60), 5);
        assert!((1..=5).contains(&some) && memory.len() == 8 - some, "{strategy:?}: {some}");
        (0..3).for_each(|_| _ = memory.expire(seconds(60), 5));
        assert_eq!((memory.len(), memory.bytes()), (0, 0), "{strategy:?}: empty places are looked at too");
        assert_eq!(memory.totals().evicted.ttl, 8);
        memory.insert(seconds(61), key(7), 7, cost(10));
        assert_eq!(memory.totals().came_again, 1);
    }
}

#[test]
fn an_eviction_of_what_is_in_use_is_told() {
    for strategy in STRATEGIES {
        let mut memory = filled(settings(strategy), 0..10);
        for _ in 0..5 {
            (0..10).for_each(|number| assert!(memory.get(T0, key(number)).is_some()));
        }
        let evicted = memory.insert(T0, key(10), 10, cost(10)).evicted;
        assert_eq!(evicted.hot, evicted.capacity, "{strategy:?}");
        let mut memory = filled(settings(strategy), 0..10);
        assert_eq!(memory.insert(T0, key(10), 10, cost(10)).evicted.hot, 0, "{strategy:?}");
    }
}

#[test]
fn other_settings_are_taken_over_live() {
    for (strategy, other) in STRATEGIES.into_iter().zip(STRATEGIES.into_iter().rev()) {
        let mut memory = filled(settings(strategy), 0..10);
        memory.get(T0, key(0));
        let smaller = MemorySettings { max_entries: 4, ..settings(other) };
        let evicted = memory.set_settings(T0, smaller);
        assert_eq!(evicted, Evicted { capacity: 6, ..Evicted::default() });
        assert_eq!(held(&memory), [0, 7, 8, 9]);
        memory.insert(T0, key(10), 10, cost(10));
        assert_eq!(held(&memory), [0, 8, 9, 10], "the order is kept");
        let evicted = memory.set_settings(T0, MemorySettings { max_bytes: 20, ..smaller });
        assert_eq!(evicted, Evicted { bytes: 2, ..Evicted::default() });
        assert_eq!(held(&memory), [0, 10]);
        memory.set_settings(T0, settings(other));
        (20..28).for_each(|value| _ = memory.insert(T0, key(value), value, cost(10)));
        assert_eq!(memory.len(), 10, "there is room again");
    }
}

#[test]
fn another_time_to_live_holds_for_those_that_are_there() {
    for strategy in STRATEGIES {
        let with =
            |ttl: Option<u64>| MemorySettings { ttl: ttl.map(Duration::from_secs), ..settings(strategy) };
        let mut memory = filled(with(Some(60)), 0..1);
        memory.set_settings(seconds(10), with(Some(30)));
        assert_eq!(
            (memory.contains(seconds(29), key(0)), memory.contains(seconds(30), key(0))),
            (true, false)
        );
        memory.set_settings(seconds(10), with(None));
        assert!(memory.contains(seconds(1_000_000), key(0)));
        memory.set_settings(seconds(20), with(Some(30)));
        assert_eq!(
            (memory.contains(seconds(49), key(0)), memory.contains(seconds(50), key(0))),
            (true, false)
        );
    }
}

#[test]
fn the_hottest_come_first() {
    for strategy in STRATEGIES {
        let mut memory = filled(settings(strategy), 0..10);
        for (number, times) in [(3, 5), (7, 9), (5, 2)] {
            (0..times).for_each(|_| _ = memory.get(T0, key(number)));
        }
        let hottest: Vec<u64> = memory.hottest(3).into_iter().map(|(_, value)| *value).collect();
        // All are in use: 3 and 7 by count, 5 used last.
        assert_eq!(hottest, [7, 3, 5], "{strategy:?}");
        assert_eq!(memory.hottest(100).len(), 10);
        assert!(memory.hottest(0).is_empty());
    }
}

#[test]
fn an_operation_that_comes_once_does_not_push_out_one_in_use() {
    for strategy in STRATEGIES {
        let mut memory = filled(MemorySettings { admission: true, ..settings(strategy) }, 0..8);
        for _ in 0..5 {
            (0..8).for_each(|number| assert!(memory.get(T0, key(number)).is_some()));
        }
        for once in 100..120 {
            memory.insert(T0, key(once), once, cost(10));
            memory.get(T0, key(once % 8));
        }
        let kept = (0..8).filter(|number| memory.contains(T0, key(*number))).count();
        assert!(kept == 8, "{strategy:?} kept {kept} of 8");
    }
}

#[test]
fn a_plan_that_was_slow_to_make_outlives_cheap_ones() {
    for strategy in STRATEGIES {
        for admission in [false, true] {
            let mut memory = Memory::new(MemorySettings { admission, ..settings(strategy) });
            let work = |ms| Cost { bytes: 10, work: Duration::from_millis(ms) };
            (0..5).for_each(|value| _ = memory.insert(T0, key(value), value, work(1)));
            memory.insert(T0, key(100), 100, work(20));
            (5..17).for_each(|value| _ = memory.insert(T0, key(value), value, work(1)));
            assert_eq!(memory.contains(T0, key(100)), admission, "{strategy:?}");
        }
    }
}
