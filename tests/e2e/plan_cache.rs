//! The plan cache on real Envoy: shared by workers, warmed before traffic, changed by operators, flat in memory.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::{self, Connection};
use crate::support::gateway::Gateway;
use crate::support::patience::wait_for;
use crate::support::world::World;

const PREFIX: &str = "wasmcustom.weir.";

fn stat(gateway: &Gateway, name: &str) -> u64 {
    gateway.stat(&format!("{PREFIX}{name}"))
}

/// Asks from several clients at once, `requests` in all; each makes its request from the number of it.
fn ask_all(gateway: &Gateway, clients: usize, requests: usize, request: impl Fn(usize) -> Value + Sync) {
    let asked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let connection = Connection::new(gateway.url("/graphql"));
                loop {
                    let number = asked.fetch_add(1, Ordering::Relaxed);
                    if number >= requests {
                        break;
                    }
                    let reply = connection.post(&request(number));
                    assert!(reply.status == 200 && !reply.text().contains("\"errors\""), "{}", reply.text());
                }
            });
        }
    });
}

#[test]
fn a_plan_of_one_worker_is_a_hit_in_the_shared_data_for_the_other() {
    let world = World::start(&json!({}), 2);
    // Connections are spread over the workers: after some, both have been asked.
    let both = || {
        ask_all(&world.gateway, 8, 16, |_| json!({"query": "{ me { name } }"}));
        stat(&world.gateway, "plan_cache.l1.misses") >= 2
    };
    assert!(wait_for(Duration::from_secs(20), both));
    assert_eq!(stat(&world.gateway, "plans_made"), 1);
    assert_eq!(stat(&world.gateway, "plan_cache.l2.hits"), 1);
}

/// The spec's scenarios (`Load Testing`) in the demo's terms: 60% users, 30% searches, 10% of a query over all. Clients
/// of the first kind write values into their operations, as the worst do.
fn of_the_mix(number: usize) -> Value {
    match number % 10 {
        0..6 => {
            json!({"query": format!("query GetUser {{ user(id: \"u{}\") {{ id name email }} }}", number % 5 + 1)})
        }
        6..9 => json!({
            "query": "query Search($text: String!) { search(text: $text) { __typename ... on Product { upc name price } } }",
            "variables": {"text": format!("t{}", number % 50)},
        }),
        _ => json!({"query": "query Complex { users { id reviews { id product { upc name } } } }"}),
    }
}

#[test]
fn under_the_mix_of_the_spec_more_than_ninety_nine_of_a_hundred_lookups_hit() {
    let warm_up = json!({"operations": [
        "query ($id: ID!) { user(id: $id) { id name email } }",
        of_the_mix(6)["query"],
        of_the_mix(9)["query"],
    ]});
    let world = World::start(&json!({"plan_cache": {"warm_up": warm_up}}), 2);
    // Whoever asks `/ready` meets one worker.
    let warm = || stat(&world.gateway, "warm_up.done") == 9;
    assert!(
        wait_for(Duration::from_secs(20), warm),
        "{}{}",
        stat(&world.gateway, "warm_up.done"),
        world.gateway.process.tail()
    );
    let before = stat(&world.gateway, "plans_made");
    ask_all(&world.gateway, 20, 5_000, of_the_mix);
    let count = |name| stat(&world.gateway, name);
    let lookups = count("plan_cache.l1.hits") + count("plan_cache.l1.misses");
    let found = count("plan_cache.l1.hits") + count("plan_cache.l2.hits") + count("plan_cache.joins");
    assert_eq!(lookups, 5_000);
    assert!(found * 100 > lookups * 99, "{found} of {lookups}");
    assert_eq!(stat(&world.gateway, "plans_made"), before, "all had been planned by the warm-up");
    println!("hit rate {:.2}%", 100.0 * found as f64 / lookups as f64);
}

#[test]
fn operators_see_the_plan_cache_on_the_admin_listener_alone_and_change_it_in_all_workers() {
    let world = World::start(&json!({}), 2);
    ask_all(&world.gateway, 4, 40, |_| json!({"query": "{ me { name } }"}));
    let admin = format!("http://{}", world.gateway.admin);
    let page = client::get(&format!("{admin}/weir"));
    assert!(page.status == 200 && page.text().contains("<h1>Weir: the plan cache</h1>"), "{}", page.text());
    let state: Value =
        serde_json::from_str(client::get(&format!("{admin}/weir/plan-cache")).text()).expect("JSON");
    let count = |name: &str| state["counters"][name].as_u64().expect("a number");
    assert_eq!(count("weir.plan_cache.l1.hits") + count("weir.plan_cache.l1.misses"), 40);
    assert_eq!(client::get(&world.gateway.url("/weir")).status, 404);
    assert_eq!(client::get(&world.gateway.url("/weir/plan-cache")).status, 404);
    let change = json!({"changes": {"plan_cache.max_size": 12}}).to_string();
    let public = client::post(&world.gateway.url("/weir/plan-cache/apply"), &change);
    assert_eq!(public.status, 404);
    let applied = client::post(&format!("{admin}/weir/plan-cache/apply"), &change);
    assert_eq!(applied.status, 200, "{}", applied.text());
    // The main thread's root takes it too.
    assert!(wait_for(Duration::from_secs(5), || stat(&world.gateway, "settings_applied") == 3));
    ask_all(&world.gateway, 4, 60, |number| json!({"query": format!("{{ me {{ a{number}: name }} }}")}));
    assert!(stat(&world.gateway, "plan_cache.l1.entries") <= 24);
    assert!(stat(&world.gateway, "plan_cache.l1.evictions.capacity") > 0);
}

/// Resident memory of a process, in KiB.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn a_hundred_thousand_distinct_operations_leave_memory_flat() {
    const OPERATIONS: usize = 100_000;
    let cache = json!({"max_size": 2_000, "layers": {"l2": {"max_bytes": "16MiB"}}});
    let world = World::start(&json!({"plan_cache": cache}), 2);
    let operation = |number: usize| json!({"query": format!("{{ me {{ a{number}: name }} }}")});
    let mut sizes = Vec::new();
    for tenth in 0..10 {
        ask_all(&world.gateway, 20, OPERATIONS / 10, |number| operation(tenth * OPERATIONS / 10 + number));
        sizes.push(resident(world.gateway.envoy) / 1024);
    }
    println!("MiB after each tenth: {sizes:?}");
    assert_eq!(stat(&world.gateway, "plans_made"), OPERATIONS as u64);
    assert!(stat(&world.gateway, "plan_cache.l1.entries") <= 4_000);
    // From the second tenth on all layers are full.
    let (full, end) = (sizes[1], sizes[9]);
    assert!(end <= full + full / 10, "memory grew from {full} to {end} MiB: {sizes:?}");
}
