//! Operators' pages: the plan cache as it is, what to change, and changing it.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use weir_telemetry::plan_cache::{diagnose, recommend};
use weir_telemetry::recommendation::{Gain, Recommendation, SettingsChange};

use super::monitor::Asked;
use super::{Gateway, Readiness};
use crate::config::Problem;
use crate::event::{HttpRequest, Output, Reply, RequestId, Timestamp};
use crate::metric::{CATALOGUE, Kind, Metric};

mod entity_batching;
mod page;
mod traffic;

const PAGES: [&str; 8] = [
    "/weir",
    "/weir/plan-cache",
    "/weir/plan-cache/apply",
    "/weir/entity-batching",
    "/weir/entity-batching/apply",
    "/weir/traffic",
    "/weir/traffic/apply",
    "/weir/traffic/breaker",
];

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

impl Gateway {
    /// An operator's request.
    pub(super) fn administer(&mut self, now: Timestamp, id: RequestId, request: &HttpRequest) {
        let path = request.path.split('?').next().unwrap_or_default();
        match (request.method.as_str(), path.trim_end_matches('/')) {
            ("GET" | "HEAD", "/weir") => self.ask_counters(id, true),
            ("GET" | "HEAD", "/weir/plan-cache") => self.ask_counters(id, false),
            ("GET" | "HEAD", "/weir/entity-batching") => {
                let state = self.entity_batching_state();
                self.page(id, 200, JSON, format!("{state:#}"));
            }
            // Browsers send no JSON to other sites unasked: a page that an operator looks at can't change settings.
            ("POST", path) if PAGES.contains(&path) && !is_json(request) => {
                let error = json!({"error": "Send it as content-type: application/json."});
                self.page(id, 415, JSON, error.to_string());
            }
            ("POST", "/weir/plan-cache/apply") => {
                if let Some((status, body)) = self.apply_changes(id, &request.body) {
                    self.page(id, status, JSON, body.to_string());
                }
            }
            ("POST", "/weir/entity-batching/apply") => {
                if let Some((status, body)) = self.apply_batching(id, &request.body) {
                    self.page(id, status, JSON, body.to_string());
                }
            }
            ("GET" | "HEAD", "/weir/traffic") => {
                let (status, state) = self.traffic_page(now, &request.path);
                self.page(id, status, JSON, format!("{state:#}"));
            }
            ("POST", "/weir/traffic/apply") => {
                if let Some((status, body)) = self.apply_traffic(id, &request.path, &request.body) {
                    self.page(id, status, JSON, body.to_string());
                }
            }
            ("POST", "/weir/traffic/breaker") => {
                if let Some((status, body)) = self.force_breaker(id, &request.body) {
                    self.page(id, status, JSON, body.to_string());
                }
            }
            (_, path) if PAGES.contains(&path) => {
                let error = json!({"error": "GET the pages, POST to those that end in /apply or /breaker"});
                self.page(id, 405, JSON, error.to_string());
            }
            _ => {
                let pages = json!({"error": "There is no such page.", "pages": PAGES});
                self.page(id, 404, JSON, pages.to_string());
            }
        }
    }

    fn ask_counters(&mut self, id: RequestId, as_html: bool) {
        self.monitor.expect(Asked::Page(id, as_html));
        self.outputs.push_back(Output::ReadCounters(shown().into_iter().map(|(metric, _)| metric).collect()));
    }

    /// The counters for a page have come.
    pub(super) fn show(&mut self, now: Timestamp, id: RequestId, as_html: bool, values: &[u64]) {
        let counters: Map<String, Value> =
            shown().into_iter().zip(values).map(|((_, name), value)| (name, Value::from(*value))).collect();
        let state = self.state(now, counters);
        if as_html {
            self.page(id, 200, HTML, page::overview(&state));
        } else {
            self.page(id, 200, JSON, format!("{state:#}"));
        }
    }

    /// The plan cache as it is.
    fn state(&self, now: Timestamp, counters: Map<String, Value>) -> Value {
        let config = &self.cache_config;
        let window = self.plan_cache_window();
        let (entries, bytes) = self.plans.size();
        let layer = |entries: u64, bytes: u64, layer: &crate::config::LayerConfig| {
            json!({
                "entries": entries, "max_size": layer.max_size,
                "bytes": bytes, "max_bytes": layer.max_bytes,
                "ttl_ms": millis(layer.ttl),
            })
        };
        let progress = self.warm_up.progress();
        let sizes = [
            config.memory.max_size / 4,
            config.memory.max_size / 2,
            config.memory.max_size,
            config.memory.max_size.saturating_mul(2),
        ];
        json!({
            "ready": self.readiness(now) == Readiness::Ready,
            "supergraph": format!("{:016x}", self.engine.supergraph.hash()),
            "counters": counters,
            "layers_seen_by_this_worker": {
                "l1": layer(entries as u64, bytes as u64, &config.memory),
                "l2": self.shared.as_ref().map(|shared| layer(shared.entries(), shared.bytes(), &config.shared.layer)),
                "l3": self.store.as_ref().map(|store| json!({"breaker_open": store.is_open(now.0)})),
            },
            "warm_up": {"operations": progress.total, "done": progress.done, "failed": progress.failed},
            "changes_at_run_time": self.runtime.changes(),
            "window_of_this_worker": {
                "lookups": window.lookups,
                "hits": {"l1": window.hits[0], "l2": window.hits[1], "l3": window.hits[2]},
                "hit_rate": round(window.total_hit_rate()),
                "average_lookup_us": micros(window.lookup_time).checked_div(window.lookups),
                "planning_us": micros(window.planning_time),
                "texts": window.texts,
                "operations": window.operations,
                "hit_rate_by_size": sizes.map(|size| json!({"size": size, "hit_rate": round(window.curve.hit_rate(size))})),
            },
            "diagnosis": diagnose(&window).iter().map(|cause| json!({
                "type": cause.kind.word(), "share": round(cause.share), "text": cause.text,
            })).collect::<Vec<_>>(),
            "recommendations": recommend(&window).iter().map(recommendation).collect::<Vec<_>>(),
        })
    }

    fn apply_changes(&mut self, id: RequestId, body: &[u8]) -> Option<(u16, Value)> {
        const HELP: &str = "write {\"changes\": {\"plan_cache.max_size\": 20000}}, with null to take a change back, or \
            {\"recommendation\": TYPE} of those that GET /weir/plan-cache shows";
        let Ok(Value::Object(asked)) = serde_json::from_slice::<Value>(body) else {
            return Some((400, json!({"error": "The body is no JSON object.", "fix": HELP})));
        };
        let changes = match (asked.get("changes"), asked.get("recommendation")) {
            (Some(Value::Object(changes)), None) => changes.clone(),
            (None, Some(Value::String(word))) => {
                let window = self.plan_cache_window();
                let found = recommend(&window).into_iter().find(|found| found.kind.word() == word);
                match found.and_then(|found| found.change) {
                    Some(change) => changes_of(&change),
                    None => {
                        let error = format!("`{word}` is not recommended now, or no setting would do.");
                        return Some((409, json!({"error": error, "fix": HELP})));
                    }
                }
            }
            _ => return Some((400, json!({"error": "There is nothing to change.", "fix": HELP}))),
        };
        self.change_settings(id, changes);
        None
    }

    /// A change is in force.
    pub(super) fn settings_changed(&mut self, id: RequestId, all: Map<String, Value>) {
        let body = json!({"applied": all, "by": "all workers, within half a second"});
        self.page(id, 200, JSON, body.to_string());
    }

    /// A change was not made.
    pub(super) fn settings_refused(&mut self, id: RequestId, problems: &[Problem]) {
        let problems: Vec<String> = problems.iter().map(Problem::to_string).collect();
        let body = json!({"error": "Nothing was changed.", "problems": problems});
        self.page(id, 400, JSON, body.to_string());
    }

    fn page(&mut self, id: RequestId, status: u16, content_type: &'static str, body: String) {
        let headers = vec![
            (Cow::Borrowed("content-type"), Cow::Borrowed(content_type.as_bytes())),
            (Cow::Borrowed("cache-control"), Cow::Borrowed(&b"no-store"[..])),
        ];
        let reply = Reply { status, headers, body: Rc::new(body.into_bytes()), code: None };
        self.outputs.push_back(Output::Reply { id, reply });
    }
}

fn is_json(request: &HttpRequest) -> bool {
    let value =
        request.headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_slice());
    value.is_some_and(|value| value.starts_with(b"application/json"))
}

/// The counters and gauges that pages show, with their names.
fn shown() -> Vec<(Metric, String)> {
    CATALOGUE
        .iter()
        .filter(|entry| entry.kind != Kind::Histogram)
        .flat_map(|entry| entry.instances(&[]))
        .filter(|(_, name)| {
            [
                "weir.plan",
                "weir.store.",
                "weir.warm_up.",
                "weir.supergraph.",
                "weir.alert.",
                "weir.texts",
                "weir.literals",
            ]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        })
        .collect()
}

fn recommendation(found: &Recommendation) -> Value {
    json!({
        "type": found.kind.word(),
        "description": found.description,
        "expected_improvement": round(found.expected_improvement),
        "of": match found.gain {
            Gain::HitRate => "points of the hit rate",
            Gain::Memory => "percent of the plan cache's memory",
        },
        "effort": found.effort.word(),
        "explanation": found.explanation,
        "changes": found.change.as_ref().map(changes_of),
    })
}

/// A change of settings by the settings' paths.
fn changes_of(change: &SettingsChange) -> Map<String, Value> {
    let span = |span: Duration| Value::from(format!("{}ms", millis(span)));
    let changes = [
        ("plan_cache.layers.l1.max_size", change.max_entries.map(Value::from)),
        ("plan_cache.layers.l1.max_bytes", change.max_bytes.map(Value::from)),
        ("plan_cache.layers.l1.ttl", change.ttl.map(span)),
        ("plan_cache.renew_ttl", change.renew_on_hit.map(Value::from)),
        ("plan_cache.admission", change.admission.map(Value::from)),
    ];
    changes.into_iter().filter_map(|(path, value)| Some((path.to_owned(), value?))).collect()
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// To a tenth.
fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
