//! How lookups of different requests share calls, for all subgraphs and for each.

use std::time::Duration;

use serde_json::{Value, json};
use weir_traffic::batch_window::Settings;

use super::catalogue as c;
use super::document::Document;
use super::shape::span_text;

/// How lookups in one subgraph share calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityBatchingConfig {
    /// Whether they do.
    pub enabled: bool,
    /// Representations in one call, 1 to 10000.
    pub max_batch_size: usize,
    /// The longest wait, at most 1 s.
    pub batch_window: Duration,
    /// Whether both follow what is measured, up to these bounds.
    pub adaptive: bool,
    /// Average time of a batch above which the window shrinks.
    pub max_latency: Duration,
    /// Representations a second on a worker below which the window doesn't grow.
    pub min_throughput: usize,
    /// Time between two adaptations.
    pub adaptation_interval: Duration,
    /// Whether arrivals are recorded and times measured.
    pub metrics: bool,
    /// Whether root fetches and keys in flight are joined.
    pub join_in_flight: bool,
}

impl EntityBatchingConfig {
    /// What the controller of a subgraph's batches needs to know.
    pub fn window_settings(&self) -> Settings {
        Settings {
            max_batch_size: self.max_batch_size,
            batch_window: self.batch_window,
            adaptive: self.adaptive,
            max_latency: self.max_latency,
            min_throughput: u64::try_from(self.min_throughput).unwrap_or(u64::MAX),
            adaptation_interval: self.adaptation_interval,
        }
    }
}

pub(super) fn read(document: &mut Document) -> Option<EntityBatchingConfig> {
    // Each is read, even after one is refused: all problems are reported at once.
    let enabled = document.read(&c::BATCH_ENABLED, "");
    let max_batch_size = document.read(&c::BATCH_MAX_SIZE, "");
    let batch_window = document.read(&c::BATCH_WINDOW, "");
    let adaptive = document.read(&c::BATCH_ADAPTIVE, "");
    let max_latency = document.read(&c::BATCH_MAX_LATENCY, "");
    let min_throughput = document.read(&c::BATCH_MIN_THROUGHPUT, "");
    let adaptation_interval = document.read(&c::BATCH_ADAPTATION_INTERVAL, "");
    let metrics = document.read(&c::BATCH_METRICS, "");
    let join_in_flight = document.read(&c::BATCH_JOIN, "");
    Some(EntityBatchingConfig {
        enabled: enabled?,
        max_batch_size: max_batch_size?,
        batch_window: batch_window?,
        adaptive: adaptive?,
        max_latency: max_latency?,
        min_throughput: min_throughput?,
        adaptation_interval: adaptation_interval?,
        metrics: metrics?,
        join_in_flight: join_in_flight?,
    })
}

/// What a subgraph says of itself; the rest is as for all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Overrides {
    enabled: Option<bool>,
    max_batch_size: Option<usize>,
    batch_window: Option<Duration>,
    adaptive: Option<bool>,
    max_latency: Option<Duration>,
    min_throughput: Option<usize>,
    adaptation_interval: Option<Duration>,
    metrics: Option<bool>,
    join_in_flight: Option<bool>,
}

impl Overrides {
    pub(super) fn read(document: &mut Document, name: &str) -> Overrides {
        Overrides {
            enabled: document.read(&c::SUBGRAPH_BATCH_ENABLED, name),
            max_batch_size: document.read(&c::SUBGRAPH_BATCH_MAX_SIZE, name),
            batch_window: document.read(&c::SUBGRAPH_BATCH_WINDOW, name),
            adaptive: document.read(&c::SUBGRAPH_BATCH_ADAPTIVE, name),
            max_latency: document.read(&c::SUBGRAPH_BATCH_MAX_LATENCY, name),
            min_throughput: document.read(&c::SUBGRAPH_BATCH_MIN_THROUGHPUT, name),
            adaptation_interval: document.read(&c::SUBGRAPH_BATCH_ADAPTATION_INTERVAL, name),
            metrics: document.read(&c::SUBGRAPH_BATCH_METRICS, name),
            join_in_flight: document.read(&c::SUBGRAPH_BATCH_JOIN, name),
        }
    }

    pub(super) fn over(self, base: &EntityBatchingConfig) -> EntityBatchingConfig {
        EntityBatchingConfig {
            enabled: self.enabled.unwrap_or(base.enabled),
            max_batch_size: self.max_batch_size.unwrap_or(base.max_batch_size),
            batch_window: self.batch_window.unwrap_or(base.batch_window),
            adaptive: self.adaptive.unwrap_or(base.adaptive),
            max_latency: self.max_latency.unwrap_or(base.max_latency),
            min_throughput: self.min_throughput.unwrap_or(base.min_throughput),
            adaptation_interval: self.adaptation_interval.unwrap_or(base.adaptation_interval),
            metrics: self.metrics.unwrap_or(base.metrics),
            join_in_flight: self.join_in_flight.unwrap_or(base.join_in_flight),
        }
    }
}

/// As a document has it.
pub(super) fn written(config: &EntityBatchingConfig) -> Value {
    json!({
        "enabled": config.enabled,
        "max_batch_size": config.max_batch_size,
        "batch_window": span_text(config.batch_window),
        "adaptive_batching": config.adaptive,
        "performance_threshold": {
            "max_latency": span_text(config.max_latency),
            "min_throughput": config.min_throughput,
            "adaptation_interval": span_text(config.adaptation_interval),
        },
        "metrics": config.metrics,
        "join_in_flight": config.join_in_flight,
    })
}
