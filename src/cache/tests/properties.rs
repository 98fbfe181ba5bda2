//! What holds of a `Memory` after any sequence of calls.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use weir_cache::{Cost, Key, Memory, MemorySettings, Strategy as Eviction};

#[derive(Debug, Clone)]
enum Call {
    Get(u8),
    Insert { key: u8, bytes: usize, work: u64 },
    Remove(u8),
    Wait(u64),
    Expire(usize),
    Settings(MemorySettings),
    Clear,
}

fn key(number: u8) -> Key {
    Key(xxhash_rust::xxh3::xxh3_128(&[number]))
}

fn settings() -> impl Strategy<Value = MemorySettings> {
    let ttl = prop_oneof![Just(None), (1..20_u64).prop_map(|s| Some(Duration::from_secs(s)))];
    (0..40_usize, 0..2000_usize, ttl, any::<[bool; 3]>(), 0..=60_u8).prop_map(
        |(max_entries, max_bytes, ttl, [renew_on_hit, lru, admission], batch_percentage)| MemorySettings {
            max_entries,
            max_bytes,
            ttl,
            renew_on_hit,
            strategy: if lru { Eviction::Lru } else { Eviction::LruBatch },
            batch_percentage,
            admission,
        },
    )
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        8 => any::<u8>().prop_map(|key| Call::Get(key % 64)),
        8 => (any::<u8>(), 0..300_usize, 0..5000_u64)
            .prop_map(|(key, bytes, work)| Call::Insert { key: key % 64, bytes, work }),
        1 => any::<u8>().prop_map(|key| Call::Remove(key % 64)),
        1 => (1..8_u64).prop_map(Call::Wait),
        1 => (0..50_usize).prop_map(Call::Expire),
        1 => settings().prop_map(Call::Settings),
        1 => Just(Call::Clear),
    ]
}

proptest! {
    #[test]
    fn bounds_hold_and_nothing_wrong_or_old_is_served(first in settings(), calls in prop::collection::vec(call(), 1..300)) {
        let (mut settings, mut now) = (first, Duration::from_secs(1_700_000_000));
        let mut memory = Memory::new(settings);
        // The latest value of each key, its bytes, and when its time began; a key that is not in it must not be found.
        let mut latest: HashMap<u8, (usize, usize, Duration)> = HashMap::new();
        for (at, call) in calls.into_iter().enumerate() {
            match call {
                Call::Get(number) => {
                    let found = memory.get(now, key(number)).copied();
                    if let Some(value) = found {
                        let (wanted, _, began) = latest.get_mut(&number).expect("it was put in and not taken out");
                        prop_assert_eq!(value, *wanted);
                        prop_assert!(settings.ttl.is_none_or(|ttl| now < *began + ttl), "its time was over");
                        if settings.renew_on_hit { *began = now; }
                    }
                }
                Call::Insert { key: number, bytes, work } => {
                    let cost = Cost { bytes, work: Duration::from_micros(work) };
                    let inserted = memory.insert(now, key(number), at, cost);
                    prop_assert_eq!(memory.contains(now, key(number)), inserted.admitted);
                    if inserted.admitted {
                        latest.insert(number, (at, bytes, now));
                    } else {
                        latest.remove(&number);
                    }
                }
                Call::Remove(number) => {
                    memory.remove(key(number));
                    latest.remove(&number);
                }
                Call::Wait(seconds) => now += Duration::from_secs(seconds),
                Call::Expire(at_most) => prop_assert!(memory.expire(now, at_most) <= at_most),
                Call::Settings(other) => {
                    memory.set_settings(now, other);
                    if settings.ttl.is_none() {
                        latest.values_mut().for_each(|(_, _, began)| *began = now);
                    }
                    settings = other;
                }
                Call::Clear => {
                    memory.clear();
                    latest.clear();
                }
            }
            prop_assert!(memory.len() <= settings.max_entries.max(1), "{} entries", memory.len());
            prop_assert!(memory.bytes() <= settings.max_bytes, "{} bytes", memory.bytes());
            let held: Vec<usize> = memory.iter().map(|(_, value)| *value).collect();
            prop_assert_eq!(held.len(), memory.len());
            let bytes: usize = latest.values().filter(|(value, ..)| held.contains(value)).map(|(_, bytes, _)| bytes).sum();
            prop_assert_eq!(bytes, memory.bytes());
        }
    }

    /// Plain LRU of either strategy is what a list says that is searched from end to end.
    #[test]
    fn without_admission_the_order_is_that_of_the_last_use(
        max_entries in 1..30_usize,
        batch_percentage in 1..=50_u8,
        lru in any::<bool>(),
        calls in prop::collection::vec((any::<bool>(), 0..60_u8), 1..400),
    ) {
        let strategy = if lru { Eviction::Lru } else { Eviction::LruBatch };
        let mut memory = Memory::new(MemorySettings {
            max_entries, max_bytes: usize::MAX, ttl: None, renew_on_hit: false, strategy, batch_percentage, admission: false,
        });
        let batch = if lru { 1 } else { (max_entries * usize::from(batch_percentage)).div_ceil(100) };
        let mut model: Vec<u8> = Vec::new();
        for (insert, number) in calls {
            let known = model.iter().position(|held| *held == number);
            if insert {
                memory.insert(Duration::ZERO, key(number), number, Cost::default());
                match known {
                    Some(at) => { model.remove(at); }
                    None if model.len() == max_entries => { model.drain(..batch); }
                    None => {}
                }
                model.push(number);
            } else {
                prop_assert_eq!(memory.get(Duration::ZERO, key(number)).is_some(), known.is_some());
                if let Some(at) = known {
                    model.remove(at);
                    model.push(number);
                }
            }
            let mut held: Vec<u8> = memory.iter().map(|(_, number)| *number).collect();
            let mut wanted = model.clone();
            held.sort_unstable();
            wanted.sort_unstable();
            prop_assert_eq!(held, wanted);
        }
    }
}
