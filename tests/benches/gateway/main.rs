//! `make bench`: Weir beside the floor, beside Envoy plainly proxying, and beside a peer, in one run.
//!
//! All Envoys are the same binary with one worker, asked by the same clients over as many connections, in turns of some
//! seconds that alternate, so that a machine that drifts drifts for all. Every answer is compared byte for byte.
//! What is compared above all is the gateway's CPU time per request: with clients, gateway and subgraphs on one machine,
//! requests per second say as much of the subgraphs.
//!
//! The *floor* is Envoy with a filter that makes the same calls in the same waves and gives the same answer, and does
//! nothing else (`tests/floor`): what no filter in Wasm can get below.
//!
//! `$WEIR_BENCH_ROWS` (keys of `rows.rs`, with commas), `$WEIR_BENCH_SECONDS` of a turn, `$WEIR_BENCH_ROUNDS`,
//! `$WEIR_BENCH_CONNECTIONS`, `$WEIR_BENCH_SUBGRAPHS`: options of `weirctl subgraphs`. By default these are `--remember`,
//! because what the demo's subgraphs compute takes ten times what a gateway does, and a gateway that mostly waits for them
//! costs more for each request: it wakes for every one of them. With batching on they are asked for what nobody asked
//! before; how much that saves them shows without it (`WEIR_BENCH_SUBGRAPHS=`). `$PEER_CMD` is a shell command that serves `$SUPERGRAPH` (a file) at `$LISTEN` (host:port).

#![allow(clippy::disallowed_methods, reason = "a measurement needs real time, threads and the environment")]

mod floor;
mod load;
mod machine;
mod measured;
mod options;
mod peer;
mod plain;
mod profile;
mod recorder;
mod response;
mod rows;
mod sides;
#[allow(dead_code, reason = "shared with the end-to-end tests, which use all of it")]
#[path = "../../e2e/support/mod.rs"]
mod support;
mod table;
mod usage;
mod workload;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use floor::Recording;
use load::{Exchange, Load};
use measured::Measured;
use options::{chosen, number};
use rows::{Control, ROWS, Row, Sharing, Side, Switches, Version};
use sides::Running;
use support::subgraphs::Subgraphs;

const WARM_UP: Duration = Duration::from_secs(2);

fn main() {
    let seconds = number("WEIR_BENCH_SECONDS", 4.0);
    let rounds = number("WEIR_BENCH_ROUNDS", 3);
    let connections = number("WEIR_BENCH_CONNECTIONS", 50);
    let options = std::env::var("WEIR_BENCH_SUBGRAPHS").unwrap_or_else(|_| "--remember".to_owned());
    let subgraphs = Subgraphs::start_with(&options.split_whitespace().collect::<Vec<_>>());
    let folder = tempfile::tempdir().expect("a folder can be made");
    let switches = Switches::find(folder.path(), &subgraphs.supergraph());
    let settings = switches
        .settings(Version::Http1, Sharing::Nothing, Control::Default)
        .expect("sharing can be left out");
    let recording = Recording::take(&subgraphs, &settings);
    eprintln!(
        "an answer of {} bytes, calls in waves of {:?}",
        recording.exchange.answer.len(),
        recording.shape()
    );

    let mut running: HashMap<Side, Running> = HashMap::new();
    let mut measured = Vec::new();
    for row in chosen("WEIR_BENCH_ROWS", ROWS, |row| row.key) {
        let running = match running.entry(row.side) {
            Entry::Occupied(running) => running.into_mut(),
            Entry::Vacant(new) => match Running::start(row.side, &subgraphs, &recording, switches) {
                Ok(started) => new.insert(started),
                Err(reason) => {
                    eprintln!("left out: {} ({reason})", row.title);
                    continue;
                }
            },
        };
        let exchanges = exchanges(row, running, &subgraphs, &recording);
        let load = Load { exchanges, connections };
        load.run(running.address(), WARM_UP);
        measured.push((Measured::new(row), load));
    }
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for (measured, load) in &mut measured {
            measured.turn(&running[&measured.row.side], load, &subgraphs, Duration::from_secs_f64(seconds));
        }
    }
    let measured: Vec<Measured> = measured.into_iter().map(|(measured, _)| measured).collect();
    print!("{}", table::markdown(&measured, connections, &recording));
    print!("{}", profile::markdown(&measured));
}

/// What this row is asked and must answer.
fn exchanges(row: Row, running: &Running, subgraphs: &Subgraphs, recording: &Recording) -> Arc<[Exchange]> {
    match row.side {
        Side::Plain | Side::Floor(_) => Arc::new([recording.exchange.clone()]),
        Side::Weir(..) | Side::Peer => {
            row.workload.exchanges(&format!("http://{}/graphql", running.address()), subgraphs)
        }
    }
}
