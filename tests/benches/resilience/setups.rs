//! The gateways that are compared: the same Envoy and the same filter, with other settings.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::gateway::{Gateway, render, sources};
use crate::support::mortal::Mortal;
use crate::support::subgraphs::Subgraphs;
use crate::support::{binaries, ports};

/// How long a breaker stays open, and Envoy keeps a host out: short, so that a run ends. Recovery is held against it.
pub(crate) const RESET_TIMEOUT: Duration = Duration::from_secs(2);

const WORKERS: u32 = 2;

/// Who takes care of sick subgraphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setup {
    Weir,
    Off,
    Envoy,
}

/// All, in the table's order.
pub(crate) const SETUPS: [Setup; 3] = [Setup::Weir, Setup::Off, Setup::Envoy];

impl Setup {
    /// What `$WEIR_RESILIENCE_SETUPS` calls it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Setup::Weir => "weir",
            Setup::Off => "off",
            Setup::Envoy => "envoy",
        }
    }

    /// What the table calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Setup::Weir => "Weir",
            Setup::Off => "off",
            Setup::Envoy => "Envoy alone",
        }
    }

    /// Starts it.
    ///
    /// # Errors
    /// This weirctl lacks its settings.
    pub(crate) fn start(self, well: &Subgraphs, sick: &Mortal) -> Result<Gateway, &'static str> {
        let sdl = well.supergraph();
        let mut settings = base(sick);
        match (self, are_known(&sdl, &with(&settings, &controlled()))) {
            (Setup::Weir, true) => settings = with(&settings, &controlled()),
            (Setup::Weir, false) => return Err("this weirctl has no traffic control"),
            (Setup::Off | Setup::Envoy, true) => settings = with(&settings, &uncontrolled()),
            // One that has none needn't be told to leave it.
            (Setup::Off | Setup::Envoy, false) => {}
        }
        let (address, admin) = (ports::free(), ports::free());
        let mut bootstrap = render(&sdl, &settings, address, admin);
        if self == Setup::Envoy {
            protect(&mut bootstrap);
        }
        Ok(Gateway::of_bootstrap_with(&bootstrap, address, admin, WORKERS))
    }
}

/// What all have in common.
fn base(sick: &Mortal) -> Value {
    let http1 = json!({ "protocol": "http1" });
    let mut subgraphs = json!({ "accounts": http1, "inventory": http1, "products": http1 });
    subgraphs[sick.name] = sick.settings();
    subgraphs[sick.name]["protocol"] = json!("http1");
    json!({
        "request_timeout": "5s",
        "subgraph_defaults": { "timeout": "1s" },
        "entity_batching": { "enabled": false, "join_in_flight": false },
        "subgraphs": subgraphs,
    })
}

/// The defaults with short times.
fn controlled() -> Value {
    let reset = format!("{}s", RESET_TIMEOUT.as_secs());
    json!({
        // It doesn't grow, so that the bound on recovery is one.
        "circuit_breaker": { "reset_timeout": reset, "max_reset_timeout": reset },
        "pre_calculated_timeouts": { "adapt_to_latency": true, "calculation_interval": "1s", "min_timeout": "100ms" },
        "connection_pool": { "health_check_interval": "500ms" },
        "health_check": { "timeout": "500ms" },
    })
}

fn uncontrolled() -> Value {
    json!({
        "circuit_breaker": { "enabled": false },
        "pre_calculated_timeouts": { "enabled": false },
        "connection_pool": { "retry_policy": { "max_retries": 0 } },
        "health_check": { "mode": "off" },
    })
}

/// Gives every subgraph's cluster what Envoy has: limits on what is in flight, and the ejection of hosts that fail.
fn protect(bootstrap: &mut Value) {
    let seconds = format!("{}s", RESET_TIMEOUT.as_secs());
    let clusters = bootstrap["static_resources"]["clusters"].as_array_mut().expect("there are clusters");
    // Only those that somebody is called by have limits to begin with.
    let of_subgraphs = clusters.iter_mut().filter(|cluster| cluster["circuit_breakers"].is_object());
    let mut protected = 0;
    for cluster in of_subgraphs {
        cluster["circuit_breakers"] = json!({ "thresholds": [{ "max_connections": 32, "max_pending_requests": 32, "max_requests": 64 }] });
        cluster["outlier_detection"] = json!({
            "consecutive_5xx": 5,
            "consecutive_gateway_failure": 5,
            "enforcing_consecutive_gateway_failure": 100,
            "interval": "0.5s",
            "base_ejection_time": seconds,
            "max_ejection_time": seconds,
            "max_ejection_percent": 100,
        });
        // Where no host is well, Envoy would otherwise send to all of them.
        cluster["common_lb_config"]["healthy_panic_threshold"] = json!({ "value": 0 });
        protected += 1;
    }
    // The sick subgraph's, and that of the others.
    assert_eq!(protected, 2, "clusters of subgraphs");
}

/// Both, key by key; neither sets what the other does.
fn with(settings: &Value, more: &Value) -> Value {
    let mut all = settings.clone();
    for (key, value) in more.as_object().into_iter().flatten() {
        all[key] = value.clone();
    }
    all
}

/// Asks `weirctl check`.
fn are_known(sdl: &str, settings: &Value) -> bool {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let [flag, sdl, option, config] = sources(folder.path(), sdl, settings);
    binaries::run_weirctl(&["check".to_owned(), flag, sdl, option, config]).status.success()
}
