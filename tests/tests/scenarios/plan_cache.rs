//! The plan cache, seen from outside: who plans, who finds, who waits, and that nobody gets another's plan.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use serde_json::json;
use weir_gateway::Readiness;
use weir_gateway::event::{Call, HttpResponse};
use weir_gateway::metric::{Layer, Metric};
use weir_tests::world::World;

const USER: &str = "query A($id: ID!) { user(id: $id) { name } }";

fn body(query: &str, variables: &serde_json::Value) -> String {
    json!({ "query": query, "variables": variables }).to_string()
}

#[test]
fn operations_that_differ_in_literals_and_names_share_a_plan_and_not_an_answer() {
    let mut world = World::store(json!({}));
    world.ask("{ user(id: \"1\") { name } }");
    world.ask("query Bob {\n  # another text\n  user(id: \"2\") { name }\n}");
    let id = world.send_body(&body(USER, &json!({"id": "2"})));
    world.run();
    assert!(world.json(id).get("errors").is_none());
    let asked: Vec<serde_json::Value> = world
        .raw_calls()
        .iter()
        .map(|call| serde_json::from_slice(&call.body).expect("a call's body is JSON"))
        .map(|body: serde_json::Value| body["variables"].clone())
        .collect();
    assert_eq!(asked, [json!({"v0": "1"}), json!({"v0": "2"}), json!({"v0": "2"})]);
    assert_eq!(world.count(Metric::PlansMade), 1);
    assert_eq!(world.count(Metric::PlanCacheHits(Layer::L1)), 2);
    assert_eq!(world.count(Metric::TextsRead), 3);
}

#[test]
fn literals_of_conditions_choose_the_plan() {
    let mut world = World::store(json!({}));
    for (value, there) in [(true, true), (false, false), (true, true)] {
        let answer = world.ask(&format!("{{ user(id: \"1\") {{ id name @include(if: {value}) }} }}"));
        assert_eq!(answer["data"]["user"].get("name").is_some(), there, "{answer}");
    }
    assert_eq!(world.count(Metric::PlansMade), 2);
}

#[test]
fn what_one_worker_has_planned_the_others_find() {
    let mut world = World::store(json!({}));
    let other = world.add_worker();
    world.ask("{ me { name } }");
    let id = world.send_to(other, "{ me { name } }");
    world.run();
    assert!(world.json(id).get("errors").is_none());
    assert_eq!(world.count(Metric::PlansMade), 1);
    assert_eq!(world.count(Metric::PlanCacheHits(Layer::L2)), 1);
}

#[test]
fn a_spoilt_shared_plan_is_a_miss_and_is_made_again() {
    let mut world = World::store(json!({}));
    let other = world.add_worker();
    let good = world.ask("{ me { name } }");
    world.shared().spoil("weir.l2.p");
    let id = world.send_to(other, "{ me { name } }");
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.json(id), good);
    assert_eq!(world.count(Metric::PlansMade), 2);
    assert!(world.count(Metric::PlanCacheUnfit(Layer::L2)) > 0);
}

#[test]
fn without_shared_plans_each_worker_plans_for_itself() {
    let mut world = World::store(json!({"plan_cache": {"layers": {"l2": {"enabled": false}}}}));
    let other = world.add_worker();
    world.ask("{ me { name } }");
    let id = world.send_to(other, "{ me { name } }");
    world.run();
    assert!(world.json(id).get("errors").is_none());
    assert_eq!(world.count(Metric::PlansMade), 2);
}

/// An object store as nginx with WebDAV is one.
#[derive(Clone, Default)]
struct Objects(Rc<RefCell<HashMap<String, Vec<u8>>>>);

impl Objects {
    fn answer(&self, call: &Call) -> Option<HttpResponse> {
        let answer = |status, body| Some(HttpResponse { status, headers: Vec::new(), body });
        if call.method == "PUT" {
            self.0.borrow_mut().insert(call.path.clone(), call.body.to_vec());
            return answer(201, Vec::new());
        }
        match self.0.borrow().get(&call.path) {
            Some(body) => answer(200, body.clone()),
            None => answer(404, Vec::new()),
        }
    }
}

fn with_store() -> serde_json::Value {
    json!({"plan_cache": {"layers": {"l3": {"cluster": "plans", "path": "/plans/"}}}})
}

#[test]
fn after_a_restart_plans_come_from_the_store() {
    let mut world = World::store(with_store());
    let objects = Objects::default();
    let service = objects.clone();
    world.serve("plans", move |call| service.answer(call));
    let good = world.ask("{ me { name } }");
    assert_eq!(world.count(Metric::StoreWrites), 1);
    world.restart();
    assert_eq!(world.ask("{ me { name } }"), good);
    assert_eq!(world.count(Metric::PlansMade), 1);
    assert_eq!(world.count(Metric::PlanCacheHits(Layer::L3)), 1);
    // What came from the store is shared with the other workers.
    let other = world.add_worker();
    let id = world.send_to(other, "{ me { name } }");
    world.run();
    assert_eq!(world.json(id), good);
    assert_eq!(world.count(Metric::PlanCacheHits(Layer::L2)), 1);
    for object in objects.0.borrow_mut().values_mut() {
        object.truncate(object.len() / 2);
    }
    world.restart();
    assert_eq!(world.ask("{ me { name } }"), good);
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.count(Metric::PlansMade), 2);
    assert_eq!(world.count(Metric::PlanCacheUnfit(Layer::L3)), 1);
}

#[test]
fn a_dead_store_is_left_alone_and_nobody_waits_for_it() {
    let mut world = World::store(with_store());
    world.serve("plans", |_| None);
    for alias in 0..20 {
        let answer = world.ask(&format!("{{ me {{ a{alias}: name }} }}"));
        assert!(answer.get("errors").is_none(), "{answer}");
    }
    assert_eq!(world.count(Metric::PlansMade), 20);
    assert_eq!(world.count(Metric::StoreBreakerOpen), 1);
    assert!(world.own_calls().len() < 10, "{} calls", world.own_calls().len());
    assert!(world.count(Metric::StoreSkipped) > 10);
}

#[test]
fn all_who_want_a_plan_at_once_wait_for_one() {
    // The store makes the acquisition take its time.
    let mut world = World::store(with_store());
    world.serve("plans", |_| None);
    let ids: Vec<_> = (0..50).map(|_| world.send("{ me { name } }")).collect();
    world.run();
    for id in ids {
        assert!(world.json(id).get("errors").is_none());
    }
    assert_eq!(world.count(Metric::PlansMade), 1);
    assert_eq!(world.count(Metric::PlanCacheJoins), 49);
}

#[test]
fn a_client_that_leaves_while_its_plan_is_on_its_way_takes_nobody_with_it() {
    let mut world = World::store(with_store());
    world.serve("plans", |_| None);
    let first = world.send("{ me { name } }");
    let second = world.send("{ me { name } }");
    world.leave(first);
    world.run();
    assert!(world.reply(first).is_none());
    assert!(world.json(second).get("errors").is_none());
    assert_eq!(world.count(Metric::RequestsActive), 0);
}

#[test]
fn another_worker_waits_for_the_one_that_plans() {
    let mut world = World::store(with_store());
    world.serve("plans", |_| None);
    let other = world.add_worker();
    let first = world.send("{ me { name } }");
    // The first has claimed the plan, and asks the store.
    let second = world.send_to(other, "{ me { name } }");
    world.run();
    assert!(world.json(first).get("errors").is_none());
    assert!(world.json(second).get("errors").is_none());
    assert_eq!(world.count(Metric::PlansMade), 1);
    assert_eq!(world.count(Metric::PlanCacheClaimWaits), 1);
    assert_eq!(world.count(Metric::PlanCacheHits(Layer::L2)), 1);
}

#[test]
fn a_worker_that_dies_while_it_plans_keeps_the_others_for_its_claim_at_most() {
    let mut world = World::store(with_store());
    world.serve("plans", |_| None);
    let other = world.add_worker();
    world.send("{ me { name } }");
    let before = world.now();
    let second = world.send_to(other, "{ me { name } }");
    world.kill_worker(0);
    world.run();
    assert!(world.json(second).get("errors").is_none());
    assert!(
        world.answered_after(second, before) < Duration::from_millis(300),
        "{:?}",
        world.answered_after(second, before)
    );
    assert_eq!(world.count(Metric::PlansMade), 1);
}

#[test]
fn a_failure_to_plan_is_remembered_for_a_while() {
    let mut world = World::store(json!({}));
    let part = |i| {
        format!(
            "a{i}: __schema {{ types {{ name description fields {{ name description args {{ name description }} }} }} }} "
        )
    };
    let wide = format!("{{ {} }}", (0..100).map(part).collect::<String>());
    let first = world.ask(&wide);
    let second = world.ask(&wide);
    assert_eq!(first["errors"][0]["extensions"]["code"], second["errors"][0]["extensions"]["code"]);
    assert_eq!(world.count(Metric::PlansFailed), 1);
    assert_eq!(world.count(Metric::PlanCacheFailuresRemembered), 1);
    world.run_for(Duration::from_secs(6));
    world.ask(&wide);
    assert_eq!(world.count(Metric::PlansFailed), 2);
}

#[test]
fn configured_operations_are_planned_before_readiness() {
    let operations = json!([
        "{ me { name } }",
        {"query": "query Q($x: Boolean!) { me { id name @include(if: $x) } }", "variables": {"x": true}},
        "{ nothing }",
    ]);
    let mut world = World::store(json!({"plan_cache": {"warm_up": {"operations": operations}}}));
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.readiness(0), Readiness::Ready);
    assert_eq!(world.count(Metric::PlansMade), 2);
    assert_eq!(world.count(Metric::WarmUpDone), 3);
    assert_eq!(world.count(Metric::WarmUpFailed), 1);
    assert!(
        world.log().iter().any(|line| line.contains("2 of 3 operations are planned")),
        "{:?}",
        world.log()
    );
    world.ask("{ me { name } }");
    let id = world.send_body(&body(
        "query Other($y: Boolean!) { me { id name @include(if: $y) } }",
        &json!({"y": true}),
    ));
    world.run();
    assert!(world.json(id).get("errors").is_none());
    assert_eq!(world.count(Metric::PlansMade), 2, "both were planned already");
}

#[test]
fn readiness_waits_for_the_warm_up_no_longer_than_it_may() {
    let operations: Vec<String> = (0..200).map(|i| format!("{{ me {{ a{i}: name }} }}")).collect();
    let settings =
        json!({"plan_cache": {"warm_up": {"operations": operations, "max_time": "0s", "per_tick": 3}}});
    let mut world = World::store(settings);
    world.run_for(Duration::from_millis(1));
    assert_eq!(world.readiness(0), Readiness::Ready);
    world.run_for(Duration::from_millis(2_600));
    let planned = world.count(Metric::PlansMade);
    assert!((27..=36).contains(&planned), "three a tick of 250 ms: {planned}");
}

#[test]
fn the_warm_up_pauses_under_load() {
    let operations: Vec<String> = (0..50).map(|i| format!("{{ me {{ a{i}: name }} }}")).collect();
    let warm_up = json!({"operations": operations, "max_time": "0s", "pause_above": 2});
    let mut world = World::store(json!({"plan_cache": {"warm_up": warm_up}}));
    world.latency("accounts", Duration::from_secs(5));
    for _ in 0..5 {
        world.send("{ me { name } }");
    }
    let before = world.count(Metric::PlansMade);
    world.run_for(Duration::from_secs(4));
    assert_eq!(world.count(Metric::PlansMade), before);
    world.run_for(Duration::from_secs(8));
    assert_eq!(world.count(Metric::PlansMade), 51, "the 50 and what was asked for");
}
