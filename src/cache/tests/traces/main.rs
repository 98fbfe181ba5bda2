//! What admission does to hit rate and planning time on seeded traces; `--nocapture` prints the tables of
//! docs/plan-cache-benchmarks.md.

#[allow(unreachable_pub, reason = "shared with the benches")]
mod workload;

use std::time::Duration;

use weir_cache::{Cost, Memory, MemorySettings, Strategy};
use workload::{Random, Zipf, key};

const OPERATIONS: usize = 10_000;
const ACCESSES: usize = 400_000;
/// Not counted: the caches fill.
const WARM_UP: usize = 100_000;

struct Access {
    key: u64,
    work: Duration,
}

/// Of what was asked after the warm-up.
#[derive(Default, Clone, Copy)]
struct Outcome {
    asked: f64,
    hits: f64,
    /// Planning time of all that was asked, and of what was hit.
    work: f64,
    saved: f64,
}

impl Outcome {
    fn hit_rate(&self) -> f64 {
        100.0 * self.hits / self.asked
    }

    fn saved(&self) -> f64 {
        100.0 * self.saved / self.work
    }
}

/// 90% Zipf (exponent 0.9) over 10,000 operations, 10% that come once. One operation in ten is slow to plan: twenty
/// times as slow as the others.
fn mix(seed: u64, length: usize, shift: Option<usize>) -> Vec<Access> {
    let (mut random, zipf) = (Random(seed), Zipf::new(OPERATIONS, 0.9));
    let accesses = (0..length).map(|at| {
        let shifted = shift.is_some_and(|shift| at >= shift);
        let key = if random.fraction() < 0.1 {
            1_000_000 + at as u64
        } else {
            zipf.rank(&mut random) + if shifted { OPERATIONS as u64 } else { 0 }
        };
        let slow = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & 0xff < 26;
        Access { key, work: Duration::from_micros(if slow { 4000 } else { 200 }) }
    });
    accesses.collect()
}

fn run(
    trace: &[Access],
    max_entries: usize,
    strategy: Strategy,
    admission: bool,
    counted: impl Fn(usize) -> bool,
) -> Outcome {
    let mut memory = Memory::new(MemorySettings {
        max_entries,
        max_bytes: usize::MAX,
        ttl: None,
        renew_on_hit: false,
        strategy,
        batch_percentage: 10,
        admission,
    });
    let mut outcome = Outcome::default();
    for (at, access) in trace.iter().enumerate() {
        let hit = memory.get(Duration::ZERO, key(access.key)).is_some();
        if !hit {
            memory.insert(Duration::ZERO, key(access.key), (), Cost { bytes: 1, work: access.work });
        }
        if counted(at) {
            let work = access.work.as_secs_f64();
            outcome.asked += 1.0;
            outcome.work += work;
            outcome.hits += f64::from(u8::from(hit));
            outcome.saved += if hit { work } else { 0.0 };
        }
    }
    outcome
}

const CASES: [(Strategy, bool); 4] =
    [(Strategy::Lru, false), (Strategy::Lru, true), (Strategy::LruBatch, false), (Strategy::LruBatch, true)];

const COLUMNS: &str = "lru | lru, admission | lru_batch | lru_batch, admission |";

/// Plain beside admission, of each strategy.
fn pairs(outcomes: &[Outcome; 4]) -> [(&Outcome, &Outcome); 2] {
    let [lru, lru_admission, batch, batch_admission] = outcomes;
    [(lru, lru_admission), (batch, batch_admission)]
}

fn print_row(first: &str, outcomes: &[Outcome; 4]) {
    let cells = outcomes.map(|o| format!("{:.1} / {:.1}", o.hit_rate(), o.saved()));
    println!("| {first} | {} |", cells.join(" | "));
}

#[test]
fn admission_raises_the_hit_rate_and_the_planning_time_saved() {
    let trace = mix(1, ACCESSES, None);
    println!("\n| entries | {COLUMNS}\n|---|---|---|---|---|");
    for entries in [100, 300, 1000, 3000] {
        let outcomes =
            CASES.map(|(strategy, admission)| run(&trace, entries, strategy, admission, |at| at >= WARM_UP));
        print_row(&entries.to_string(), &outcomes);
        for (plain, admission) in pairs(&outcomes) {
            assert!(admission.hit_rate() > plain.hit_rate() + 3.0, "{entries}: hit rate");
            assert!(admission.saved() > plain.saved() + 3.0, "{entries}: planning time");
        }
    }
}

/// Once five times as many accesses as there are entries have passed, admission is as good as none or better: in
/// planning time always, in hit rate but for two points.
#[test]
fn admission_follows_a_shift_of_what_is_asked() {
    println!("\n| entries | accesses after the shift | {COLUMNS}\n|---|---|---|---|---|---|");
    for entries in [300, 1000, 3000] {
        let shift = 200_000;
        let trace = mix(2, shift + entries * 40, Some(shift));
        for (from, to) in [(0, 5), (5, 10), (10, 20), (20, 40)] {
            let window = shift + from * entries..shift + to * entries;
            let outcomes = CASES.map(|(strategy, admission)| {
                run(&trace, entries, strategy, admission, |at| window.contains(&at))
            });
            print_row(&format!("{entries} | {} to {}", from * entries, to * entries), &outcomes);
            for (plain, admission) in pairs(&outcomes).into_iter().filter(|_| from >= 5) {
                assert!(admission.hit_rate() > plain.hit_rate() - 2.0, "{entries}, {from}: hit rate");
                assert!(admission.saved() > plain.saved(), "{entries}, {from}: planning time");
            }
        }
    }
}
