//! The settings of one subgraph's traffic, as each part of it takes them.

use std::time::Duration;

use weir_traffic::hedge::Hedge;
use weir_traffic::outcome::Classes;
use weir_traffic::{breaker, budget, concurrency, health, pool, retry, timeout_table};

use crate::config::{BackoffStrategy, ConcurrencyAlgorithm, HealthMode, TrafficConfig};

/// A worker that has not renewed its share of the slots for so long has died.
const LAPSE: Duration = Duration::from_secs(3);

/// How much longer than a call may take a probe's place is kept for it.
const PROBE_MARGIN: Duration = Duration::from_secs(1);

/// The settings of one subgraph's traffic, with the longest that a call may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pipeline) struct Settings {
    pub(in crate::pipeline) traffic: TrafficConfig,
    pub(in crate::pipeline) timeout: Duration,
}

impl Settings {
    pub(super) fn breaker(&self) -> breaker::Settings {
        let config = &self.traffic.breaker;
        breaker::Settings {
            failure_threshold: config.failure_threshold,
            failure_rate: config.failure_rate,
            window: config.window,
            minimum_volume: config.minimum_volume,
            reset_timeout: config.reset_timeout,
            max_reset_timeout: config.max_reset_timeout,
            half_open_max_calls: config.half_open_max_calls,
            probe_timeout: self.timeout.saturating_add(PROBE_MARGIN),
        }
    }

    /// What the breaker counts as failures.
    pub(super) fn failures(&self) -> Classes {
        self.traffic.breaker.failures.iter().copied().collect()
    }

    pub(super) fn pool(&self) -> pool::Settings {
        pool::Settings { max_connections: self.traffic.pool.max_connections, lapse: LAPSE }
    }

    pub(super) fn max_queue(&self) -> usize {
        usize::try_from(self.traffic.pool.max_queue).unwrap_or(usize::MAX)
    }

    /// `None`: calls at once are bounded by the pool alone.
    pub(super) fn concurrency(&self) -> Option<concurrency::Settings> {
        let config = &self.traffic.concurrency;
        config.enabled.then(|| concurrency::Settings {
            algorithm: match config.algorithm {
                ConcurrencyAlgorithm::Gradient => concurrency::Algorithm::Gradient,
                ConcurrencyAlgorithm::Aimd => concurrency::Algorithm::Aimd,
            },
            min_limit: config.min_limit,
            max_limit: config.max_limit.max(config.min_limit),
            target: None,
        })
    }

    pub(super) fn table(&self) -> timeout_table::Settings {
        let Settings { traffic: TrafficConfig { timeouts, breaker, retry, .. }, timeout } = self;
        timeout_table::Settings {
            adapt: timeouts.enabled && timeouts.adapt_to_latency,
            percentile: f64::from(timeouts.percentile),
            margin: f64::from(timeouts.margin_percent) / 100.0,
            min_timeout: timeouts.min_timeout,
            max_timeout: *timeout,
            calculation_interval: timeouts.calculation_interval,
            reset_timeout: breaker.reset_timeout,
            max_reset_timeout: breaker.max_reset_timeout,
            base_delay: retry.base_delay,
            max_delay: retry.max_delay,
            exponential: retry.backoff_strategy == BackoffStrategy::Exponential,
        }
    }

    pub(super) fn budget(&self) -> budget::Settings {
        budget::Settings { percent: self.traffic.retry.budget_percent, ..budget::Settings::default() }
    }

    pub(super) fn retry(&self) -> retry::Settings {
        let config = &self.traffic.retry;
        retry::Settings { max_retries: config.max_retries, classes: config.retry_on.iter().copied().collect() }
    }

    pub(super) fn hedge(&self) -> Option<Hedge> {
        let config = &self.traffic.hedging;
        config.enabled.then(|| Hedge { percentile: f64::from(config.percentile) })
    }

    pub(super) fn health(&self) -> health::Settings {
        let config = &self.traffic.health;
        health::Settings {
            healthy_threshold: config.healthy_threshold,
            unhealthy_threshold: config.unhealthy_threshold,
        }
    }

    /// Whether Weir itself checks the subgraph's health.
    pub(in crate::pipeline) fn checks(&self) -> bool {
        self.traffic.health.mode == HealthMode::Weir
    }
}
