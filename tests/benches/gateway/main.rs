//! `make bench`: Weir beside Envoy plainly proxying a response of the same size, in one run.
//!
//! Both are the same Envoy binary with one worker, asked by the same clients over as many connections, in turns of
//! a few seconds. Every answer is compared byte for byte. What is compared above all is the gateway's CPU time per
//! request: with clients, gateway and subgraphs on one machine, requests per second say as much of the subgraphs.

#![allow(clippy::disallowed_methods, reason = "a measurement needs real time, threads and the environment")]

mod load;
mod plain;
#[allow(dead_code, reason = "shared with the end-to-end tests, which use all of it")]
#[path = "../../e2e/support/mod.rs"]
mod support;
mod table;

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use load::{Load, Sample};
use plain::Plain;
use support::operations::{demo, demo_answer};
use support::process;
use support::world::World;
use table::Row;

const CONNECTIONS: usize = 50;
const WARM_UP: Duration = Duration::from_secs(2);
const TURN: Duration = Duration::from_secs(4);
const TURNS: u32 = 3;
/// As many products as make an answer of some 90 KB.
const LARGE: u32 = 100;

fn main() {
    let world = World::start(&json!({}), 1);
    let mut large = demo();
    large["variables"] = json!({ "first": LARGE });
    let mut rows = Vec::new();
    let large_name = format!("demo, {LARGE} products");
    for (name, request) in [("demo", demo()), (&large_name, large)] {
        rows.extend(measure(&world, name, &request));
    }
    print!("{}", table::markdown(&rows, CONNECTIONS));
}

/// Weir and the plain proxy in turns, with the same request and the same answer.
fn measure(world: &World, name: &str, request: &Value) -> [Row; 2] {
    world.subgraphs.reset();
    let reply = world.gateway.post(request);
    let calls = world.subgraphs.calls().iter().sum();
    assert_eq!(reply.json().get("errors"), None, "{}", reply.text());
    assert!(name != "demo" || reply.text() == demo_answer(), "the demo's answer is wrong");
    let plain = Plain::start(&reply);
    let load = Load { request: request.to_string(), answer: reply.body.clone(), connections: CONNECTIONS };
    let sides: [(SocketAddr, u32); 2] =
        [(plain.gateway.address, plain.gateway.envoy), (world.gateway.address, world.gateway.envoy)];
    for (address, _) in sides {
        load.run(address, WARM_UP);
    }
    let mut samples = [Sample::default(), Sample::default()];
    let mut used = [Duration::ZERO; 2];
    for _ in 0..TURNS {
        for (side, (address, envoy)) in sides.into_iter().enumerate() {
            let before = process::cpu_time(envoy);
            samples[side].add(load.run(address, TURN));
            used[side] += process::cpu_time(envoy) - before;
        }
    }
    let [of_plain, of_weir] = samples;
    let row = |gateway, calls, sample, cpu| Row::new(name, gateway, reply.body.len(), calls, sample, cpu);
    [row("Envoy, plainly proxying", 1, of_plain, used[0]), row("Weir", calls, of_weir, used[1])]
}
