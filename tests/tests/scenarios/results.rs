//! What of the subgraphs' answers reaches the client, and in whose terms. What null propagation makes of broken
//! answers is tested in `tests/suites/broken-promises`, against one service.

use serde_json::{Value as Json, json};
use weir_tests::suite::Suite;
use weir_tests::world::{Behaviour, World};

fn paths(reply: &Json) -> Vec<Json> {
    reply["errors"].as_array().into_iter().flatten().map(|error| error["path"].clone()).collect()
}

#[test]
fn values_of_custom_scalars_pass_byte_for_byte() {
    let suite = Suite::named("scalars");
    let mut world = World::suite(&suite, json!({}));
    for value in [
        "123456789012345678901234567890",
        "-0.10000000000000000000000000001",
        "1.50E+0400",
        "-0",
        r#"{"b":1,"a":[1.0,{"__typename":null}],"b":2}"#,
        r#""\u00e9\ud83d\ude42\/é🙂\u0000""#,
        "[[],{},true]",
        "false",
        "null",
    ] {
        let body = format!(r#"{{"data":{{"docs":[{{"body":{value}}}]}}}}"#);
        world.set("base", Behaviour::Raw(200, body.clone()));
        let id = world.send("{ docs { body } }");
        world.run();
        assert_eq!(String::from_utf8_lossy(&world.reply(id).expect("a reply").body), body);
    }
}

#[test]
fn keys_and_required_values_reach_other_subgraphs_byte_for_byte() {
    let suite = Suite::named("scalars");
    let mut world = World::suite(&suite, json!({}));
    let doc = r#"{"__typename":"Doc","id":"\u0022\ud83d\ude42","body":{"n":1.50E+040,"m":[0.10]},"text":"\u0001\u2028"}"#;
    world.set("base", Behaviour::Raw(200, format!(r#"{{"data":{{"docs":[{doc}]}}}}"#)));
    world.set("more", Behaviour::Raw(200, r#"{"data":{"_entities":[{"sum":"s"}]}}"#.to_owned()));
    assert_eq!(world.ask("{ docs { sum } }"), json!({"data": {"docs": [{"sum": "s"}]}}));
    let call = String::from_utf8(world.raw_calls()[1].body.to_vec()).expect("UTF-8");
    for part in
        [r#""id":"\u0022\ud83d\ude42""#, r#""body":{"n":1.50E+040,"m":[0.10]}"#, r#""text":"\u0001\u2028""#]
    {
        assert!(call.contains(part), "{part} is not in {call}");
    }
}

#[test]
fn an_error_stands_at_the_clients_key_whatever_the_plan_calls_it() {
    let suite = Suite::named("field-errors");
    let mut world = World::suite(&suite, json!({}));
    world.set(
        "archive",
        Behaviour::Changed(|mut response| {
            let entity = response["data"]["_entities"][0].as_object().expect("an entity").clone();
            let errors = entity.keys().map(|key| json!({"message": "no", "path": ["_entities", 0, key]}));
            response["errors"] = errors.collect();
            response["data"]["_entities"][0] = entity.keys().map(|key| (key.clone(), Json::Null)).collect();
            response
        }),
    );
    let reply = world.ask("{ letters { id: shelf subject: stamp { id: price } } first { torn } }");
    assert_eq!(paths(&reply), [json!(["letters", 0, "id"]), json!(["letters", 0, "subject"])], "{reply}");
    assert_eq!(reply["data"]["letters"][0], json!({"id": null, "subject": null}));
    suite.take_violations();
}

#[test]
fn an_error_of_what_the_client_did_not_select_stands_where_its_selections_end() {
    // `shipping` requires the price, which fails.
    let suite = Suite::named("federation-1");
    let mut world = World::suite(&suite, json!({}));
    world.set(
        "products",
        Behaviour::Changed(|mut response| {
            response["data"]["best"][1]["price"] = Json::Null;
            response["errors"] = json!([{"message": "no price", "path": ["best", 1, "price"]}]);
            response
        }),
    );
    let reply = world.ask("{ best: top(first: 2) { shipping } }");
    assert_eq!(paths(&reply), [json!(["best", 1])], "{reply}");
}

#[test]
fn a_type_that_the_schema_does_not_know_is_an_error_at_its_place() {
    let suite = Suite::named("union-members");
    let mut world = World::suite(&suite, json!({}));
    world.set(
        "news",
        Behaviour::Changed(|mut response| {
            response["data"]["feed"][0]["__typename"] = json!("Hologram");
            response
        }),
    );
    let reply = world.ask("{ feed { ... on Photo { width } ... on Article { title } } }");
    assert_eq!(reply["data"], Json::Null, "[Entry!]! leaves nothing: {reply}");
    assert_eq!(paths(&reply), [json!(["feed", 0])], "{reply}");
}
