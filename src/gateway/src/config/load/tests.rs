//! Loading: defaults, derivation from URLs, and every kind of problem.

use std::time::Duration;

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::config::effective;

mod plan_cache;
mod traffic;

pub(super) const SDL: &str = r#"
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION) { query: Query }
directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
scalar join__FieldSet
scalar link__Import
enum link__Purpose { SECURITY EXECUTION }
enum join__Graph {
  ACCOUNTS @join__graph(name: "accounts", url: "http://127.0.0.1:4100/accounts")
  REVIEWS @join__graph(name: "reviews", url: "")
}
type Query @join__type(graph: ACCOUNTS) @join__type(graph: REVIEWS) {
  me: String @join__field(graph: ACCOUNTS)
  review: String @join__field(graph: REVIEWS)
}
"#;

/// Settings with the supergraph's text put in; `reviews`, which has no URL there, gets one.
pub(super) fn with_supergraph(mut settings: Value) -> String {
    settings["supergraph"]["inline"] = json!(SDL);
    let url = &mut settings["subgraphs"]["reviews"]["url"];
    if url.is_null() {
        *url = json!("http://127.0.0.1:4100/reviews");
    }
    settings.to_string()
}

fn problems(text: &str) -> Vec<String> {
    load(text).err().unwrap_or_default().iter().map(Problem::to_string).collect()
}

#[track_caller]
fn assert_problem(settings: Value, place: &str, part: &str) {
    let found = load(&with_supergraph(settings)).err().unwrap_or_default();
    let hit = found.iter().any(|p| p.place == place && p.to_string().contains(part));
    assert!(hit, "no `{part}` at `{place}` in {found:#?}");
}

#[test]
fn defaults_hold_where_nothing_is_said() {
    let loaded = load(&with_supergraph(json!({}))).unwrap_or_else(|p| panic!("{p:#?}"));
    let config = loaded.config;
    assert_eq!(config.path, "/graphql");
    assert_eq!(config.request_timeout, Duration::from_secs(30));
    assert_eq!(config.limits.max_body_bytes, 1 << 20);
    assert!(!config.fault_injection);
    let accounts = &config.subgraphs[0];
    assert_eq!(accounts.name, "accounts");
    assert_eq!(accounts.cluster, "weir_127.0.0.1_4100");
    assert_eq!(accounts.authority, "127.0.0.1:4100");
    assert_eq!(accounts.path, "/accounts");
    assert_eq!(accounts.timeout, Duration::from_secs(10));
    assert_eq!(config.subgraphs[1].cluster, accounts.cluster, "one host and port, one cluster");
}

#[test]
fn what_is_written_wins() {
    let text = with_supergraph(json!({
        "path": "/api",
        "limits": { "max_body_bytes": "2MiB", "max_depth": 12.0, "max_planning_time": "20ms" },
        "subgraph_defaults": { "timeout": "3s" },
        "subgraphs": {
            "accounts": { "url": "https://accounts.example.com/q", "timeout": "1s" },
            "reviews": { "cluster": "reviews_pool", "authority": "reviews.internal", "path": "/r" },
        },
        "fault_injection": true,
    }));
    let loaded = load(&text).unwrap_or_else(|p| panic!("{p:#?}"));
    let config = loaded.config;
    assert_eq!(config.limits.max_body_bytes, 2 << 20);
    assert_eq!(config.limits.operation.max_depth, 12);
    assert_eq!(config.limits.max_planning_time, Duration::from_millis(20));
    assert_eq!(config.subgraphs[0].cluster, "weir_tls_accounts.example.com_443");
    assert_eq!(config.subgraphs[0].timeout, Duration::from_secs(1));
    assert_eq!(config.subgraphs[1].cluster, "reviews_pool");
    assert_eq!(config.subgraphs[1].path, "/r");
    assert_eq!(config.subgraphs[1].timeout, Duration::from_secs(3));
    assert!(loaded.endpoints[0].as_ref().is_some_and(|e| e.tls));
}

#[test]
fn the_effective_settings_load_to_themselves() {
    let Ok(first) = load(&with_supergraph(json!({
        "path": "/x",
        "subgraph_defaults": { "timeout": "1m 30s" },
        "subgraphs": { "reviews": { "protocol": "http2" } },
    }))) else {
        panic!("refused");
    };
    let again = load(&with_supergraph(effective(&first.config))).unwrap_or_else(|p| panic!("{p:#?}"));
    assert_eq!(again.config, first.config);
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion() {
    assert_problem(
        json!({ "override_labels": ["x"] }),
        "override_labels",
        "no field of it has `@override(label:)`",
    );
    assert_problem(json!({ "limts": {} }), "limts", "did you mean `limits`?");
    assert_problem(json!({ "limits": { "maxDepth": 3 } }), "limits.maxDepth", "did you mean `max_depth`?");
    assert_problem(json!({ "max_depth": 3 }), "max_depth", "it belongs at `limits.max_depth`");
    assert_problem(
        json!({ "subgraphs": { "accounts": { "tiemout": "1s" } } }),
        "subgraphs.accounts.tiemout",
        "`timeout`",
    );
    assert_problem(json!({ "zzz": 1 }), "zzz", "the keys here are `supergraph`");
    assert_problem(json!({ "limits.max_depth": 3 }), "[\"limits.max_depth\"]", "no such setting");
    assert_problem(json!({ "limits": 3 }), "limits", "put settings under it: `max_body_bytes`");
    assert_problem(
        json!({ "subgraphs": { "*": { "timeout": "1s" } } }),
        "subgraphs[\"*\"]",
        "no subgraph of this name",
    );
}

#[test]
fn unknown_subgraphs_are_refused_with_a_suggestion() {
    assert_problem(
        json!({ "subgraphs": { "acounts": {} } }),
        "subgraphs.acounts",
        "did you mean `accounts`?",
    );
    assert_problem(
        json!({ "subgraphs": { "billing": {} } }),
        "subgraphs.billing",
        "the supergraph has `accounts`, `reviews`",
    );
}

#[test]
fn values_are_checked() {
    assert_problem(json!({ "request_timeout": 30 }), "request_timeout", "add a unit: `30ms` or `30s`");
    assert_problem(json!({ "request_timeout": "soon" }), "request_timeout", "`soon` is not a time");
    assert_problem(json!({ "request_timeout": "0s" }), "request_timeout", "write a time from 1ms to 1h");
    assert_problem(json!({ "request_timeout": "3 years" }), "request_timeout", "out of range");
    assert_problem(
        json!({ "limits": { "max_body_bytes": -1 } }),
        "limits.max_body_bytes",
        "-1 is not a size",
    );
    assert_problem(
        json!({ "limits": { "max_body_bytes": "1GiB" } }),
        "limits.max_body_bytes",
        "from 1KiB to 64MiB",
    );
    assert_problem(
        json!({ "limits": { "max_depth": 1.5 } }),
        "limits.max_depth",
        "1.5 is not a whole number",
    );
    assert_problem(
        json!({ "limits": { "max_depth": 1e300 } }),
        "limits.max_depth",
        "whole number from 1 to 100",
    );
    assert_problem(json!({ "path": "graphql" }), "path", "write `/graphql`");
    assert_problem(json!({ "path": "/ready" }), "path", "answers probes");
    assert_problem(json!({ "path": "/a b" }), "path", "percent-encode");
    assert_problem(json!({ "path": ["/a"] }), "path", "a list is not a text");
    assert_problem(json!({ "fault_injection": "true" }), "fault_injection", "without quotes");
    assert_problem(
        json!({ "subgraphs": { "accounts": { "url": "accounts" } } }),
        "subgraphs.accounts.url",
        "scheme",
    );
    assert_problem(
        json!({ "subgraphs": { "accounts": { "cluster": "" } } }),
        "subgraphs.accounts.cluster",
        "is empty",
    );
    assert_problem(
        json!({ "subgraphs": { "accounts": { "authority": "a b" } } }),
        "subgraphs.accounts.authority",
        "host",
    );
}

#[test]
fn a_subgraph_without_url_needs_a_cluster() {
    let text = json!({ "supergraph": { "inline": SDL } }).to_string();
    assert_eq!(
        problems(&text),
        ["subgraphs.reviews.url: is missing, and the supergraph has no URL for this subgraph \
             (set it, or subgraphs.reviews.cluster to a cluster of Envoy's)"]
    );
    let text = json!({ "supergraph": { "inline": SDL }, "subgraphs": { "reviews": { "cluster": "r" } } })
        .to_string();
    let config = load(&text).unwrap_or_else(|p| panic!("{p:#?}")).config;
    assert_eq!(
        (config.subgraphs[1].authority.as_str(), config.subgraphs[1].path.as_str()),
        ("reviews", "/graphql")
    );
}

#[test]
fn all_problems_are_reported_at_once() {
    let text = json!({
        "supergraph": { "inline": "type Query {" },
        "pth": "/graphql",
        "limits": { "max_depth": 0, "max_tokens": "many" },
        "subgraphs": { "accounts": { "timeout": 5 } },
    });
    let found = load(&text.to_string()).err().unwrap_or_default();
    for place in ["pth", "limits.max_depth", "limits.max_tokens", "subgraphs.accounts.timeout"] {
        assert!(found.iter().any(|p| p.place == place), "{place} is not in {found:#?}");
    }
    assert!(found.iter().any(|p| p.place.starts_with("supergraph")), "{found:#?}");
}

#[test]
fn a_document_that_is_none_is_refused() {
    assert!(problems("").join("").contains("there is none"));
    assert!(problems("[]").join("").contains("not a JSON object"));
    assert!(problems("{\"path\": }").join("").contains("configuration, line 1, column 10"));
    assert!(problems("{}").join("").contains("supergraph.inline: is missing"));
    assert!(
        problems(&json!({ "supergraph": { "file": "x.graphql" } }).to_string()).join("").contains("no files")
    );
    assert!(problems(&"[".repeat(100_000)).join("").contains("not JSON"));
}
