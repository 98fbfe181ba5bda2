//! What operators see of the plan cache, what they are told, and what they change while it runs.

use std::time::Duration;

use serde_json::{Value, json};
use weir_gateway::TICK;
use weir_gateway::metric::{Alert, Eviction, Layer, Metric};
use weir_tests::world::World;

fn state(world: &mut World, worker: usize) -> Value {
    let reply = world.administer(worker, "GET", "/weir/plan-cache", "");
    assert_eq!(reply.status, 200);
    serde_json::from_slice(&reply.body).expect("JSON")
}

fn apply(world: &mut World, worker: usize, body: &Value) -> (u16, Value) {
    let reply = world.administer(worker, "POST", "/weir/plan-cache/apply", &body.to_string());
    (reply.status, serde_json::from_slice(&reply.body).expect("JSON"))
}

/// Asks `count` distinct operations in turn, `rounds` times.
fn ask_in_turn(world: &mut World, count: usize, rounds: usize) {
    for _ in 0..rounds {
        for alias in 0..count {
            world.ask(&format!("{{ me {{ a{alias}: name }} }}"));
        }
    }
}

#[test]
fn the_page_tells_what_happened_and_is_html_too() {
    let mut world = World::store(json!({}));
    ask_in_turn(&mut world, 3, 2);
    let state = state(&mut world, 0);
    assert_eq!(state["counters"]["weir.plan_cache.l1.hits"], 3);
    assert_eq!(state["counters"]["weir.plans_made"], 3);
    assert_eq!(state["layers_seen_by_this_worker"]["l1"]["entries"], 3);
    assert_eq!(state["window_of_this_worker"]["lookups"], 6);
    let page = world.administer(0, "GET", "/weir", "");
    let text = String::from_utf8_lossy(&page.body).into_owned();
    assert!(text.starts_with("<!DOCTYPE html>") && text.contains("weir.plans_made"), "{text}");
    assert_eq!(world.administer(0, "GET", "/weir/nothing", "").status, 404);
    assert_eq!(world.administer(0, "POST", "/weir", "").status, 405);
}

#[test]
fn too_small_a_cache_is_recommended_larger_and_enlarged_in_all_workers() {
    let settings = json!({"plan_cache": {
        "max_size": 40, "admission": false, "eviction_strategy": "lru",
        "layers": {"l2": {"enabled": false}}, "alerts": {"interval": "10s"},
    }});
    let mut world = World::store(settings);
    let other = world.add_worker();
    // In turn: a cache that holds fewer than all of them has none when it is asked for again.
    ask_in_turn(&mut world, 60, 20);
    let seen = state(&mut world, 0);
    let found = seen["recommendations"].as_array().expect("a list");
    let larger = found
        .iter()
        .find(|found| found["type"] == "plan_cache_too_small")
        .unwrap_or_else(|| panic!("{seen:#}"));
    assert!(larger["expected_improvement"].as_f64().expect("a number") > 80.0, "{larger}");
    for field in ["description", "effort", "explanation", "of"] {
        assert!(larger[field].as_str().is_some_and(|text| !text.is_empty()), "{larger}");
    }
    assert_eq!(seen["diagnosis"][0]["type"], "plan_cache_too_small");
    let (status, applied) = apply(&mut world, 0, &json!({"recommendation": "plan_cache_too_small"}));
    assert_eq!(status, 200, "{applied}");
    world.run_for(TICK * 2);
    assert_eq!(world.count(Metric::SettingsApplied), 2);
    let size = applied["applied"]["plan_cache.layers.l1.max_size"].clone();
    for worker in [0, other] {
        assert_eq!(state(&mut world, worker)["layers_seen_by_this_worker"]["l1"]["max_size"], size);
    }
    ask_in_turn(&mut world, 60, 1);
    let before = world.count(Metric::PlansMade);
    ask_in_turn(&mut world, 60, 5);
    assert_eq!(world.count(Metric::PlansMade), before, "now all are kept");
}

#[test]
fn changes_are_checked_taken_back_and_kept_by_workers_that_start_anew() {
    let mut world = World::store(json!({}));
    for (change, part) in [
        (json!({"changes": {"plan_cache.max_sise": 5}}), "did you mean `plan_cache.max_size`"),
        (json!({"changes": {"plan_cache.max_size": 0}}), "from 1 to"),
        (json!({"changes": {"limits.max_depth": 5}}), "can't be changed at run time"),
        (json!({"changes": 5}), "nothing to change"),
    ] {
        let (status, answer) = apply(&mut world, 0, &change);
        assert_eq!(status, 400);
        assert!(answer.to_string().contains(part), "{answer}");
    }
    let (status, _) = apply(&mut world, 0, &json!({"recommendation": "plan_cache_too_small"}));
    assert_eq!(status, 409);
    let max_size =
        |world: &mut World| state(world, 0)["layers_seen_by_this_worker"]["l1"]["max_size"].clone();
    apply(&mut world, 0, &json!({"changes": {"plan_cache.max_size": 7}}));
    world.run_for(TICK * 2);
    assert_eq!(max_size(&mut world), 7);
    ask_in_turn(&mut world, 20, 1);
    assert!(world.count(Metric::PlanCacheEntries(Layer::L1)) <= 7);
    world.kill_worker(0);
    world.run_for(TICK * 2);
    assert_eq!(max_size(&mut world), 7);
    apply(&mut world, 0, &json!({"changes": {"plan_cache.max_size": null}}));
    world.run_for(TICK * 2);
    assert_eq!(max_size(&mut world), 10_000);
}

#[test]
fn a_low_hit_rate_is_told_once_and_cleared() {
    let settings = json!({"plan_cache": {"alerts": {"interval": "5s", "min_lookups": 20}}});
    let mut world = World::store(settings);
    world.run_for(Duration::from_secs(11));
    ask_in_turn(&mut world, 100, 1);
    world.run_for(Duration::from_secs(6));
    assert_eq!(world.count(Metric::AlertActive(Alert::PlanCacheHitRate)), 1, "{:#?}", world.log());
    assert_eq!(world.count(Metric::PlanCacheMissRate), 100);
    assert!(world.log().iter().any(|line| line.contains("alert plan_cache_hit_rate raised")));
    ask_in_turn(&mut world, 100, 2);
    world.run_for(Duration::from_secs(6));
    assert_eq!(world.count(Metric::AlertActive(Alert::PlanCacheHitRate)), 0);
    assert_eq!(world.count(Metric::PlanCacheHitRate), 100);
    assert_eq!(world.count(Metric::AlertsRaised(Alert::PlanCacheHitRate)), 1);
}

#[test]
fn a_cache_that_fills_up_is_told() {
    let settings = json!({"plan_cache": {"max_size": 20, "warning_threshold": 80, "alerts": {"interval": "5s"},
        "layers": {"l2": {"enabled": false}}}});
    let mut world = World::store(settings);
    world.run_for(Duration::from_secs(6));
    ask_in_turn(&mut world, 18, 1);
    world.run_for(Duration::from_secs(6));
    assert_eq!(world.count(Metric::AlertActive(Alert::PlanCacheCapacity)), 1, "{:#?}", world.log());
    assert!(world.log().iter().any(|line| line.contains("alert plan_cache_capacity raised")));
}

#[test]
fn two_operators_who_change_at_once_both_get_what_they_were_told() {
    let mut world = World::store(json!({}));
    let other = world.add_worker();
    assert_eq!(apply(&mut world, 0, &json!({"changes": {"plan_cache.max_size": 70}})).0, 200);
    let (status, applied) = apply(&mut world, other, &json!({"changes": {"plan_cache.ttl": "1m"}}));
    assert_eq!(status, 200);
    assert_eq!(applied["applied"], json!({"plan_cache.max_size": 70, "plan_cache.ttl": "1m"}));
    world.run_for(TICK * 2);
    for worker in [0, other] {
        let layer = state(&mut world, worker)["layers_seen_by_this_worker"]["l1"].clone();
        assert_eq!((&layer["max_size"], &layer["ttl_ms"]), (&json!(70), &json!(60_000)));
    }
}

#[test]
fn gauges_follow_what_expires_and_a_worker_that_ends_takes_its_share_away() {
    let settings = json!({"plan_cache": {"ttl": "2s", "layers": {"l2": {"enabled": false}}}});
    let mut world = World::store(settings);
    let other = world.add_worker();
    ask_in_turn(&mut world, 10, 1);
    assert_eq!(world.count(Metric::PlanCacheEntries(Layer::L1)), 10);
    world.run_for(Duration::from_secs(4));
    assert_eq!(world.count(Metric::PlanCacheEntries(Layer::L1)), 0);
    assert_eq!(world.count(Metric::PlanCacheEvictions(Layer::L1, Eviction::Ttl)), 10);
    let id = world.send_to(other, "{ me { name } }");
    world.run();
    assert!(world.reply(id).is_some());
    ask_in_turn(&mut world, 3, 1);
    assert_eq!(world.count(Metric::PlanCacheEntries(Layer::L1)), 4);
    world.retire(0);
    assert_eq!(world.count(Metric::PlanCacheEntries(Layer::L1)), 1);
}
