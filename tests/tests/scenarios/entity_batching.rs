//! Requests that share calls: each gets exactly its own entities and errors, whatever comes when.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value as Json, json};
use weir_gateway::RequestId;
use weir_gateway::event::{CallFailure, HttpRequest, Timestamp};
use weir_gateway::metric::{Alert, Metric, SubgraphId};
use weir_tests::dataset::Dataset;
use weir_tests::world::{Behaviour, World};

const STORE: &str = include_str!("../../fixtures/store.graphql");
const SUBGRAPHS: [&str; 4] = ["accounts", "inventory", "products", "reviews"];
const SEEDS: u64 = 3_000;
const LATENCY: Duration = Duration::from_millis(10);

/// The generator of Marsaglia (Xorshift RNGs, 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

const OPERATIONS: [&str; 10] = [
    "{ me { name reviews { body product { name stock } } } }",
    "{ topProducts { name stock reviews { body author { name } } } }",
    "{ strictProducts { upc stock shipping } }",
    "{ latest { __typename ... on Review { body product { name } } ... on Product { stock } } }",
    "{ user(id: \"2\") { name reviews { author { name score } } } }",
    "{ topProducts { reviews { author { reviews { product { stock } } } } } }",
    "{ me { reviews { product { stock } } } strictProducts { stock } }",
    "query($with: Boolean = false) { topProducts { upc stock @include(if: $with) reviews { id } } }",
    "{ strictProducts { reviews { author { name } } } user(id: \"1\") { name } }",
    "mutation { rename(name: \"Eve\") { name reviews { body } } }",
];
const TENANTS: [&str; 3] = ["", "-red", "-blue"];

fn request(operation: &str, tenant: &str) -> HttpRequest {
    HttpRequest {
        method: "POST".to_owned(),
        path: "/graphql".to_owned(),
        headers: vec![
            ("content-type".to_owned(), b"application/json".to_vec()),
            ("x-tenant".to_owned(), tenant.as_bytes().to_vec()),
            ("traceparent".to_owned(), b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_vec()),
        ],
        body: json!({ "query": operation }).to_string().into_bytes(),
    }
}

fn world(batching: Json) -> World {
    sharing_world(batching, false)
}

fn sharing_world(batching: Json, requests: bool) -> World {
    let settings = json!({
        "entity_batching": batching,
        "request_sharing": {"enabled": requests},
        "headers": {"request": [{"forward": "x-tenant"}]},
    });
    let mut world = World::new(STORE, Dataset::store(), settings);
    for subgraph in SUBGRAPHS {
        world.set(subgraph, Behaviour::Marked("x-tenant"));
        world.latency(subgraph, LATENCY);
    }
    world
}

/// What an operation gets where nobody shares anything.
struct Alone {
    answer: Json,
    took: Duration,
    calls: usize,
}

fn alone() -> HashMap<(usize, usize), Alone> {
    let mut world = world(json!({"enabled": false, "join_in_flight": false}));
    let mut answers = HashMap::new();
    for (number, operation) in OPERATIONS.iter().enumerate() {
        for (tenant, name) in TENANTS.iter().enumerate() {
            let began = world.now();
            let before = world.raw_calls().len();
            let id = world.send_request(request(operation, name));
            world.run();
            let calls = world.raw_calls().len() - before;
            let answer = world.json(id);
            assert!(answer["errors"].is_null() && answer["data"].is_object(), "{operation}: {answer}");
            let took = world.answered_after(id, began);
            answers.insert((number, tenant), Alone { answer, took, calls });
        }
    }
    answers
}

struct Sent {
    id: RequestId,
    what: (usize, usize),
    at: Timestamp,
    left: bool,
}

fn schedule(seed: u64, alone: &HashMap<(usize, usize), Alone>) -> (usize, usize) {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let window = random.one_of(&[0_u64, 1, 5, 20]);
    let size = random.one_of(&[1, 2, 3, 100]);
    let batching = json!({
        "max_batch_size": size,
        "batch_window": format!("{window}ms"),
        "adaptive_batching": random.below(4) == 0,
        "join_in_flight": random.below(3) > 0,
    });
    let requests = random.below(3) == 0;
    let mut world = sharing_world(batching.clone(), requests);
    let mut sent = Vec::new();
    for _ in 0..random.below(40) + 2 {
        for _ in 0..random.below(6) {
            let what =
                (random.below(OPERATIONS.len() as u64) as usize, random.below(TENANTS.len() as u64) as usize);
            let id = world.send_request(request(OPERATIONS[what.0], TENANTS[what.1]));
            sent.push(Sent { id, what, at: world.now(), left: false });
        }
        if random.below(4) == 0 && !sent.is_empty() {
            let who = random.below(sent.len() as u64) as usize;
            if world.reply(sent[who].id).is_none() && !sent[who].left {
                sent[who].left = true;
                world.leave(sent[who].id);
            }
        }
        world.run_for(Duration::from_micros(random.one_of(&[0, 100, 900, 3_000, 10_000, 40_000])));
    }
    world.run();
    for Sent { id, what, at, left } in &sent {
        if *left {
            assert!(world.reply(*id).is_none());
            continue;
        }
        let Alone { answer, took: usual, .. } = &alone[what];
        assert_eq!(&world.json(*id), answer, "seed {seed}, {batching}: {}", OPERATIONS[what.0]);
        // Each wave may wait for a window, and a key that is on its way may come with another's later call.
        let waves = usual.as_millis().div_ceil(LATENCY.as_millis()) as u32;
        let took = world.answered_after(*id, *at);
        let most = *usual + waves * Duration::from_millis(window + 1);
        // What a stream had asked for that went away is asked again.
        let again = sent.iter().filter(|sent| sent.left).count() as u32 * *usual;
        assert!(
            took <= most + again,
            "seed {seed}, {batching}: {} took {took:?}, alone {usual:?}",
            OPERATIONS[what.0]
        );
    }
    assert!(!world.waits(), "seed {seed}: something is left");
    let unshared = sent.iter().map(|sent| alone[&sent.what].calls).sum();
    // A small size makes several calls of one.
    if size == 100 && !requests { (unshared, world.raw_calls().len()) } else { (0, 0) }
}

#[test]
fn whatever_comes_when_each_request_gets_its_own_entities_in_time() {
    let alone = alone();
    let (mut unshared, mut calls) = (0, 0);
    for seed in 0..SEEDS {
        let (of_alone, of_seed) = schedule(seed, &alone);
        unshared += of_alone;
        calls += of_seed;
    }
    println!("{calls} calls instead of {unshared}");
    assert!(10 * calls < 9 * unshared, "{calls} calls instead of {unshared}");
}

#[test]
fn an_idle_gateway_never_waits() {
    let mut world = world(json!({"batch_window": "1s", "adaptive_batching": false}));
    let began = world.now();
    let id = world.send_request(request(OPERATIONS[1], ""));
    world.run();
    assert_eq!(world.answered_after(id, began), 3 * LATENCY);
}

#[test]
fn equal_requests_share_every_call_and_different_headers_none() {
    let mut world = world(json!({}));
    for _ in 0..10 {
        world.send_request(request(OPERATIONS[1], "-red"));
    }
    world.run();
    let once = world.raw_calls().len();
    assert!(once <= 4, "{:#?}", world.calls());
    for tenant in TENANTS {
        world.send_request(request(OPERATIONS[1], tenant));
    }
    world.run();
    assert_eq!(world.raw_calls().len(), 4 * once);
}

#[test]
fn a_bad_key_fails_its_own_request_only() {
    let mut world = world(json!({"batch_window": "5ms", "adaptive_batching": false}));
    // Their lookups in inventory: p1 and p3 of the one, p1 and p2 of the other.
    let bad = world.send_request(request("{ me { reviews { product { stock } } } }", ""));
    let good = world.send_request(request("{ strictProducts { stock } }", ""));
    let products = ["p1", "p2", "p3"];
    world.set("inventory", Behaviour::Poisoned("p3"));
    world.run();
    let inventory: Vec<String> = world
        .raw_calls()
        .iter()
        .filter(|call| call.cluster.contains("inventory"))
        .map(|call| {
            let body = String::from_utf8_lossy(&call.body).into_owned();
            products.into_iter().filter(|product| body.contains(product)).collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(world.json(good)["errors"], Json::Null, "{inventory:?}");
    assert_eq!(world.json(bad)["errors"][0]["message"], "poisoned", "{inventory:?}");
}

#[test]
fn a_call_that_hangs_gathers_nobody_and_a_lost_stream_loses_its_own_request_only() {
    let mut world = world(json!({"max_batch_size": 100}));
    world.latency("products", Duration::from_secs(2));
    let first = world.send_request(request("{ topProducts { name } }", ""));
    world.run_for(Duration::from_millis(500));
    let second = world.send_request(request("{ topProducts { name } }", ""));
    assert_eq!(world.raw_calls().len(), 1, "the second joins the first's call");
    world.run_for(Duration::from_millis(100));
    world.leave(first);
    world.run_for(Duration::ZERO);
    assert_eq!(world.raw_calls().len(), 2, "what the first's stream had sent is sent again");
    world.run_for(Duration::from_millis(1_500));
    let third = world.send_request(request("{ topProducts { name } }", ""));
    assert_eq!(world.raw_calls().len(), 3, "older than a second, it gathers nobody");
    world.run();
    assert_eq!(world.json(second), world.json(third));
    assert!(world.reply(first).is_none());
}

#[test]
fn who_asks_after_a_mutation_sees_what_it_did() {
    let mut world = world(json!({}));
    world.latency("products", Duration::from_millis(500));
    world.send_request(request("{ topProducts { name } }", ""));
    let mutation = world.send_request(request("mutation { rename(name: \"Eve\") { score } }", ""));
    world.run_for(Duration::from_millis(50));
    assert!(world.reply(mutation).is_some());
    let before = world.raw_calls().len();
    world.send_request(request("{ topProducts { name } }", ""));
    assert_eq!(world.raw_calls().len(), before + 1);
    world.run();
}

#[test]
fn a_failure_of_a_shared_call_is_told_to_all_who_wait_for_it() {
    let mut world = world(json!({}));
    world.set("products", Behaviour::Fail(CallFailure::Unreachable));
    let asked: Vec<_> = (0..3).map(|_| world.send_request(request("{ topProducts { name } }", ""))).collect();
    world.run();
    assert_eq!(world.raw_calls().len(), 1);
    for id in asked {
        assert_eq!(world.json(id)["errors"][0]["extensions"]["code"], "SUBGRAPH_UNREACHABLE");
    }
}

#[test]
fn equal_queries_share_one_execution_if_told_to() {
    let mut world = sharing_world(json!({"enabled": false, "join_in_flight": false}), true);
    let began = world.now();
    let asked: Vec<_> = (0..5).map(|_| world.send_request(request(OPERATIONS[1], "-red"))).collect();
    let other = world.send_request(request(OPERATIONS[1], "-blue"));
    world.run();
    let calls = world.raw_calls().len();
    assert_eq!(calls, 8, "four calls for each tenant");
    assert_eq!(world.count(Metric::RequestsShared), 4);
    for id in &asked {
        assert_eq!(world.json(*id), world.json(asked[0]));
        assert_eq!(world.answered_after(*id, began), 3 * LATENCY);
    }
    assert_ne!(world.json(other), world.json(asked[0]));
    assert_eq!(world.count(Metric::RequestsActive), 0);
    let mutations: Vec<_> = (0..2).map(|_| world.send_request(request(OPERATIONS[9], ""))).collect();
    world.run();
    assert_eq!(world.raw_calls().len(), calls + 4, "each mutation is carried out");
    assert_eq!(world.json(mutations[0]), world.json(mutations[1]));
    assert!(!world.waits());
}

#[test]
fn the_others_get_their_answer_though_the_first_has_gone() {
    let mut world = sharing_world(json!({}), true);
    let asked: Vec<_> = (0..3).map(|_| world.send_request(request(OPERATIONS[1], ""))).collect();
    world.run_for(Duration::from_millis(15));
    world.leave(asked[0]);
    world.leave(asked[1]);
    world.run();
    assert!(world.reply(asked[0]).is_none() && world.reply(asked[1]).is_none());
    assert!(world.json(asked[2])["errors"].is_null());
    assert_eq!(world.count(Metric::ClientsGone), 2);
    assert_eq!(world.count(Metric::RequestsActive), 0);
    assert!(!world.waits());
}

#[test]
fn who_shares_an_execution_keeps_its_own_deadline() {
    let settings = json!({"request_sharing": {"enabled": true}, "request_timeout": "1s"});
    let mut world = World::new(STORE, Dataset::store(), settings);
    world.set("products", Behaviour::Hang);
    let began = world.now();
    let first = world.send("{ topProducts { name } }");
    world.run_for(Duration::from_millis(300));
    let second = world.send("{ topProducts { name } }");
    world.run();
    for id in [first, second] {
        assert_eq!(world.json(id)["errors"][0]["extensions"]["code"], "DEADLINE_EXCEEDED");
        assert!(world.answered_after(id, began) <= Duration::from_millis(1_300));
    }
    assert_eq!(world.count(Metric::RequestsActive), 0);
}

fn batching_state(world: &mut World, worker: usize) -> Json {
    let reply = world.administer(worker, "GET", "/weir/entity-batching", "");
    assert_eq!(reply.status, 200);
    serde_json::from_slice(&reply.body).expect("JSON")
}

fn apply(world: &mut World, body: &Json) -> (u16, Json) {
    let reply = world.administer(0, "POST", "/weir/entity-batching/apply", &body.to_string());
    (reply.status, serde_json::from_slice(&reply.body).expect("JSON"))
}

#[test]
fn what_is_recommended_is_applied_to_all_workers_and_gathers_more() {
    let mut world =
        world(json!({"batch_window": "0ms", "adaptive_batching": false, "join_in_flight": false}));
    let other = world.add_worker();
    // Each millisecond a lookup of one product's stock that nobody else asks for at that moment.
    let mut asked = 0;
    let mut load = |world: &mut World, lookups: usize| {
        let before = world.raw_calls().iter().filter(|call| call.cluster.contains("inventory")).count();
        for _ in 0..lookups {
            asked += 1;
            world.send_request(request(&format!("{{ strictProducts {{ a{}: stock }} }}", asked % 3), ""));
            world.run_for(Duration::from_millis(1));
        }
        world.run_for(Duration::from_millis(100));
        world.raw_calls().iter().filter(|call| call.cluster.contains("inventory")).count() - before
    };
    let calls_before = load(&mut world, 400);
    let state = batching_state(&mut world, 0);
    let inventory = &state["subgraphs_seen_by_this_worker"]["inventory"];
    assert_eq!(inventory["pattern"]["type"], "steady", "{inventory:#}");
    let found = inventory["recommendations"].as_array().expect("a list").iter();
    let throughput =
        found.clone().find(|r| r["goal"] == "throughput" && r["bursts"] == false).expect("it is there");
    assert!(
        throughput["recommended"]["fewer_calls_percent"].as_f64().is_some_and(|p| p > 30.0),
        "{throughput:#}"
    );
    let (status, body) = apply(&mut world, &json!({"subgraph": "inventory", "goal": "throughput"}));
    assert_eq!(status, 200, "{body:#}");
    world.run_for(Duration::from_secs(1));
    for worker in [0, other] {
        let state = batching_state(&mut world, worker);
        assert!(
            state["changes_at_run_time"]["subgraphs.inventory.entity_batching.batch_window"].is_string(),
            "{state:#}"
        );
    }
    let calls_after = load(&mut world, 400);
    assert!(calls_after * 10 < calls_before * 7, "{calls_before} calls before, {calls_after} after");
    let (status, body) =
        apply(&mut world, &json!({"changes": {"subgraphs.nowhere.entity_batching.batch_window": "1ms"}}));
    assert_eq!(status, 400);
    assert!(body["problems"][0].as_str().is_some_and(|p| p.contains("names no subgraph")), "{body:#}");
    assert_eq!(apply(&mut world, &json!({"subgraph": "inventory", "goal": "speed"})).0, 400);
    assert_eq!(apply(&mut world, &json!({"subgraph": "accounts", "goal": "latency"})).0, 409);
}

#[test]
fn each_adaptation_is_counted_and_explained_and_fills_the_batches() {
    let products = (0..60).map(|n| (format!("Product:p{n}"), json!({"upc": format!("p{n}"), "stock": n})));
    let mut objects: serde_json::Map<String, Json> = products.collect();
    let all: Vec<_> = objects.keys().map(|id| format!("@{id}")).collect();
    objects.insert("Query".to_owned(), json!({ "strictProducts": all }));
    let settings = json!({"entity_batching": {
        "join_in_flight": false,
        "performance_threshold": {"adaptation_interval": "1s", "min_throughput": 100},
    }});
    let mut world = World::new(STORE, Dataset::new(Json::Object(objects)), settings);
    for _ in 0..6_000 {
        world.send("{ strictProducts { stock } }");
        world.run_for(Duration::from_millis(1));
    }
    world.run_for(Duration::from_millis(300));
    let adaptations = world.count(Metric::EntityBatchAdaptations(SubgraphId(1)));
    let told: Vec<_> =
        world.log().iter().filter(|line| line.contains("entity batches of inventory")).collect();
    assert!(adaptations > 0 && told.len() as i64 == adaptations, "{told:#?}");
    assert!(told.iter().all(|line| line.contains("window") && line.contains(": ")), "{told:#?}");
    assert_eq!(world.count(Metric::AlertsRaised(Alert::EntityBatchSize)), 0);
    let used = world.count(Metric::EntityBatchUtilisation(SubgraphId(1)));
    assert!(used >= 70, "{used}%\n{told:#?}");
}

#[test]
fn small_batches_under_load_raise_an_alert() {
    let mut world = world(json!({
        "join_in_flight": false, "batch_window": "0ms",
        "performance_threshold": {"adaptation_interval": "1s"},
    }));
    for _ in 0..2_500 {
        world.send_request(request(OPERATIONS[2], ""));
        world.run_for(Duration::from_millis(1));
    }
    assert!(world.count(Metric::AlertActive(Alert::EntityBatchSize)) > 0);
    assert!(
        world.log().iter().any(|line| line.contains("alert entity_batch_size raised: batches of inventory"))
    );
    world.retire(0);
    assert_eq!(world.count(Metric::AlertActive(Alert::EntityBatchSize)), 0);
    assert_eq!(world.count(Metric::EntityBatchMaxSize(SubgraphId(1))), 0);
}
