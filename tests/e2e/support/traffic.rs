//! The operators' pages of traffic control.

use std::time::Duration;

use serde_json::{Value, json};

use super::client;
use super::gateway::Gateway;
use super::patience::wait_for;

/// Envoy's main thread takes settings too.
const ROOTS_BESIDE_WORKERS: u64 = 1;

/// What `GET /weir/traffic` says of a subgraph.
#[track_caller]
pub(crate) fn state(gateway: &Gateway, subgraph: &str) -> Value {
    let page = client::get(&gateway.admin_url("/weir/traffic"));
    assert_eq!(page.status, 200, "{}", page.text());
    // A page is of the worker that was asked, and its key may say so.
    let page = page.json();
    let subgraphs =
        page.as_object().and_then(|page| page.iter().find(|(key, _)| key.starts_with("subgraphs")));
    let (_, subgraphs) = subgraphs.unwrap_or_else(|| panic!("no subgraphs in {page:#}"));
    subgraphs.get(subgraph).unwrap_or_else(|| panic!("no {subgraph} in {page:#}")).clone()
}

/// Forces a breaker `open` or `closed`, or lets it go.
#[track_caller]
pub(crate) fn force(gateway: &Gateway, subgraph: &str, force: Option<&str>) {
    let body = json!({ "subgraph": subgraph, "force": force }).to_string();
    let reply = client::post(&gateway.admin_url("/weir/traffic/breaker"), &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// Changes settings in all of `workers`, and returns when each has taken them.
#[track_caller]
pub(crate) fn apply(gateway: &Gateway, workers: u64, changes: &Value) {
    let taken = || gateway.stat("wasmcustom.weir.settings_applied");
    let before = taken();
    let body = json!({ "changes": changes }).to_string();
    let reply = client::post(&gateway.admin_url("/weir/traffic/apply"), &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let by_all = wait_for(Duration::from_secs(10), || taken() - before == workers + ROOTS_BESIDE_WORKERS);
    assert!(by_all, "{} of {workers} and the main thread took it", taken() - before);
}
