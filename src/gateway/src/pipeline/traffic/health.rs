//! Active checks: whether a subgraph is well although, or because, nobody calls it.
//!
//! The worker that holds the lease asks `{__typename}`, which any GraphQL server answers without touching data (GraphQL
//! §4.1), and writes down what it found; the others read it at their ticks. When was a check is in the value, so that a
//! worker that takes the lease goes on where the one before it stopped.

use std::rc::Rc;
use std::time::Duration;

use weir_traffic::health::Health;

use super::Gateway;
use super::cells::Edit;
use crate::config::{HealthMode, TrafficConfig};
use crate::event::{Call, CallFailure, HttpResponse, Level, Output, Timestamp};
use crate::headers;
use crate::metric::{Metric, SubgraphId};
use crate::pipeline::Calling;

const QUERY: &[u8] = br#"{"query":"{__typename}"}"#;

/// How much sooner than usual the next check comes while one has failed, or while a subgraph that was down comes back.
const SOONER: u32 = 6;

/// But no more often than this.
const LEAST_INTERVAL: Duration = Duration::from_secs(1);

impl Gateway {
    /// Sends the checks that are due, if this worker holds the lease.
    pub(super) fn check_health(&mut self, now: Timestamp) {
        if !self.lease.is_held(now.0) {
            return;
        }
        let engine = Rc::clone(&self.engine);
        for (index, config) in (0..).zip(&engine.config.subgraphs) {
            let label = engine.label(crate::metric::SubgraphId(index));
            let Some(guard) = self.traffic.guard_mut(label) else { continue };
            if !guard.settings.checks() || guard.checking_until > now || guard.due_check(now) > now {
                continue;
            }
            let timeout = guard.settings.traffic.health.timeout;
            // An answer that is lost must not be the last.
            guard.checking_until = now.after(timeout.saturating_mul(2));
            let mut call_headers = self.plain_headers.to_vec();
            headers::for_call(&engine.config, config, &[], &mut call_headers);
            let call = Call {
                id: self.next_call_id(),
                request: None,
                method: "POST",
                cluster: config.cluster.clone(),
                authority: config.authority.clone(),
                path: config.path.clone(),
                headers: call_headers.into(),
                body: Rc::new(QUERY.to_vec()),
                timeout,
            };
            self.count(Metric::HealthChecks(label), 1);
            self.send(Calling::Check(label), call);
        }
    }

    /// A check has ended.
    pub(in crate::pipeline) fn check_ended(
        &mut self,
        now: Timestamp,
        label: SubgraphId,
        answer: Result<HttpResponse, CallFailure>,
    ) {
        if let Some(guard) = self.traffic.guard_mut(label) {
            guard.checking_until = Timestamp::default();
            guard.began = now;
        }
        let fine = answer.is_ok_and(|answer| is_well(&answer));
        if !fine {
            self.count(Metric::HealthCheckFailures(label), 1);
        }
        self.edit(label, Edit::Checked { fine });
    }

    /// What the shared data say of a subgraph's health; `changed` by this worker's check just now.
    pub(super) fn health_is(
        &mut self,
        now: Timestamp,
        label: SubgraphId,
        health: Health,
        changed: Option<bool>,
    ) {
        let Some(guard) = self.traffic.guard_mut(label) else { return };
        guard.health = health;
        let is_up = guard.health.is_up();
        if guard.told_healthy.replace(is_up) != Some(is_up) {
            self.outputs.push_back(Output::Set(Metric::Healthy(label), u64::from(is_up)));
        }
        if let Some(is_up) = changed {
            let name = self.labels.names().get(label.0 as usize).cloned().unwrap_or_default();
            let (level, what) = if is_up { (Level::Info, "is up again") } else { (Level::Warn, "is down") };
            let line = format!("weir: subgraph {name} {what} by its health checks");
            self.outputs.push_back(Output::Log(level, line));
        }
        self.pump(now, label);
    }

    /// The subgraphs without which this gateway shall get no traffic, and that are down.
    pub(in crate::pipeline) fn missing_subgraphs(&self) -> Vec<String> {
        let engine = &self.engine;
        let labels = (0..).map(SubgraphId).map(|at| engine.label(at));
        let is_missing = |label: SubgraphId, configured: &TrafficConfig| {
            let guard = self.traffic.guard(label);
            let config = guard.map_or(configured, |guard| &guard.settings.traffic);
            let is_up =
                guard.is_some_and(|guard| guard.health.checked_at().is_some() && guard.health.is_up());
            config.health.required_for_ready && config.health.mode == HealthMode::Weir && !is_up
        };
        let missing = engine.config.subgraphs.iter().zip(labels);
        let missing = missing.filter(|(config, label)| is_missing(*label, &config.traffic));
        missing.map(|(config, _)| config.name.clone()).collect()
    }
}

impl super::Guard {
    /// When the next check is due.
    pub(super) fn due_check(&self, now: Timestamp) -> Timestamp {
        let interval = self.settings.traffic.pool.health_check_interval;
        // Another worker's clock may have been ahead.
        let last = self.health.checked_at().map_or(self.began, Timestamp).max(self.began).min(now);
        if self.health.checked_at().is_none() && self.settings.traffic.health.required_for_ready {
            return self.began;
        }
        let sooner = interval.checked_div(SOONER).unwrap_or(interval).max(LEAST_INTERVAL).min(interval);
        last.after(if self.health.is_settled() { interval } else { sooner })
    }
}

/// Whether an answer to the check is right.
fn is_well(answer: &HttpResponse) -> bool {
    let body = serde_json::from_slice::<serde_json::Value>(&answer.body);
    (200..300).contains(&answer.status)
        && body.is_ok_and(|body| body.get("data").is_some_and(serde_json::Value::is_object))
}
