//! What clients are promised: right answers, by every way of asking.

use serde_json::json;

use crate::support::operations::{demo, demo_answer};
use crate::support::reply::JSON;
use crate::support::world::{World, calm};
use crate::support::{binaries, client};

#[test]
fn the_demo_operation_is_answered_byte_for_byte() {
    calm(|world| {
        let reply = world.gateway.post(&demo());
        assert_eq!((reply.status, reply.header("content-type")), (200, JSON));
        assert_eq!(reply.text(), demo_answer());
        assert_eq!(world.subgraphs.calls(), planned_calls(world));
        assert_eq!(world.subgraphs.calls().iter().sum::<u64>(), 7);
    });
}

/// Calls per subgraph, by what `weirctl plan` says.
fn planned_calls(world: &World) -> [u64; 4] {
    let folder = tempfile::tempdir().unwrap();
    let sdl = folder.path().join("supergraph.graphql");
    std::fs::write(&sdl, world.subgraphs.supergraph()).unwrap();
    let operation = binaries::repository("envoy/demo.graphql");
    let arguments = ["plan", "--json", "--supergraph", sdl.to_str().unwrap(), operation.to_str().unwrap()];
    let output = binaries::run_weirctl(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut calls = [0; 4];
    for fetch in plan["fetches"].as_array().unwrap() {
        calls[usize::try_from(fetch["subgraph"].as_u64().unwrap()).unwrap()] += 1;
    }
    calls
}

#[test]
fn an_operation_of_one_subgraph_is_one_call() {
    calm(|world| {
        let data = world.gateway.query("{ users(first: 2) { id name } }").data();
        assert_eq!(data["users"][0], json!({ "id": "u1", "name": "Ada Almeida" }));
        assert_eq!(data["users"].as_array().unwrap().len(), 2);
        assert_eq!(world.subgraphs.calls(), [1, 0, 0, 0]);
    });
}

#[test]
fn variables_and_the_operation_name_are_heeded() {
    calm(|world| {
        let query =
            "query A($n: Int!) { topProducts(first: $n) { upc reviewCount } } query B { me { tier } }";
        let reply =
            world.gateway.post(&json!({ "query": query, "operationName": "A", "variables": { "n": 2 } }));
        let data = reply.data();
        assert_eq!(data["topProducts"].as_array().unwrap().len(), 2);
        assert_eq!(data["topProducts"][1]["upc"], "P0002");
        let reply =
            world.gateway.post(&json!({ "query": query, "operationName": "B", "variables": { "n": 2 } }));
        assert_eq!(reply.data(), json!({ "me": { "tier": "GOLD" } }));
    });
}

#[test]
fn conditions_decide_which_subgraphs_are_asked() {
    calm(|world| {
        let query =
            "query($with: Boolean!) { product(upc: \"P0001\") { name averageRating @include(if: $with) } }";
        let without = world.gateway.post(&json!({ "query": query, "variables": { "with": false } }));
        assert_eq!(without.data(), json!({ "product": { "name": "Folding Lantern" } }));
        assert_eq!(world.subgraphs.calls(), [0, 0, 1, 0]);
        let with = world.gateway.post(&json!({ "query": query, "variables": { "with": true } }));
        assert_eq!(with.data(), json!({ "product": { "name": "Folding Lantern", "averageRating": 2.66 } }));
        assert_eq!(world.subgraphs.calls(), [0, 0, 2, 1]);
    });
}

#[test]
fn queries_may_come_by_get() {
    calm(|world| {
        let query = "query%20Q(%24id%3A%20ID!)%20%7B%20user(id%3A%20%24id)%20%7B%20id%20%7D%20%7D";
        let path = format!("/graphql?query={query}&variables=%7B%22id%22%3A%22u2%22%7D&operationName=Q");
        assert_eq!(client::get(&world.gateway.url(&path)).data(), json!({ "user": { "id": "u2" } }));
    });
}

#[test]
fn a_mutation_is_sent_once_and_its_answer_completed_by_others() {
    calm(|world| {
        let mutation = "mutation { addReview(input: { authorId: \"u2\", upc: \"P0001\", rating: 4, body: \"Solid.\" }) \
                        { id rating product { name } author { name } } }";
        let data = world.gateway.query(mutation).data();
        assert_eq!(data["addReview"]["id"], "r1801");
        assert_eq!(data["addReview"]["product"]["name"], "Folding Lantern");
        assert!(data["addReview"]["author"]["name"].is_string(), "{data}");
        assert_eq!(world.subgraphs.stats()["reviews"]["operations"]["mutation"], 1);
        let data = world.gateway.query("{ post(id: \"r1801\") { body } }").data();
        assert_eq!(data["post"]["body"], "Solid.");
    });
}

#[test]
fn introspection_is_answered_by_the_gateway_itself() {
    calm(|world| {
        let query = "{ __typename __schema { queryType { name } } __type(name: \"Media\") { kind possibleTypes { name } } }";
        let data = world.gateway.query(query).data();
        assert_eq!(data["__typename"], "Query");
        assert_eq!(data["__schema"]["queryType"]["name"], "Query");
        assert_eq!(data["__type"]["kind"], "INTERFACE");
        assert_eq!(data["__type"]["possibleTypes"], json!([{ "name": "Image" }, { "name": "Video" }]));
        // What is inaccessible is no part of what clients see.
        let data = world.gateway.query("{ __type(name: \"Product\") { fields { name } } }").data();
        let fields = data["__type"]["fields"].to_string();
        assert!(fields.contains("weight") && !fields.contains("costPrice"), "{fields}");
        assert_eq!(world.subgraphs.calls(), [0; 4]);
    });
}

#[test]
fn probes_answer() {
    calm(|world| {
        for path in ["/health", "/ready"] {
            let reply = client::get(&world.gateway.url(path));
            assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
        }
    });
}
