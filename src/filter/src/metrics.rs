//! Weir's metrics in Envoy's stats.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;
use weir_gateway::metric::{CATALOGUE, Kind, Metric};

use crate::hostcall::attempt;

/// Envoy's ids of all metrics of the catalogue. They belong to the VM, the values to the process.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    ids: HashMap<Metric, u32>,
}

impl Metrics {
    /// Defines every metric of the catalogue, those with labels once for each value.
    ///
    /// # Errors
    /// The name of the first metric that the host refused.
    pub(crate) fn define(subgraphs: &[String]) -> Result<Metrics, String> {
        let mut metrics = Metrics::default();
        metrics.add_subgraphs(subgraphs)?;
        Ok(metrics)
    }

    /// Defines what is missing for a list of subgraphs.
    ///
    /// # Errors
    /// The name of the first metric that the host refused.
    pub(crate) fn add_subgraphs(&mut self, subgraphs: &[String]) -> Result<(), String> {
        for entry in CATALOGUE {
            let kind = match entry.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
            };
            for (metric, name) in entry.instances(subgraphs) {
                if let Entry::Vacant(id) = self.ids.entry(metric) {
                    id.insert(attempt(|| hostcalls::define_metric(kind, &name)).map_err(|_| name)?);
                }
            }
        }
        Ok(())
    }

    /// Adds to a counter or a gauge.
    pub(crate) fn add(&self, metric: Metric, by: i64) {
        // The host refuses zero and, for counters, anything below.
        if by != 0
            && let Some(id) = self.ids.get(&metric)
        {
            let _ = attempt(|| hostcalls::increment_metric(*id, by));
        }
    }

    /// Sets a gauge, or adds a value to a histogram.
    pub(crate) fn record(&self, metric: Metric, value: u64) {
        if let Some(id) = self.ids.get(&metric) {
            let _ = attempt(|| hostcalls::record_metric(*id, value));
        }
    }

    /// The sum of a counter or a gauge over all workers.
    pub(crate) fn read(&self, metric: Metric) -> u64 {
        let id = self.ids.get(&metric);
        id.and_then(|id| attempt(|| hostcalls::get_metric(*id)).ok()).unwrap_or_default()
    }
}
