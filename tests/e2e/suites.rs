//! A sample of `tests/suites` on a real Envoy: the same cases, strict subgraphs and expected answers as natively.

use std::fs;

use serde_json::{Value, json};
use weir_tests::reference::ordered::Ordered;
use weir_tests::suite::Suite;

use crate::support::gateway::Gateway;
use crate::support::suite_servers::SuiteServers;
use crate::support::traffic;

#[track_caller]
fn cases_hold(name: &str) {
    let suite = Suite::named(name);
    let servers = SuiteServers::start(&suite);
    let gateway = Gateway::run(&servers.supergraph, &traffic::off(suite.settings.clone()), 1);
    for case in suite.cases() {
        let reply = gateway.post(&json!({"query": case.text, "variables": case.variables}));
        let expected = fs::read_to_string(&case.expected).expect("an expected answer");
        let expected: Ordered = serde_json::from_str(&expected).expect("JSON");
        let got: Ordered = serde_json::from_str(reply.text()).expect("JSON");
        let violations = servers.reset();
        assert_eq!(violations, json!([]), "{name}/{}: {}", case.name, reply.text());
        assert_eq!(got.get("data"), expected.get("data"), "{name}/{}: {}", case.name, reply.text());
        let errors = reply.json()["errors"].as_array().map_or(0, Vec::len);
        let wanted: Value = serde_json::from_str(&expected.to_string()).expect("JSON");
        assert_eq!(errors, wanted["errorPaths"].as_array().map_or(0, Vec::len), "{name}/{}", case.name);
    }
    assert_eq!(gateway.stat("wasmcustom.weir.panics_caught"), 0);
}

#[test]
fn requires_through_interfaces() {
    cases_hold("requires-interface");
}

#[test]
fn interface_objects() {
    cases_hold("interface-object");
}

#[test]
fn mutations_in_series() {
    cases_hold("mutations");
}

#[test]
fn federation_1() {
    cases_hold("federation-1");
}

#[test]
fn errors_of_fields() {
    cases_hold("field-errors");
}
