//! The shared data of one Envoy, as the host keeps it, and workers that take turns in it without hurry. `simulation.rs` has
//! them race.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::Entry;
use host::Host;

mod host;
mod random;
mod simulation;

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

fn pages(host: &Host) -> Vec<String> {
    host.values.keys().filter(|key| key.starts_with("weir.l2.p.")).cloned().collect()
}

#[test]
fn a_damaged_page_is_a_miss_and_forgotten() {
    let mut host = Host::default();
    let mut a = worker(&mut host, settings(), 1);
    assert_eq!(store(&mut host, &mut a, NOW, 1, 10), Outcome::Stored);
    let page = pages(&host).remove(0);
    *host.values.get_mut(&page).unwrap().0.last_mut().unwrap() ^= 1;
    assert_eq!(finds(&mut host, &mut a, NOW, 1), None);
    host.run(a.maintain(NOW));
    assert_eq!((a.take_counts().corrupt, a.entries()), (1, 0));
    assert_eq!(store(&mut host, &mut a, NOW, 1, 10), Outcome::Stored);
    assert!(finds(&mut host, &mut a, NOW, 1).is_some());
}

#[test]
fn a_page_of_another_write_is_not_read() {
    let page = page::write(7, 1, &[9; 5000]);
    assert_eq!(page::read(7, 1, &page).map(<[u8]>::len), Some(5000 - page::ROOM));
    assert_eq!((page::read(8, 1, &page), page::read(7, 0, &page), page::read(7, 1, &[])), (None, None, None));
}

#[test]
fn a_damaged_index_costs_its_shard_and_no_more() {
    let mut host = Host::default();
    let mut a = worker(&mut host, settings(), 1);
    store(&mut host, &mut a, NOW, 1, 10);
    let shard = settings().size().shape().shard(wanted(1).key);
    host.values.get_mut(&geometry::index_key(shard)).unwrap().0[20] ^= 1;
    assert_eq!(finds(&mut host, &mut a, NOW, 1), None);
    // Put right by this: the next look finds nothing wrong.
    assert_eq!(a.take_counts().corrupt, 1);
    assert_eq!(finds(&mut host, &mut a, NOW, 1), None);
    assert_eq!(a.take_counts().corrupt, 0);
}

#[test]
fn others_wait_for_a_claim_until_it_ends() {
    let mut host = Host::default();
    let mut a = worker(&mut host, settings(), 1);
    let mut b = worker(&mut host, settings(), 2);
    let look = |host: &mut Host, who: &mut Shared, now| host.run(who.lookup(now, wanted(1), true));
    assert_eq!(look(&mut host, &mut a, NOW), Outcome::Miss { claimed: true });
    assert_eq!(look(&mut host, &mut b, NOW + SECOND / 2), Outcome::Busy { until: NOW + SECOND });
    // It lapses.
    assert_eq!(look(&mut host, &mut b, NOW + SECOND), Outcome::Miss { claimed: true });
    assert!(matches!(look(&mut host, &mut a, NOW + SECOND), Outcome::Busy { .. }));
    // It is given up.
    host.run(b.release(NOW + SECOND, wanted(1).key));
    assert_eq!(look(&mut host, &mut a, NOW + SECOND), Outcome::Miss { claimed: true });
    // It is fulfilled.
    assert_eq!(store(&mut host, &mut a, NOW + SECOND, 1, 10), Outcome::Stored);
    assert!(matches!(look(&mut host, &mut b, NOW + SECOND), Outcome::Hit(_)));
}

#[test]
fn entries_live_for_their_ttl_from_their_making_or_from_their_last_use() {
    for renew_on_hit in [false, true] {
        let mut host = Host::default();
        let settings = SharedSettings { ttl: Some(10 * SECOND), renew_on_hit, ..settings() };
        let mut a = worker(&mut host, settings, 1);
        store(&mut host, &mut a, NOW, 1, 10);
        assert!(finds(&mut host, &mut a, NOW + 9 * SECOND, 1).is_some());
        let flush = a.flush(NOW + 9 * SECOND).expect("it was used");
        host.run(flush);
        assert!(a.flush(NOW + 9 * SECOND).is_none(), "told already");
        assert_eq!(finds(&mut host, &mut a, NOW + 11 * SECOND, 1).is_some(), renew_on_hit);
        for _ in 0..2 {
            host.run(a.maintain(NOW + 30 * SECOND));
        }
        assert_eq!((a.take_counts().evicted_ttl, a.entries(), a.bytes()), (1, 0, 0));
    }
}

/// One shard for ten entries.
fn small(batch: Option<u8>) -> SharedSettings {
    SharedSettings { max_entries: 10, max_bytes: 40 * page::SIZE, batch, ..settings() }
}

#[test]
fn what_was_used_longest_ago_goes_first_and_slow_plans_later() {
    let mut host = Host::default();
    let mut a = worker(&mut host, small(None), 1);
    for number in 0..10 {
        let wanted = wanted(number);
        // Number 0 took 20 ms to make.
        let cost = Duration::from_millis(if number == 0 { 20 } else { 0 });
        let entry = entry(&wanted, &[]);
        host.run(a.store(NOW + SECOND * number as u32, wanted.key, entry, cost));
    }
    a.touch(NOW + 10 * SECOND, wanted(1).key);
    let flush = a.flush(NOW + 10 * SECOND).unwrap();
    host.run(flush);
    for number in 20..23 {
        store(&mut host, &mut a, NOW + 11 * SECOND, number, 10);
    }
    let kept: Vec<u128> = (0..30).filter(|number| finds(&mut host, &mut a, NOW, *number).is_some()).collect();
    assert_eq!(kept, [0, 1, 5, 6, 7, 8, 9, 20, 21, 22]);
    assert_eq!(a.take_counts().evicted_capacity, 3);
}

#[test]
fn a_batch_goes_at_once() {
    let mut host = Host::default();
    let mut a = worker(&mut host, small(Some(30)), 1);
    for number in 0..11 {
        store(&mut host, &mut a, NOW + SECOND * number as u32, number, 10);
    }
    assert_eq!((a.take_counts().evicted_capacity, a.entries()), (3, 8));
}

#[test]
fn large_plans_take_the_room_of_several_and_never_more_than_half() {
    let mut host = Host::default();
    let mut a = worker(&mut host, small(None), 1);
    for number in 0..4 {
        assert_eq!(store(&mut host, &mut a, NOW, number, 19 * page::ROOM), Outcome::Stored);
    }
    assert_eq!((a.take_counts().evicted_bytes, a.entries()), (2, 2));
    assert_eq!(store(&mut host, &mut a, NOW, 5, 20 * page::ROOM), Outcome::NotStored(NotStored::TooLarge));
    assert!(host.bytes() <= a.bytes_bound());
}

#[test]
fn a_change_of_size_keeps_what_fits_while_the_shards_stay() {
    let mut host = Host::default();
    let mut a = worker(&mut host, small(None), 1);
    let mut b = worker(&mut host, small(None), 2);
    for number in 0..10 {
        store(&mut host, &mut a, NOW + SECOND * number as u32, number, 10);
    }
    b.set_settings(SharedSettings { max_entries: 6, max_bytes: 8 * page::SIZE, ..small(None) });
    host.run(b.configure(NOW));
    host.run(b.maintain(NOW));
    // `a` has not heard of it, but sees it in the index.
    let kept: Vec<u128> = (0..10).filter(|number| finds(&mut host, &mut a, NOW, *number).is_some()).collect();
    assert_eq!(kept, [2, 3, 4, 5, 6, 7], "the youngest six in the first eight pages");
    assert_eq!((b.take_counts().evicted_resize, b.entries()), (4, 6));
    assert!(host.bytes() <= b.bytes_bound() && b.bytes_bound() == a.bytes_bound());

    let larger = SharedSettings { max_entries: 1000, max_bytes: 4 << 20, ..small(None) };
    b.set_settings(larger);
    host.run(b.configure(NOW));
    assert_eq!(finds(&mut host, &mut b, NOW, 7), None, "now in another shard");
    assert_eq!(b.take_counts().corrupt, 0);
    assert_eq!(store(&mut host, &mut b, NOW, 7, 10), Outcome::Stored);
    host.run(a.maintain(NOW));
    assert!(finds(&mut host, &mut a, NOW, 7).is_some());
}

#[test]
fn what_a_later_version_wrote_is_left_alone() {
    let mut host = Host::default();
    let mut a = worker(&mut host, settings(), 1);
    let newer = crate::sealed::seal(*b"WL2G", 2, &(), b"whatever");
    host.values.get_mut(geometry::KEY).unwrap().0 = newer.clone();
    host.run(a.maintain(NOW));
    host.run(a.configure(NOW));
    assert_eq!(store(&mut host, &mut a, NOW, 1, 10), Outcome::NotStored(NotStored::Off));
    assert_eq!(host.values[geometry::KEY].0, newer);
}

#[test]
fn every_size_has_a_shape_within_it() {
    for max_entries in [0, 1, 2, 63, 64, 65, 100, 127, 1000, 4097, 100_000, usize::MAX] {
        for max_bytes in [0, 4095, 4096, 8192, 300_000, 1 << 20, 64 << 20, 1 << 30, usize::MAX] {
            let size = SharedSettings { max_entries, max_bytes, ..settings() }.size();
            let shape = size.shape();
            let what = format!("{max_entries} entries, {max_bytes} bytes: {shape:?}");
            assert!(shape.shards == 0 || shape.shards.is_power_of_two(), "{what}");
            assert!(u64::from(shape.total()) * page::SIZE as u64 <= max_bytes as u64, "{what}");
            assert!(u64::from(shape.shards * shape.records) <= max_entries as u64, "{what}");
            assert!(shape.records <= shape.pages && index::bound(shape) <= 1 << 16, "{what}");
            assert_eq!(shape.total() == 0, max_entries == 0 || max_bytes < page::SIZE, "{what}");
            let small = max_bytes < 1 << 30;
            let most = max_entries.min(max_bytes / page::SIZE) as u32;
            assert!(!small || shape.shards * shape.records * 2 >= most, "too little is used: {what}");
        }
    }
}

#[test]
fn no_index_is_longer_than_the_bound() {
    let shape = geometry::Shape { shards: 1, pages: 4096, records: 64 };
    let writer = index::Writer { worker: u64::MAX, until: u64::MAX };
    let record = |number: u16| index::Record {
        key: Key(u128::MAX),
        tag: u64::MAX,
        writer: Some(writer),
        pages: (0..64).map(|page| u16::MAX - number * 64 - page).collect(),
        size: u32::MAX,
        created: u64::MAX,
        used: u64::MAX,
        cost: u32::MAX,
    };
    let mut index = index::Index::empty(u64::MAX);
    index.records = (0..64).map(record).collect();
    index.claims = vec![index::Claim { key: Key(u128::MAX), by: writer }; 32];
    let length = index.encode().len();
    assert!(length <= index::bound(shape) && length + 500 > index::bound(shape), "{length}");
}
