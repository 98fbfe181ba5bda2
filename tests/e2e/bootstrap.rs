//! What `weirctl render` prints, given to Envoy itself.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::gateway::{render, start_envoy};
use crate::support::{binaries, ports};

/// Envoy compiles the module before it judges the configuration: seconds of CPU, on a machine that may be busy.
const LIMIT: Duration = Duration::from_secs(240);

fn demo(config: &Value) -> Value {
    let supergraph = std::fs::read_to_string(binaries::repository("envoy/supergraph.graphql")).unwrap();
    render(&supergraph, config, ports::free(), ports::free())
}

/// The filter's configuration document in a bootstrap.
fn document(bootstrap: &mut Value) -> &mut Value {
    let filters = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
    let filters = bootstrap.pointer_mut(filters).and_then(Value::as_array_mut).unwrap();
    let weir = filters.iter_mut().find(|filter| filter["name"] == "weir").unwrap();
    &mut weir["typed_config"]["config"]["configuration"]["value"]
}

#[test]
fn envoy_finds_the_rendered_bootstrap_valid() {
    let config = json!({ "limits": { "max_response_bytes": "4MiB" }, "request_timeout": "1500ms" });
    let folder = tempfile::tempdir().unwrap();
    let envoy = start_envoy(folder.path(), &demo(&config), &["--mode", "validate"]);
    let status = envoy.end_within(LIMIT);
    assert!(status.success(), "{status}{}", envoy.tail());
}

#[test]
fn envoy_finds_all_that_is_set_of_connections_valid() {
    let pool = json!({
        "connection_timeout": "250ms", "idle_timeout": "1m", "reuse_connections": false, "preconnect": true,
        "health_check_interval": "500ms",
    });
    for protocol in ["http1", "http2"] {
        let config = json!({
            "connection_pool": pool,
            "health_check": { "mode": "envoy", "timeout": "250ms" },
            "subgraphs": {
                "accounts": { "protocol": protocol },
                "reviews": { "url": "https://reviews.example/graphql", "connection_pool": { "keep_alive": false } },
            },
        });
        let folder = tempfile::tempdir().unwrap();
        let envoy = start_envoy(folder.path(), &demo(&config), &["--mode", "validate"]);
        let status = envoy.end_within(LIMIT);
        assert!(status.success(), "{protocol}: {status}{}", envoy.tail());
    }
}

#[test]
fn envoy_does_not_start_with_a_mistyped_key_and_its_log_names_it() {
    let mut bootstrap = demo(&json!({}));
    document(&mut bootstrap)["limits"] = json!({ "max_dept": 5 });
    document(&mut bootstrap)["subgraph_defaults"] = json!({ "timeout": "1 fortnight" });
    let folder = tempfile::tempdir().unwrap();
    let envoy = start_envoy(folder.path(), &bootstrap, &["--concurrency", "1"]);
    let status = envoy.end_within(LIMIT);
    assert!(!status.success());
    let log = envoy.log();
    for part in ["limits.max_dept", "did you mean `max_depth`?", "subgraph_defaults.timeout"] {
        assert!(log.contains(part), "{part:?} is not in the log{}", envoy.tail());
    }
    // Refused, not trapped.
    assert!(!log.contains("panic") && !log.contains("Proxy-Wasm plugin in-VM backtrace"), "{}", envoy.tail());
}
