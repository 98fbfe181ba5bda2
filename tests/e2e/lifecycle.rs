//! `weirctl run`: up soon, for any supergraph, and gone without a trace.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::support::gateway::Gateway;
use crate::support::patience::wait_for;
use crate::support::process::{cpu_time, is_running};
use crate::support::subgraphs::Subgraphs;
use crate::support::{client, reply};

/// What the README promises.
const START_PROMISE: Duration = Duration::from_secs(5);
const STOP_LIMIT: Duration = Duration::from_secs(8);

/// Three subgraphs of which two share a host and port, and one is reached by another name.
fn other_supergraph(port: u16) -> String {
    include_str!("fixtures/shop.graphql").replace("PORT", &port.to_string())
}

#[test]
fn run_serves_another_supergraph_and_stops_without_leaving_a_process() {
    let subgraphs = Subgraphs::start();
    let supergraph = other_supergraph(subgraphs.address.port());
    // The path that the supergraph's URL lacks.
    let config = json!({ "path": "/api", "subgraphs": { "opinions": { "path": "/reviews/graphql" } } });
    let temporary = tempfile::tempdir().unwrap();
    let gateway = Gateway::run_in(temporary.path(), &supergraph, &config, 1);
    serves_the_shop(&gateway, &subgraphs);
    let (weirctl, envoy) = (gateway.process.pid(), gateway.envoy);
    assert!(is_running(weirctl) && is_running(envoy));
    let in_all = cpu_time(envoy);
    gateway.process.signal(Signal::TERM);
    let status = gateway.process.end_within(STOP_LIMIT);
    assert!(status.success(), "{status}{}", gateway.process.tail());
    assert!(!is_running(envoy), "Envoy is left behind");
    assert_eq!(temporary.path().read_dir().unwrap().count(), 0, "files are left behind");
    let Gateway { ready_after, start_cpu, .. } = gateway;
    println!("ready after {ready_after:?}, {start_cpu:?} of it computing ({in_all:?} in all threads)");
    // Where other tests and other programs take the processors, the time on the clock says nothing.
    let took = ready_after.min(start_cpu);
    assert!(took < START_PROMISE, "ready after {ready_after:?} ({start_cpu:?} of it computing)");
}

fn serves_the_shop(gateway: &Gateway, subgraphs: &Subgraphs) {
    let query =
        json!({ "query": "{ topProducts(first: 1) { name reviews(first: 1) { rating author { name } } } }" });
    let answer = client::post(&gateway.url("/api"), &query.to_string());
    assert_eq!(answer.header("content-type"), reply::JSON);
    let product = &answer.data()["topProducts"][0];
    assert_eq!(product["name"], "Folding Lantern");
    assert!(product["reviews"][0]["author"]["name"].is_string(), "{product}");
    assert_eq!(subgraphs.calls(), [1, 0, 1, 1]);
    assert_eq!(client::get(&gateway.url("/graphql")).status, 404);
    // The calls went to the host that each URL names.
    let stats = subgraphs.stats();
    let host = |name: &str| stats[name]["last"]["headers"]["host"].as_str().unwrap_or_default().to_owned();
    assert_eq!(host("reviews"), format!("localhost:{}", subgraphs.address.port()));
    assert_eq!(host("products"), subgraphs.address.to_string());
    for cluster in [
        format!("weir_localhost_{}", subgraphs.address.port()),
        format!("weir_127_0_0_1_{}", subgraphs.address.port()),
    ] {
        assert!(gateway.stat(&format!("cluster.{cluster}.upstream_rq_total")) > 0, "{cluster}");
    }
}

#[test]
fn envoy_does_not_outlive_a_weirctl_that_is_killed() {
    let subgraphs = Subgraphs::start();
    // Nobody is left to remove weirctl's own.
    let temporary = tempfile::tempdir().unwrap();
    let gateway = Gateway::run_in(temporary.path(), &subgraphs.supergraph(), &json!({}), 1);
    gateway.process.signal(Signal::KILL);
    gateway.process.end_within(STOP_LIMIT);
    assert!(wait_for(STOP_LIMIT, || !is_running(gateway.envoy)), "Envoy is left behind");
}
