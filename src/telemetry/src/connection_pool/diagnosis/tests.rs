//! Tests of the diagnosis.

use std::time::Duration;

use super::super::Failures;
use super::super::tests::FINE;
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn causes(observed: Observed) -> Vec<Cause> {
    diagnose(&observed).into_iter().map(|(cause, _)| cause).collect()
}

/// The text of the one cause.
fn one(observed: Observed, cause: Cause) -> String {
    let mut found = diagnose(&observed);
    assert_eq!(found.iter().map(|(cause, _)| *cause).collect::<Vec<_>>(), [cause]);
    found.pop().unwrap().1
}

/// Fewer connections than the load of 50 needs.
const SMALL: Observed = Observed {
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

#[test]
fn a_fitting_pool_has_none() {
    assert_eq!(causes(FINE), []);
}

#[test]
fn a_pool_that_the_load_exceeds_is_too_small() {
    assert_eq!(
        one(SMALL, Cause::PoolTooSmall),
        "1000.0 calls/s that take 50.0 ms keep 50.0 of 40 connections busy; calls wait 150.0 ms, 9000 were given up: raise \
         connection_pool.max_connections to 72."
    );
    assert_eq!(causes(Observed { seconds: 59.0, ..SMALL }), [], "too short a time");
}

#[test]
fn a_pool_that_sufficed_at_the_usual_latency_is_not() {
    let usual_latency = Some(Duration::from_millis(30));
    let text = one(Observed { usual_latency, ..SMALL }, Cause::SlowSubgraph);
    assert_eq!(
        text,
        "The subgraph takes 50.0 ms on average (1% of the calls more than 90.0 ms), and usually 30.0 ms: its own work, or \
         the way to it, is slow; more connections would load it further."
    );
    let slow = Observed { max_latency: Duration::from_millis(40), ..SMALL };
    let found = diagnose(&slow);
    assert_eq!(causes(slow), [Cause::SlowSubgraph, Cause::PoolTooSmall]);
    assert!(found[0].1.contains("and should take 40 ms"), "{found:?}");
    assert!(found[1].1.ends_with("answers that come sooner, or fewer calls, would help."), "{found:?}");
}

#[test]
fn a_queue_beside_a_small_load_is_a_burst() {
    let burst =
        Observed { in_flight_peak: 80, queued_peak: 120, wait_peak: Duration::from_millis(60), ..FINE };
    assert_eq!(
        one(burst, Cause::Bursts),
        "50.0 of 80 connections are needed on average, but 120 calls came to wait at once; they waited up to 60.0 ms, 0 \
         were given up: raise connection_pool.max_connections to 200, or connection_pool.max_queue."
    );
    let short = Observed { wait_peak: Duration::from_millis(20), ..burst };
    assert!(one(short, Cause::Bursts).ends_with("with that they are still in time."));
}

#[test]
fn what_failed_is_told_of_any_period() {
    let failures = |failures| Observed { failures, arrivals_per_second: 1.0, seconds: 60.0, ..FINE };
    let broken = failures(Failures { connect: 4, reset: 2, ..FINE.failures });
    assert!(
        one(broken, Cause::ConnectionErrors)
            .starts_with("4 connections could not be made and 2 broke, of 60 calls")
    );
    assert_eq!(causes(failures(Failures { connect: 4, reset: 1, ..FINE.failures })), []);
    let refused = failures(Failures { refused: 5, ..FINE.failures });
    assert!(one(refused, Cause::Refused).starts_with("Envoy itself refused 5 calls"));
    let open = Observed { breaker_refused: 70, ..failures(Failures { timeout: 3, ..FINE.failures }) };
    let text = one(open, Cause::BreakerOpen);
    assert!(text.contains("refused 70 calls; 3 of those made failed (0 connect, 3 timeout,"), "{text}");
}

#[test]
fn connections_that_are_made_anew_are_told() {
    let off = Observed { reuse_connections: false, ..FINE };
    assert!(one(off, Cause::NoReuse).contains("set connection_pool.reuse_connections to true"));
    let closed = Observed { connections_made: Some(450_001), ..FINE };
    assert!(one(closed, Cause::NoReuse).starts_with("450001 connections were made for 900000 calls"));
    assert_eq!(causes(Observed { connections_made: None, ..FINE }), []);
}

#[test]
fn what_others_follow_from_comes_first() {
    let failures = Failures { connect: 90, refused: 90, ..FINE.failures };
    let all = Observed {
        breaker_refused: 1,
        failures,
        usual_latency: Some(Duration::from_millis(1)),
        reuse_connections: false,
        ..SMALL
    };
    let found = causes(all);
    let expected =
        [Cause::BreakerOpen, Cause::ConnectionErrors, Cause::Refused, Cause::SlowSubgraph, Cause::NoReuse];
    assert_eq!(found, expected);
    let mut words: Vec<_> = Cause::ALL.into_iter().map(Cause::word).collect();
    words.dedup();
    assert_eq!(words.len(), 7);
}
