//! Calls that are made twice: retries, and hedges.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{NEEDS, WORKERS, ask, code, is_right, only, stat};
use crate::support::patience::wait_for;
use crate::support::world::World;

/// What a budget holds at first and earns: two a second, and ten seconds of that saved (`traffic/src/budget.rs`).
const LEAST_PER_SECOND: u64 = 2;
const SAVED_SECONDS: u64 = 10;

fn retries() -> Value {
    json!({ "connection_pool": {
        "retry_policy": { "max_retries": 2, "base_delay": "10ms", "max_delay": "50ms" },
    } })
}

/// Asks often, from several clients.
fn ask_times(world: &World, requests: usize) {
    let asked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while asked.fetch_add(1, Ordering::Relaxed) < requests {
                    world.gateway.query(NEEDS);
                }
            });
        }
    });
}

#[test]
fn a_call_that_fails_once_is_made_again_and_a_mutation_is_not_and_the_budget_bounds_them_all() {
    let world = World::start(&only(&retries()), WORKERS);
    let calls = || world.subgraphs.count("reviews", "calls");
    for mode in ["reset", "truncated"] {
        world.subgraphs.reset();
        let before = stat(&world.gateway, "retries.succeeded");
        world.subgraphs.change(&json!({ "subgraph": "reviews", "mode": mode, "times": 1 }));
        let reply = world.gateway.query(NEEDS);
        assert!(is_right(&reply), "{mode}: {}", reply.text());
        assert_eq!(calls(), 2, "{mode}");
        // A worker counts once a tick.
        let counted = || stat(&world.gateway, "retries.succeeded") == before + 1;
        assert!(wait_for(Duration::from_secs(5), counted), "{mode}");
    }

    world.subgraphs.reset();
    world.subgraphs.change(&json!({ "subgraph": "reviews", "mode": "reset", "times": 1 }));
    let reply = world.gateway.query("mutation { voteHelpful(reviewId: \"r1\") { helpfulVotes } }");
    assert_eq!((code(&reply).as_str(), calls()), ("SUBGRAPH_UNREACHABLE", 1), "{}", reply.text());

    const REQUESTS: u64 = 1_000;
    world.subgraphs.reset();
    world.subgraphs.fault("reviews", "reset");
    let start = Instant::now();
    ask_times(&world, REQUESTS as usize);
    let seconds = start.elapsed().as_secs() + 1;
    let least = u64::from(WORKERS) * LEAST_PER_SECOND * (SAVED_SECONDS + seconds);
    let most = REQUESTS + REQUESTS / 10 + least;
    assert!(
        (REQUESTS + 1..=most).contains(&calls()),
        "{} calls for {REQUESTS} requests, {most} at most",
        calls()
    );
}

#[test]
fn a_second_call_wins_over_one_that_is_much_slower_than_most() {
    let settings = json!({
        "hedging": { "enabled": true, "percentile": 90 },
        "pre_calculated_timeouts": { "calculation_interval": "500ms" },
    });
    let world = World::start(&only(&settings), WORKERS);
    let wins = || {
        // Both workers must know what is usual, and while this machine starts another Envoy that may be much.
        ask_times(&world, 400);
        world.subgraphs.reset();
        // Two seconds late, once.
        world.subgraphs.change(&json!({ "subgraph": "reviews", "mode": "slow", "times": 1 }));
        let answer = ask(&world.gateway, NEEDS);
        assert!(is_right(&answer.reply), "{}", answer.reply.text());
        answer.took < Duration::from_millis(1_500) && world.subgraphs.count("reviews", "calls") == 2
    };
    assert!(wait_for(Duration::from_secs(20), wins), "{}", world.gateway.process.tail());
}
