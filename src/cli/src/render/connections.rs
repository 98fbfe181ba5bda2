//! What the subgraphs of a cluster want of its connections, as Envoy is told it.

use std::time::Duration;

use serde::Serialize;
use weir_gateway::config::{HealthMode, Problem, SubgraphConfig};

/// The connections of one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Connections {
    /// How long one may take to be made.
    connect_timeout: String,
    /// How long one without calls is kept; `None`: as suits the version of HTTP.
    idle_timeout: Option<String>,
    /// Whether dead ones are looked for.
    keep_alive: bool,
    /// Whether one serves more than a call.
    reuse: bool,
    /// Whether some are made ahead.
    preconnect: bool,
    /// Calls at once that Weir lets through to all subgraphs of the cluster, over all workers.
    calls: u32,
    /// Envoy's own bound on them.
    threshold: u32,
    /// Checks that Envoy makes.
    health: Option<HealthCheck>,
    /// What of it the subgraphs of one cluster must agree on, with the setting that says it.
    #[serde(skip)]
    agreed: Vec<(&'static str, String)>,
}

/// Envoy's checks of the host, at its first subgraph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct HealthCheck {
    timeout: String,
    interval: String,
    healthy_threshold: u32,
    unhealthy_threshold: u32,
    authority: String,
    path: String,
    /// The query for people, and in hexadecimal for Envoy.
    query: &'static str,
    payload: String,
}

/// How many times the calls that Weir lets through Envoy lets through; the bootstrap says why.
const HEADROOM: u32 = 8;

/// What a check asks.
const QUERY: &str = r#"{"query":"{__typename}"}"#;

impl Connections {
    /// What one subgraph wants.
    pub(super) fn of(subgraph: &SubgraphConfig) -> Connections {
        let (pool, health) = (&subgraph.traffic.pool, &subgraph.traffic.health);
        let checks = health.mode == HealthMode::Envoy;
        let mut connections = Connections {
            connect_timeout: seconds(pool.connection_timeout),
            idle_timeout: pool.idle_timeout.map(seconds),
            keep_alive: pool.keep_alive,
            reuse: pool.reuse_connections,
            preconnect: pool.preconnect,
            calls: pool.max_connections,
            threshold: pool.max_connections.saturating_mul(HEADROOM),
            health: checks.then(|| HealthCheck {
                timeout: seconds(health.timeout),
                interval: seconds(pool.health_check_interval),
                healthy_threshold: health.healthy_threshold,
                unhealthy_threshold: health.unhealthy_threshold,
                authority: subgraph.authority.clone(),
                path: subgraph.path.clone(),
                query: QUERY,
                payload: QUERY.bytes().map(|byte| format!("{byte:02x}")).collect(),
            }),
            agreed: Vec::new(),
        };
        connections.agreed = connections.to_agree();
        connections
    }

    /// Takes up another subgraph of the same cluster: its calls come on top, the rest must be as it is.
    ///
    /// # Errors
    /// The first setting that isn't, with what both say.
    pub(super) fn join(&mut self, subgraph: &SubgraphConfig, other: &str) -> Result<(), Problem> {
        let own = Connections::of(subgraph);
        self.calls = self.calls.saturating_add(own.calls);
        self.threshold = self.threshold.saturating_add(own.threshold);
        let at_odds = self.agreed.iter().zip(&own.agreed).find(|(set, wanted)| set != wanted);
        let Some(((setting, set), (_, wanted))) = at_odds else { return Ok(()) };
        let place = format!("subgraphs.{}.{setting}", subgraph.name);
        let message = format!(
            "is {wanted}, but {other}, with which it shares the cluster `{}`, has {set}",
            subgraph.cluster
        );
        Err(Problem::new(place, message, "set both alike, or give one of them another `cluster`"))
    }

    fn to_agree(&self) -> Vec<(&'static str, String)> {
        let mut agreed = vec![
            ("connection_pool.connection_timeout", self.connect_timeout.clone()),
            ("connection_pool.idle_timeout", self.idle_timeout.clone().unwrap_or("the default".to_owned())),
            ("connection_pool.keep_alive", self.keep_alive.to_string()),
            ("connection_pool.reuse_connections", self.reuse.to_string()),
            ("connection_pool.preconnect", self.preconnect.to_string()),
            (
                "health_check.mode",
                if self.health.is_some() { "`envoy`" } else { "Envoy's checks off" }.to_owned(),
            ),
        ];
        if let Some(health) = &self.health {
            agreed.extend([
                ("health_check.timeout", health.timeout.clone()),
                ("connection_pool.health_check_interval", health.interval.clone()),
                ("health_check.healthy_threshold", health.healthy_threshold.to_string()),
                ("health_check.unhealthy_threshold", health.unhealthy_threshold.to_string()),
            ]);
        }
        agreed
    }
}

/// A time as Envoy reads it.
fn seconds(span: Duration) -> String {
    format!("{}s", span.as_secs_f64())
}
