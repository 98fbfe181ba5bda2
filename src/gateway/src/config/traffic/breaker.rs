//! When a subgraph that fails is left alone.

use std::time::Duration;

use super::super::catalogue::{HOUR, OFF, ON, list, millis};
use super::super::choice::{List, ListKind, Switch};
use super::super::group::group;
use super::super::number::Number;
use super::super::shape::Span;
use super::super::words::Words;
use super::failure::{Failure, failures};

/// An answer that says nothing of the subgraph's state, such as Envoy's refusal, is not among them.
const COUNTED: &[Failure] =
    &[Failure::Connect, Failure::Timeout, Failure::Reset, Failure::Http5xx, Failure::Malformed];

group! {
    /// The settings of a subgraph's circuit breaker.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct BreakerConfig at "circuit_breaker" {
        enabled: bool = "enabled", Switch: ON,
            "Whether a subgraph that fails is left alone for a while: what needs it fails at once with `SUBGRAPH_CIRCUIT_OPEN`, the rest of the answer comes. On, since waiting for a dead subgraph costs every client its timeout and gains nothing.";
        per_operation: bool = "per_operation", Switch: OFF,
            "Whether each operation of a subgraph has a breaker of its own (64 of them, by hash); off, since most failures are of the whole subgraph and one breaker learns of them sooner. On where one operation fails by itself and must not take the others along.";
        failure_threshold: u32 = "failure_threshold", Number: Number::new(5, 0, 1_000_000),
            "Failures in a row, over all workers, that open it; 5 is past chance and soon reached where everything fails. 0: never for this reason.";
        failure_rate: u32 = "failure_rate", Number: Number::new(50, 0, 100),
            "Percent of the calls in `window` whose failure opens it; at 50 half of what is asked is wasted already. 0: never for this reason.";
        window: Duration = "window", Span: millis(10_000, 1_000, 600_000),
            "The time that `failure_rate` looks at; 10s forgets a failure soon enough and holds enough calls.";
        minimum_volume: u32 = "minimum_volume", Number: Number::new(20, 1, 1_000_000),
            "Calls in `window` that `failure_rate` needs; of fewer than 20 a share says little.";
        reset_timeout: Duration = "reset_timeout", Span: millis(30_000, 100, HOUR),
            "How long it stays open the first time, before probes are let through; 30s is what a restart takes. With each failed round of probes it doubles, with jitter.";
        max_reset_timeout: Duration = "max_reset_timeout", Span: millis(300_000, 100, 24 * HOUR),
            "The longest it stays open without a probe; 5m, so that a subgraph that was away for hours is back soon after.";
        half_open_max_calls: u32 = "half_open_max_calls", Number: Number::new(3, 1, 12),
            "Probes in a round, over all workers; if all succeed it closes, if one fails it opens again. 3 are few for one that is still sick, and more than luck; at most 12, since each is noted in what the workers share.";
        failures: Vec<Failure> = "failures", Words<Failure>: failures(COUNTED),
            "What counts as a failure: no connection, no answer in time, a connection that broke off, Envoy's own refusal (no healthy host, its limits), a status from 500 (or 429), an answer that is no GraphQL response, errors with one of `graphql_codes`. Not `refused` by default, since it is no word of the subgraph's, nor `graphql`, since errors of resolvers are mostly a client's.";
        graphql_codes: Vec<String> = "graphql_codes", List: list(ListKind::Texts, &[]),
            "With `graphql` among `failures`: values of `extensions.code` that tell that the subgraph itself is unwell; none, since only its authors know them.";
        collect_latency_metrics: bool = "performance_monitoring.collect_latency_metrics", Switch: ON,
            "Whether the times of calls are measured and shown; on, since it costs well under a microsecond a call. Where timeouts adapt to latency they are measured in any case.";
        alert_on_high_failure_rate: bool = "performance_monitoring.alert_on_high_failure_rate", Switch: ON,
            "Whether an alert is raised when more calls fail than `failure_rate_above`; on, since the breaker itself tells only of far worse.";
        failure_rate_above: u32 = "performance_monitoring.failure_rate_above", Number: Number::new(5, 1, 100),
            "Percent of an interval's calls whose failure raises the alert; 5 is the guide's target.";
    }
}
