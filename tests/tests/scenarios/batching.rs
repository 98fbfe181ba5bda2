//! Lists of operations in one request.

use std::time::Duration;

use serde_json::{Value as Json, json};
use weir_gateway::limit::Limit;
use weir_gateway::metric::Metric;
use weir_gateway::{RequestId, event::HttpRequest};
use weir_tests::world::{Behaviour, World};

fn world(settings: Json) -> World {
    let mut all = json!({"batching": {"enabled": true, "max_operations": 4}});
    if let (Json::Object(all), Json::Object(settings)) = (&mut all, settings) {
        all.extend(settings);
    }
    World::store(all)
}

fn status(world: &World, id: RequestId) -> u16 {
    world.reply(id).expect("a reply").status
}

fn ask(world: &mut World, list: &Json) -> (u16, Json) {
    let id = world.send_body(&list.to_string());
    world.run();
    (status(world, id), world.json(id))
}

#[test]
fn operations_are_executed_at_once_and_answered_in_order() {
    let mut world = world(json!({}));
    world.latency("accounts", Duration::from_millis(80));
    let start = world.now();
    let list = json!([
        {"query": "{ me { name } }"},
        {"query": "query($id: ID!) { user(id: $id) { name } }", "variables": {"id": "2"}},
        {"query": "{ topProducts { name } }", "extensions": {}},
    ]);
    let id = world.send_body(&list.to_string());
    world.run();
    assert_eq!(world.answered_after(id, start), Duration::from_millis(80));
    assert_eq!(
        world.json(id),
        json!([
            {"data": {"me": {"name": "Ann"}}},
            {"data": {"user": {"name": "Bob"}}},
            {"data": {"topProducts": [{"name": "Chair"}, {"name": "Table"}, {"name": "Lamp"}]}},
        ])
    );
    assert_eq!(status(&world, id), 200);
    assert_eq!(world.count(Metric::Requests), 1);
    assert_eq!(world.count(Metric::BatchedOperations), 3);
    assert_eq!(world.count(Metric::PlansMade), 3);
    assert_eq!(world.count(Metric::RequestErrors), 0);
    assert_eq!(world.count(Metric::RequestsActive), 0);
    assert!(!world.waits());
}

#[test]
fn each_operation_has_its_own_errors() {
    let mut world = world(json!({}));
    world.set("products", Behaviour::Refuse);
    let list = json!([
        {"query": "{ me { name } }"},
        {"query": "{ nope }"},
        {"qeury": "{ me { name } }"},
        {"query": "{ topProducts { name } }"},
    ]);
    let (status, json) = ask(&mut world, &list);
    assert_eq!(status, 200);
    assert_eq!(json[0], json!({"data": {"me": {"name": "Ann"}}}));
    let code = |index: usize| json[index]["errors"][0]["extensions"]["code"].clone();
    assert_eq!(code(1), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(code(2), "BAD_REQUEST");
    assert_eq!(code(3), "SUBGRAPH_REFUSED");
    assert_eq!(json[3]["data"]["topProducts"], Json::Null);
    assert_eq!(json.as_array().map(Vec::len), Some(4));
    assert_eq!(world.count(Metric::RequestErrors), 1);
    // None of them executed: there is still one answer for each.
    let (status, json) = ask(&mut world, &json!([{"query": "{"}, {"query": 1}]));
    assert_eq!((status, json.as_array().map(Vec::len)), (200, Some(2)));
    assert_eq!(world.count(Metric::RequestsActive), 0);
    assert!(!world.waits());
}

#[test]
fn what_is_no_list_of_operations_is_refused_as_a_whole() {
    for (body, status_wanted, code) in [
        ("[]", 400, "BAD_REQUEST"),
        ("[1]", 400, "BAD_REQUEST"),
        ("[{\"query\":\"{me{id}}\"}", 400, "BAD_REQUEST"),
        ("[{\"query\":\"{me{id}}\"}] x", 400, "BAD_REQUEST"),
        ("[{\"query\":\"{me{id}}\"},[]]", 400, "BAD_REQUEST"),
        ("[{},{},{},{},{}]", 400, "LIMIT_EXCEEDED"),
    ] {
        let mut world = world(json!({}));
        let id = world.send_body(body);
        let json = world.json(id);
        assert_eq!(json["errors"][0]["extensions"]["code"], code, "{body}: {json}");
        assert_eq!(status(&world, id), status_wanted, "{body}");
        assert_eq!(
            world.count(Metric::LimitHit(Limit::BatchOperations)),
            i64::from(code == "LIMIT_EXCEEDED")
        );
        assert!(world.calls().is_empty());
    }
}

#[test]
fn a_list_counts_for_as_many_requests_as_it_holds() {
    let mut world = world(json!({"limits": {"max_active_requests": 3}}));
    let first = world.send_body(r#"[{"query":"{me{id}}"},{"query":"{me{id}}"}]"#);
    let second = world.send_body(r#"[{"query":"{me{id}}"},{"query":"{me{id}}"}]"#);
    assert_eq!(status(&world, second), 503);
    let third = world.send("{ me { id } }");
    world.run();
    assert_eq!((status(&world, first), status(&world, third)), (200, 200));
    let fourth = world.send_body(r#"[{"query":"{me{id}}"},{"query":"{me{id}}"},{"query":"{me{id}}"}]"#);
    world.run();
    assert_eq!(status(&world, fourth), 200, "what has ended counts no more");
}

#[test]
fn the_deadline_leaves_the_answers_that_are_there() {
    let mut world = world(json!({"request_timeout": "2s"}));
    world.set("products", Behaviour::Hang);
    let (status, json) =
        ask(&mut world, &json!([{"query": "{ topProducts { name } }"}, {"query": "{ me { name } }"}]));
    assert_eq!(status, 200);
    assert_eq!(json[0]["errors"][0]["extensions"]["code"], "DEADLINE_EXCEEDED");
    assert_eq!(json[0].get("data"), None);
    assert_eq!(json[1], json!({"data": {"me": {"name": "Ann"}}}));
    assert_eq!(world.count(Metric::DeadlinesExceeded), 1);
    assert_eq!(world.count(Metric::RequestsActive), 0);
}

#[test]
fn a_client_that_leaves_takes_all_its_operations_along() {
    let mut world = world(json!({}));
    let gone = world.send_body(r#"[{"query":"{me{name}}"},{"query":"{topProducts{stock}}"}]"#);
    world.leave(gone);
    world.run();
    assert!(world.reply(gone).is_none());
    assert_eq!(world.count(Metric::ClientsGone), 1);
    assert_eq!(world.count(Metric::RequestsActive), 0);
    assert_eq!(world.calls().len(), 2, "the stock is not looked up for nobody");
    assert!(!world.waits());
}

#[test]
fn the_answers_of_all_operations_together_are_bounded() {
    let mut world = world(json!({"limits": {"max_response_bytes": 2000}}));
    let large = json!({"data": {"me": {"name": "n".repeat(1500)}}}).to_string();
    world.set("accounts", Behaviour::Raw(200, large));
    let (_, json) = ask(&mut world, &json!([{"query": "{ me { name } }"}, {"query": "{ me { name } }"}]));
    assert!(json[0].get("errors").is_none());
    assert_eq!(json[1]["errors"][0]["extensions"]["code"], "RESPONSE_TOO_LARGE");
}

#[test]
fn the_media_type_is_negotiated_and_headers_pass_as_for_one() {
    let mut world = world(
        json!({"headers": {"request": [{"forward": "x-user"}], "response": [{"forward": "x-cost", "merge": "append"}]}}),
    );
    world.answer_with("accounts", &[("x-cost", "1")]);
    let id = world.send_request(HttpRequest {
        method: "POST".into(),
        path: "/graphql".into(),
        headers: vec![
            ("content-type".into(), b"application/json".to_vec()),
            ("accept".into(), b"application/graphql-response+json".to_vec()),
            ("x-user".into(), b"7".to_vec()),
        ],
        body: br#"[{"query":"{me{name}}"},{"query":"{me{id}}"},{"query":"{nope}"}]"#.to_vec(),
    });
    world.run();
    let reply = world.reply(id).expect("a reply");
    let value = |name: &str| -> Vec<&[u8]> {
        reply.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| &**value).collect()
    };
    assert_eq!(reply.status, 200, "statuses of single operations are dropped");
    assert_eq!(value("content-type"), [b"application/graphql-response+json; charset=utf-8"]);
    assert_eq!(value("x-cost"), [b"1", b"1"]);
    for call in world.raw_calls() {
        assert!(call.headers.iter().any(|(name, value)| name == "x-user" && **value == *b"7"));
    }
}
