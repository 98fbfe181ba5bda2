//! What Envoy and Weir have counted of the sick subgraph, and what the gateway has used.

use std::time::Duration;

use crate::support::client;
use crate::support::gateway::Gateway;
use crate::support::mortal::Mortal;
use crate::usage;

/// Counts since the gateway's start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counters {
    /// Calls that Envoy sent to the sick subgraph, or tried to: also those for which it got no connection.
    pub(crate) calls: u64,
    /// Those of them that were Weir's health checks.
    pub(crate) health_checks: u64,
    /// The gateway's CPU time.
    pub(crate) cpu: Duration,
}

impl Counters {
    /// Reads them. Envoy's are the same for every set-up, and are there when the subgraph is not.
    pub(crate) fn read(gateway: &Gateway, sick: &Mortal) -> Counters {
        let cluster = format!(
            "cluster.weir_{}_{}",
            sick.address.ip().to_string().replace('.', "_"),
            sick.address.port()
        );
        let own = format!("wasmcustom.weir.subgraph.{}.health_checks", sick.name);
        // Without a filter Envoy prints thousands of lines.
        let filter = format!("{cluster}|{own}");
        let stats = client::get(&gateway.admin_url(&format!("/stats?filter={}", filter.replace('|', "%7C"))));
        let count = |name: &str| -> u64 {
            let line = stats.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.map_or(0, |value| value.parse().expect("a number"))
        };
        Counters {
            calls: count(&format!("{cluster}.upstream_rq_total"))
                + count(&format!("{cluster}.upstream_rq_pending_failure_eject")),
            health_checks: count(&own),
            cpu: usage::cpu(gateway.envoy),
        }
    }

    /// What was counted since `earlier`.
    pub(crate) fn since(self, earlier: Counters) -> Counters {
        Counters {
            calls: self.calls - earlier.calls,
            health_checks: self.health_checks - earlier.health_checks,
            cpu: self.cpu - earlier.cpu,
        }
    }
}
