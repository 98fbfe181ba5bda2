//! The catalogue of metrics: every name that Weir writes to Envoy's stats.

pub use weir_planner::plan::SubgraphId;

use crate::limit::Limit;

/// A metric, with its label where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Requests to the GraphQL path.
    Requests,
    /// Operations that came in lists.
    BatchedOperations,
    /// Replies that carry at least one error.
    RequestErrors,
    /// Requests whose client went away before the reply.
    ClientsGone,
    /// Requests answered because their deadline had passed.
    DeadlinesExceeded,
    /// Requests in work.
    RequestsActive,
    /// Requests refused, or answered in part, because of this bound.
    LimitHit(Limit),
    /// Requests beyond this bound that were served because it is only warned of.
    LimitWarned(Limit),
    /// Plans made.
    PlansMade,
    /// Plans found in the cache.
    PlanCacheHits,
    /// Plans dropped from the full cache.
    PlanCacheEvictions,
    /// Operations that could not be planned.
    PlansFailed,
    /// Panics caught in a callback of the filter.
    PanicsCaught,
    /// Turns that ended with replies left for the next turn.
    RepliesDeferred,
    /// Calls sent to a subgraph.
    SubgraphCalls(SubgraphId),
    /// Calls to a subgraph that failed, by whatever cause.
    SubgraphFailures(SubgraphId),
    /// Calls to a subgraph that the host refused to send.
    SubgraphRefusals(SubgraphId),
}

/// What a metric's number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
}

/// A metric as operators see it.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The metric; a label's value stands for all.
    pub metric: Metric,
    /// Name in Envoy's stats, after `wasmcustom.`; `{subgraph}` is replaced by the subgraph's name and `{limit}`
    /// by the bound's, which the rendered bootstrap's `stats_tags` turn into labels of these names.
    pub name: &'static str,
    /// Counter or gauge.
    pub kind: Kind,
    /// One sentence.
    pub help: &'static str,
}

const fn counter(metric: Metric, name: &'static str, help: &'static str) -> Entry {
    Entry { metric, name, kind: Kind::Counter, help }
}

const ANY: SubgraphId = SubgraphId(0);

/// All metrics. Docs and the filter's definitions derive from it.
pub const CATALOGUE: &[Entry] = &[
    counter(Metric::Requests, "weir.requests", "Requests to the GraphQL path."),
    counter(Metric::BatchedOperations, "weir.batched_operations", "Operations that came in lists."),
    counter(Metric::RequestErrors, "weir.request_errors", "Replies that carry at least one error."),
    counter(Metric::ClientsGone, "weir.clients_gone", "Requests whose client went away before the reply."),
    counter(
        Metric::DeadlinesExceeded,
        "weir.deadlines_exceeded",
        "Requests answered because their deadline had passed.",
    ),
    Entry {
        metric: Metric::RequestsActive,
        name: "weir.requests_active",
        kind: Kind::Gauge,
        help: "Requests in work.",
    },
    counter(
        Metric::LimitHit(Limit::Depth),
        "weir.limit.{limit}.hits",
        "Requests refused, or answered in part, because of this bound.",
    ),
    counter(
        Metric::LimitWarned(Limit::Depth),
        "weir.limit.{limit}.warnings",
        "Requests beyond this bound that were served because of `limits.warn_only`.",
    ),
    counter(Metric::PlansMade, "weir.plans_made", "Plans made."),
    counter(Metric::PlanCacheHits, "weir.plan_cache_hits", "Plans found in the cache."),
    counter(Metric::PlanCacheEvictions, "weir.plan_cache_evictions", "Plans dropped from the full cache."),
    counter(Metric::PlansFailed, "weir.plans_failed", "Operations that could not be planned."),
    counter(Metric::PanicsCaught, "weir.panics_caught", "Panics caught in a callback of the filter."),
    counter(
        Metric::RepliesDeferred,
        "weir.replies_deferred",
        "Turns that ended with replies left for the next turn.",
    ),
    counter(Metric::SubgraphCalls(ANY), "weir.subgraph.{subgraph}.calls", "Calls sent to a subgraph."),
    counter(
        Metric::SubgraphFailures(ANY),
        "weir.subgraph.{subgraph}.failures",
        "Calls to a subgraph that failed, by whatever cause.",
    ),
    counter(
        Metric::SubgraphRefusals(ANY),
        "weir.subgraph.{subgraph}.refusals",
        "Calls to a subgraph that the host refused to send.",
    ),
];
