//! What operators see of the traffic to subgraphs, and how they steer it.

use std::time::Duration;

use serde_json::{Map, Value, json};
use weir_telemetry::connection_pool::{Failures, Observed, Optimisation, diagnose, optimise};
use weir_traffic::breaker::Forced;

use super::{Gateway, RequestId, micros, millis, round};
use crate::event::Timestamp;
use crate::metric::{FailureClass, SubgraphId};
use crate::pipeline::traffic::{Guard, Period};

const APPLY_HELP: &str = "write {\"changes\": {\"subgraphs.NAME.connection_pool.max_connections\": 200}}, with null to take a \
    change back, or {\"subgraph\": NAME, \"recommendation\": \"pool_size\"} for what GET /weir/traffic recommends";

/// What an operator wants of the pools: query parameters of the page, with the guide's figures where they are left out.
struct Goals {
    target_utilization: f64,
    max_latency: Duration,
    period: Duration,
}

impl Goals {
    fn of(path: &str) -> Result<Goals, String> {
        let mut goals = Goals {
            target_utilization: 70.0,
            max_latency: Duration::from_millis(100),
            period: Duration::from_secs(15 * 60),
        };
        let query = path.split_once('?').map_or("", |(_, query)| query);
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let span = || {
                humantime::parse_duration(value)
                    .map_err(|_| format!("`{key}` takes a duration such as 100ms, not `{value}`"))
            };
            match key {
                "target_utilization" => {
                    let percent = value.parse::<f64>().ok().filter(|percent| (1.0..=100.0).contains(percent));
                    goals.target_utilization =
                        percent.ok_or(format!("`{key}` takes a percentage from 1 to 100, not `{value}`"))?;
                }
                "max_latency" => goals.max_latency = span()?,
                "monitoring_period" => goals.period = span()?,
                _ => {
                    return Err(format!(
                        "there is no parameter `{key}`: there are target_utilization, max_latency, monitoring_period"
                    ));
                }
            }
        }
        Ok(goals)
    }
}

const FORCE_HELP: &str = "write {\"subgraph\": NAME, \"force\": \"open\"}, \"closed\", or null to let it follow what it sees";

impl Gateway {
    /// The traffic to each subgraph, with what would serve it better.
    pub(super) fn traffic_page(&self, now: Timestamp, path: &str) -> (u16, Value) {
        let goals = match Goals::of(path) {
            Ok(goals) => goals,
            Err(error) => return (400, json!({ "error": error })),
        };
        let subgraphs: Map<String, Value> = self
            .labels
            .names()
            .iter()
            .zip(self.traffic.guards())
            .map(|(name, guard)| (name.clone(), state(now, guard, &goals)))
            .collect();
        (200, json!({"subgraphs": subgraphs, "changes_at_run_time": self.runtime.changes()}))
    }

    /// Changes settings as an operator asks; the answer if that is at once.
    pub(super) fn apply_traffic(&mut self, id: RequestId, path: &str, body: &[u8]) -> Option<(u16, Value)> {
        let Ok(Value::Object(asked)) = serde_json::from_slice::<Value>(body) else {
            return Some((400, json!({"error": "The body is no JSON object.", "fix": APPLY_HELP})));
        };
        let text = |key: &str| asked.get(key).and_then(Value::as_str);
        let changes = match (asked.get("changes"), text("subgraph"), text("recommendation")) {
            (Some(Value::Object(changes)), None, None) => changes.clone(),
            (None, Some(name), Some("pool_size")) => {
                let goals = match Goals::of(path) {
                    Ok(goals) => goals,
                    Err(error) => return Some((400, json!({ "error": error }))),
                };
                let guard = self.labels.names().iter().position(|known| known == name);
                let guard = guard.and_then(|at| self.traffic.guards().get(at));
                let found = guard.and_then(|guard| observed(guard, &goals)).map(|observed| optimise(&observed));
                match found.filter(|found| found.needs_adjustment) {
                    Some(found) => Map::from_iter([(
                        format!("subgraphs.{name}.connection_pool.max_connections"),
                        Value::from(found.recommended_size),
                    )]),
                    None => {
                        let error = format!("No other size of the pool is recommended for `{name}` now.");
                        return Some((409, json!({"error": error, "fix": APPLY_HELP})));
                    }
                }
            }
            _ => return Some((400, json!({"error": "There is nothing to change.", "fix": APPLY_HELP}))),
        };
        self.change_settings(id, changes);
        None
    }

    /// Forces a subgraph's breakers, or lets them go; the answer if that is at once.
    pub(super) fn force_breaker(&mut self, id: RequestId, body: &[u8]) -> Option<(u16, Value)> {
        let asked = serde_json::from_slice::<Value>(body).unwrap_or_default();
        let forced = match asked.get("force") {
            Some(Value::Null) => None,
            Some(Value::String(word)) if word == "open" => Some(Forced::Open),
            Some(Value::String(word)) if word == "closed" => Some(Forced::Closed),
            _ => return Some((400, json!({"error": "What shall it be forced to?", "fix": FORCE_HELP}))),
        };
        let name = asked.get("subgraph").and_then(Value::as_str).unwrap_or_default();
        let Some(at) = self.labels.names().iter().position(|known| known == name) else {
            let error = format!("There is no subgraph `{name}`.");
            let known = self.labels.names().join(", ");
            return Some((400, json!({"error": error, "fix": format!("there are {known}")})));
        };
        let label = SubgraphId(u32::try_from(at).unwrap_or(u32::MAX));
        self.force(label, forced, id);
        None
    }

    /// A breaker was forced, or that was in vain.
    pub(in crate::pipeline) fn breaker_forced(&mut self, id: RequestId, label: SubgraphId, done: bool) {
        let name = self.labels.names().get(label.0 as usize).cloned().unwrap_or_default();
        let (status, body) = if done {
            (200, json!({"subgraph": name, "done": true, "by": "all workers, within half a second"}))
        } else {
            (503, json!({"error": "It could not be written to the shared data.", "fix": "try again"}))
        };
        self.page(id, status, super::JSON, body.to_string());
    }
}

/// What was measured in the last period; `None` if nothing was.
fn observed(guard: &Guard, goals: &Goals) -> Option<Observed> {
    let Period { time, sums, most_active, most_queued, longest_wait, usual_latency } =
        guard.watch().period(goals.period)?;
    let seconds = time.as_secs_f64();
    let per_second = |micros: u64| Duration::from_micros(micros).as_secs_f64() / seconds;
    let of_calls = |micros: u64| Duration::from_micros(micros.checked_div(sums.calls).unwrap_or(0));
    let pool = &guard.settings.traffic.pool;
    let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let given_up = sums.shed.saturating_add(sums.refused);
    Some(Observed {
        seconds,
        workers: guard.workers(),
        max_connections: pool.max_connections,
        arrivals_per_second: sums.calls.saturating_add(given_up) as f64 / seconds,
        latency: of_calls(sums.call_micros),
        latency_p99: guard.quantile(0.99),
        usual_latency,
        in_flight: per_second(sums.call_micros),
        in_flight_peak: small(most_active),
        queued: per_second(sums.wait_micros),
        queued_peak: small(most_queued),
        wait: of_calls(sums.wait_micros),
        wait_peak: longest_wait,
        shed: given_up,
        breaker_refused: sums.short_circuits,
        failures: Failures {
            connect: sums.errors_of(FailureClass::Connect),
            timeout: sums.errors_of(FailureClass::Timeout),
            reset: sums.errors_of(FailureClass::Reset),
            refused: sums.errors_of(FailureClass::Refused),
            http_5xx: sums.errors_of(FailureClass::Http5xx),
            malformed: sums.errors_of(FailureClass::Malformed),
            graphql: sums.errors_of(FailureClass::GraphQl),
        },
        reuse_connections: pool.reuse_connections,
        connections_made: None,
        target_utilisation: goals.target_utilization,
        max_latency: goals.max_latency,
    })
}

fn state(now: Timestamp, guard: &Guard, goals: &Goals) -> Value {
    let observed = observed(guard, goals);
    let pool = &guard.settings.traffic.pool;
    let quantile = |q: f64| guard.quantile(q).map(|latency| round(latency.as_secs_f64() * 1e3));
    let forced = guard.forced().map(|forced| match forced {
        Forced::Open => "open",
        Forced::Closed => "closed",
    });
    json!({
        "breaker": {
            "enabled": guard.settings.traffic.breaker.enabled,
            "state": guard.phase(now).name(),
            "forced": forced,
            "next_probe_in_ms": guard.next_probe().map(|at| millis(at.since(now))),
            "opened_in_a_row": guard.resets(),
            "next_reset_timeout_ms": millis(guard.next_reset()),
        },
        "health": {
            "up": guard.settings.checks().then(|| guard.is_up()),
            "checked_ms_ago": guard.checked_at().map(|at| millis(now.since(at))),
        },
        "pool": {
            "max_connections": pool.max_connections,
            "utilisation": guard.utilisation(),
            "max_queue": pool.max_queue,
        },
        "this_worker": {
            "active": guard.active(), "share": guard.share(), "queued": guard.queued(),
            "concurrency_limit": guard.limit(),
            "request_timeout_ms": millis(guard.request_timeout()),
            "hedge_after_ms": guard.hedge_after().map(millis),
            "latency_ms": {"p50": quantile(0.5), "p95": quantile(0.95), "p99": quantile(0.99)},
        },
        "all_workers": observed.as_ref().map(measured),
        "optimisation": observed.as_ref().map(|observed| optimisation(optimise(observed))),
        "diagnosis": observed.as_ref().map(diagnose).unwrap_or_default().into_iter()
            .map(|(cause, text)| json!({"cause": cause.word(), "text": text})).collect::<Vec<_>>(),
    })
}

fn measured(observed: &Observed) -> Value {
    let Observed { failures, .. } = observed;
    let share = 100.0 * failures.total() as f64 / observed.calls().max(1.0);
    json!({
        "seconds": round(observed.seconds),
        "calls_per_second": round(observed.arrivals_per_second),
        "average_latency_us": micros(observed.latency),
        "average_in_flight": round(observed.in_flight), "most_in_flight": observed.in_flight_peak,
        "average_queued": round(observed.queued), "most_queued": observed.queued_peak,
        "average_wait_us": micros(observed.wait),
        "given_up_without_a_connection": observed.shed,
        "refused_by_the_breaker": observed.breaker_refused,
        "failure_rate": round(share),
        "failures": {
            "connect": failures.connect, "timeout": failures.timeout, "reset": failures.reset,
            "refused": failures.refused, "http_5xx": failures.http_5xx, "malformed": failures.malformed,
            "graphql": failures.graphql,
        },
    })
}

fn optimisation(found: Optimisation) -> Value {
    json!({
        "current_pool_size": found.current_size,
        "recommended_pool_size": found.recommended_size,
        "current_efficiency": round(found.current_efficiency),
        "expected_efficiency": round(found.expected_efficiency),
        "needs_adjustment": found.needs_adjustment,
        "explanation": found.explanation,
    })
}
