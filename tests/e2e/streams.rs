//! Clients that leave: their waits end with them, and nobody else's do.

use std::time::Duration;

use serde_json::json;

use crate::support::operations::ME;
use crate::support::patience::wait_for;
use crate::support::raw::{self, Connection};
use crate::support::world::strained;

const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_client_that_leaves_during_a_call_takes_only_its_own_wait_along() {
    strained(|world| {
        let gateway = &world.gateway;
        let gone = gateway.stat("wasmcustom.weir.clients_gone");
        world.subgraphs.latency("accounts", "1s");
        let request = raw::post(&json!({ "query": ME }).to_string());
        let mut leaves = Connection::open(gateway.address);
        let mut stays = Connection::open(gateway.address);
        leaves.write(&request);
        stays.write(&request);
        let active = || gateway.stat("wasmcustom.weir.requests_active");
        assert!(
            wait_for(SOON, || active() == 2 && world.subgraphs.count("accounts", "in_flight") == 1),
            "one call is out"
        );
        drop(leaves);
        // What the first one's stream had sent is lost with it: the other's call is sent again.
        assert_eq!(stays.read().data()["me"]["name"], "Ada Almeida");
        assert!(
            wait_for(SOON, || gateway.stat("wasmcustom.weir.clients_gone") == gone + 1),
            "its leaving was counted"
        );
        assert!(
            wait_for(SOON, || gateway.stat("wasmcustom.weir.requests_active") == 0),
            "nothing is left of it"
        );
    });
}

#[test]
fn a_client_that_leaves_between_two_fetches_stops_the_second() {
    strained(|world| {
        world.subgraphs.latency("products", "500ms");
        let query = json!({ "query": "{ topProducts(first: 2) { averageRating } }" }).to_string();
        let mut leaves = Connection::open(world.gateway.address);
        leaves.write(&raw::post(&query));
        assert!(
            wait_for(SOON, || world.subgraphs.count("products", "in_flight") == 1),
            "the first call is out"
        );
        drop(leaves);
        assert!(wait_for(SOON, || world.gateway.stat("wasmcustom.weir.requests_active") == 0));
        assert!(wait_for(SOON, || world.subgraphs.count("products", "in_flight") == 0));
        world.subgraphs.latency("products", "0s");
        world.assert_answers();
        assert_eq!(world.subgraphs.count("reviews", "calls"), 0, "nobody waits for the second call");
    });
}

#[test]
fn a_client_that_leaves_within_its_body_is_no_request() {
    strained(|world| {
        let requests = world.gateway.stat("wasmcustom.weir.requests");
        let mut leaves = Connection::open(world.gateway.address);
        leaves.write(b"POST /graphql HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{");
        drop(leaves);
        world.assert_answers();
        assert_eq!(world.gateway.stat("wasmcustom.weir.requests"), requests + 1);
        assert_eq!(world.gateway.stat("wasmcustom.weir.requests_active"), 0);
    });
}
