//! Workers, requests, a slow store, a dying worker and new supergraphs in any order: whoever asks gets the answer to
//! its own operation, and no worker plans an operation twice.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use serde_json::json;
use weir_gateway::RequestId;
use weir_gateway::event::{CallFailure, HttpResponse};
use weir_gateway::metric::Metric;
use weir_tests::dataset::Dataset;
use weir_tests::world::{Behaviour, World};

const STORE: &str = include_str!("../../fixtures/store.graphql");
const OPERATIONS: u64 = 6;

/// The generator of Marsaglia (Xorshift RNGs, 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// An operation and the key that its answer must have.
fn operation(number: u64, random: &mut Random) -> (String, String) {
    let key = format!("key{number}");
    // Equal to the planner, and to nobody else.
    let text = match random.below(3) {
        0 => format!("{{ user(id: \"{}\") {{ {key}: name }} }}", random.below(100)),
        1 => format!(
            "query Some{} {{ user(id: \"x\") {{ ...F }} }} fragment F on User {{ {key}: name }}",
            random.below(9)
        ),
        _ => format!("# {}\n{{ user(id: \"y\"), {{ {key}: name, }} }}", random.below(1000)),
    };
    (text, key)
}

fn schedule(seed: u64) {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let registry = Rc::new(Cell::new(0_u32));
    let settings = json!({
        "supergraph": {"inline": STORE, "fetch": {"cluster": "registry", "path": "/", "interval": "1s"}},
        "plan_cache": {"layers": {"l3": {"cluster": "plans"}, "l2": {"claim_time": "20ms"}}},
    });
    let mut world = World::new(STORE, Dataset::store(), settings);
    let version = Rc::clone(&registry);
    world.serve("registry", move |_| {
        let sdl = STORE.replacen(
            "type User",
            &format!("type V{} @join__type(graph: ACCOUNTS) {{ it: Int }}\n\ntype User", version.get()),
            1,
        );
        Some(HttpResponse { status: 200, headers: Vec::new(), body: sdl.into_bytes() })
    });
    let mut objects = std::collections::HashMap::new();
    let mut fails = Random(seed | 1);
    world.serve("plans", move |call| {
        let answer = |status, body| Some(HttpResponse { status, headers: Vec::new(), body });
        if fails.below(4) == 0 {
            return None;
        }
        if call.method == "PUT" {
            objects.insert(call.path.clone(), call.body.to_vec());
            return answer(201, Vec::new());
        }
        objects
            .get(&call.path)
            .map_or_else(|| answer(404, Vec::new()), |body: &Vec<u8>| answer(200, body.clone()))
    });
    let workers = 2 + random.below(2) as usize;
    for _ in 1..workers {
        world.add_worker();
    }
    let mut asked: Vec<(RequestId, String, usize)> = Vec::new();
    let mut supergraphs = 1_i64;
    let mut deaths = vec![0_i64; workers];
    for _ in 0..60 {
        match random.below(20) {
            0 => {
                let worker = random.below(workers as u64) as usize;
                world.kill_worker(worker);
                deaths[worker] += 1;
                asked.retain(|(id, _, of)| *of != worker || world.reply(*id).is_some());
            }
            1 => {
                registry.set(registry.get() + 1);
                supergraphs += 1;
                world.run_for(Duration::from_millis(random.below(3000)));
            }
            2 => world.shared().spoil("weir.l2.p"),
            3 if !asked.is_empty() => {
                let index = random.below(asked.len() as u64) as usize;
                let (id, _, worker) = asked.swap_remove(index);
                world.leave_worker(worker, id);
            }
            4..8 => world.run_for(Duration::from_millis(random.below(30))),
            _ => {
                let worker = random.below(workers as u64) as usize;
                let number = random.below(OPERATIONS);
                let (text, key) = operation(number, &mut random);
                asked.push((world.send_to(worker, &text), key, worker));
            }
        }
    }
    world.run();
    for (id, key, _) in &asked {
        let answer = world.json(*id);
        assert!(answer["data"]["user"].get(key).is_some(), "seed {seed}: {key} is not in {answer}");
    }
    // Two texts of three are the same operation, fragments make another one of it; the first supergraph that is fetched
    // is another one than the configuration's.
    for (worker, deaths) in deaths.iter().enumerate() {
        let most = i64::try_from(OPERATIONS).expect("few") * 2 * (supergraphs + 1 + 2 * deaths);
        let planned = world.count_of(worker, Metric::PlansMade);
        assert!(planned <= most, "seed {seed}: worker {worker} made {planned} plans, {most} were enough");
    }
    assert_eq!(world.count(Metric::PanicsCaught), 0);
}

#[test]
fn whatever_happens_in_whatever_order_each_request_gets_its_own_answer() {
    for seed in 1..=1_000 {
        schedule(seed);
    }
}

#[test]
fn a_burst_is_planned_once_by_each_worker_at_most_and_once_by_all_if_none_fails() {
    for seed in 1..=200 {
        let mut random = Random(seed);
        let mut world = World::store(json!({"plan_cache": {"layers": {"l3": {"cluster": "plans"}}}}));
        world.serve("plans", |_| Some(HttpResponse { status: 404, headers: Vec::new(), body: Vec::new() }));
        for _ in 0..2 {
            world.add_worker();
        }
        for _ in 0..40 {
            let (text, _) = operation(random.below(OPERATIONS), &mut random);
            world.send_to(random.below(3) as usize, &text);
        }
        world.run();
        // Two texts of three are the same operation; fragments make another one of it.
        assert!(world.count(Metric::PlansMade) <= 2 * OPERATIONS as i64, "seed {seed}");
        for worker in 0..3 {
            assert!(world.count_of(worker, Metric::PlansMade) <= 2 * OPERATIONS as i64, "seed {seed}");
        }
        assert!(world.count(Metric::PlanCacheJoins) > 0);
    }
}

#[test]
fn calls_of_the_workers_own_that_the_host_refuses_hold_nobody_up() {
    let mut world = World::store(json!({"plan_cache": {"layers": {"l3": {"cluster": "accounts_refused"}}}}));
    world.refuse_cluster("accounts_refused", CallFailure::Refused);
    world.set("accounts", Behaviour::Answer);
    assert!(world.ask("{ me { name } }").get("errors").is_none());
    assert!(world.count(Metric::StoreFailures) >= 1);
}
