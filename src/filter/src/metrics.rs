//! Weir's metrics in Envoy's stats.

use std::collections::HashMap;

use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;
use weir_gateway::config::SubgraphConfig;
use weir_gateway::limit::Limit;
use weir_gateway::metric::{CATALOGUE, Kind, Metric, SubgraphId};

use crate::hostcall::attempt;

/// Envoy's ids of all metrics of the catalogue. They belong to the VM, the values to the process.
#[derive(Debug)]
pub(crate) struct Metrics {
    ids: HashMap<Metric, u32>,
}

impl Metrics {
    /// Defines every metric of the catalogue, those of subgraphs and limits once for each.
    ///
    /// # Errors
    /// The name of the first metric that the host refused.
    pub(crate) fn define(subgraphs: &[SubgraphConfig]) -> Result<Metrics, String> {
        let mut ids = HashMap::new();
        for entry in CATALOGUE {
            let kind = match entry.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
            };
            for (metric, name) in instances(entry.metric, entry.name, subgraphs) {
                let id = attempt(|| hostcalls::define_metric(kind, &name)).map_err(|_| name)?;
                ids.insert(metric, id);
            }
        }
        Ok(Metrics { ids })
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
}

/// A catalogue entry's metrics with their names.
fn instances(metric: Metric, name: &str, subgraphs: &[SubgraphConfig]) -> Vec<(Metric, String)> {
    let of_limit: Option<fn(Limit) -> Metric> = match metric {
        Metric::LimitHit(_) => Some(Metric::LimitHit),
        Metric::LimitWarned(_) => Some(Metric::LimitWarned),
        _ => None,
    };
    if let Some(of_limit) = of_limit {
        let named = |limit: &Limit| (of_limit(*limit), name.replace("{limit}", limit.name()));
        return Limit::ALL.iter().map(named).collect();
    }
    let of_subgraph: fn(SubgraphId) -> Metric = match metric {
        Metric::SubgraphCalls(_) => Metric::SubgraphCalls,
        Metric::SubgraphFailures(_) => Metric::SubgraphFailures,
        Metric::SubgraphRefusals(_) => Metric::SubgraphRefusals,
        _ => return vec![(metric, name.to_owned())],
    };
    (0..)
        .zip(subgraphs)
        .map(|(index, subgraph)| {
            (of_subgraph(SubgraphId(index)), name.replace("{subgraph}", &label(&subgraph.name)))
        })
        .collect()
}

/// A subgraph's name as a part of a stat's name: dots would end the label.
fn label(name: &str) -> String {
    name.chars().map(|char| if char.is_ascii_alphanumeric() || char == '-' { char } else { '_' }).collect()
}
