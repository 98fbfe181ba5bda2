//! The rows of the table: who is measured, with what settings, under which load.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::floor;
use crate::support::binaries;
use crate::support::gateway::sources;
use crate::workload::Workload;

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// What `$WEIR_BENCH_ROWS` calls it.
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    pub(crate) side: Side,
    pub(crate) workload: Workload,
}

/// Who is measured. Rows of one side share its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    /// Envoy passing requests on to a server that has the answer ready.
    Plain,
    Floor(Version),
    Weir(Version, Sharing, Control),
    /// The command in `$PEER_CMD`.
    Peer,
}

/// The version of HTTP to the subgraphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Version {
    Http1,
    Http2,
}

/// What requests that are in work at the same time share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sharing {
    Nothing,
    Calls,
    /// Equal requests share one execution, and others their calls.
    Requests,
}

/// How much of traffic control is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Control {
    Default,
    /// What is off by default too.
    All,
    /// As little as can be: slots are always counted.
    Least,
}

/// All rows, in the table's order.
pub(crate) const ROWS: &[Row] = &[
    Row::equal("plain", "Envoy, plainly proxying one call", Side::Plain),
    Row::equal("floor1", "floor, HTTP/1.1", Side::Floor(Version::Http1)),
    Row::equal(
        "http1",
        "Weir, HTTP/1.1, nothing shared",
        Side::Weir(Version::Http1, Sharing::Nothing, Control::Default),
    ),
    Row::equal("floor", "floor, HTTP/2", Side::Floor(Version::Http2)),
    Row::equal(
        "http2",
        "Weir, HTTP/2, nothing shared",
        Side::Weir(Version::Http2, Sharing::Nothing, Control::Default),
    ),
    Row::equal(
        "control",
        "Weir, HTTP/2, nothing shared, all traffic control on",
        Side::Weir(Version::Http2, Sharing::Nothing, Control::All),
    ),
    Row::equal(
        "no-control",
        "Weir, HTTP/2, nothing shared, traffic control off",
        Side::Weir(Version::Http2, Sharing::Nothing, Control::Least),
    ),
    Row::equal(
        "calls",
        "Weir, HTTP/2, calls shared",
        Side::Weir(Version::Http2, Sharing::Calls, Control::Default),
    ),
    Row::equal(
        "requests",
        "Weir, HTTP/2, equal requests shared",
        Side::Weir(Version::Http2, Sharing::Requests, Control::Default),
    ),
    Row {
        key: "differing",
        title: "differing requests: Weir, HTTP/2, nothing shared",
        side: Side::Weir(Version::Http2, Sharing::Nothing, Control::Default),
        workload: Workload::Differing,
    },
    Row {
        key: "differing-calls",
        title: "differing requests: Weir, HTTP/2, calls shared",
        side: Side::Weir(Version::Http2, Sharing::Calls, Control::Default),
        workload: Workload::Differing,
    },
    Row::equal("peer", "the peer ($PEER_CMD)", Side::Peer),
];

impl Row {
    const fn equal(key: &'static str, title: &'static str, side: Side) -> Row {
        Row { key, title, side, workload: Workload::Equal }
    }

    /// The version of HTTP that the subgraphs must see; of a peer it is its own affair.
    pub(crate) fn version(&self) -> Option<Version> {
        match self.side {
            Side::Floor(version) | Side::Weir(version, ..) => Some(version),
            Side::Plain | Side::Peer => None,
        }
    }
}

impl Side {
    /// The module that its Envoy runs.
    pub(crate) fn module(self) -> Option<PathBuf> {
        match self {
            Side::Floor(_) => Some(floor::module()),
            Side::Weir(..) => Some(binaries::wasm()),
            Side::Plain | Side::Peer => None,
        }
    }
}

impl Control {
    /// Adds its settings.
    fn write(self, settings: &mut Value) {
        let groups = match self {
            // Gateways of other rows run at the same time: their checks would be counted with this row's calls.
            Control::Default => json!({ "health_check": {"mode": "off"} }),
            Control::All => json!({
                "circuit_breaker": {"enabled": true},
                "pre_calculated_timeouts": {"adapt_to_latency": true},
                "connection_pool": {"health_check_interval": "1h"},
                "adaptive_concurrency": {"enabled": true, "min_limit": 1000, "max_limit": 1000},
                "hedging": {"enabled": true, "percentile": 99},
            }),
            Control::Least => json!({
                "circuit_breaker": {
                    "enabled": false, "performance_monitoring": {"collect_latency_metrics": false},
                },
                "pre_calculated_timeouts": {"enabled": false},
                "connection_pool": {"retry_policy": {"max_retries": 0}},
                "health_check": {"mode": "off"},
            }),
        };
        for (key, group) in groups.as_object().into_iter().flatten() {
            settings[key] = group.clone();
        }
    }
}

impl Version {
    /// As the demo subgraphs count it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Version::Http1 => "HTTP/1.1",
            Version::Http2 => "HTTP/2.0",
        }
    }

    /// Settings that make every subgraph be called with it.
    fn settings(self) -> Value {
        let protocol = match self {
            Version::Http1 => "http1",
            Version::Http2 => "http2",
        };
        let subgraph = json!({ "protocol": protocol });
        json!({ "subgraphs": { "accounts": subgraph, "inventory": subgraph, "products": subgraph, "reviews": subgraph } })
    }
}

/// Which of the settings that switch sharing on and off this weirctl has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Switches {
    batching: bool,
    requests: bool,
}

const BATCHING: &str = "entity_batching";
const REQUESTS: &str = "request_sharing";

impl Switches {
    /// Asks `weirctl check`; one that has no such setting shares nothing.
    pub(crate) fn find(folder: &Path, supergraph: &str) -> Switches {
        let takes = |settings: Value| {
            let [flag, sdl, option, config] = sources(folder, supergraph, &settings);
            binaries::run_weirctl(&["check".to_owned(), flag, sdl, option, config]).status.success()
        };
        Switches {
            batching: takes(json!({ BATCHING: { "enabled": true, "join_in_flight": true } })),
            requests: takes(json!({ REQUESTS: { "enabled": true } })),
        }
    }

    /// The settings of a gateway; `None` if this weirctl lacks some.
    pub(crate) fn settings(self, version: Version, sharing: Sharing, control: Control) -> Option<Value> {
        let mut settings = version.settings();
        control.write(&mut settings);
        if self.batching {
            let on = sharing != Sharing::Nothing;
            settings[BATCHING] = json!({ "enabled": on, "join_in_flight": on });
        }
        if self.requests {
            settings[REQUESTS] = json!({ "enabled": sharing == Sharing::Requests });
        }
        let has = match sharing {
            Sharing::Nothing => true,
            Sharing::Calls => self.batching,
            Sharing::Requests => self.batching && self.requests,
        };
        has.then_some(settings)
    }
}
