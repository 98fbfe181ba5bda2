//! The limit that follows how a subgraph bears the calls that it gets.

use std::time::Duration;

use serde_json::json;

use super::{NEEDS, WORKERS, ask_for, only, stat};
use crate::support::patience::wait_for;
use crate::support::world::World;

const CLIENTS: usize = 24;

#[test]
fn a_subgraph_that_drops_calls_gets_fewer_at_once_until_it_answers_again() {
    let adaptive = json!({ "enabled": true, "algorithm": "aimd", "min_limit": 1, "max_limit": 12 });
    let settings = json!({ "timeout": "200ms", "adaptive_concurrency": adaptive });
    let world = World::start(&only(&settings), WORKERS);
    // Asks for a second; what the limits of both workers are then, and the most calls that reviews saw at once.
    let load = |latency: &str| {
        world.subgraphs.reset();
        world.subgraphs.latency("reviews", latency);
        ask_for(&world.gateway, Duration::from_secs(1), CLIENTS, NEEDS);
        let seen =
            (stat(&world.gateway, "concurrency_limit"), world.subgraphs.count("reviews", "max_in_flight"));
        println!("{latency}: limit {}, {} at once", seen.0, seen.1);
        seen
    };
    let limit = Duration::from_secs(30);
    assert!(wait_for(limit, || load("20ms").0 >= 20), "the limit lets the load pass");
    let drops = || {
        let (limit, most) = load("400ms");
        limit <= 10 && most <= 14
    };
    assert!(wait_for(limit, drops), "the limit falls while calls are cut off");
    assert!(wait_for(limit, || load("20ms").0 >= 14), "the limit rises again");
}
