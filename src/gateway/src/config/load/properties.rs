//! Whatever is given as configuration, reading it ends with a configuration or with problems.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{SDL, with_supergraph};
use super::*;
use crate::config::{Preset, effective};

/// Keys that exist, so that random documents get past the first check.
fn any_key() -> impl Strategy<Value = String> {
    let known = [
        "supergraph",
        "inline",
        "path",
        "limits",
        "max_depth",
        "max_body_bytes",
        "request_timeout",
        "subgraphs",
        "accounts",
        "reviews",
        "timeout",
        "url",
        "cluster",
        "authority",
        "csrf",
        "mode",
        "required_headers",
        "headers",
        "request",
        "response",
        "forward",
        "forward_matching",
        "insert",
        "merge",
        "errors",
        "allow_codes",
        "preset",
        "fetch",
        "plan_cache",
        "layers",
        "l1",
        "l2",
        "l3",
        "max_size",
        "max_bytes",
        "ttl",
        "warm_up",
        "operations",
        "manifest",
        "alerts",
        "circuit_breaker",
        "failures",
        "graphql_codes",
        "reset_timeout",
        "connection_pool",
        "retry_policy",
        "retry_on",
        "idle_timeout",
        "health_check",
        "*",
        "",
    ];
    prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), ".*"]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        "[0-9.eE+-]{0,30} ?(ms|s|m|h|KiB|MiB|GB|EiB)?".prop_map(Value::from),
        "https?://[a-z\\[\\]:@.0-9é]{0,20}(/.{0,5})?".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any_key(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Settings of the plan cache that hold, each there or not.
fn any_plan_cache() -> impl Strategy<Value = Value> {
    fn maybe(of: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
        prop_oneof![Just(Value::Null), of].boxed()
    }
    let count = || maybe((1..=1_000_000_u32).prop_map(Value::from));
    let bytes = || maybe((1_u32 << 16..=512 << 20).prop_map(Value::from));
    let span = || maybe((100_u64..=30 * 86_400_000).prop_map(|span| json!(format!("{span}ms"))));
    let strategy = || maybe(prop::sample::select(vec!["lru", "lru_batch"]).prop_map(Value::from));
    let switch = || maybe(any::<bool>().prop_map(Value::from));
    let layer = move || (count(), bytes(), span(), strategy());
    (layer(), layer(), layer(), switch(), switch(), any::<bool>()).prop_map(
        |(base, l1, l2, renew, shared, has_store)| {
            let write = |(size, bytes, ttl, strategy): (Value, Value, Value, Value)| {
                json!({
                    "max_size": size, "max_bytes": bytes, "ttl": ttl, "eviction_strategy": strategy
                })
            };
            let mut document = write(base);
            document["renew_ttl"] = renew;
            document["layers"] = json!({"l1": write(l1), "l2": write(l2)});
            document["layers"]["l2"]["enabled"] = shared;
            if has_store {
                document["layers"]["l3"] = json!({"url": "https://plans.example.com/a%20b?c"});
            }
            document
        },
    )
}

/// Settings of traffic that hold, each there or not.
fn any_traffic() -> impl Strategy<Value = Value> {
    fn maybe(of: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
        prop_oneof![Just(Value::Null), of].boxed()
    }
    fn words(words: &'static [&'static str]) -> BoxedStrategy<Value> {
        maybe(prop::sample::subsequence(words, 0..=words.len()).prop_map(|words| json!(words)))
    }
    let count = || maybe((1..=1_000_u32).prop_map(Value::from));
    let span = |least: u64, most: u64| maybe((least..=most).prop_map(|span| json!(format!("{span}ms"))));
    let word = |words: &'static [&'static str]| maybe(prop::sample::select(words).prop_map(Value::from));
    let switch = || maybe(any::<bool>().prop_map(Value::from));
    let breaker = (switch(), count(), span(100, 300_000), words(&["connect", "refused", "malformed"]));
    let pool = (count(), span(100, 86_400_000), switch(), words(&["connect", "reset", "http_5xx"]));
    let health = (word(&["weir", "envoy", "off"]), span(10, 30_000), switch());
    (breaker, pool, health, word(&["gradient", "aimd"]), span(1, 10_000)).prop_map(
        |(breaker, pool, health, algorithm, timeout)| {
            json!({
                "circuit_breaker": {
                    "enabled": breaker.0, "minimum_volume": breaker.1, "reset_timeout": breaker.2,
                    "failures": breaker.3,
                },
                "connection_pool": {
                    "max_connections": pool.0, "idle_timeout": pool.1, "preconnect": pool.2,
                    "retry_policy": { "retry_on": pool.3 },
                },
                "health_check": { "mode": health.0, "timeout": health.1, "required_for_ready": health.2 },
                "adaptive_concurrency": { "algorithm": algorithm },
                "pre_calculated_timeouts": { "min_timeout": timeout },
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_document_makes_it_panic(document in any_json(), with_sdl in any::<bool>()) {
        let text = match document {
            Value::Object(_) if with_sdl => {
                let mut document = document;
                document["supergraph"] = json!({ "inline": SDL });
                document.to_string()
            }
            other => other.to_string(),
        };
        if let Err(problems) = load(&text) {
            prop_assert!(!problems.is_empty());
        }
    }

    #[test]
    fn the_effective_settings_of_a_plan_cache_load_to_themselves(
        plan_cache in any_plan_cache(),
        preset in prop::option::of(prop::sample::select(Preset::ALL.to_vec())),
    ) {
        let preset = preset.map(|(word, _)| word);
        let settings = with_supergraph(json!({"plan_cache": plan_cache, "preset": preset}));
        let Ok(first) = load(&settings) else {
            return Err(TestCaseError::fail(format!("refused: {:#?}", load(&settings).err())));
        };
        let Ok(again) = load(&with_supergraph(effective(&first.config))) else {
            return Err(TestCaseError::fail(effective(&first.config).to_string()));
        };
        prop_assert_eq!(again.config, first.config);
    }

    #[test]
    fn the_effective_settings_of_traffic_load_to_themselves(
        all in any_traffic(),
        own in any_traffic(),
        preset in prop::option::of(prop::sample::select(Preset::ALL.to_vec())),
    ) {
        let mut document = all;
        document["preset"] = json!(preset.map(|(word, _)| word));
        document["subgraphs"]["reviews"] = own;
        let settings = with_supergraph(document);
        let Ok(first) = load(&settings) else {
            return Err(TestCaseError::fail(format!("refused: {:#?}", load(&settings).err())));
        };
        let Ok(again) = load(&with_supergraph(effective(&first.config))) else {
            return Err(TestCaseError::fail(effective(&first.config).to_string()));
        };
        prop_assert_eq!(again.config, first.config);
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = load(&text);
    }
}
