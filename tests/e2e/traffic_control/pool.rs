//! The slots that bound the calls in flight to a subgraph, over all workers.

use std::time::Duration;

use serde_json::json;

use super::{NEEDS, WORKERS, ask_at_once, code, is_right, only};
use crate::support::patience::wait_for;
use crate::support::traffic;
use crate::support::world::World;

const CLIENTS: usize = 24;

#[test]
fn a_subgraph_never_sees_more_calls_at_once_than_it_has_slots_and_they_change_at_run_time() {
    let world = World::start(&only(&json!({ "connection_pool": { "max_connections": 4 } })), WORKERS);
    // The most calls that reviews saw at once, while all clients asked; a call takes a fifth of a second.
    let peak = || {
        world.subgraphs.reset();
        world.subgraphs.latency("reviews", "200ms");
        let answers = ask_at_once(&world.gateway, CLIENTS, NEEDS);
        (answers, world.subgraphs.count("reviews", "max_in_flight"))
    };
    let apply = |changes| traffic::apply(&world.gateway, u64::from(WORKERS), &changes);

    let (answers, most) = peak();
    assert!((2..=4).contains(&most), "{most} at once");
    for answer in &answers {
        assert!(is_right(&answer.reply), "{}", answer.reply.text());
    }
    // Six rounds, if no slot was idle; some are while shares move.
    let longest = answers.iter().map(|answer| answer.took).max().unwrap_or_default();
    assert!(longest >= Duration::from_millis(1_100), "the last was answered after {longest:?}");

    apply(json!({ "subgraphs.reviews.connection_pool.max_connections": 8 }));
    let grew = || {
        let (answers, most) = peak();
        assert!(most <= 8, "{most} at once");
        assert!(answers.iter().all(|answer| is_right(&answer.reply)));
        most > 4
    };
    assert!(wait_for(Duration::from_secs(10), grew), "the new slots are used");

    apply(json!({
        "subgraphs.reviews.connection_pool.max_connections": 2,
        "subgraphs.reviews.connection_pool.max_queue": 1,
    }));
    let (answers, most) = peak();
    assert!(most <= 2, "{most} at once");
    let (right, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| is_right(&answer.reply));
    // On each worker those that got a slot, and the one that waits.
    assert!(right.len() >= 3 && others.len() >= CLIENTS / 2, "{} were answered", right.len());
    for answer in others {
        assert_eq!(code(&answer.reply), "SUBGRAPH_OVERLOADED", "{}", answer.reply.text());
    }
}
