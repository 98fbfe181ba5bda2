//! What is right when all goes well.

use serde_json::json;
use weir_tests::world::{Behaviour, World};

fn store() -> World {
    World::store(json!({}))
}

#[test]
fn data_of_several_subgraphs_is_one_answer() {
    let mut world = store();
    let reply = world.ask("{ topProducts { name stock reviews { body author { name } } } }");
    assert_eq!(
        reply,
        json!({"data": {"topProducts": [
            {"name": "Chair", "stock": 3, "reviews": [
                {"body": "good", "author": {"name": "Ann"}}, {"body": null, "author": {"name": "Bob"}}]},
            {"name": "Table", "stock": 0, "reviews": []},
            {"name": "Lamp", "stock": 1, "reviews": [{"body": "bad", "author": {"name": "Ann"}}]},
        ]}})
    );
    assert_eq!(world.calls().len(), 4, "{:#?}", world.calls());
}

#[test]
fn an_entity_that_many_objects_share_is_asked_for_once() {
    let mut world = store();
    world.ask("{ topProducts { reviews { author { name } } } }");
    let calls = world.raw_calls();
    let last: serde_json::Value = serde_json::from_slice(&calls.last().expect("a call").body).expect("JSON");
    assert_eq!(
        last["variables"]["representations"],
        json!([{"__typename": "User", "id": "1"}, {"__typename": "User", "id": "2"}])
    );
}

#[test]
fn fields_stand_in_selection_order_under_their_aliases() {
    let mut world = store();
    let id = world.send("{ b: me { z: name id a: __typename } __typename a: me { score } }");
    world.run();
    let body = String::from_utf8(world.reply(id).expect("a reply").body.to_vec()).expect("UTF-8");
    assert_eq!(
        body,
        r#"{"data":{"b":{"z":"Ann","id":"1","a":"User"},"__typename":"Query","a":{"score":7}}}"#
    );
}

#[test]
fn a_fragment_between_two_selections_of_a_field_keeps_its_place() {
    let mut world = store();
    let id = world.send("{ me { id } ... on Query { me { score } } me { name } }");
    world.run();
    let body = String::from_utf8(world.reply(id).expect("a reply").body.to_vec()).expect("UTF-8");
    assert_eq!(body, r#"{"data":{"me":{"id":"1","score":7,"name":"Ann"}}}"#);
}

#[test]
fn requires_are_fetched_and_handed_on() {
    let mut world = store();
    let reply = world.ask("{ topProducts { shipping } }");
    assert_eq!(
        reply,
        json!({"data": {"topProducts": [{"shipping": 5}, {"shipping": 9}, {"shipping": null}]}})
    );
}

#[test]
fn a_union_shows_each_member_its_own_fields() {
    let mut world = store();
    let reply = world.ask("{ latest { __typename ... on Review { body } ... on Product { name upc } } }");
    assert_eq!(
        reply,
        json!({"data": {"latest": [
            {"__typename": "Review", "body": "good"},
            {"__typename": "Product", "name": "Table", "upc": "p2"},
            {"__typename": "Review", "body": null},
        ]}})
    );
}

#[test]
fn a_fetch_waits_for_its_own_inputs_only() {
    let mut world = store();
    world.latency("reviews", std::time::Duration::from_millis(500));
    let start = world.now();
    let id = world.send("{ topProducts { stock reviews { id } } }");
    // Products and inventory need 20 ms; only the reviews are slow.
    world.run_for(std::time::Duration::from_millis(25));
    assert_eq!(world.calls().len(), 3);
    world.run();
    assert_eq!(world.answered_after(id, start).as_millis(), 510);
}

#[test]
fn mutations_run_in_series() {
    let mut world = store();
    let start = world.now();
    let id = world
        .send("mutation { a: rename(name: \"x\") { name reviews { id } } b: review(upc: \"p1\") { body } }");
    world.run();
    assert_eq!(
        world.json(id),
        json!({"data": {"a": {"name": "Ann", "reviews": [{"id": "r1"}, {"id": "r2"}]}, "b": {"body": "good"}}})
    );
    let clusters: Vec<String> = world.calls().into_iter().map(|(_, query)| query).collect();
    assert!(clusters[0].starts_with("mutation"), "{clusters:#?}");
    assert!(world.answered_after(id, start).as_millis() >= 20, "the second mutation waits for the first");
    assert_eq!(clusters.iter().filter(|query| query.starts_with("mutation")).count(), 2);
}

#[test]
fn skipped_fields_cause_no_calls() {
    let mut world = store();
    let query = "query($with: Boolean!) { topProducts { name stock @include(if: $with) } }";
    let ask = |world: &mut World, with: bool| {
        let id = world.send_body(&json!({"query": query, "variables": {"with": with}}).to_string());
        world.run();
        world.json(id)
    };
    let without = ask(&mut world, false);
    assert_eq!(without["data"]["topProducts"][0], json!({"name": "Chair"}));
    assert_eq!(world.calls().len(), 1);
    let with = ask(&mut world, true);
    assert_eq!(with["data"]["topProducts"][0], json!({"name": "Chair", "stock": 3}));
    assert_eq!(world.calls().len(), 3);
}

#[test]
fn an_operation_is_planned_once() {
    use weir_gateway::metric::{Layer, Metric};
    let mut world = store();
    for _ in 0..5 {
        world.ask("{ me { name } }");
    }
    assert_eq!(world.count(Metric::PlansMade), 1);
    assert_eq!(world.count(Metric::PlanCacheHits(Layer::L1)), 4);
    assert_eq!(world.count(Metric::RequestsActive), 0);
}

#[test]
fn leaves_pass_through_byte_for_byte() {
    let mut world = store();
    let body = r#"{"data":{"me":{"name":"\u00e9 \"x\" 漢","score":1.0}}}"#;
    world.set("accounts", Behaviour::Raw(200, body.to_owned()));
    let id = world.send("{ me { name score } }");
    world.run();
    assert_eq!(String::from_utf8_lossy(&world.reply(id).expect("a reply").body), body);
}

#[test]
fn variables_travel_to_the_subgraph_that_uses_them() {
    let mut world = store();
    let query = "query Q($id: ID! = \"7\", $other: Boolean = true) { user(id: $id) { name } me @include(if: $other) { id } }";
    let id = world.send_body(&json!({"query": query, "variables": {"id": "\u{e9}2"}}).to_string());
    world.run();
    assert_eq!(world.json(id)["data"]["user"]["name"], "Bob");
    let call: serde_json::Value = serde_json::from_slice(&world.raw_calls()[0].body).expect("JSON");
    assert_eq!(call["variables"], json!({"v0": "é2"}));
}
