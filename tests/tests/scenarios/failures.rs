//! A subgraph that fails takes its own data with it and nothing else, and the error says whose fault it is.

use serde_json::{Value as Json, json};
use weir_gateway::event::CallFailure;
use weir_gateway::metric::Metric;
use weir_tests::world::{Behaviour, World};

const QUERY: &str = "{ me { name } topProducts { name reviews { body } } }";

/// Asks [`QUERY`] while the reviews behave like this; returns the one error.
fn reviews(behaviour: Behaviour) -> Json {
    let mut world = World::store(json!({}));
    world.set("reviews", behaviour);
    let id = world.send(QUERY);
    world.run();
    assert_eq!(world.reply(id).expect("a reply").status, 200);
    let reply = world.json(id);
    assert_eq!(reply["data"]["me"]["name"], "Ann", "the other subgraphs' data is kept: {reply}");
    let names: Vec<&str> = reply["data"]["topProducts"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|p| p["name"].as_str())
        .collect();
    assert_eq!(names, ["Chair", "Table", "Lamp"], "{reply}");
    assert!(reply["data"]["topProducts"][0]["reviews"].is_null());
    let errors = reply["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 1, "{reply}");
    assert_eq!(errors[0]["extensions"]["service"], "reviews");
    assert_eq!(errors[0]["path"], json!(["topProducts"]), "{reply}");
    // And the gateway is as good as new.
    world.set("reviews", Behaviour::Answer);
    assert!(world.ask(QUERY).get("errors").is_none());
    errors[0].clone()
}

fn code(error: &Json) -> &str {
    error["extensions"]["code"].as_str().expect("a code")
}

#[test]
fn unreachable_refused_or_slow() {
    assert_eq!(code(&reviews(Behaviour::Fail(CallFailure::Unreachable))), "SUBGRAPH_UNREACHABLE");
    assert_eq!(code(&reviews(Behaviour::Fail(CallFailure::Interrupted))), "SUBGRAPH_UNREACHABLE");
    assert_eq!(code(&reviews(Behaviour::Refuse)), "SUBGRAPH_REFUSED");
    assert_eq!(code(&reviews(Behaviour::Hang)), "SUBGRAPH_TIMED_OUT");
}

#[test]
fn http_errors_without_a_graphql_body() {
    let error = reviews(Behaviour::Raw(500, "<html>oops</html>".into()));
    assert_eq!(code(&error), "SUBGRAPH_HTTP_ERROR");
    assert_eq!(error["extensions"]["http"]["status"], 500);
    assert_eq!(code(&reviews(Behaviour::Raw(404, String::new()))), "SUBGRAPH_HTTP_ERROR");
}

#[test]
fn bodies_that_are_no_graphql_response() {
    for body in [
        "",
        "not JSON",
        "[1,2]",
        "{}",
        "{\"data\":3}",
        "{\"data\":{\"_entities\":5}}",
        "{\"data\":{\"_entities\":[{}]}}",
        "{\"data\":null}",
        "{\"errors\":[]}",
        "{\"data\":null,\"errors\":[ ]}",
        "{\"data\":{}}",
        r#"{"data":{"_entities":[{"reviews":[{"body":"\uZZZZ"}]},null,null]}}"#,
    ] {
        let error = reviews(Behaviour::Raw(200, body.to_owned()));
        assert_eq!(code(&error), "SUBGRAPH_MALFORMED_RESPONSE", "{body}: {error}");
    }
}

#[test]
fn errors_of_the_subgraph_are_passed_on() {
    let body = r#"{"errors":[{"message":"no reviews today","extensions":{"code":"CLOSED","until":"noon"}}],"data":null}"#;
    let error = reviews(Behaviour::Raw(200, body.to_owned()));
    assert_eq!(error["message"], "no reviews today");
    assert_eq!(error["extensions"], json!({"code": "CLOSED", "until": "noon", "service": "reviews"}));
    // Of a root fetch too: the field it was for is the place.
    let mut world = World::store(json!({}));
    world.set("accounts", Behaviour::Raw(200, body.to_owned()));
    let reply = world.ask("{ me { name } topProducts { name } }");
    assert_eq!(reply["errors"][0]["path"], json!(["me"]), "{reply}");
    // Also with an HTTP error status: a GraphQL body is worth more.
    let body = r#"{"errors":[{"message":"no"}]}"#;
    assert_eq!(code(&reviews(Behaviour::Raw(503, body.to_owned()))), "DOWNSTREAM_SERVICE_ERROR");
}

#[test]
fn an_entitys_error_stands_at_every_place_of_the_entity() {
    let mut world = World::store(json!({}));
    world.set(
        "accounts",
        Behaviour::Changed(|mut response| {
            response["data"]["_entities"][0]["name"] = Json::Null;
            response["errors"] = json!([{"message": "who?", "path": ["_entities", 0, "name"]}]);
            response
        }),
    );
    let reply = world.ask("{ topProducts { reviews { author { name } } } }");
    let paths: Vec<&Json> = reply["errors"].as_array().expect("errors").iter().map(|e| &e["path"]).collect();
    assert_eq!(
        paths,
        [
            &json!(["topProducts", 0, "reviews", 0, "author", "name"]),
            &json!(["topProducts", 2, "reviews", 0, "author", "name"]),
        ]
    );
    assert_eq!(reply["data"]["topProducts"][0]["reviews"][1]["author"]["name"], "Bob");
}

#[test]
fn a_null_entity_leaves_its_fields_null() {
    let mut world = World::store(json!({}));
    world.set(
        "reviews",
        Behaviour::Changed(|mut response| {
            response["data"]["_entities"][1] = Json::Null;
            response
        }),
    );
    let reply = world.ask("{ topProducts { name reviews { id } } }");
    assert!(reply.get("errors").is_none(), "{reply}");
    assert_eq!(reply["data"]["topProducts"][1], json!({"name": "Table", "reviews": null}));
}

#[test]
fn null_propagates_to_the_nearest_nullable_parent() {
    // `stock` is Int!, the list's items are nullable.
    let mut world = World::store(json!({}));
    world.set(
        "inventory",
        Behaviour::Changed(|mut response| {
            response["data"]["_entities"][1]["stock"] = Json::Null;
            response
        }),
    );
    let reply = world.ask("{ topProducts { name stock } }");
    assert_eq!(reply["data"]["topProducts"][1], Json::Null);
    assert_eq!(reply["data"]["topProducts"][2], json!({"name": "Lamp", "stock": 1}));
    assert_eq!(reply["errors"][0]["path"], json!(["topProducts", 1, "stock"]));
    assert_eq!(code(&reply["errors"][0]), "INVALID_VALUE");
    // Non-null all the way up: the whole data.
    let reply = world.ask("{ strictProducts { stock } }");
    assert_eq!(reply["data"], Json::Null);
    // One error for what is already explained.
    world.set("inventory", Behaviour::Refuse);
    let reply = world.ask("{ strictProducts { stock } me { name } }");
    assert_eq!(reply["data"], Json::Null);
    assert_eq!(reply["errors"].as_array().expect("errors").len(), 1, "{reply}");
}

#[test]
fn values_of_the_wrong_type_become_null_with_an_error() {
    let mut world = World::store(json!({}));
    world.set(
        "accounts",
        Behaviour::Raw(200, r#"{"data":{"me":{"name":3,"score":"x"},"user":"Bob"}}"#.into()),
    );
    let reply = world.ask("{ me { name score } user(id: 1) { id } }");
    assert_eq!(reply["data"], json!({"me": {"name": null, "score": null}, "user": null}));
    assert_eq!(reply["errors"].as_array().expect("errors").len(), 3, "{reply}");
    assert!(reply["errors"].as_array().expect("errors").iter().all(|error| code(error) == "INVALID_VALUE"));
    world.set("accounts", Behaviour::Raw(200, r#"{"data":{"me":{"score":3000000000}}}"#.into()));
    assert_eq!(world.ask("{ me { score } }")["data"], json!({"me": {"score": null}}));
    world.set(
        "products",
        Behaviour::Raw(
            200,
            r#"{"data":{"topProducts":[{"tags":["a",null]},{"tags":"a"},{"tags":["b",7]}]}}"#.into(),
        ),
    );
    let reply = world.ask("{ topProducts { tags } }");
    assert_eq!(reply["data"], json!({"topProducts": [{"tags": null}, {"tags": null}, {"tags": null}]}));
}

#[test]
fn an_extra_field_of_a_subgraph_is_dropped() {
    let mut world = World::store(json!({}));
    world
        .set("accounts", Behaviour::Raw(200, r#"{"data":{"me":{"name":"Ann","secret":1},"more":2}}"#.into()));
    assert_eq!(world.ask("{ me { name } }"), json!({"data": {"me": {"name": "Ann"}}}));
}

#[test]
fn failures_are_counted_for_the_subgraph() {
    let mut world = World::store(json!({}));
    let reviews = weir_planner::plan::SubgraphId(3);
    world.set("reviews", Behaviour::Refuse);
    world.ask(QUERY);
    world.set("reviews", Behaviour::Raw(200, "?".into()));
    world.ask(QUERY);
    assert_eq!(world.count(Metric::SubgraphCalls(reviews)), 2);
    assert_eq!(world.count(Metric::SubgraphFailures(reviews)), 2);
    assert_eq!(world.count(Metric::SubgraphRefusals(reviews)), 1);
    assert_eq!(world.count(Metric::RequestErrors), 2);
}

#[test]
fn a_root_field_that_is_missing_is_no_silent_null() {
    let mut world = World::store(json!({}));
    world.set("accounts", Behaviour::Raw(200, r#"{"data":{}}"#.into()));
    let reply = world.ask("{ me { name } }");
    assert_eq!(code(&reply["errors"][0]), "SUBGRAPH_MALFORMED_RESPONSE", "{reply}");
    assert_eq!(world.count(Metric::SubgraphFailures(weir_planner::plan::SubgraphId(0))), 1);
}

#[test]
fn nothing_is_looked_up_with_half_of_what_it_requires() {
    // `shipping` requires the price, which only products know.
    let mut world = World::store(json!({}));
    let query = "{ latest { ... on Product { upc shipping } } }";
    let reply = world.ask(query);
    assert_eq!(reply["data"]["latest"][1], json!({"upc": "p2", "shipping": 9}));
    let calls = world.calls().len();
    world.set("products", Behaviour::Refuse);
    let reply = world.ask(query);
    assert_eq!(reply["data"]["latest"][1], json!({"upc": "p2", "shipping": null}));
    assert_eq!(reply["errors"].as_array().expect("errors").len(), 1, "{reply}");
    assert_eq!(code(&reply["errors"][0]), "SUBGRAPH_REFUSED");
    // The call that was refused was not sent, and inventory was not asked.
    assert_eq!(world.calls().len() - calls, 1 + 1, "{:#?}", world.calls());
}
