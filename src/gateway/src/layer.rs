//! The layers of the plan cache, as metrics and configuration name them.

/// A place where plans are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// This worker's memory.
    L1,
    /// The workers' shared data.
    L2,
    /// The fleet's store.
    L3,
}

impl Layer {
    /// All, from the nearest to the farthest.
    pub const ALL: [Layer; 3] = [Layer::L1, Layer::L2, Layer::L3];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Layer::L1 => "l1",
            Layer::L2 => "l2",
            Layer::L3 => "l3",
        }
    }
}

/// Why a layer let go of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Eviction {
    /// There were as many plans as it may hold.
    Capacity,
    /// Its memory was full.
    Bytes,
    /// Its time was over.
    Ttl,
    /// A newer one took its place.
    Replaced,
}

impl Eviction {
    /// All.
    pub const ALL: [Eviction; 4] = [Eviction::Capacity, Eviction::Bytes, Eviction::Ttl, Eviction::Replaced];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Eviction::Capacity => "capacity",
            Eviction::Bytes => "bytes",
            Eviction::Ttl => "ttl",
            Eviction::Replaced => "replaced",
        }
    }
}

/// What the operators are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alert {
    /// Too few lookups find a plan.
    PlanCacheHitRate,
    /// Lookups take too long.
    PlanCacheLookupTime,
    /// A layer is nearly full.
    PlanCacheCapacity,
    /// Batches of lookups are small although there is load.
    EntityBatchSize,
    /// The limits of batches change too often.
    EntityBatchAdaptations,
    /// The calls to a subgraph nearly fill its pool.
    PoolUtilisation,
    /// Connections to a subgraph fail.
    ConnectionErrors,
    /// Many calls to a subgraph fail.
    FailureRate,
}

impl Alert {
    /// All.
    pub const ALL: [Alert; 8] = [
        Alert::PlanCacheHitRate,
        Alert::PlanCacheLookupTime,
        Alert::PlanCacheCapacity,
        Alert::EntityBatchSize,
        Alert::EntityBatchAdaptations,
        Alert::PoolUtilisation,
        Alert::ConnectionErrors,
        Alert::FailureRate,
    ];

    /// Its name in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Alert::PlanCacheHitRate => "plan_cache_hit_rate",
            Alert::PlanCacheLookupTime => "plan_cache_lookup_time",
            Alert::PlanCacheCapacity => "plan_cache_capacity",
            Alert::EntityBatchSize => "entity_batch_size",
            Alert::EntityBatchAdaptations => "entity_batch_adaptations",
            Alert::PoolUtilisation => "pool_utilisation",
            Alert::ConnectionErrors => "connection_errors",
            Alert::FailureRate => "failure_rate",
        }
    }
}
