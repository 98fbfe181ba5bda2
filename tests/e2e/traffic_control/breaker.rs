//! The circuit breaker.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::http;

use super::{NEEDS, SPARES, WORKERS, ask_for, code, is_right, median, only, partial_data, settled};
use crate::support::client;
use crate::support::gateway::Gateway;
use crate::support::operations::ME;
use crate::support::patience::wait_for;
use crate::support::traffic;
use crate::support::world::World;

const RESET: Duration = Duration::from_secs(1);
const HALF_OPEN_CALLS: u64 = 2;

/// What is promised beyond the reset time.
const RECOVERY: Duration = Duration::from_secs(1);

const OPEN: &str = "SUBGRAPH_CIRCUIT_OPEN";

/// Three failures open it for a second, which doesn't grow; a call has half a second.
fn breaker() -> Value {
    json!({
        "timeout": "500ms",
        "circuit_breaker": {
            "enabled": true,
            "failure_threshold": 3,
            "failure_rate": 0,
            "reset_timeout": "1s",
            "max_reset_timeout": "1s",
            "half_open_max_calls": HALF_OPEN_CALLS,
        },
    })
}

/// Asks until all workers refuse.
#[track_caller]
fn trip(gateway: &Gateway) {
    settled(gateway, Duration::from_secs(20), |reply| code(reply) == OPEN);
}

#[test]
fn a_hanging_subgraph_gets_probes_only_and_operations_without_it_feel_nothing() {
    let world = World::start(&only(&breaker()), WORKERS);
    let gateway = &world.gateway;
    assert!(is_right(&gateway.query(NEEDS)));
    let spared = gateway.query(SPARES).data();
    world.subgraphs.fault("reviews", "hang");
    trip(gateway);

    let before = world.subgraphs.count("reviews", "calls");
    let start = Instant::now();
    let (needs, spares) = std::thread::scope(|scope| {
        let spares = scope.spawn(|| ask_for(gateway, 3 * RESET, 1, SPARES));
        let needs = ask_for(gateway, 3 * RESET, 4, NEEDS);
        (needs, spares.join().expect("all are answered"))
    });
    let probes = world.subgraphs.count("reviews", "calls") - before;
    let rounds = start.elapsed().as_millis() / RESET.as_millis() + 1;
    let most = HALF_OPEN_CALLS * u64::try_from(rounds).expect("few");
    assert!((1..=most).contains(&probes), "{probes} calls, {most} probes are allowed");

    // The probes of the clients among them wait for their timeout.
    assert!(median(&needs) < Duration::from_millis(250), "{:?}", median(&needs));
    let (refused, probing): (Vec<_>, Vec<_>) = needs.iter().partition(|answer| code(&answer.reply) == OPEN);
    assert!(probing.len() as u64 <= most, "{} waited for {most} probes at most", probing.len());
    for answer in &refused {
        let error = answer.reply.error(200, OPEN);
        assert_eq!(answer.reply.json()["data"], partial_data());
        assert_eq!(error["extensions"]["service"], "reviews", "{error}");
        let after = error["extensions"]["retry_after_ms"].as_u64();
        assert!(after.is_some_and(|millis| millis <= 2_000), "{error}");
    }
    for answer in &spares {
        assert_eq!(answer.reply.data(), spared);
    }
    assert!(median(&spares) < Duration::from_millis(250), "{:?}", median(&spares));

    world.subgraphs.fault("reviews", "none");
    let after = settled(gateway, Duration::from_secs(10), is_right);
    assert!(after <= RESET + RECOVERY, "closed after {after:?}");
}

#[test]
fn workers_that_die_while_they_probe_wedge_neither_the_breaker_nor_the_health_checks() {
    let mut settings = only(&breaker());
    settings["fault_injection"] = json!(true);
    // Nothing else ends the requests that a dead sandbox had in work.
    settings["request_timeout"] = json!("2s");
    settings["health_check"] = json!({ "mode": "weir", "timeout": "500ms" });
    settings["connection_pool"]["health_check_interval"] = json!("500ms");
    // Else its health would answer in the breaker's place.
    settings["subgraphs"]["reviews"]["health_check"] = json!({ "mode": "off" });
    let world = World::start(&settings, WORKERS);
    let gateway = &world.gateway;
    world.subgraphs.fault("reviews", "hang");
    trip(gateway);

    std::thread::scope(|scope| {
        let asking = scope.spawn(|| ask_for(gateway, 2 * RESET, 2, NEEDS));
        let is_probed = || world.subgraphs.count("reviews", "in_flight") > 0;
        assert!(wait_for(Duration::from_secs(10), is_probed), "it is probed");
        // Whichever worker has the probe, and whichever holds the lease: all of them, but for one time in a hundred.
        for _ in 0..8 {
            scope.spawn(|| trap(gateway));
        }
        // Their connections may break.
        let _ = asking.join();
    });
    let reloaded = || {
        gateway.query(ME);
        gateway.stat("wasm.weir.vm_reload_success") >= 1
    };
    assert!(wait_for(Duration::from_secs(10), reloaded), "{}", gateway.process.tail());

    world.subgraphs.fault("reviews", "none");
    settled(gateway, Duration::from_secs(10), is_right);
    // The lease lapses after 3 s.
    let checks = || world.subgraphs.count("accounts", "health_checks");
    let before = checks();
    assert!(wait_for(Duration::from_secs(10), || checks() >= before + 3), "the health checks go on");
}

/// Kills the sandbox of the worker that gets it.
fn trap(gateway: &Gateway) {
    let request = http::Request::post(gateway.url("/graphql"))
        .header("content-type", "application/json")
        .header("x-weir-fault", "trap");
    client::send(request.body(json!({ "query": ME }).to_string()).expect("it is valid"));
}

#[test]
fn operators_force_it_open_and_closed_in_all_workers_within_half_a_second() {
    let world = World::start(&only(&breaker()), WORKERS);
    let gateway = &world.gateway;
    let within = |after: Duration| assert!(after <= Duration::from_millis(500), "after {after:?}");
    let forced = || traffic::state(gateway, "reviews")["breaker"]["forced"].clone();
    let public =
        client::post(&gateway.url("/weir/traffic/breaker"), r#"{"subgraph":"reviews","force":"open"}"#);
    assert_eq!(public.status, 404);

    traffic::force(gateway, "reviews", Some("open"));
    within(settled(gateway, Duration::from_secs(5), |reply| code(reply) == OPEN));
    assert_eq!(forced(), "open");
    let calls = world.subgraphs.count("reviews", "calls");
    assert!(ask_for(gateway, 2 * RESET, 2, NEEDS).iter().all(|answer| code(&answer.reply) == OPEN));
    assert_eq!(world.subgraphs.count("reviews", "calls"), calls, "one that is forced open is not probed");

    traffic::force(gateway, "reviews", Some("closed"));
    within(settled(gateway, Duration::from_secs(5), is_right));
    assert_eq!(forced(), "closed");
    world.subgraphs.fault("reviews", "http_500");
    let failed = ask_for(gateway, RESET, 2, NEEDS);
    assert!(failed.iter().all(|answer| code(&answer.reply) == "SUBGRAPH_HTTP_ERROR"), "it stays closed");

    traffic::force(gateway, "reviews", None);
    settled(gateway, Duration::from_secs(5), |reply| code(reply) == OPEN);
    assert_eq!(forced(), Value::Null);
}
