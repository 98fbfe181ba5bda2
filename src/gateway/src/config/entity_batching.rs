//! How lookups of different requests share calls, for all subgraphs and for each.

use std::time::Duration;

use weir_traffic::batch_window::Settings as WindowSettings;

use super::catalogue::{HOUR, ON, millis};
use super::choice::Switch;
use super::group::group;
use super::shape::{Count, Span};

group! {
    /// How lookups in one subgraph share calls.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct EntityBatchingConfig at "entity_batching" {
        enabled: bool = "enabled", Switch: ON,
            "Whether entity lookups of different requests on a worker share a call to a subgraph; on, since a request that nobody could join never waits.";
        max_batch_size: usize = "max_batch_size", Count: Count { default: 100, least: 1, most: 10_000 },
            "Representations in one call, at most; 100 is what most resolvers load from a database in one query. A single request that needs more is split.";
        batch_window: Duration = "batch_window", Span: millis(10, 0, 1_000),
            "How long a lookup waits for others, at most; 10ms is little beside most subgraphs. `0ms`: only what comes in the same turn of the worker shares a call.";
        adaptive: bool = "adaptive_batching", Switch: ON,
            "Whether size and window follow what is measured, the settings being their upper bounds; on, so that a lookup waits only where waiting gathers more.";
        max_latency: Duration = "performance_threshold.max_latency", Span: millis(50, 1, 60_000),
            "Average time of a batch, its wait included, above which the adaptation shortens the window; 50ms is the guide's target.";
        min_throughput: usize = "performance_threshold.min_throughput", Count: Count { default: 1_000, least: 0, most: 10_000_000 },
            "Representations a second on one worker below which a worker's adaptation doesn't lengthen the window, since so little traffic gains little by waiting; 1000 is the guide's target.";
        adaptation_interval: Duration = "performance_threshold.adaptation_interval", Span: millis(30_000, 100, HOUR),
            "Time between two adaptations; 30s gathers enough batches to tell a change from chance.";
        metrics: bool = "metrics", Switch: ON,
            "Whether arrivals are recorded for the recommendations and times measured; on, since it costs well under a microsecond a call. Calls and keys are counted in any case.";
        join_in_flight: bool = "join_in_flight", Switch: ON,
            "Whether queries join an equal root fetch, or a lookup of the same entity, that is already on its way; on, since the answer is as fresh as that of a call of its own begun a moment earlier, and what began before a mutation is not joined.";
    }
}

impl EntityBatchingConfig {
    /// What the controller of a subgraph's batches needs to know.
    pub fn window_settings(&self) -> WindowSettings {
        WindowSettings {
            max_batch_size: self.max_batch_size,
            batch_window: self.batch_window,
            adaptive: self.adaptive,
            max_latency: self.max_latency,
            min_throughput: u64::try_from(self.min_throughput).unwrap_or(u64::MAX),
            adaptation_interval: self.adaptation_interval,
        }
    }
}
