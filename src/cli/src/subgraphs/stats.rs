//! What a demo subgraph was asked: counted for `GET /stats`, so that tests can see what a gateway sent.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_graphql::parser::types::OperationType;
use axum::body::Bytes;
use axum::http::request::Parts;
use serde::Serialize;
use serde_json::Value;

use super::asked::Asked;

/// The counters of one subgraph.
#[derive(Default)]
pub(crate) struct Stats(Mutex<Counters>);

/// One subgraph's part of `GET /stats`.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Counters {
    /// HTTP requests received, those that a fault then hit included.
    pub(crate) calls: u64,
    /// Entities asked for, in all calls together.
    pub(crate) representations: u64,
    pub(crate) operations: Operations,
    /// Those of the calls that asked for `__typename` alone.
    pub(crate) health_checks: u64,
    /// Requests that a fault mode or the error rate hit.
    pub(crate) faults: u64,
    /// Requests that have no answer yet.
    pub(crate) in_flight: u64,
    pub(crate) max_in_flight: u64,
    /// Calls by HTTP version.
    pub(crate) http_versions: BTreeMap<String, u64>,
    pub(crate) last: Option<Last>,
}

/// Operations received, by kind.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Operations {
    pub(crate) query: u64,
    pub(crate) mutation: u64,
    /// Neither, or not readable.
    pub(crate) other: u64,
}

/// The request received last. Its body is read when someone looks.
#[derive(Clone, Debug, Serialize)]
#[serde(into = "Shown")]
pub(crate) struct Last {
    http_version: String,
    headers: BTreeMap<String, String>,
    body: Bytes,
}

/// [`Last`] as `GET /stats` shows it.
#[derive(Serialize)]
struct Shown {
    http_version: String,
    /// Bytes that aren't UTF-8 are replaced; values of one name are joined with `, `.
    headers: BTreeMap<String, String>,
    /// Null if the body wasn't a GraphQL request.
    query: Option<String>,
    operation_name: Option<String>,
    variables: Value,
    body_bytes: usize,
}

impl From<Last> for Shown {
    fn from(last: Last) -> Shown {
        let json: Value = serde_json::from_slice(&last.body).unwrap_or_default();
        let text = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
        Shown {
            http_version: last.http_version,
            headers: last.headers,
            query: text("query"),
            operation_name: text("operationName"),
            variables: json.get("variables").cloned().unwrap_or_default(),
            body_bytes: last.body.len(),
        }
    }
}

impl Stats {
    pub(crate) fn counters(&self) -> Counters {
        self.lock().clone()
    }

    /// Forgets all but the requests that are still waited for.
    pub(crate) fn reset(&self) {
        let mut counters = self.lock();
        let in_flight = counters.in_flight;
        *counters = Counters { in_flight, max_in_flight: in_flight, ..Counters::default() };
    }

    /// Counts a request; it is in flight until the guard is dropped.
    pub(crate) fn received(&self, parts: &Parts, body: &Bytes, asked: Asked) -> InFlight<'_> {
        let version = format!("{:?}", parts.version);
        let mut counters = self.lock();
        counters.calls += 1;
        counters.representations += asked.representations;
        match asked.kind {
            Some(OperationType::Query) => counters.operations.query += 1,
            Some(OperationType::Mutation) => counters.operations.mutation += 1,
            _ => counters.operations.other += 1,
        }
        counters.health_checks += u64::from(asked.is_health_check);
        counters.in_flight += 1;
        counters.max_in_flight = counters.max_in_flight.max(counters.in_flight);
        *counters.http_versions.entry(version.clone()).or_default() += 1;
        counters.last = Some(Last { http_version: version, headers: headers(parts), body: body.clone() });
        InFlight(self)
    }

    pub(crate) fn faulted(&self) {
        self.lock().faults += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that has no answer yet.
pub(crate) struct InFlight<'a>(&'a Stats);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut counters = self.0.lock();
        counters.in_flight = counters.in_flight.saturating_sub(1);
    }
}

fn headers(parts: &Parts) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        headers
            .entry(name.to_string())
            .and_modify(|all| {
                all.push_str(", ");
                all.push_str(&value);
            })
            .or_insert_with(|| value.to_string());
    }
    // HTTP/2 says it in `:authority` (RFC 9113, section 8.3.1).
    if let Some(authority) = parts.uri.authority() {
        headers.entry("host".to_owned()).or_insert_with(|| authority.to_string());
    }
    headers
}
