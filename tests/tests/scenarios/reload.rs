//! A new supergraph without a restart: who polls, who checks, and when all go over.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use serde_json::json;
use weir_gateway::TICK;
use weir_gateway::event::{Call, HttpResponse};
use weir_gateway::metric::Metric;
use weir_tests::dataset::Dataset;
use weir_tests::world::World;

const STORE: &str = include_str!("../../fixtures/store.graphql");

/// A registry that serves one supergraph, with an ETag.
#[derive(Clone)]
struct Registry(Rc<RefCell<Option<String>>>);

impl Registry {
    fn of(sdl: &str) -> Registry {
        Registry(Rc::new(RefCell::new(Some(sdl.to_owned()))))
    }

    fn publish(&self, sdl: Option<String>) {
        *self.0.borrow_mut() = sdl;
    }

    fn answer(&self, call: &Call) -> Option<HttpResponse> {
        let sdl = self.0.borrow().clone()?;
        let etag = format!("\"{}\"", sdl.len()).into_bytes();
        let known = call.headers.iter().any(|(name, value)| name == "if-none-match" && **value == *etag);
        let headers = vec![("etag".to_owned(), etag)];
        Some(if known {
            HttpResponse { status: 304, headers, body: Vec::new() }
        } else {
            HttpResponse { status: 200, headers, body: sdl.into_bytes() }
        })
    }
}

fn world(registry: &Registry, workers: usize) -> World {
    world_of(registry, workers, json!({}))
}

fn world_of(registry: &Registry, workers: usize, plan_cache: serde_json::Value) -> World {
    let settings = json!({
        "supergraph": {"inline": STORE, "fetch": {"cluster": "registry", "path": "/supergraph", "interval": "2s"}},
        "plan_cache": plan_cache,
    });
    let mut world = World::new(STORE, Dataset::store(), settings);
    let service = registry.clone();
    world.serve("registry", move |call| service.answer(call));
    for _ in 1..workers {
        world.add_worker();
    }
    world
}

/// The store's supergraph with one more field of users.
fn with_nickname() -> String {
    let changed =
        STORE.replacen("type User", "type Extra @join__type(graph: ACCOUNTS) { it: Int }\n\ntype User", 1);
    assert_ne!(changed, STORE);
    changed
}

#[test]
fn one_worker_polls_and_is_answered_by_304() {
    let registry = Registry::of(STORE);
    let mut world = world(&registry, 3);
    world.run_for(Duration::from_secs(21));
    let polls = world.count(Metric::SupergraphFetches);
    assert!((9..=11).contains(&polls), "{polls} polls in 21 s by 3 workers");
    assert_eq!(world.count(Metric::SupergraphFetchFailures), 0);
    let calls = world.own_calls();
    let conditional =
        calls.iter().filter(|call| call.headers.iter().any(|(name, _)| name == "if-none-match")).count();
    assert!(conditional >= calls.len() - 1);
}

#[test]
fn a_new_supergraph_is_taken_by_all_workers_within_two_ticks() {
    let registry = Registry::of(STORE);
    let mut world = world(&registry, 3);
    world.run_for(Duration::from_secs(3));
    registry.publish(Some(with_nickname()));
    let query = "{ __type(name: \"Extra\") { name } }";
    assert_eq!(world.ask(query)["data"]["__type"], json!(null));
    let mut first = None;
    for _ in 0..100 {
        world.run_for(Duration::from_millis(50));
        let taken = world.count(Metric::SupergraphsTaken);
        if taken > 0 && first.is_none() {
            first = Some(world.now());
        }
        if taken == 3 {
            break;
        }
    }
    assert_eq!(world.count(Metric::SupergraphsTaken), 3, "{:#?}", world.log());
    let first = first.expect("one was the first");
    assert!(world.now().since(first) <= TICK * 2, "{:?} after the first", world.now().since(first));
    for worker in 0..3 {
        let id = world.send_to(worker, query);
        world.run();
        assert_eq!(world.json(id)["data"]["__type"]["name"], "Extra");
    }
}

#[test]
fn requests_in_work_finish_on_the_old_supergraph() {
    let registry = Registry::of(STORE);
    let mut world = world(&registry, 1);
    world.run_for(Duration::from_secs(3));
    world.latency("accounts", Duration::from_secs(8));
    let id = world.send("{ me { name } }");
    registry.publish(Some(with_nickname()));
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.count(Metric::SupergraphsTaken), 1);
    assert!(world.reply(id).is_none());
    world.run();
    assert!(world.json(id).get("errors").is_none(), "{}", world.json(id));
}

#[test]
fn the_hottest_plans_are_there_before_the_new_supergraph_is() {
    let registry = Registry::of(STORE);
    let mut world = world(&registry, 2);
    world.run_for(Duration::from_secs(3));
    for alias in 0..30 {
        for _ in 0..3 {
            world.ask(&format!("{{ me {{ a{alias}: name }} }}"));
        }
    }
    registry.publish(Some(with_nickname()));
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.count(Metric::SupergraphsTaken), 2);
    let planned = world.count(Metric::PlansMade);
    assert_eq!(planned, 60, "each once for each supergraph, whatever the number of workers");
    for alias in 0..30 {
        world.ask(&format!("{{ me {{ a{alias}: name }} }}"));
    }
    assert_eq!(world.count(Metric::PlansMade), planned);
}

#[test]
fn a_bad_supergraph_is_refused_and_the_old_one_serves_on() {
    let registry = Registry::of(STORE);
    let mut world = world(&registry, 2);
    registry.publish(Some("type Query { broken: ".to_owned()));
    world.run_for(Duration::from_secs(20));
    assert_eq!(world.count(Metric::SupergraphsRefused), 1, "it is told once");
    assert_eq!(world.count(Metric::SupergraphsTaken), 0);
    assert!(world.log().iter().any(|line| line.contains("is refused, the old one serves on")));
    assert!(world.ask("{ me { name } }").get("errors").is_none());
    registry.publish(Some(with_nickname()));
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.count(Metric::SupergraphsTaken), 2, "a good one after it is taken");
}

#[test]
fn a_source_that_fails_is_asked_less_often() {
    let registry = Registry::of(STORE);
    registry.publish(None);
    let mut world = world(&registry, 2);
    world.run_for(Duration::from_secs(60));
    let fetches = world.count(Metric::SupergraphFetches);
    assert!((3..=6).contains(&fetches), "{fetches}: after 4, 8, 16 and 32 s");
    assert_eq!(world.count(Metric::SupergraphFetchFailures), fetches);
}

#[test]
fn when_the_poller_dies_another_worker_takes_over() {
    let registry = Registry::of(STORE);
    let mut world = world(&registry, 2);
    world.run_for(Duration::from_secs(3));
    world.kill_worker(0);
    world.kill_worker(1);
    registry.publish(Some(with_nickname()));
    world.run_for(Duration::from_secs(12));
    assert_eq!(world.count(Metric::SupergraphsTaken), 2);
    // A worker that starts anew serves what the others do, though the configuration has the old one.
    world.kill_worker(1);
    world.run_for(Duration::from_secs(2));
    let id = world.send_to(1, "{ __type(name: \"Extra\") { name } }");
    world.run();
    assert_eq!(world.json(id)["data"]["__type"]["name"], "Extra");
}

#[test]
fn a_leader_that_serves_nobody_waits_for_those_that_do() {
    let registry = Registry::of(STORE);
    let mut world = world(&registry, 2);
    world.run_for(Duration::from_secs(3));
    // Whichever of the two leads has been asked nothing in one of these runs.
    for busy in [0, 1] {
        for alias in 0..200 {
            let id = world.send_to(busy, &format!("{{ me {{ b{busy}a{alias}: name }} }}"));
            world.run();
            assert!(world.reply(id).is_some());
        }
        let taken = world.count(Metric::SupergraphsTaken);
        registry.publish(Some(with_nickname().replacen(
            "type Extra",
            &format!("type Extra{}", "s".repeat(busy + 1)),
            1,
        )));
        for _ in 0..200 {
            world.run_for(Duration::from_millis(50));
            if world.count(Metric::SupergraphsTaken) > taken {
                break;
            }
        }
        assert!(world.count(Metric::SupergraphsTaken) > taken, "{:#?}", world.log());
        let planned = world.count_of(busy, Metric::PlansMade) + world.count_of(1 - busy, Metric::PlansMade);
        let asked = i64::from(busy == 1) * 400 + 200;
        assert!(
            planned >= asked + 200,
            "{planned} plans were made when the first worker went over, for {asked}"
        );
        world.run_for(Duration::from_secs(5));
    }
}
