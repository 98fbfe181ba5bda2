//! The shared data of one Envoy, as the host keeps it, and workers that take turns in it without hurry. `simulation.rs` has
//! them race.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::Entry;
use host::Host;

pub(super) mod host;

const SECOND: Duration = Duration::from_secs(1);
/// Any time at all: 2026.
const NOW: Duration = Duration::from_secs(1_790_000_000);

fn settings() -> SharedSettings {
    SharedSettings {
        max_entries: 100,
        max_bytes: 1 << 20,
        ttl: None,
        renew_on_hit: false,
        batch: None,
        claim: SECOND,
    }
}

fn wanted(number: u128) -> Wanted {
    Wanted {
        key: Key(number << 96 | number),
        environment: 1,
        text: format!("{{ field{number} }}").into(),
        variant: "".into(),
    }
}

fn entry(wanted: &Wanted, payload: &[u8]) -> Vec<u8> {
    Entry {
        environment: wanted.environment,
        key: wanted.key,
        created: NOW,
        planning: Duration::ZERO,
        text: &wanted.text,
        variant: &wanted.variant,
        payload,
    }
    .encode()
}

fn worker(host: &mut Host, settings: SharedSettings, nonce: u64) -> Shared {
    let mut shared = Shared::new(settings, nonce);
    assert_eq!(host.run(shared.configure(NOW)), Outcome::Done);
    shared
}

fn store(host: &mut Host, shared: &mut Shared, now: Duration, number: u128, bytes: usize) -> Outcome {
    let wanted = wanted(number);
    let entry = entry(&wanted, &vec![number as u8; bytes]);
    host.run(shared.store(now, wanted.key, entry, Duration::ZERO))
}

fn finds(host: &mut Host, shared: &mut Shared, now: Duration, number: u128) -> Option<Vec<u8>> {
    match host.run(shared.lookup(now, wanted(number), false)) {
        Outcome::Hit(found) => Some(found.payload().to_vec()),
        Outcome::Miss { claimed: false } => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_one_worker_stores_the_others_find() {
    let mut host = Host::default();
    let mut a = worker(&mut host, settings(), 1);
    let mut b = worker(&mut host, settings(), 2);
    // One page, exactly one page and the next, and many.
    for (number, bytes) in [(1, 10), (2, page::ROOM), (3, 20_000)] {
        assert_eq!(store(&mut host, &mut a, NOW, number, bytes), Outcome::Stored);
        assert_eq!(finds(&mut host, &mut b, NOW, number), Some(vec![number as u8; bytes]));
    }
    assert_eq!(finds(&mut host, &mut b, NOW, 4), None);
    let counts = b.take_counts();
    assert_eq!((counts.hits, counts.misses), (3, 1));
    assert_eq!(a.take_counts().stored, 3);
}
