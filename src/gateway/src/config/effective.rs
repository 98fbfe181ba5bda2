//! The complete settings as a document: what holds, whether it was written or is a default.

use serde_json::{Map, Value, json};

use super::catalogue::{CSRF_MODE, ERRORS_MODE};
use super::header_rules::written;
use super::shape::span_text;
use super::{Config, ErrorPolicy};
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
            let settings = json!({
                "cluster": subgraph.cluster,
                "authority": subgraph.authority,
                "path": subgraph.path,
                "timeout": span_text(subgraph.timeout),
                "headers": {
                    "request": written(&subgraph.headers.request),
                    "response": written(&subgraph.headers.response),
                },
                "errors": errors(&subgraph.errors),
            });
            (subgraph.name.clone(), settings)
        })
        .collect();
    json!({
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
            "max_cached_plans": limits.max_cached_plans,
        },
        "csrf": {
            "mode": CSRF_MODE.shape.word(config.csrf.mode),
            "required_headers": config.csrf.required_headers,
        },
        "batching": {
            "enabled": config.batching.enabled,
            "max_operations": config.batching.max_operations,
        },
        "headers": {
            "request": written(&config.headers.request),
            "response": written(&config.headers.response),
            "trace_context": config.trace_context,
        },
        "errors": errors(&config.errors),
        "subgraphs": subgraphs,
        "introspection": operation.introspection,
        "fault_injection": config.fault_injection,
    })
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
