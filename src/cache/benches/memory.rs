//! `lru_batch` beside `lru`: gets and inserts at capacity, and a hit alone. Natively and in wasm
//! (`make bench-cache`).

#[allow(dead_code, unreachable_pub, reason = "shared with the trace tests")]
#[path = "../tests/traces/workload.rs"]
mod workload;

use std::hint::black_box;
use std::rc::Rc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use weir_cache::{Cost, Key, Memory, MemorySettings, Strategy};
use workload::{Random, Zipf, key};

const STRATEGIES: [(&str, Strategy); 2] = [("lru", Strategy::Lru), ("lru_batch", Strategy::LruBatch)];
const NOW: Duration = Duration::from_secs(1_800_000_000);
const COST: Cost = Cost { bytes: 10_000, work: Duration::from_micros(900) };

/// Both with all there is: time to live, bytes; values as the gateway's.
fn full(strategy: Strategy, max_entries: usize, batch_percentage: u8, admission: bool) -> Memory<Rc<u64>> {
    let mut memory = Memory::new(MemorySettings {
        max_entries,
        max_bytes: 1 << 40,
        ttl: Some(Duration::from_secs(1800)),
        renew_on_hit: false,
        strategy,
        batch_percentage,
        admission,
    });
    for number in 0..max_entries as u64 {
        memory.insert(NOW, key(number), Rc::new(number), COST);
    }
    memory
}

/// Zipf (exponent 0.9) over ten times as many keys as there is room for: half to two thirds hit, each miss inserts.
/// With the spec's sizes and batch shares for production (50,000, 15%) and for the default (10,000, 10%).
fn mix(criterion: &mut Criterion) {
    for (max_entries, batch_percentage) in [(10_000, 10), (50_000, 15)] {
        for admission in [false, true] {
            let title = if admission { "mix with admission" } else { "mix" };
            let mut group = criterion.benchmark_group(title);
            let (mut random, zipf) = (Random(7), Zipf::new(max_entries * 10, 0.9));
            let keys: Vec<Key> = (0..1 << 20).map(|_| key(zipf.rank(&mut random))).collect();
            let share = 1 << 16;
            group.throughput(Throughput::Elements(share as u64));
            for (name, strategy) in STRATEGIES {
                let mut memory = full(strategy, max_entries, batch_percentage, admission);
                // The plan is made elsewhere: what is measured is the cache, not an allocator.
                let value = Rc::new(0);
                let mut turns = keys.chunks_exact(share).cycle();
                group.bench_function(BenchmarkId::new(name, max_entries), |bencher| {
                    bencher.iter(|| {
                        for key in turns.next().into_iter().flatten() {
                            if black_box(memory.get(NOW, *key)).is_none() {
                                memory.insert(NOW, *key, Rc::clone(&value), COST);
                            }
                        }
                    });
                });
            }
            group.finish();
        }
    }
}

/// A look-up that finds.
fn hit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hit");
    for max_entries in [1_000, 50_000] {
        let (mut random, zipf) = (Random(7), Zipf::new(max_entries, 0.9));
        let keys: Vec<Key> = (0..1 << 16).map(|_| key(zipf.rank(&mut random))).collect();
        for (name, strategy) in STRATEGIES {
            let mut memory = full(strategy, max_entries, 10, true);
            let mut keys = keys.iter().cycle();
            group.bench_function(BenchmarkId::new(name, max_entries), |bencher| {
                bencher.iter(|| {
                    let key = keys.next().copied().unwrap_or(Key(0));
                    assert!(black_box(memory.get(NOW, key)).is_some());
                });
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = mix, hit
}
criterion_main!(benches);
