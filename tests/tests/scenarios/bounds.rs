//! Every request gets exactly one reply, in time; everything that grows is bounded.

use std::time::Duration;

use serde_json::json;
use weir_gateway::limit::Limit;
use weir_gateway::metric::{Layer, Metric};
use weir_tests::world::{Behaviour, World};

#[test]
fn the_deadline_answers_a_request_whose_subgraph_hangs() {
    let settings = json!({"request_timeout": "2s", "subgraph_defaults": {"timeout": "30s"}});
    let mut world = World::store(settings);
    world.latency("accounts", Duration::from_secs(60));
    let start = world.now();
    let id = world.send("{ me { name } }");
    world.stall(Duration::from_secs(2));
    world.run();
    assert_eq!(world.answered_after(id, start), Duration::from_secs(2));
    assert_eq!(world.json(id)["errors"][0]["extensions"]["code"], "DEADLINE_EXCEEDED");
    // The call's own time-out never outlasts the request.
    assert_eq!(world.raw_calls()[0].timeout, Duration::from_secs(2));
    assert_eq!(world.count(Metric::RequestsActive), 0);
    assert!(!world.waits(), "nothing waits any more");
}

#[test]
fn a_call_that_times_out_at_the_deadline_is_not_called_the_subgraphs_fault() {
    let mut world = World::store(json!({"request_timeout": "2s", "subgraph_defaults": {"timeout": "30s"}}));
    world.set("accounts", Behaviour::Hang);
    let id = world.send("{ me { name } }");
    // The call's time-out comes first.
    world.run();
    assert_eq!(world.reply(id).expect("a reply").status, 504);
    assert_eq!(world.json(id)["errors"][0]["extensions"]["code"], "DEADLINE_EXCEEDED");
    assert_eq!(world.count(Metric::DeadlinesExceeded), 1);
}

#[test]
fn six_hundred_waiting_requests_are_answered_in_turns() {
    let mut world = World::store(json!({"request_timeout": "2s"}));
    world.set("accounts", Behaviour::Hang);
    let ids: Vec<_> = (0..600).map(|_| world.send("{ me { name } }")).collect();
    world.stall(Duration::from_secs(2));
    world.run();
    for id in ids {
        assert_eq!(world.reply(id).expect("a reply").status, 504);
        assert_eq!(world.json(id)["errors"][0]["extensions"]["code"], "DEADLINE_EXCEEDED");
    }
    assert_eq!(world.largest_turn(), weir_gateway::MAX_REPLIES_PER_TURN);
    assert_eq!(world.count(Metric::RepliesDeferred), 11);
    assert_eq!(world.count(Metric::DeadlinesExceeded), 600);
    assert_eq!(world.count(Metric::RequestsActive), 0);
}

#[test]
fn a_client_that_leaves_takes_nobody_with_it() {
    let mut world = World::store(json!({}));
    let gone = world.send("{ topProducts { stock } }");
    let stays = world.send("{ topProducts { stock } }");
    world.run_for(Duration::from_millis(5));
    world.leave(gone);
    world.run();
    assert!(world.reply(gone).is_none());
    assert_eq!(world.json(stays)["data"]["topProducts"][0]["stock"], 3);
    assert_eq!(world.count(Metric::ClientsGone), 1);
    assert_eq!(world.count(Metric::RequestsActive), 0);
    assert_eq!(world.calls().len(), 3, "the gone client's second fetch is not made");
}

#[test]
fn more_requests_than_allowed_are_refused() {
    let mut world = World::store(json!({"limits": {"max_active_requests": 2}}));
    let first = world.send("{ me { name } }");
    let second = world.send("{ me { name } }");
    let third = world.send("{ me { name } }");
    assert_eq!(world.reply(third).expect("refused at once").status, 503);
    assert_eq!(world.json(third)["errors"][0]["extensions"]["code"], "OVERLOADED");
    world.run();
    assert!(world.json(first).get("errors").is_none() && world.json(second).get("errors").is_none());
    assert_eq!(world.count(Metric::LimitHit(Limit::ActiveRequests)), 1);
    assert!(world.ask("{ me { name } }").get("errors").is_none());
}

#[test]
fn answers_that_are_too_large_together_fail_their_fetch() {
    let mut world = World::store(json!({"limits": {"max_response_bytes": 1024}}));
    world.set(
        "accounts",
        Behaviour::Raw(200, format!("{{\"data\":{{\"me\":{{\"name\":\"{}\"}}}}}}", "x".repeat(2000))),
    );
    let reply = world.ask("{ me { name } }");
    assert_eq!(reply["errors"][0]["extensions"]["code"], "RESPONSE_TOO_LARGE");
    assert_eq!(world.count(Metric::LimitHit(Limit::ResponseBytes)), 1);
    assert_eq!(reply["data"], json!({"me": null}));
}

#[test]
fn operations_over_the_limits_are_refused() {
    let mut world = World::store(json!({"limits": {"max_depth": 4, "max_tokens": 100}}));
    let deep = "{ me { reviews { product { reviews { id } } } } }";
    assert_eq!(world.ask(deep)["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
    let long = format!("{{ {} }}", "me { id } ".repeat(100));
    assert_eq!(world.ask(&long)["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
    assert_eq!(world.count(Metric::LimitHit(Limit::Depth)), 1);
    assert_eq!(world.count(Metric::LimitHit(Limit::Tokens)), 1);
    assert!(world.calls().is_empty());
}

#[test]
fn late_answers_find_nobody() {
    let mut world = World::store(json!({}));
    world.latency("accounts", Duration::from_secs(1));
    let id = world.send("{ me { name } }");
    world.leave(id);
    world.run();
    assert!(world.reply(id).is_none());
    assert!(world.ask("{ topProducts { name } }").get("errors").is_none());
}

#[test]
fn an_answer_that_grows_by_shared_entities_is_bounded() {
    let mut world = World::store(json!({"limits": {"max_response_bytes": 20_000}}));
    // A hundred reviews by one author, whose name is long: sent once, shown a hundred times.
    world.set(
        "reviews",
        Behaviour::Changed(|mut response| {
            if let Some(entities) = response["data"]["_entities"].as_array_mut() {
                entities[0]["reviews"] =
                    json!(vec![json!({"author": {"__typename": "User", "id": "1"}}); 100]);
            }
            response
        }),
    );
    let user = json!({"data": {"_entities": [{"name": "x".repeat(500)}]}});
    world.set("accounts", Behaviour::Raw(200, user.to_string()));
    let reply = world.ask("{ topProducts { reviews { author { name } } } }");
    assert_eq!(reply["data"], serde_json::Value::Null);
    assert_eq!(reply["errors"][0]["extensions"]["code"], "RESPONSE_TOO_LARGE", "{reply}");
    assert_eq!(world.count(Metric::LimitHit(Limit::ResponseBytes)), 1);
}

#[test]
fn many_fields_of_one_name_are_one() {
    let mut world = World::store(json!({}));
    let reply = world.ask(&format!("{{ me {{ {} }} }}", "id ".repeat(9_000)));
    assert_eq!(reply, json!({"data": {"me": {"id": "1"}}}));
}

#[test]
fn introspection_that_multiplies_is_refused() {
    let mut world = World::store(json!({}));
    let mut query = "name".to_owned();
    for _ in 0..20 {
        query = format!("fields {{ type {{ ofType {{ {query} }} {query} }} }}");
        if query.len() > 20_000 {
            break;
        }
    }
    let reply = world.ask(&format!("{{ __schema {{ types {{ {query} }} }} }}"));
    assert_eq!(reply["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{reply}");
    assert_eq!(world.count(Metric::LimitHit(Limit::IntrospectionDepth)), 1);
    // By aliases instead of depth.
    let all = "fragment T on __Type { name description fields { name type { name ofType { name } } } }";
    let aliases: String = (0..190).map(|i| format!("a{i}: types {{ ...T }} ")).collect();
    let reply = world.ask(&format!("{{ __schema {{ {aliases} }} }} {all}"));
    assert_eq!(reply["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{reply}");
    assert_eq!(world.count(Metric::LimitHit(Limit::Complexity)), 1);
}

#[test]
fn plans_are_kept_by_size_not_by_number_alone() {
    let mut world = World::store(json!({"limits": {"max_aliases": 50_000, "max_height": 50_000}}));
    let names: String = (0..300).map(|i| format!("t{i}: __typename ")).collect();
    let aliases: String = (0..90).map(|i| format!("a{i}: me {{ ...T }} ")).collect();
    let query = format!("query {{ {aliases} }} fragment T on User {{ {names} }}");
    assert!(query.len() < 16 * 1024);
    world.ask(&query);
    assert_eq!(world.ask(&query)["data"]["a89"]["t299"], "User");
    assert_eq!(world.count(Metric::PlanCacheHits(Layer::L1)), 0, "a plan of megabytes is not kept");
}
