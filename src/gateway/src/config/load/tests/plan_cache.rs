//! Loading the settings of the plan cache, of the source of supergraphs, and of changes at run time.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;
use weir_cache::Strategy;

use super::*;
use crate::config::catalogue;
use crate::config::{Coherency, Preset, WarmUpOperation};

#[track_caller]
fn loaded(settings: Value) -> Config {
    load(&with_supergraph(settings)).unwrap_or_else(|p| panic!("{p:#?}")).config
}

#[track_caller]
fn cache(settings: Value) -> PlanCacheConfig {
    loaded(json!({ "plan_cache": settings })).plan_cache
}

fn changed(document: Value, changes: Value) -> Result<PlanCacheConfig, Vec<String>> {
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    load_changeable(&with_supergraph(document), &["accounts".to_owned()], &changes)
        .map(|changed| changed.plan_cache)
        .map_err(|problems| problems.iter().map(Problem::to_string).collect())
}

#[test]
fn the_defaults_are_those_of_the_reference() {
    let cache = cache(json!({}));
    assert_eq!((cache.base.max_size, cache.base.max_bytes), (10_000, 128 << 20));
    assert_eq!((cache.base.ttl, cache.base.renew_ttl), (Duration::from_secs(900), true));
    assert_eq!((cache.base.strategy, cache.base.batch_eviction_percentage), (Strategy::LruBatch, 10));
    assert_eq!((cache.memory, cache.shared.layer), (cache.base, cache.base));
    assert_eq!((cache.shared.enabled, cache.shared.claim_time), (true, Duration::from_millis(100)));
    assert_eq!((cache.warning_threshold, cache.metrics, cache.admission), (85, true, true));
    assert_eq!((cache.coherency, cache.store), (Coherency::WriteThrough, None));
    assert_eq!((cache.alerts.hit_rate, cache.alerts.lookup_time), (75, Duration::from_millis(10)));
    assert_eq!((cache.warm_up.hottest, cache.warm_up.operations.len()), (500, 0));
    let config = loaded(json!({}));
    assert_eq!((config.preset, config.fetch), (None, None));
}

#[test]
fn layers_have_what_is_set_for_all_unless_they_say_otherwise() {
    let cache = cache(json!({
        "max_size": 300, "max_bytes": "64KiB", "ttl": "2m", "renew_ttl": false,
        "eviction_strategy": "lru", "batch_eviction_percentage": 25,
        "layers": {
            "l1": { "max_size": 20, "eviction_strategy": "lru_batch" },
            "l2": { "max_bytes": "1MiB", "ttl": "1h" },
        },
    }));
    assert_eq!((cache.memory.max_size, cache.shared.layer.max_size), (20, 300));
    assert_eq!((cache.memory.max_bytes, cache.shared.layer.max_bytes), (64 << 10, 1 << 20));
    assert_eq!(
        (cache.memory.ttl, cache.shared.layer.ttl),
        (Duration::from_secs(120), Duration::from_secs(3600))
    );
    assert_eq!((cache.memory.strategy, cache.shared.layer.strategy), (Strategy::LruBatch, Strategy::Lru));
    for layer in [cache.base, cache.memory, cache.shared.layer] {
        assert_eq!((layer.renew_ttl, layer.batch_eviction_percentage), (false, 25));
    }
}

#[test]
fn presets_are_the_guides_and_what_is_written_beats_them() {
    let development = loaded(json!({ "preset": "development" }));
    assert_eq!(development.preset, Some(Preset::Development));
    let base = development.plan_cache.base;
    assert_eq!((base.max_size, base.ttl), (100, Duration::from_secs(300)));
    assert_eq!(development.plan_cache.memory.max_size, 100, "layers inherit it");
    let production = loaded(json!({ "preset": "production" })).plan_cache;
    assert_eq!((production.base.max_size, production.base.ttl), (50_000, Duration::from_secs(1800)));
    assert_eq!(
        (production.base.strategy, production.base.batch_eviction_percentage),
        (Strategy::LruBatch, 15)
    );
    assert_eq!(production.warning_threshold, 80);
    let written = loaded(json!({
        "preset": "production",
        "plan_cache": { "max_size": 7, "layers": { "l2": { "max_size": 9 } } },
    }));
    let PlanCacheConfig { base, memory, shared, .. } = written.plan_cache;
    assert_eq!((base.max_size, memory.max_size, shared.layer.max_size), (7, 7, 9));
    assert_eq!(base.ttl, Duration::from_secs(1800), "the rest is the preset's");
    assert_problem(json!({ "preset": "prod" }), "preset", "`development`");
}

#[test]
fn each_value_of_a_preset_is_that_of_a_setting() {
    for (word, preset) in Preset::ALL {
        for (path, value) in preset.settings() {
            assert!(catalogue::entries().any(|entry| entry.path() == path), "{word}: {path}");
            let mut document = json!({});
            let place = path.split('.').fold(&mut document, |group, key| &mut group[key]);
            *place = value;
            load(&with_supergraph(document)).unwrap_or_else(|p| panic!("{word}: {p:#?}"));
        }
    }
}

#[test]
fn services_are_found_by_url_or_by_cluster() {
    let store = |l3: Value| cache(json!({ "layers": { "l3": l3 } })).store.expect("a store");
    let by_url = store(json!({ "url": "https://plans.example.com/weir" }));
    assert_eq!(by_url.target.cluster, "weir_tls_plans.example.com_443");
    assert_eq!(
        (by_url.target.authority.as_str(), by_url.target.path.as_str()),
        ("plans.example.com", "/weir")
    );
    assert_eq!(by_url.target.endpoint.map(|endpoint| endpoint.port), Some(443));
    assert_eq!((by_url.timeout, by_url.ttl), (Duration::from_millis(50), Duration::from_secs(86_400)));
    let by_cluster = store(json!({ "cluster": "s3" }));
    assert_eq!((by_cluster.target.authority.as_str(), by_cluster.target.path.as_str()), ("s3", "/"));
    assert_eq!(by_cluster.target.endpoint, None);
    let both = store(json!({
        "url": "http://plans:81/a", "cluster": "s3", "authority": "bucket.s3", "path": "/b", "timeout": "20ms",
    }));
    assert_eq!((both.target.cluster.as_str(), both.target.authority.as_str()), ("s3", "bucket.s3"));
    assert_eq!((both.target.path.as_str(), both.timeout), ("/b", Duration::from_millis(20)));
    assert_eq!(both.target.endpoint.map(|endpoint| endpoint.port), Some(81));

    let fetch = |fetch: Value| loaded(json!({ "supergraph": { "fetch": fetch } })).fetch.expect("a source");
    let polled = fetch(json!({ "url": "http://registry:8080/supergraph?graph=a" }));
    assert_eq!(polled.target.cluster, "weir_registry_8080");
    assert_eq!(polled.target.path, "/supergraph?graph=a");
    assert_eq!((polled.interval, polled.timeout), (Duration::from_secs(10), Duration::from_secs(5)));
    assert_eq!(fetch(json!({ "cluster": "registry", "interval": "1m" })).interval, Duration::from_secs(60));
}

#[test]
fn settings_of_a_service_that_is_not_named_are_refused() {
    for key in ["authority", "path", "timeout", "ttl", "max_size"] {
        let value = match key {
            "authority" => json!("plans:81"),
            "path" => json!("/plans"),
            "max_size" => json!(10),
            _ => json!("1s"),
        };
        let settings = json!({ "plan_cache": { "layers": { "l3": { key: value } } } });
        assert_problem(settings, "plan_cache.layers.l3.url", "set it, or `plan_cache.layers.l3.cluster`");
    }
    assert_problem(
        json!({ "supergraph": { "fetch": { "path": "/s" } } }),
        "supergraph.fetch.url",
        "is missing",
    );
    assert_problem(
        json!({ "supergraph": { "fetch": { "interval": "1m" } } }),
        "supergraph.fetch.url",
        "is missing",
    );
    // Nothing there is nothing wanted.
    assert_eq!(cache(json!({ "layers": { "l3": { "url": null } } })).store, None);
    assert_eq!(loaded(json!({ "supergraph": { "fetch": {} } })).fetch, None);
    // A refused address is one problem, not two.
    let found = problems(&with_supergraph(
        json!({ "supergraph": { "fetch": { "url": "ftp://host/", "path": "/s" } } }),
    ));
    assert!(found.len() == 1 && found[0].contains("ftp"), "{found:#?}");
}

#[test]
fn warm_up_takes_lists_and_manifests_and_no_files() {
    let warm_up = cache(json!({ "warm_up": {
        "operations": ["{ me }", { "query": "query A { me } query B { review }", "operation_name": "B" }],
        "manifest": { "operations": [{ "id": "1", "body": "{ review }" }] },
        "max_time": "0s", "pause_above": 0,
    } }))
    .warm_up;
    let texts: Vec<&str> = warm_up.operations.iter().map(|operation| operation.query.as_str()).collect();
    assert_eq!(texts, ["{ me }", "query A { me } query B { review }", "{ review }"]);
    assert_eq!((warm_up.max_time, warm_up.pause_above), (Duration::ZERO, 0));
    let file = json!({ "plan_cache": { "warm_up": { "manifest_file": "manifest.json" } } });
    assert_problem(file, "plan_cache.warm_up.manifest_file", "Envoy's sandbox has no files");
    let many = json!(vec!["{ me }"; 60_000]);
    let manifest: Map<String, Value> = (0..60_000).map(|n| (format!("{n}"), json!("{ me }"))).collect();
    let both = json!({ "plan_cache": { "warm_up": { "operations": many, "manifest": manifest } } });
    assert_problem(both, "plan_cache.warm_up.operations", "more than 100000");
}

#[test]
fn values_of_the_plan_cache_are_checked_and_all_told_at_once() {
    let settings = json!({ "plan_cache": {
        "max_size": 0, "eviction_strategy": "fifo", "batch_eviction_percentage": 51, "warning_threshold": 101,
        "coherency": "write_back", "max_bites": 1,
        "layers": { "l1": { "max_size": "many" }, "l2": { "claim_time": "1ms" }, "l4": {} },
        "alerts": { "hit_rate": 101 },
        "warm_up": { "operations": "{ me }" },
    } });
    for (place, part) in [
        ("max_size", "from 1 to 1000000"),
        ("eviction_strategy", "`lru`"),
        ("batch_eviction_percentage", "from 1 to 50"),
        ("warning_threshold", "from 1 to 100"),
        ("coherency", "`write_through`"),
        ("max_bites", "did you mean `max_bytes`?"),
        ("layers.l1.max_size", "many"),
        ("layers.l2.claim_time", "from 5ms to 10s"),
        ("layers.l4", "did you mean"),
        ("alerts.hit_rate", "from 0 to 100"),
        ("warm_up.operations", "not a list"),
    ] {
        assert_problem(settings.clone(), &format!("plan_cache.{place}"), part);
    }
    assert_problem(
        json!({ "limits": { "max_cached_plans": 10 } }),
        "limits.max_cached_plans",
        "there is no such setting",
    );
}

#[test]
fn the_effective_settings_hold_presets_stores_sources_and_warm_up() {
    let config = loaded(json!({
        "preset": "production",
        "supergraph": { "fetch": { "url": "http://Registry:8080/s?x=1", "path": "/t", "interval": "11s" } },
        "plan_cache": {
            "ttl": "30days",
            "layers": {
                "l1": { "max_bytes": "64KiB" },
                "l2": { "enabled": false, "max_bytes": "64KiB" },
                "l3": { "cluster": "s3", "path": "/plans", "ttl": "365days", "max_object_bytes": "2MiB" },
            },
            "warm_up": {
                "operations": [{ "query": "query ($a: Boolean!) { me @skip(if: $a) }", "variables": { "a": true } }],
                "manifest": { "d8f1": "{ review }" },
            },
        },
    }));
    let written = effective(&config);
    assert_eq!(written["preset"], "production");
    assert_eq!(written["plan_cache"]["layers"]["l3"]["ttl"], "365days");
    assert_eq!(written["supergraph"]["fetch"]["url"], "http://Registry:8080/s?x=1");
    let again = load(&with_supergraph(written)).unwrap_or_else(|p| panic!("{p:#?}"));
    assert_eq!(again.config, config);
    let operations: &[WarmUpOperation] = &config.plan_cache.warm_up.operations;
    assert_eq!(operations[0].variables["a"], json!(true));
    assert_eq!(operations[1].query, "{ review }");
}

#[test]
fn changes_at_run_time_are_held_against_the_document() {
    let document = json!({ "preset": "production", "plan_cache": { "ttl": "2m", "layers": null } });
    let changes = json!({ "plan_cache.max_size": 70, "plan_cache.layers.l1.ttl": "1m" });
    let cache = changed(document.clone(), changes).expect("they hold");
    assert_eq!((cache.base.max_size, cache.shared.layer.max_size), (70, 70));
    assert_eq!((cache.memory.ttl, cache.base.ttl), (Duration::from_secs(60), Duration::from_secs(120)));
    assert_eq!(cache.warning_threshold, 80, "the preset still holds");
    for (changes, part) in [
        (json!({ "plan_cache.max_size": 0 }), "from 1 to 1000000"),
        (json!({ "plan_cache.max_sise": 5 }), "did you mean `plan_cache.max_size`?"),
        (json!({ "path": "/x" }), "can't be changed at run time"),
        (json!({ "plan_cache": {} }), "can't be changed at run time"),
        (json!({ "plan_cache.layers.l2.enabled": false }), "nor whether workers share plans"),
        (json!({ "plan_cache.layers.l3.timeout": "1s" }), "not those of the cache's store"),
        (json!({ "plan_cache.warm_up.operations": [] }), "cache's store and warm-up"),
    ] {
        let found = changed(document.clone(), changes).expect_err("refused");
        assert!(found.iter().any(|problem| problem.contains(part)), "no `{part}` in {found:#?}");
    }
}

#[test]
fn a_fetched_supergraph_is_held_against_the_same_settings() {
    let text = with_supergraph(json!({ "supergraph": { "fetch": { "cluster": "registry" } } }));
    let other = SDL.replace("name: \"reviews\"", "name: \"opinions\"");
    let problems = load_with(&text, Some(&other)).err().unwrap_or_default();
    assert!(problems.iter().any(|p| p.place == "subgraphs.opinions.url"), "{problems:#?}");
    let newer = SDL.replace("me: String", "me: Int");
    let loaded = load_with(&text, Some(&newer)).unwrap_or_else(|p| panic!("{p:#?}"));
    let own = load(&text).unwrap_or_else(|p| panic!("{p:#?}"));
    assert_eq!(loaded.config, own.config);
    assert_ne!(loaded.supergraph.hash(), own.supergraph.hash());
}
