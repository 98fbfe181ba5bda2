//! The settings of the plan cache, and how they are read.

use std::time::Duration;

use weir_cache::Strategy;

use super::catalogue as c;
use super::document::Document;
use super::operations::{MAX_OPERATIONS, WarmUpOperation};
use super::target::{Target, TargetSettings};

/// The settings of the plan cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanCacheConfig {
    /// What layers have that say nothing else.
    pub base: LayerConfig,
    /// Percent of a layer's room above which an alert is raised.
    pub warning_threshold: usize,
    /// Whether times and the miss-ratio curve are measured.
    pub metrics: bool,
    /// Whether a plan must earn its place.
    pub admission: bool,
    /// How the layers are kept alike.
    pub coherency: Coherency,
    /// L1: this worker's memory.
    pub memory: LayerConfig,
    /// L2: data that the workers share.
    pub shared: SharedConfig,
    /// L3: a store that a fleet shares.
    pub store: Option<StoreConfig>,
    /// What is planned before it is asked for.
    pub warm_up: WarmUpConfig,
    /// When operators are told.
    pub alerts: PlanCacheAlerts,
}

/// How large a layer is, and which plans go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerConfig {
    /// Plans.
    pub max_size: usize,
    /// Bytes of memory.
    pub max_bytes: usize,
    /// How long a plan is kept.
    pub ttl: Duration,
    /// Whether a use starts the time anew.
    pub renew_ttl: bool,
    /// Which plans go when there is no room.
    pub strategy: Strategy,
    /// The share that goes at once, in percent.
    pub batch_eviction_percentage: usize,
}

/// How the layers are kept alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coherency {
    /// A new plan is written to all layers at once.
    WriteThrough,
}

/// The settings of L2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedConfig {
    /// Whether it is used.
    pub enabled: bool,
    /// Its size.
    pub layer: LayerConfig,
    /// How long others wait for the worker that plans.
    pub claim_time: Duration,
}

/// The settings of L3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// Where it is; the path is a prefix.
    pub target: Target,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How old a plan may be.
    pub ttl: Duration,
    /// Plans that a worker writes in an hour.
    pub max_size: usize,
    /// Bytes of one plan.
    pub max_object_bytes: usize,
    /// Failures in a row that open its breaker.
    pub failure_threshold: usize,
    /// How long the breaker stays open the first time.
    pub reset_timeout: Duration,
}

/// What is planned before it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarmUpConfig {
    /// The operations, those of the manifest among them.
    pub operations: Vec<WarmUpOperation>,
    /// How long readiness waits.
    pub max_time: Duration,
    /// Operations planned in one turn beside the traffic.
    pub per_tick: usize,
    /// Requests in work above which it pauses.
    pub pause_above: usize,
    /// Plans made anew for a new supergraph.
    pub hottest: usize,
}

/// When operators are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanCacheAlerts {
    /// Percent of lookups.
    pub hit_rate: usize,
    /// Average time of a lookup.
    pub lookup_time: Duration,
    /// The time looked at.
    pub interval: Duration,
    /// Lookups needed to judge.
    pub min_lookups: usize,
}

pub(super) fn read(document: &mut Document) -> Option<PlanCacheConfig> {
    // Each is read, even after one is refused: all problems are reported at once.
    let before = document.problems.len();
    let base = base(document);
    let warning_threshold = document.read(&c::CACHE_WARNING_THRESHOLD, "");
    let metrics = document.read(&c::CACHE_METRICS, "");
    let admission = document.read(&c::CACHE_ADMISSION, "");
    let coherency = document.read(&c::CACHE_COHERENCY, "");
    let memory = LayerOverrides {
        max_size: document.read(&c::L1_MAX_SIZE, ""),
        max_bytes: document.read(&c::L1_MAX_BYTES, ""),
        ttl: document.read(&c::L1_TTL, ""),
        strategy: document.read(&c::L1_STRATEGY, ""),
    };
    let layer = LayerOverrides {
        max_size: document.read(&c::L2_MAX_SIZE, ""),
        max_bytes: document.read(&c::L2_MAX_BYTES, ""),
        ttl: document.read(&c::L2_TTL, ""),
        strategy: document.read(&c::L2_STRATEGY, ""),
    };
    let enabled = document.read(&c::L2_ENABLED, "");
    let claim_time = document.read(&c::L2_CLAIM_TIME, "");
    let store = store(document);
    let warm_up = warm_up(document);
    let alerts = alerts(document);
    if document.problems.len() > before {
        return None;
    }
    let base = base?;
    Some(PlanCacheConfig {
        base,
        warning_threshold: warning_threshold?,
        metrics: metrics?,
        admission: admission?,
        coherency: coherency?,
        memory: memory.over(base),
        shared: SharedConfig { enabled: enabled?, layer: layer.over(base), claim_time: claim_time? },
        store,
        warm_up: warm_up?,
        alerts: alerts?,
    })
}

/// What a layer says of itself; the rest is as for all.
struct LayerOverrides {
    max_size: Option<usize>,
    max_bytes: Option<usize>,
    ttl: Option<Duration>,
    strategy: Option<Strategy>,
}

impl LayerOverrides {
    fn over(self, base: LayerConfig) -> LayerConfig {
        LayerConfig {
            max_size: self.max_size.unwrap_or(base.max_size),
            max_bytes: self.max_bytes.unwrap_or(base.max_bytes),
            ttl: self.ttl.unwrap_or(base.ttl),
            strategy: self.strategy.unwrap_or(base.strategy),
            ..base
        }
    }
}

fn base(document: &mut Document) -> Option<LayerConfig> {
    let max_size = document.read(&c::CACHE_MAX_SIZE, "");
    let max_bytes = document.read(&c::CACHE_MAX_BYTES, "");
    let ttl = document.read(&c::CACHE_TTL, "");
    let renew_ttl = document.read(&c::CACHE_RENEW_TTL, "");
    let strategy = document.read(&c::CACHE_STRATEGY, "");
    let batch_eviction_percentage = document.read(&c::CACHE_BATCH_PERCENTAGE, "");
    Some(LayerConfig {
        max_size: max_size?,
        max_bytes: max_bytes?,
        ttl: ttl?,
        renew_ttl: renew_ttl?,
        strategy: strategy?,
        batch_eviction_percentage: batch_eviction_percentage?,
    })
}

fn store(document: &mut Document) -> Option<StoreConfig> {
    let target = Target::read(
        document,
        &TargetSettings {
            url: &c::L3_URL,
            cluster: &c::L3_CLUSTER,
            authority: &c::L3_AUTHORITY,
            path: &c::L3_PATH,
            group: "plan_cache.layers.l3",
        },
    );
    let timeout = document.read(&c::STORE_TIMEOUT, "");
    let ttl = document.read(&c::STORE_TTL, "");
    let max_size = document.read(&c::L3_MAX_SIZE, "");
    let max_object_bytes = document.read(&c::L3_MAX_OBJECT, "");
    let failure_threshold = document.read(&c::STORE_FAILURES, "");
    let reset_timeout = document.read(&c::STORE_RESET, "");
    Some(StoreConfig {
        target: target?,
        timeout: timeout?,
        ttl: ttl?,
        max_size: max_size?,
        max_object_bytes: max_object_bytes?,
        failure_threshold: failure_threshold?,
        reset_timeout: reset_timeout?,
    })
}

fn warm_up(document: &mut Document) -> Option<WarmUpConfig> {
    if document.has(&c::WARM_UP_MANIFEST_FILE) {
        let fix = "weirctl reads it and inlines it: `weirctl render --config FILE`";
        let place = c::WARM_UP_MANIFEST_FILE.path;
        document.problems.push(super::Problem::new(place, "Envoy's sandbox has no files", fix));
    }
    let operations = document.read(&c::WARM_UP_OPERATIONS, "");
    let manifest = document.read(&c::WARM_UP_MANIFEST, "");
    let max_time = document.read(&c::WARM_UP_MAX_TIME, "");
    let per_tick = document.read(&c::WARM_UP_PER_TICK, "");
    let pause_above = document.read(&c::WARM_UP_PAUSE, "");
    let hottest = document.read(&c::WARM_UP_HOTTEST, "");
    let mut operations = operations?;
    operations.extend(manifest?);
    if operations.len() > MAX_OPERATIONS {
        let message = format!("these and those of the manifest are more than {MAX_OPERATIONS} operations");
        let place = c::WARM_UP_OPERATIONS.path;
        document.problems.push(super::Problem::new(place, message, "list the most used ones"));
    }
    Some(WarmUpConfig {
        operations,
        max_time: max_time?,
        per_tick: per_tick?,
        pause_above: pause_above?,
        hottest: hottest?,
    })
}

fn alerts(document: &mut Document) -> Option<PlanCacheAlerts> {
    let hit_rate = document.read(&c::CACHE_HIT_RATE_ALERT, "");
    let lookup_time = document.read(&c::CACHE_LOOKUP_ALERT, "");
    let interval = document.read(&c::CACHE_ALERT_INTERVAL, "");
    let min_lookups = document.read(&c::CACHE_ALERT_SAMPLE, "");
    Some(PlanCacheAlerts {
        hit_rate: hit_rate?,
        lookup_time: lookup_time?,
        interval: interval?,
        min_lookups: min_lookups?,
    })
}
