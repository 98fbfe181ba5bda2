//! Traffic control: how a gateway has none, and the operators' pages of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::client;
use super::gateway::Gateway;
use super::patience::wait_for;

/// Envoy's main thread takes settings too.
const ROOTS_BESIDE_WORKERS: u64 = 1;

/// Settings without traffic control: each call is sent once and to whom it is meant for, and nobody is called but for a
/// client. For subgraphs that fail on purpose, and calls that are counted. What `settings` have of it holds.
pub(crate) fn off(mut settings: Value) -> Value {
    let off = [
        ("/circuit_breaker/enabled", json!(false)),
        ("/pre_calculated_timeouts/enabled", json!(false)),
        ("/connection_pool/retry_policy/max_retries", json!(0)),
        ("/health_check/mode", json!("off")),
    ];
    for (pointer, value) in off {
        let place = pointer.split('/').skip(1).fold(&mut settings, |place, key| &mut place[key]);
        if place.is_null() {
            *place = value;
        }
    }
    settings
}

/// What `GET /weir/traffic` says of a subgraph.
#[track_caller]
pub(crate) fn state(gateway: &Gateway, subgraph: &str) -> Value {
    let page = client::get(&gateway.admin_url("/weir/traffic"));
    assert_eq!(page.status, 200, "{}", page.text());
    let state = &page.json()["subgraphs"][subgraph];
    assert!(state.is_object(), "no {subgraph} in {}", page.text());
    state.clone()
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
