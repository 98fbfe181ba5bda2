//! How the calls to each subgraph are controlled: what is cut off, waits, is repeated and looked after.

mod breaker;
mod checks;
mod concurrency;
mod failure;
mod health;
mod hedging;
mod pool;
mod retry;
mod timeouts;

use std::time::Duration;

use serde_json::{Map, Value};

use super::catalogue::Entry;
use super::document::Document;

pub use breaker::BreakerConfig;
pub use concurrency::{ConcurrencyAlgorithm, ConcurrencyConfig};
pub use failure::Failure;
pub use health::{HealthConfig, HealthMode};
pub use hedging::HedgingConfig;
pub use pool::PoolConfig;
pub use retry::{BackoffStrategy, RetryConfig};
pub use timeouts::TimeoutsConfig;

/// How the calls to one subgraph are controlled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficConfig {
    /// When a subgraph is left alone.
    pub breaker: BreakerConfig,
    /// How long calls may take, reckoned ahead of them.
    pub timeouts: TimeoutsConfig,
    /// Connections, and calls at once.
    pub pool: PoolConfig,
    /// Which calls are made again.
    pub retry: RetryConfig,
    /// How it is found out that a subgraph is down.
    pub health: HealthConfig,
    /// Whether calls at once follow the subgraph's latency.
    pub concurrency: ConcurrencyConfig,
    /// Whether a call that takes long is made a second time.
    pub hedging: HedgingConfig,
}

/// The settings of all groups, for the catalogue.
pub(super) fn entries() -> impl Iterator<Item = &'static [&'static dyn Entry]> + Clone {
    [
        breaker::ENTRIES,
        timeouts::ENTRIES,
        pool::ENTRIES,
        retry::ENTRIES,
        health::ENTRIES,
        concurrency::ENTRIES,
        hedging::ENTRIES,
    ]
    .into_iter()
}

impl TrafficConfig {
    /// What holds for a subgraph, or for those that say nothing. `None` if something was refused; what contradicts
    /// itself is among the document's problems too.
    pub(super) fn read(document: &mut Document, subgraph: Option<&str>) -> Option<TrafficConfig> {
        // Each is read, even after one is refused: all problems are reported at once.
        let breaker = BreakerConfig::read(document, subgraph);
        let timeouts = TimeoutsConfig::read(document, subgraph);
        let pool = PoolConfig::read(document, subgraph);
        let retry = RetryConfig::read(document, subgraph);
        let health = HealthConfig::read(document, subgraph);
        let concurrency = ConcurrencyConfig::read(document, subgraph);
        let hedging = HedgingConfig::read(document, subgraph);
        let config = TrafficConfig {
            breaker: breaker?,
            timeouts: timeouts?,
            pool: pool?,
            retry: retry?,
            health: health?,
            concurrency: concurrency?,
            hedging: hedging?,
        };
        checks::check(&config, document, subgraph);
        Some(config)
    }

    /// The same for a subgraph whose calls may take `timeout`. A `min_timeout` above it gives way instead of being
    /// refused: it is mostly the default or what was set for all, and a subgraph with a short `timeout` wants just that.
    pub(super) fn within(mut self, timeout: Duration) -> TrafficConfig {
        self.timeouts.min_timeout = self.timeouts.min_timeout.min(timeout);
        self
    }

    /// Writes all of it into a document, or into what a document says of one subgraph.
    pub(super) fn write(&self, document: &mut Map<String, Value>) {
        self.breaker.write(document);
        self.timeouts.write(document);
        self.pool.write(document);
        self.retry.write(document);
        self.health.write(document);
        self.concurrency.write(document);
        self.hedging.write(document);
    }
}
