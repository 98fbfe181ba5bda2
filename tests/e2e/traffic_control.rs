//! Traffic control on real Envoy with two workers: what the workers agree on, and what a subgraph sees of it.
//!
//! Times are short, and each test has only what it is about: the rest of traffic control is off, so that what it counts
//! has one cause. Each request has a connection of its own, so both workers get some.

mod breaker;
mod concurrency;
mod health;
mod pool;
mod repeats;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::gateway::Gateway;
use crate::support::patience::wait_for;
use crate::support::reply::Reply;
use crate::support::traffic;

const WORKERS: u32 = 2;

/// Needs `reviews`, in its last call.
const NEEDS: &str = "{ me { name } topProducts(first: 2) { upc averageRating } }";

/// Doesn't.
const SPARES: &str = "{ me { name } topProducts(first: 2) { upc shippingEstimate } }";

/// Both workers have been asked after so many new connections, but for one time in two thousand.
const BOTH: usize = 12;

/// Settings for `reviews` over all else off.
fn only(reviews: &Value) -> Value {
    traffic::off(json!({
        // So that each request makes its own calls.
        "entity_batching": { "enabled": false, "join_in_flight": false },
        "subgraphs": { "reviews": reviews },
    }))
}

fn stat(gateway: &Gateway, name: &str) -> u64 {
    gateway.stat(&format!("wasmcustom.weir.subgraph.reviews.{name}"))
}

fn needed_data() -> Value {
    json!({
        "me": { "name": "Ada Almeida" },
        "topProducts": [
            { "upc": "P0001", "averageRating": 2.66 },
            { "upc": "P0002", "averageRating": 3.0 },
        ]
    })
}

/// The same without what reviews adds.
fn partial_data() -> Value {
    let mut data = needed_data();
    for product in data["topProducts"].as_array_mut().expect("a list") {
        product["averageRating"] = Value::Null;
    }
    data
}

/// The code of an answer's first error; empty if it has none.
fn code(reply: &Reply) -> String {
    reply.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
}

/// An answer, and how long it took.
struct Answer {
    reply: Reply,
    took: Duration,
}

fn ask(gateway: &Gateway, query: &str) -> Answer {
    let start = Instant::now();
    let reply = gateway.query(query);
    Answer { reply, took: start.elapsed() }
}

/// Asks for some time, from several clients.
fn ask_for(gateway: &Gateway, time: Duration, clients: usize, query: &str) -> Vec<Answer> {
    let end = Instant::now() + time;
    let client = || {
        let mut answers = Vec::new();
        while Instant::now() < end {
            answers.push(ask(gateway, query));
        }
        answers
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        clients.into_iter().flat_map(|client| client.join().expect("all are answered")).collect()
    })
}

/// Asks once from each of several clients at the same time.
fn ask_at_once(gateway: &Gateway, clients: usize, query: &str) -> Vec<Answer> {
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(|| ask(gateway, query))).collect();
        clients.into_iter().map(|client| client.join().expect("all are answered")).collect()
    })
}

/// The middle one: a busy machine delays some answers whatever the gateway does.
fn median(answers: &[Answer]) -> Duration {
    let mut times: Vec<Duration> = answers.iter().map(|answer| answer.took).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().expect("there are answers")
}

/// Waits until all workers give an answer that `is` so; returns when the last that wasn't had been asked for.
#[track_caller]
fn settled(gateway: &Gateway, limit: Duration, is: impl Fn(&Reply) -> bool) -> Duration {
    let start = Instant::now();
    let (mut last_other, mut in_a_row) = (Duration::ZERO, 0);
    let settled = wait_for(limit, || {
        for _ in 0..BOTH {
            let asked = start.elapsed();
            if is(&gateway.query(NEEDS)) {
                in_a_row += 1;
            } else {
                (last_other, in_a_row) = (asked, 0);
                break;
            }
        }
        in_a_row >= BOTH
    });
    assert!(settled, "not so after {limit:?}{}", gateway.process.tail());
    last_other
}

fn is_right(reply: &Reply) -> bool {
    reply.json() == json!({ "data": needed_data() })
}
