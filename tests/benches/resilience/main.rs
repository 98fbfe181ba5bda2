//! `make resilience`: what a sick subgraph does to a gateway, with Weir's traffic control, without it, and with what Envoy
//! itself has, before, during and after each of six sicknesses.
//!
//! Two Envoy workers serve the demo's supergraph. Its subgraph `reviews` is a process of its own, which falls sick; the
//! other three stay well. Two kinds of clients ask all the time, at a fixed rate: for an operation that needs `reviews`,
//! and for one that doesn't. Each answer is compared byte for byte with what the demo's monolith says; what lacks data
//! counts by the codes of its errors. A call to a subgraph takes 5 ms while all is well, as calls over a network do.
//!
//! Calls of different requests are not joined (`entity_batching` is off), so each request feels the sickness by itself. Times
//! are short, so that a run ends; the table says which.
//!
//! `$WEIR_RESILIENCE_SICKNESSES` and `$WEIR_RESILIENCE_SETUPS` choose some, by keys with commas; `$WEIR_RESILIENCE_BEFORE`,
//! `_DURING`, `_AFTER`: seconds; `$WEIR_RESILIENCE_CONNECTIONS` of each kind of clients.

#![allow(clippy::disallowed_methods, reason = "a measurement needs real time, threads and the environment")]

mod clients;
mod counters;
mod figures;
#[path = "../gateway/machine.rs"]
mod machine;
#[path = "../gateway/options.rs"]
mod options;
#[path = "../gateway/response.rs"]
#[allow(dead_code, reason = "shared with the benchmark of the gateway, which shows heads too")]
mod response;
mod run;
mod setups;
mod sickness;
#[allow(dead_code, reason = "shared with the end-to-end tests, which use all of it")]
#[path = "../../e2e/support/mod.rs"]
mod support;
mod table;
#[path = "../gateway/usage.rs"]
#[allow(dead_code, reason = "shared with the benchmark of the gateway, which measures memory too")]
mod usage;
mod workload;

use std::time::Duration;

use options::{chosen, number};
use run::{Phases, Run};
use setups::{SETUPS, Setup};
use sickness::{SICKNESSES, Sickness};
use support::gateway::Gateway;
use support::mortal::Mortal;
use support::subgraphs::Subgraphs;

/// Of a subgraph that is well.
const LATENCY: &str = "5ms";

fn main() {
    let seconds = |name: &str, default| Duration::from_secs_f64(number(name, default));
    let phases = Phases {
        before: seconds("WEIR_RESILIENCE_BEFORE", 3.0),
        during: seconds("WEIR_RESILIENCE_DURING", 6.0),
        after: seconds("WEIR_RESILIENCE_AFTER", 4.0),
    };
    let connections = number("WEIR_RESILIENCE_CONNECTIONS", 16);
    let sicknesses: Vec<Sickness> = chosen("WEIR_RESILIENCE_SICKNESSES", &SICKNESSES, Sickness::key);
    let setups: Vec<Setup> = chosen("WEIR_RESILIENCE_SETUPS", &SETUPS, Setup::key);

    let options = ["--remember", "--latency", LATENCY];
    let well = Subgraphs::start_with(&options);
    let mut sick = Mortal::start("reviews", &options);
    let mut runs: Vec<Run> = Vec::new();
    for setup in setups {
        let gateway = match setup.start(&well, &sick) {
            Ok(gateway) => gateway,
            Err(reason) => {
                eprintln!("left out: {} ({reason})", setup.title());
                continue;
            }
        };
        for &sickness in &sicknesses {
            eprintln!("{}, {}", setup.title(), sickness.title());
            runs.push(run::measure(setup, sickness, &gateway, &well, &mut sick, phases, connections));
        }
        assert_alive(&gateway);
    }
    print!("{}", table::markdown(&runs, &sicknesses, phases, connections));
}

/// Nothing that a subgraph does may hurt the gateway itself.
fn assert_alive(gateway: &Gateway) {
    let count = |name| gateway.stat(name);
    let hurt = (count("wasmcustom.weir.panics_caught"), count("wasm.weir.vm_reload_success"));
    assert_eq!(hurt, (0, 0), "panics and traps{}", gateway.process.tail());
}
