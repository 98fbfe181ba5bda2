//! What subgraphs get wrong: the error says whose it is, and the other subgraphs' data is kept.

use serde_json::{Value, json};

use crate::support::operations::ME;
use crate::support::reply::JSON;
use crate::support::world::{World, calm};

/// Asks all four; what inventory and reviews add may be null.
const OPERATION: &str = "{ me { name } topProducts(first: 2) { upc shippingEstimate averageRating } }";

fn complete() -> Value {
    json!({
        "me": { "name": "Ada Almeida" },
        "topProducts": [
            { "upc": "P0001", "shippingEstimate": 3.94, "averageRating": 2.66 },
            { "upc": "P0002", "shippingEstimate": 4.34, "averageRating": 3.0 },
        ]
    })
}

/// The answer while inventory fails in this way: `data` and the only error.
#[track_caller]
fn with_inventory(world: &World, mode: &str) -> (Value, Value) {
    world.subgraphs.fault("inventory", mode);
    let reply = world.gateway.query(OPERATION);
    assert_eq!(reply.header("content-type"), JSON);
    let json = reply.json();
    assert_eq!((reply.status, json["errors"].as_array().map(Vec::len)), (200, Some(1)), "{mode}: {json}");
    (json["data"].clone(), json["errors"][0].clone())
}

/// All but what inventory would have added.
fn without_estimates() -> Value {
    let mut data = complete();
    for product in data["topProducts"].as_array_mut().unwrap() {
        product["shippingEstimate"] = Value::Null;
    }
    data
}

#[test]
fn without_a_fault_all_is_there() {
    calm(|world| assert_eq!(world.gateway.query(OPERATION).data(), complete()));
}

#[test]
fn an_entity_fetch_that_fails_leaves_the_rest() {
    calm(|world| {
        let failures = world.gateway.stat("wasmcustom.weir.subgraph.inventory.failures");
        let cases = [
            ("http_500", "SUBGRAPH_HTTP_ERROR", "Subgraph \"inventory\" answered with HTTP status 500."),
            (
                "not_json",
                "SUBGRAPH_MALFORMED_RESPONSE",
                "The answer of subgraph \"inventory\" is not a GraphQL response",
            ),
            (
                "wrong_shape",
                "SUBGRAPH_MALFORMED_RESPONSE",
                "The answer of subgraph \"inventory\" is not a GraphQL response",
            ),
            (
                "empty_body",
                "SUBGRAPH_MALFORMED_RESPONSE",
                "The answer of subgraph \"inventory\" is not a GraphQL response: the body is empty.",
            ),
            ("errors_without_data", "REFUSED", "the subgraph refused the operation"),
            (
                "reset",
                "SUBGRAPH_UNREACHABLE",
                "The connection to subgraph \"inventory\" broke before its answer.",
            ),
            ("truncated", "SUBGRAPH_UNREACHABLE", "The answer of subgraph \"inventory\" broke off."),
            ("hang", "SUBGRAPH_TIMED_OUT", "Subgraph \"inventory\" did not answer within 1000 ms."),
            ("slow", "SUBGRAPH_TIMED_OUT", "Subgraph \"inventory\" did not answer within 1000 ms."),
            (
                "short_entities",
                "SUBGRAPH_MALFORMED_RESPONSE",
                "The answer of subgraph \"inventory\" is not a GraphQL response",
            ),
        ];
        for (mode, code, message) in cases {
            let (data, error) = with_inventory(world, mode);
            assert_eq!(data, without_estimates(), "{mode}");
            assert_eq!(error["extensions"]["code"], code, "{mode}: {error}");
            assert_eq!(error["extensions"]["service"], "inventory", "{mode}: {error}");
            assert!(error["message"].as_str().unwrap().starts_with(message), "{mode}: {error}");
            assert_eq!(error["path"], json!(["topProducts"]), "{mode}: {error}");
        }
        // An answer of another length than was asked for has the form of an answer.
        let counted = world.gateway.stat("wasmcustom.weir.subgraph.inventory.failures") - failures;
        assert!(counted >= 9, "{counted} failures were counted");
        world.subgraphs.fault("inventory", "none");
        assert_eq!(world.gateway.query(OPERATION).data(), complete());
    });
}

#[test]
fn an_error_of_one_field_comes_with_its_place_and_all_other_data() {
    calm(|world| {
        let (data, error) = with_inventory(world, "errors_with_data");
        let mut expected = complete();
        expected["topProducts"][0]["shippingEstimate"] = Value::Null;
        assert_eq!(data, expected);
        assert_eq!(error["message"], "this field is out of order");
        assert_eq!(error["path"], json!(["topProducts", 0, "shippingEstimate"]));
        assert_eq!(
            error["extensions"],
            json!({ "code": "DOWNSTREAM_SERVICE_ERROR", "service": "inventory" })
        );
    });
}

#[test]
fn a_root_fetch_that_fails_leaves_the_other_root_fields() {
    calm(|world| {
        for (mode, code) in [
            ("http_500", "SUBGRAPH_HTTP_ERROR"),
            ("not_json", "SUBGRAPH_MALFORMED_RESPONSE"),
            ("empty_body", "SUBGRAPH_MALFORMED_RESPONSE"),
            ("errors_without_data", "REFUSED"),
            ("reset", "SUBGRAPH_UNREACHABLE"),
        ] {
            world.subgraphs.fault("accounts", mode);
            let reply = world.gateway.query(OPERATION);
            let error = reply.error(200, code);
            assert_eq!(
                (&error["path"], &error["extensions"]["service"]),
                (&json!(["me"]), &json!("accounts")),
                "{error}"
            );
            let mut expected = complete();
            expected["me"] = Value::Null;
            assert_eq!(reply.json()["data"], expected, "{mode}");
        }
    });
}

#[test]
fn an_operation_whose_only_subgraph_fails_has_an_error_and_null() {
    calm(|world| {
        world.subgraphs.fault("accounts", "http_500");
        let reply = world.gateway.query(ME);
        reply.error(200, "SUBGRAPH_HTTP_ERROR");
        assert_eq!(reply.json()["data"], json!({ "me": null }));
    });
}

#[test]
fn a_value_of_the_wrong_type_becomes_null_as_far_up_as_it_must() {
    calm(|world| {
        world.subgraphs.fault("reviews", "wrong_types");
        // reviewCount is Int!, so its product becomes null, which Query.product allows.
        let query = "{ me { name } product(upc: \"P0001\") { name reviewCount } }";
        let reply = world.gateway.query(query);
        let error = reply.error(200, "INVALID_VALUE");
        assert_eq!(error["path"], json!(["product", "reviewCount"]), "{error}");
        assert_eq!(reply.json()["data"], json!({ "me": { "name": "Ada Almeida" }, "product": null }));
    });
}

#[test]
fn a_mutation_that_fails_is_not_repeated() {
    calm(|world| {
        for mode in ["http_500", "reset", "truncated"] {
            world.subgraphs.reset();
            world.subgraphs.fault("reviews", mode);
            let reply = world.gateway.query("mutation { voteHelpful(reviewId: \"r1\") { helpfulVotes } }");
            assert_eq!(reply.json()["errors"][0]["extensions"]["service"], "reviews", "{}", reply.text());
            assert_eq!(world.subgraphs.calls(), [0, 0, 0, 1], "{mode}");
        }
    });
}
