//! What operators see of entity batching, and how they tune it.

use std::time::Duration;

use serde_json::{Map, Value, json};
use weir_telemetry::entity_batching::{
    Arrivals, Candidate, Goal, Observed, Pattern, Tuning, diagnose, pattern, tune,
};

use super::{Gateway, RequestId, micros, millis, round};
use crate::config::EntityBatchingConfig;
use crate::pipeline::entity_batching::Batches;

const HELP: &str = "write {\"changes\": {\"entity_batching.batch_window\": \"5ms\"}}, with null to take a change back, or \
    {\"subgraph\": NAME, \"goal\": \"latency\" or \"throughput\", \"bursts\": true or false} for what GET \
    /weir/entity-batching recommends";

const GOALS: [(&str, Goal); 2] = [("latency", Goal::Latency), ("throughput", Goal::Throughput)];

impl Gateway {
    /// The state of this worker's batches, by subgraph.
    pub(super) fn entity_batching_state(&self) -> Value {
        let mut subgraphs = Map::new();
        for ((name, config), batches) in self.labels.names().iter().zip(&self.batching).zip(&self.batches) {
            let Some(batches) = batches else { continue };
            subgraphs.insert(name.clone(), state(config, batches));
        }
        json!({
            "subgraphs_seen_by_this_worker": subgraphs,
            "changes_at_run_time": self.runtime.changes(),
        })
    }

    /// Changes settings as an operator asks; the answer if that is at once.
    pub(super) fn apply_batching(&mut self, id: RequestId, body: &[u8]) -> Option<(u16, Value)> {
        let Ok(Value::Object(asked)) = serde_json::from_slice::<Value>(body) else {
            return Some((400, json!({"error": "The body is no JSON object.", "fix": HELP})));
        };
        let changes = match (asked.get("changes"), asked.get("subgraph"), asked.get("goal")) {
            (Some(Value::Object(changes)), None, None) => changes.clone(),
            (None, Some(Value::String(name)), Some(Value::String(goal))) => {
                let bursts = asked.get("bursts").and_then(Value::as_bool).unwrap_or(false);
                let goal = GOALS.iter().find(|(word, _)| word == goal).map(|(_, goal)| *goal);
                let Some(goal) = goal else {
                    return Some((400, json!({"error": "There is no such goal.", "fix": HELP})));
                };
                let index = self.labels.names().iter().position(|known| known == name);
                let found = index.and_then(|index| {
                    let (config, batches) = (self.batching.get(index)?, self.batches.get(index)?.as_ref()?);
                    tuning(config, batches, goal, bursts)
                });
                let Some(found) = found else {
                    let error = format!("Nothing is recommended for `{name}` now.");
                    return Some((409, json!({"error": error, "fix": HELP})));
                };
                changes_of(name, found.candidate)
            }
            _ => return Some((400, json!({"error": "There is nothing to change.", "fix": HELP}))),
        };
        self.change_settings(id, changes);
        None
    }
}

fn state(config: &EntityBatchingConfig, batches: &Batches) -> Value {
    let limits = batches.window.limits();
    // The interval that ended last, or the one under way if that has seen more.
    let measured = [&batches.last, batches.window.measured()].into_iter().max_by_key(|m| m.batches);
    let measured = measured.copied().unwrap_or_default();
    let per_batch = |span: Duration, count: u64| round(1e3 * span.as_secs_f64() / count.max(1) as f64);
    let observed = Observed {
        batches: measured.batches,
        wait_ms: per_batch(measured.waited, measured.batches),
        latency_ms: per_batch(measured.latency, measured.answers),
        size: measured.average_size(),
        max_batch_size: limits.max_batch_size,
        full: measured.full as f64 / measured.batches.max(1) as f64,
        max_latency: config.max_latency,
    };
    let recommendations = GOALS.iter().flat_map(|(word, goal)| {
        [false, true].into_iter().map(move |bursts| {
            let found = tuning(config, batches, *goal, bursts);
            json!({"goal": word, "bursts": bursts, "recommended": found.map(shown)})
        })
    });
    json!({
        "settings": {
            "enabled": config.enabled, "max_batch_size": config.max_batch_size,
            "batch_window_ms": millis(config.batch_window), "adaptive_batching": config.adaptive,
        },
        "in_force": {"max_batch_size": limits.max_batch_size, "batch_window_us": micros(limits.batch_window)},
        "last_interval": {
            "batches": measured.batches, "keys": measured.keys, "requests": measured.requests,
            "average_batch_size": round(measured.average_size()),
            "utilisation": round(measured.utilisation(limits.max_batch_size)),
            "average_wait_ms": observed.wait_ms, "average_latency_ms": observed.latency_ms,
            "failures": measured.failures, "full": measured.full, "cut_short": measured.cut_short,
        },
        "usual_latency_us": batches.window.latency().average().map(micros),
        "pattern": shown_pattern(&batches.arrivals),
        "diagnosis": diagnose(&observed).into_iter()
            .map(|(cause, text)| json!({"cause": cause.word(), "text": text})).collect::<Vec<_>>(),
        "recommendations": recommendations.collect::<Vec<_>>(),
    })
}

fn tuning(config: &EntityBatchingConfig, batches: &Batches, goal: Goal, bursts: bool) -> Option<Tuning> {
    let limits = batches.window.limits();
    let present = Candidate { max_batch_size: limits.max_batch_size, batch_window: limits.batch_window };
    let latency = batches.window.latency().average().unwrap_or_default();
    tune(&batches.arrivals, present, goal, bursts, latency, config.max_latency)
}

fn shown(tuning: Tuning) -> Value {
    json!({
        "max_batch_size": tuning.candidate.max_batch_size,
        "batch_window_ms": millis(tuning.candidate.batch_window),
        "fewer_calls_percent": round(tuning.fewer_calls),
        "longer_wait_ms": round(tuning.longer_wait_ms),
        "explanation": "The recorded lookups were sent once more with these limits.",
    })
}

fn shown_pattern(arrivals: &Arrivals) -> Value {
    match pattern(arrivals) {
        None => Value::Null,
        Some(Pattern::Steady) => json!({"type": "steady"}),
        Some(Pattern::Bursty) => json!({"type": "bursty"}),
        Some(Pattern::Periodic(period)) => json!({"type": "periodic", "period_ms": millis(period)}),
    }
}

/// What a recommendation sets. Its window is meant to be kept, so nothing adapts it.
fn changes_of(name: &str, candidate: Candidate) -> Map<String, Value> {
    let setting = |key: &str| format!("subgraphs.{name}.entity_batching.{key}");
    Map::from_iter([
        (setting("max_batch_size"), Value::from(candidate.max_batch_size)),
        (setting("batch_window"), Value::from(format!("{}ms", millis(candidate.batch_window)))),
        (setting("adaptive_batching"), Value::from(false)),
    ])
}
