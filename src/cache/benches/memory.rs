//! `lru_batch` beside `lru`: gets and inserts at capacity, and a hit alone. Natively and in wasm
//! (`make bench-cache`).

#[allow(dead_code, unreachable_pub, reason = "shared with the trace tests")]
#[path = "../tests/traces/workload.rs"]
mod workload;

use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use weir_cache::{Cost, Key, Memory, MemorySettings, Strategy};
use workload::{Random, Zipf, key};

const STRATEGIES: [(&str, Strategy); 2] = [("lru", Strategy::Lru), ("lru_batch", Strategy::LruBatch)];
const NOW: Duration = Duration::from_secs(1_800_000_000);
const COST: Cost = Cost { bytes: 10_000, work: Duration::from_micros(900) };

/// Both with all there is: time to live, bytes; values as the gateway's.
fn full(strategy: Strategy, max_entries: usize, batch_percentage: u8, admission: bool) -> Memory<Rc<u64>> {
    let mut memory = Memory::new(MemorySettings {
        max_entries,
        max_bytes: 1 << 30,
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

/// Entries and batches: the spec's for a default cache and for production.
const SIZES: [(usize, u8); 2] = [(10_000, 10), (50_000, 15)];
const SHARE: usize = 1 << 16;
const TURNS: usize = 160;

/// What is asked: keys for each entry there is room for, and the exponent of their Zipf distribution.
const MIXES: [(&str, usize, f64); 2] = [("90% hits", 2, 1.0), ("60% hits", 10, 0.9)];

/// Each miss inserts, so the shares of gets and inserts are those of hits and misses. The first mix is what the
/// spec asks of a cache (85% and more), the second one a cache much too small.
fn keys(max_entries: usize, (_, keys, exponent): (&str, usize, f64)) -> Vec<Key> {
    let (mut random, zipf) = (Random(7), Zipf::new(max_entries * keys, exponent));
    (0..1 << 20).map(|_| key(zipf.rank(&mut random))).collect()
}

/// The value is made elsewhere: what is measured is the cache, not an allocator.
fn ask(memory: &mut Memory<Rc<u64>>, keys: &[Key], value: &Rc<u64>) {
    for key in keys {
        if black_box(memory.get(NOW, *key)).is_none() {
            memory.insert(NOW, *key, Rc::clone(value), COST);
        }
    }
}

fn mix(criterion: &mut Criterion) {
    for (mix, (max_entries, batch)) in MIXES.into_iter().flat_map(|mix| SIZES.map(|size| (mix, size))) {
        let mut group = criterion.benchmark_group(mix.0);
        let keys = keys(max_entries, mix);
        group.throughput(Throughput::Elements(SHARE as u64));
        for (name, strategy) in STRATEGIES {
            let mut memory = full(strategy, max_entries, batch, false);
            let value = Rc::new(0);
            let mut turns = keys.chunks_exact(SHARE).cycle();
            group.bench_function(BenchmarkId::new(name, max_entries), |bencher| {
                bencher.iter(|| ask(&mut memory, turns.next().unwrap_or_default(), &value));
            });
        }
        group.finish();
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

/// How many times as fast `lru_batch` is as `lru`: the median of turns in which they run one after the other, so that
/// whatever else the machine does, it does to both.
#[allow(clippy::disallowed_methods, reason = "a measurement needs a clock")]
fn ratios() {
    println!("\n| mix | entries, batch | admission | lru, ns an access | lru_batch | lru / lru_batch |");
    println!("|---|---|---|---|---|---|");
    let cases = MIXES.into_iter().flat_map(|mix| SIZES.map(|size| (mix, size)));
    for ((mix, (max_entries, batch)), admission) in cases.flat_map(|case| [(case, false), (case, true)]) {
        let keys = keys(max_entries, mix);
        let value = Rc::new(0);
        let mut memories = STRATEGIES.map(|(_, strategy)| full(strategy, max_entries, batch, admission));
        let mut turns: Vec<[f64; 2]> = Vec::new();
        for share in keys.chunks_exact(SHARE).cycle().take(TURNS) {
            turns.push([0, 1].map(|of| {
                let start = Instant::now();
                ask(&mut memories[of], share, &value);
                start.elapsed().as_secs_f64() * 1e9 / share.len() as f64
            }));
        }
        // The first ones fill caches and predictors.
        let median = |of: &dyn Fn(&[f64; 2]) -> f64| {
            let mut values: Vec<f64> = turns.iter().skip(TURNS / 4).map(of).collect();
            values.sort_unstable_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let (lru, lru_batch, ratio) =
            (median(&|turn| turn[0]), median(&|turn| turn[1]), median(&|turn| turn[0] / turn[1]));
        let admission = if admission { "on" } else { "off" };
        println!(
            "| {} | {max_entries}, {batch}% | {admission} | {lru:.0} | {lru_batch:.0} | {ratio:.2} |",
            mix.0
        );
    }
}

fn benches() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    mix(&mut criterion);
    hit(&mut criterion);
    criterion.final_summary();
}

fn main() {
    if std::env::args().any(|argument| argument == "ratios") { ratios() } else { benches() }
}
