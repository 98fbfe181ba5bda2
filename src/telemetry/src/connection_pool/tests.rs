//! Tests of the recommended size.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// 1,000 calls/s of 50 ms keep 50 of 80 connections busy.
pub(super) const FINE: Observed = Observed {
    seconds: 900.0,
    workers: 4,
    max_connections: 80,
    arrivals_per_second: 1_000.0,
    latency: Duration::from_millis(50),
    latency_p99: Some(Duration::from_millis(90)),
    usual_latency: Some(Duration::from_millis(48)),
    in_flight: 50.0,
    in_flight_peak: 70,
    queued: 0.0,
    queued_peak: 0,
    wait: Duration::ZERO,
    wait_peak: Duration::ZERO,
    shed: 0,
    breaker_refused: 0,
    failures: Failures {
        connect: 0,
        timeout: 0,
        reset: 0,
        refused: 0,
        http_5xx: 0,
        malformed: 0,
        graphql: 0,
    },
    reuse_connections: true,
    connections_made: Some(300),
    target_utilisation: 70.0,
    max_latency: Duration::from_millis(100),
};

#[test]
fn a_fitting_pool_is_left_as_it_is() {
    let told = optimise(&FINE);
    // 50 / 0.7 = 71.4; 68 by chance; 70 at the peak.
    assert_eq!((told.current_size, told.recommended_size, told.needs_adjustment), (80, 72, false));
    assert!((told.current_efficiency - 62.5).abs() < 1e-9, "50 of 80");
    assert!((told.expected_efficiency - 100.0 * 50.0 / 72.0).abs() < 0.1, "{}", told.expected_efficiency);
    assert_eq!(
        told.explanation,
        "1000.0 calls/s that take 50.0 ms keep 50.0 connections busy (L = λW) of 80. 72 are 70% used by that; with 68, at \
         most 1% of the calls have to wait (Erlang C); 70 were wanted at once at the peak; 4 workers need one each at \
         least. Calls wait 0.0 ms now."
    );
}

#[test]
fn one_that_is_too_small_grows_to_the_load_and_not_to_its_queue() {
    let full = Observed {
        max_connections: 40,
        in_flight: 40.0,
        in_flight_peak: 40,
        queued: 150.0,
        queued_peak: 1_024,
        wait: Duration::from_millis(150),
        wait_peak: Duration::from_secs(1),
        shed: 9_000,
        ..FINE
    };
    let told = optimise(&full);
    assert_eq!((told.recommended_size, told.needs_adjustment), (72, true));
    // All are in use; 50 of 200 ms are no waiting.
    assert!((told.current_efficiency - 25.0).abs() < 1e-9, "{}", told.current_efficiency);
    assert!(told.expected_efficiency > 69.0);
    // Done: nothing more is to be done.
    let grown = Observed { max_connections: told.recommended_size, ..FINE };
    assert!(!optimise(&grown).needs_adjustment);
}

#[test]
fn one_that_is_much_too_large_shrinks_no_further_than_its_peak() {
    let large = Observed { max_connections: 1_024, in_flight_peak: 200, ..FINE };
    let told = optimise(&large);
    assert_eq!((told.recommended_size, told.needs_adjustment), (200, true));
    assert!(told.expected_efficiency > told.current_efficiency);
    assert!(!optimise(&Observed { max_connections: 144, ..FINE }).needs_adjustment, "half would just not do");
    assert!(optimise(&Observed { max_connections: 145, ..FINE }).needs_adjustment);
}

#[test]
fn it_grows_when_a_fifth_is_missing() {
    assert!(!optimise(&Observed { max_connections: 60, ..FINE }).needs_adjustment);
    assert!(optimise(&Observed { max_connections: 59, ..FINE }).needs_adjustment);
}

#[test]
fn bursts_count_if_they_wait_too_long() {
    let burst =
        Observed { in_flight_peak: 80, queued_peak: 120, wait_peak: Duration::from_millis(51), ..FINE };
    let told = optimise(&burst);
    assert_eq!((told.recommended_size, told.needs_adjustment), (200, true));
    let short = Observed { wait_peak: Duration::from_millis(50), ..burst };
    assert_eq!(optimise(&short).recommended_size, 80);
    assert_eq!(optimise(&Observed { shed: 1, ..short }).recommended_size, 200);
}

#[test]
fn small_loads_have_room_for_chance_and_a_connection_for_each_worker() {
    let small = Observed { arrivals_per_second: 20.0, in_flight: 1.0, in_flight_peak: 2, ..FINE };
    // A load of 1: by formula C two connections let a third wait, 5 let 0.38% wait, 4 let 2%.
    assert_eq!(optimise(&small).recommended_size, 5);
    assert_eq!(optimise(&Observed { workers: 16, ..small }).recommended_size, 16);
}

/// What is told instead of a recommendation.
fn refused(observed: Observed) -> String {
    let told = optimise(&observed);
    assert_eq!((told.recommended_size, told.needs_adjustment), (observed.max_connections, false));
    assert_eq!(told.current_efficiency, told.expected_efficiency);
    told.explanation
}

#[test]
fn too_few_calls_or_too_many_failures_say_nothing() {
    let few = refused(Observed { arrivals_per_second: 0.5, max_connections: 1, ..FINE });
    assert_eq!(few, "450 calls in 900 s say too little: 500 in 60 s are needed.");
    let short = refused(Observed { seconds: 30.0, max_connections: 1, ..FINE });
    assert_eq!(short, "30000 calls in 30 s say too little: 500 in 60 s are needed.");
    let failures = Failures { http_5xx: 200_000, ..FINE.failures };
    let failing = refused(Observed { failures, max_connections: 1, ..FINE });
    assert_eq!(failing, "22% of 900000 calls failed: the load can't be told from them.");
}

#[test]
fn a_slow_subgraph_gets_no_more_connections() {
    let slow = refused(Observed { latency: Duration::from_millis(101), max_connections: 40, ..FINE });
    assert!(slow.contains("The subgraph itself takes longer than 100 ms"), "{slow}");
}

#[test]
fn no_numbers_panic() {
    let odd = [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300, 1e9];
    let times = [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(1), Duration::MAX];
    for rate in odd {
        for other in odd {
            for latency in times {
                let observed = Observed {
                    arrivals_per_second: rate,
                    seconds: other,
                    in_flight: other,
                    target_utilisation: rate,
                    latency,
                    max_connections: 0,
                    max_latency: Duration::MAX,
                    workers: u32::MAX,
                    ..FINE
                };
                let told = optimise(&observed);
                assert!(told.recommended_size <= MOST_CONNECTIONS, "{observed:?}");
                assert!((0.0..=100.0).contains(&told.current_efficiency), "{told:?}");
                assert!((0.0..=100.0).contains(&told.expected_efficiency), "{told:?}");
                diagnose(&observed);
            }
        }
    }
}
