//! Operations as clients send them: which one runs, what variables it takes, what conditions leave of it.

use serde_json::{Value as Json, json};
use weir_gateway::limit::Limit;
use weir_gateway::metric::Metric;
use weir_tests::suite::Suite;
use weir_tests::world::World;

fn send(world: &mut World, body: Json) -> Json {
    let id = world.send_body(&body.to_string());
    world.run();
    world.json(id)
}

fn code(reply: &Json) -> &str {
    reply["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
}

#[test]
fn the_operation_is_chosen_by_name() {
    let mut world = World::store(json!({}));
    let two = "query A { me { id } } query B { me { name } }";
    let mut ask = |query: &str, name: Json| send(&mut world, json!({"query": query, "operationName": name}));
    assert_eq!(ask(two, json!("A")), json!({"data": {"me": {"id": "1"}}}));
    assert_eq!(code(&ask(two, json!("C"))), "OPERATION_RESOLUTION_FAILURE");
    for none in [json!(null), json!("")] {
        assert_eq!(code(&ask(two, none.clone())), "OPERATION_RESOLUTION_FAILURE", "{none}");
        assert_eq!(ask("query A { me { id } }", none.clone())["data"]["me"]["id"], "1", "{none}");
    }
    let refused = ask("{ me { id } } query B { me { name } }", json!("B"));
    assert_eq!(code(&refused), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(refused["errors"][0]["locations"], json!([{"line": 1, "column": 1}]));
    let extended = ask("{ me { id } } type A { b: Int }", json!(null));
    assert_eq!(code(&extended), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(extended["errors"][0]["message"], "The \"A\" definition is not executable.");
}

#[test]
fn an_operation_is_not_bound_by_the_variables_of_another() {
    let mut world = World::store(json!({}));
    let query = "query A($x: ID!) { user(id: $x) { id } } query B($x: Boolean!) { me { ...F } }
                 fragment F on User { name @skip(if: $x) id }";
    let reply = send(&mut world, json!({"query": query, "operationName": "A", "variables": {"x": "2"}}));
    assert_eq!(reply, json!({"data": {"user": {"id": "2"}}}));
    let reply = send(&mut world, json!({"query": query, "operationName": "B", "variables": {"x": true}}));
    assert_eq!(reply, json!({"data": {"me": {"id": "1"}}}));
}

#[test]
fn wrong_variables_are_told_with_their_place() {
    let mut world = World::store(json!({}));
    let query = "query (\n  $id: ID!) { user(id: $id) { name } }";
    let mut ask = |variables: Json| send(&mut world, json!({"query": query, "variables": variables}));
    for variables in [json!({}), json!({"id": null}), json!({"id": 1.5}), json!({"id": ["1"]})] {
        let reply = ask(variables.clone());
        assert_eq!(code(&reply), "BAD_USER_INPUT", "{variables}");
        assert_eq!(reply["errors"][0]["locations"], json!([{"line": 2, "column": 3}]), "{variables}");
        assert!(reply.get("data").is_none());
    }
    for variables in [json!({"id": "2", "more": {}}), json!({"id": 2})] {
        assert_eq!(ask(variables.clone()), json!({"data": {"user": {"name": "Bob"}}}), "{variables}");
    }
}

#[test]
fn variables_travel_as_they_were_written_and_defaults_in_the_document() {
    let mut world = World::store(json!({}));
    let body =
        r#"{"query":"query ($id: ID! = \"2\") { user(id: $id) { name } }","variables":{"id":"\u0031"}}"#;
    let id = world.send_body(body);
    world.run();
    assert!(world.json(id).get("errors").is_none());
    world.ask("query ($id: ID! = \"2\") { user(id: $id) { name } }");
    let calls: Vec<String> =
        world.raw_calls().iter().map(|call| String::from_utf8_lossy(&call.body).into_owned()).collect();
    assert!(calls[0].contains(r#""variables":{"v0":"\u0031"}"#), "{}", calls[0]);
    assert!(calls[1].contains(r#"=\"2\""#) && !calls[1].contains(r#""v0":"#), "{}", calls[1]);
}

#[test]
fn conditions_are_taken_by_literals_variables_and_defaults() {
    let mut world = World::store(json!({}));
    let query = "query ($yes: Boolean!, $no: Boolean = false) {
        me { id @include(if: $yes) @skip(if: $no) name @include(if: $no) score @skip(if: true) }
        ... @skip(if: $yes) { topProducts { upc } }
        ...F @include(if: $no) }
        fragment F on Query { latest { __typename } }";
    let reply = send(&mut world, json!({"query": query, "variables": {"yes": true}}));
    assert_eq!(reply, json!({"data": {"me": {"id": "1"}}}));
    assert_eq!(world.calls().len(), 1, "what conditions leave out is not fetched");
    let both = json!({"query": query, "variables": {"yes": false, "no": true}});
    let reply = send(&mut world, both);
    assert!(reply["data"]["me"].get("id").is_none() && reply["data"]["me"]["name"].is_string(), "{reply}");
    assert!(reply["data"]["topProducts"].is_array() && reply["data"]["latest"].is_array(), "{reply}");
    for wrong in [json!({"yes": "true"}), json!({"yes": true, "no": null}), json!({})] {
        let reply = send(&mut world, json!({"query": query, "variables": wrong}));
        assert_eq!(code(&reply), "BAD_USER_INPUT", "{reply}");
    }
}

#[test]
fn type_names_of_roots_need_no_subgraph() {
    let mut world = World::store(json!({}));
    assert_eq!(
        world.ask("{ __typename t: __typename ...F } fragment F on Query { f: __typename }"),
        json!({"data": {"__typename": "Query", "t": "Query", "f": "Query"}})
    );
    assert_eq!(world.ask("mutation { __typename }"), json!({"data": {"__typename": "Mutation"}}));
    assert!(world.calls().is_empty());
}

#[test]
fn introspection_can_be_switched_off() {
    let mut world = World::store(json!({"introspection": false}));
    for query in [
        "{ __schema { types { name } } }",
        "{ me { id } ...F } fragment F on Query { __type(name: \"A\") { name } }",
    ] {
        let reply = world.ask(query);
        assert_eq!(code(&reply), "INTROSPECTION_DISABLED", "{query}");
        assert!(reply["errors"][0]["locations"][0]["line"].is_number());
    }
    assert_eq!(world.ask("{ __typename me { __typename } }")["data"]["me"]["__typename"], "User");
    let message = world.ask("{ me { nam } }")["errors"][0]["message"].to_string();
    assert!(!message.contains("Did you mean"), "{message}");
}

#[test]
fn limits_may_be_only_warned_of() {
    let settings = json!({"limits": {"max_depth": 1, "max_aliases": 1, "warn_only": ["depth"]}});
    let mut world = World::store(settings);
    for _ in 0..2 {
        assert_eq!(world.ask("{ me { id } }"), json!({"data": {"me": {"id": "1"}}}));
    }
    assert_eq!(world.count(Metric::LimitWarned(Limit::Depth)), 2, "on a hit of the plan cache too");
    assert_eq!(world.count(Metric::LimitHit(Limit::Depth)), 0);
    assert_eq!(code(&world.ask("{ a: me { id } b: me { id } }")), "LIMIT_EXCEEDED");
    assert_eq!(world.count(Metric::LimitHit(Limit::Aliases)), 1);
}

#[test]
fn a_label_moves_its_fields_where_configuration_says() {
    let suite = Suite::named("override-label");
    for (active, port) in [(json!([]), "_4303"), (json!(["notes-move"]), "_4301")] {
        let mut world = World::suite(&suite, json!({"override_labels": active}));
        assert_eq!(
            world.ask("{ parcels { note } }"),
            json!({"data": {"parcels": [{"note": "glass"}, {"note": null}]}})
        );
        let asked: Vec<(String, String)> = world.calls();
        let of_note: Vec<&str> = asked
            .iter()
            .filter(|(_, query)| query.contains("note"))
            .map(|(cluster, _)| cluster.as_str())
            .collect();
        assert!(of_note.iter().all(|cluster| cluster.ends_with(port)), "{active}: {asked:?}");
        assert_eq!(suite.take_violations(), Vec::<String>::new());
    }
}
