//! Presets: other defaults for a kind of place, from the customer's performance guide ("Cache Sizing Guidelines" and its
//! checklists of both places).

use serde_json::{Value, json};

/// A kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// A developer's machine.
    Development,
    /// A gateway that serves users.
    Production,
}

impl Preset {
    /// Both, with their words.
    pub const ALL: [(&'static str, Preset); 2] =
        [("development", Preset::Development), ("production", Preset::Production)];

    /// What it sets, as users would write it.
    pub fn settings(self) -> Vec<(&'static str, Value)> {
        match self {
            Preset::Development => vec![
                ("plan_cache.max_size", json!(100)),
                ("plan_cache.ttl", json!("5m")),
                ("plan_cache.metrics", json!(true)),
                ("entity_batching.adaptive_batching", json!(false)),
                // Lenient: a subgraph that is being worked on fails often, and its developer waits for it.
                ("circuit_breaker.failure_threshold", json!(20)),
                ("circuit_breaker.failure_rate", json!(90)),
                ("circuit_breaker.reset_timeout", json!("5s")),
                ("pre_calculated_timeouts.adapt_to_latency", json!(false)),
            ],
            Preset::Production => vec![
                ("plan_cache.max_size", json!(50_000)),
                ("plan_cache.ttl", json!("30m")),
                ("plan_cache.eviction_strategy", json!("lru_batch")),
                ("plan_cache.batch_eviction_percentage", json!(15)),
                ("plan_cache.metrics", json!(true)),
                ("plan_cache.warning_threshold", json!(80)),
                ("entity_batching.adaptive_batching", json!(true)),
                // Strict: half of the share that opens it by default, and a subgraph that stalls is cut early.
                ("circuit_breaker.failure_threshold", json!(5)),
                ("circuit_breaker.failure_rate", json!(25)),
                ("pre_calculated_timeouts.adapt_to_latency", json!(true)),
            ],
        }
    }

    /// Its value for a setting.
    pub(super) fn value(self, path: &str) -> Option<Value> {
        self.settings().into_iter().find(|(key, _)| *key == path).map(|(_, value)| value)
    }
}
