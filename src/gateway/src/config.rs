//! The checked configuration. What is here is consistent: every subgraph of the supergraph is reachable
//! by a cluster name, every duration and bound is within its range.
//!
//! [`load`] makes it from the JSON of the filter's `configuration`. The words of that document stand in one
//! table ([`catalogue`]), from which reading, refusing and documenting derive.

pub mod catalogue;
mod choice;
mod document;
mod effective;
mod endpoint;
mod entity_batching;
mod fetch;
mod group;
mod header_rules;
mod inherited;
mod limit_names;
mod load;
mod number;
mod operations;
mod optional;
mod plan_cache;
mod preset;
mod problem;
mod shape;
mod subgraph_protocol;
mod suggest;
mod target;
mod traffic;
mod words;
mod writable;

use std::time::Duration;

pub use effective::effective;
pub use endpoint::Endpoint;
pub use entity_batching::EntityBatchingConfig;
pub use fetch::FetchConfig;
pub use load::{Changeable, Loaded, load, load_changeable, load_with};
pub use operations::WarmUpOperation;
pub use plan_cache::{
    Coherency, LayerConfig, PlanCacheAlerts, PlanCacheConfig, SharedConfig, StoreConfig, WarmUpConfig,
};
pub use preset::Preset;
pub use problem::Problem;
pub use subgraph_protocol::SubgraphProtocol;
pub use target::Target;
pub use traffic::{
    BackoffStrategy, BreakerConfig, ConcurrencyAlgorithm, ConcurrencyConfig, Failure, HealthConfig,
    HealthMode, HedgingConfig, PoolConfig, RetryConfig, TimeoutsConfig, TrafficConfig,
};
use weir_planner::OperationLimits;

pub use crate::error_policy::{ErrorMode, ErrorPolicy};
pub use crate::headers::{Forward, HeaderRules, Merge, Names, Pattern, Rule};
pub use crate::protocol::{Csrf, CsrfMode};

/// Settings of one gateway, checked and complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Which defaults it started from.
    pub preset: Option<Preset>,
    /// Where newer supergraphs come from.
    pub fetch: Option<FetchConfig>,
    /// How plans are kept.
    pub plan_cache: PlanCacheConfig,
    /// Labels of progressive overrides that are active.
    pub override_labels: Vec<String>,
    /// The path of the GraphQL endpoint, such as `/graphql`.
    pub path: String,
    /// How long a client's request may take in all.
    pub request_timeout: Duration,
    /// Bounds on what clients may send and what Weir may hold.
    pub limits: Limits,
    /// Which GETs are refused as forged.
    pub csrf: Csrf,
    /// Lists of operations in one request.
    pub batching: Batching,
    /// How lookups share calls to a subgraph that says nothing else.
    pub entity_batching: EntityBatchingConfig,
    /// How the calls to a subgraph are controlled that says nothing else.
    pub traffic: TrafficConfig,
    /// Whether identical concurrent queries share one execution.
    pub request_sharing: bool,
    /// Which headers pass, for all subgraphs.
    pub headers: HeaderRules,
    /// Whether `traceparent` and `tracestate` pass to subgraphs.
    pub trace_context: bool,
    /// What clients see of the errors of a subgraph that says nothing else.
    pub errors: ErrorPolicy,
    /// In the order of [`weir_planner::Supergraph::subgraphs`].
    pub subgraphs: Vec<SubgraphConfig>,
    /// Lets the request header `x-weir-fault` provoke a panic or a trap. For tests only.
    pub fault_injection: bool,
}

impl Config {
    /// The largest body of an answer that any call of the filter may get, in bytes.
    pub fn largest_answer(&self) -> usize {
        let supergraph = self.fetch.as_ref().map_or(0, |_| FetchConfig::MAX_SDL);
        let plan = self.plan_cache.store.as_ref().map_or(0, |store| store.max_object_bytes);
        self.limits.max_response_bytes.max(supergraph).max(plan)
    }
}

/// Bounds; each has an error code and counts `weir.limit.{limit}.hits`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's body.
    pub max_body_bytes: usize,
    /// Bounds on an operation, and whether introspection is answered.
    pub operation: OperationLimits,
    /// Requests in work in one worker.
    pub max_active_requests: usize,
    /// Time to plan one operation.
    pub max_planning_time: Duration,
    /// Bytes of all subgraph answers of one request together.
    pub max_response_bytes: usize,
}

/// Lists of operations in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    /// Whether they are taken.
    pub enabled: bool,
    /// Operations in one list.
    pub max_operations: usize,
}

/// How one subgraph is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubgraphConfig {
    /// Its name in the supergraph (`join__graph(name:)`).
    pub name: String,
    /// The Envoy cluster.
    pub cluster: String,
    /// `:authority` of calls.
    pub authority: String,
    /// `:path` of calls.
    pub path: String,
    /// How long one call may take.
    pub timeout: Duration,
    /// With which version of HTTP.
    pub protocol: SubgraphProtocol,
    /// Which headers pass, after the rules for all subgraphs.
    pub headers: HeaderRules,
    /// What clients see of its errors.
    pub errors: ErrorPolicy,
    /// How lookups in it share calls.
    pub entity_batching: EntityBatchingConfig,
    /// How the calls to it are controlled.
    pub traffic: TrafficConfig,
}
