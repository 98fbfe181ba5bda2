//! The complete settings as a document: what holds, whether it was written or is a default.

use serde_json::{Map, Value, json};

use super::catalogue::{CACHE_COHERENCY, CACHE_STRATEGY, CSRF_MODE, ERRORS_MODE, PRESET, PROTOCOL};
use super::header_rules::written;
use super::shape::span_text;
use super::{Config, ErrorPolicy, LayerConfig, PlanCacheConfig, Target, operations};
use crate::limit::Limit;

/// `config` as a document without its supergraph, with every setting that has a value. Loaded again (with
/// the same supergraph) it gives the same [`Config`].
pub fn effective(config: &Config) -> Value {
    let limits = &config.limits;
    let operation = &limits.operation;
    let warn_only: Vec<&str> = operation.warn_only.iter().map(|limit| Limit::from(*limit).name()).collect();
    let subgraphs: Map<String, Value> = config
        .subgraphs
        .iter()
        .map(|subgraph| {
            let mut settings = json!({
                "cluster": subgraph.cluster,
                "authority": subgraph.authority,
                "path": subgraph.path,
                "timeout": span_text(subgraph.timeout),
                "protocol": PROTOCOL.shape.word(subgraph.protocol),
                "headers": {
                    "request": written(&subgraph.headers.request),
                    "response": written(&subgraph.headers.response),
                },
                "errors": errors(&subgraph.errors),
            });
            if let Value::Object(settings) = &mut settings {
                subgraph.entity_batching.write(settings);
                subgraph.traffic.write(settings);
            }
            (subgraph.name.clone(), settings)
        })
        .collect();
    let mut document = json!({
        "plan_cache": plan_cache(&config.plan_cache),
        "override_labels": config.override_labels,
        "path": config.path,
        "request_timeout": span_text(config.request_timeout),
        "limits": {
            "max_body_bytes": limits.max_body_bytes,
            "max_tokens": operation.max_tokens,
            "max_depth": operation.max_depth,
            "max_height": operation.max_height,
            "max_aliases": operation.max_aliases,
            "max_root_fields": operation.max_root_fields,
            "max_directives": operation.max_directives,
            "max_introspection_depth": operation.max_introspection_depth,
            "warn_only": warn_only,
            "max_active_requests": limits.max_active_requests,
            "max_planning_time": span_text(limits.max_planning_time),
            "max_response_bytes": limits.max_response_bytes,
        },
        "csrf": {
            "mode": CSRF_MODE.shape.word(config.csrf.mode),
            "required_headers": config.csrf.required_headers,
        },
        "batching": {
            "enabled": config.batching.enabled,
            "max_operations": config.batching.max_operations,
        },
        "request_sharing": { "enabled": config.request_sharing },
        "headers": {
            "request": written(&config.headers.request),
            "response": written(&config.headers.response),
            "trace_context": config.trace_context,
        },
        "errors": errors(&config.errors),
        "subgraphs": subgraphs,
        "introspection": operation.introspection,
        "fault_injection": config.fault_injection,
    });
    let Value::Object(root) = &mut document else { return document };
    config.entity_batching.write(root);
    config.traffic.write(root);
    if let Some(preset) = config.preset {
        root.insert("preset".to_owned(), json!(PRESET.shape.word(preset)));
    }
    if let Some(fetch) = &config.fetch {
        let mut settings = target(&fetch.target);
        settings.insert("interval".to_owned(), json!(span_text(fetch.interval)));
        settings.insert("timeout".to_owned(), json!(span_text(fetch.timeout)));
        root.insert("supergraph".to_owned(), json!({ "fetch": settings }));
    }
    document
}

fn plan_cache(cache: &PlanCacheConfig) -> Value {
    let strategy = |layer: &LayerConfig| CACHE_STRATEGY.shape.word(layer.strategy);
    let layer = |layer: &LayerConfig| {
        Map::from_iter([
            ("max_size".to_owned(), json!(layer.max_size)),
            ("max_bytes".to_owned(), json!(layer.max_bytes)),
            ("ttl".to_owned(), json!(span_text(layer.ttl))),
            ("eviction_strategy".to_owned(), json!(strategy(layer))),
        ])
    };
    let mut shared = layer(&cache.shared.layer);
    shared.insert("enabled".to_owned(), json!(cache.shared.enabled));
    shared.insert("claim_time".to_owned(), json!(span_text(cache.shared.claim_time)));
    let mut layers = Map::new();
    layers.insert("l1".to_owned(), Value::Object(layer(&cache.memory)));
    layers.insert("l2".to_owned(), Value::Object(shared));
    if let Some(store) = &cache.store {
        let mut settings = target(&store.target);
        for (key, value) in [
            ("timeout", json!(span_text(store.timeout))),
            ("ttl", json!(span_text(store.ttl))),
            ("max_size", json!(store.max_size)),
            ("max_object_bytes", json!(store.max_object_bytes)),
            ("failure_threshold", json!(store.failure_threshold)),
            ("reset_timeout", json!(span_text(store.reset_timeout))),
        ] {
            settings.insert(key.to_owned(), value);
        }
        layers.insert("l3".to_owned(), Value::Object(settings));
    }
    json!({
        "max_size": cache.base.max_size,
        "max_bytes": cache.base.max_bytes,
        "ttl": span_text(cache.base.ttl),
        "renew_ttl": cache.base.renew_ttl,
        "eviction_strategy": strategy(&cache.base),
        "batch_eviction_percentage": cache.base.batch_eviction_percentage,
        "warning_threshold": cache.warning_threshold,
        "metrics": cache.metrics,
        "admission": cache.admission,
        "coherency": CACHE_COHERENCY.shape.word(cache.coherency),
        "layers": layers,
        "warm_up": {
            "operations": operations::written(&cache.warm_up.operations),
            "max_time": span_text(cache.warm_up.max_time),
            "per_tick": cache.warm_up.per_tick,
            "pause_above": cache.warm_up.pause_above,
            "hottest": cache.warm_up.hottest,
        },
        "alerts": {
            "hit_rate": cache.alerts.hit_rate,
            "lookup_time": span_text(cache.alerts.lookup_time),
            "interval": span_text(cache.alerts.interval),
            "min_lookups": cache.alerts.min_lookups,
        },
    })
}

fn target(target: &Target) -> Map<String, Value> {
    let mut settings = Map::new();
    if let Some(endpoint) = &target.endpoint {
        let scheme = if endpoint.tls { "https" } else { "http" };
        let url = format!("{scheme}://{}{}", endpoint.authority, endpoint.path);
        settings.insert("url".to_owned(), Value::from(url));
    }
    for (key, value) in
        [("cluster", &target.cluster), ("authority", &target.authority), ("path", &target.path)]
    {
        settings.insert(key.to_owned(), Value::from(value.as_str()));
    }
    settings
}

fn errors(policy: &ErrorPolicy) -> Value {
    json!({
        "mode": ERRORS_MODE.shape.word(policy.mode),
        "message": policy.message,
        "expose_code": policy.expose_code,
        "expose_service": policy.expose_service,
        "allow_codes": policy.allow_codes,
        "allow_extensions": policy.allow_extensions,
    })
}
