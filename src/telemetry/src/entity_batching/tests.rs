//! Traces whose best limits and pattern are known.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn trace(times_us: impl Iterator<Item = u64>) -> Arrivals {
    let mut arrivals = Arrivals::new(4096);
    times_us.for_each(|us| arrivals.record(Arrival { at: Duration::from_micros(us), keys: 5, group: 1 }));
    arrivals
}

const fn candidate(max_batch_size: usize, ms: u64) -> Candidate {
    Candidate { max_batch_size, batch_window: Duration::from_millis(ms) }
}

#[test]
fn a_replay_closes_on_time_and_on_size() {
    let arrivals = trace([0, 500, 900, 5_000].into_iter());
    let timed = replay(&arrivals, candidate(100, 1));
    assert_eq!((timed.calls, timed.keys), (2, 20));
    assert!((timed.wait_ms - (1.0 + 0.5 + 0.1 + 1.0) / 4.0).abs() < 1e-9, "{timed:?}");
    assert_eq!(replay(&arrivals, candidate(5, 1)).calls, 4);
    assert_eq!(replay(&arrivals, candidate(4, 1)).calls, 6, "three lookups share what is left over");
}

#[test]
fn groups_share_nothing_and_the_ring_forgets() {
    let mut arrivals = Arrivals::new(2);
    for group in 0..3 {
        arrivals.record(Arrival { at: Duration::ZERO, keys: 1, group });
    }
    assert_eq!((arrivals.len(), replay(&arrivals, candidate(100, 10)).calls), (2, 2));
}

#[test]
fn tuning_waits_where_that_gathers_and_the_goal_allows() {
    let busy = trace((0..2000).map(|n| n * 500));
    let (latency, target) = (Duration::from_millis(10), Duration::from_millis(50));
    let tuned = |goal| tune(&busy, candidate(100, 0), goal, false, latency, target);
    let throughput = tuned(Goal::Throughput).expect("gains");
    let quick = tuned(Goal::Latency).expect("gains");
    assert!(throughput.fewer_calls > 90.0, "{throughput:?}");
    assert!(quick.longer_wait_ms <= 1.0 && quick.fewer_calls > 50.0, "{quick:?}");
    let sparse = trace((0..500).map(|n| n * 1_000_000));
    assert_eq!(tune(&sparse, candidate(100, 0), Goal::Throughput, false, latency, target), None);
}

#[test]
fn patterns_are_told_apart() {
    let noise = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let steady = trace((0..2000).map(|n| n * 1_000 + noise(n) % 900));
    assert_eq!(pattern(&steady), Some(Pattern::Steady));
    let periodic = trace((0..2000).map(|n| n / 100 * 1_000_000 + n % 100 * 500));
    let Some(Pattern::Periodic(period)) = pattern(&periodic) else { panic!("{:?}", pattern(&periodic)) };
    assert!(period.as_secs_f64() > 0.9 && period.as_secs_f64() < 1.1, "{period:?}");
    let mut at = 0;
    let bursty = trace((0..2000).map(|n| {
        at += if n % 100 == 0 { 100_000 + noise(n * 7 + 3) % 2_000_000 } else { 500 };
        at
    }));
    assert_eq!(pattern(&bursty), Some(Pattern::Bursty));
    assert_eq!(pattern(&trace(0..10)), None);
}
