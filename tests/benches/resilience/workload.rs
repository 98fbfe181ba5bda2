//! What is asked: an operation that needs the subgraph that falls sick, and one that doesn't.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::client;
use crate::support::gateway::Gateway;
use crate::support::subgraphs::Subgraphs;

/// accounts and products, then reviews.
const NEEDS: &str = "query Needs($first: Int!) { me { name } topProducts(first: $first) { upc name reviews(first: 2) { id rating body } } }";
/// accounts and products, then inventory.
const SPARES: &str = "query Spares($first: Int!) { me { name } topProducts(first: $first) { upc name availability shippingEstimate } }";

/// A request, and the body that must answer it while all subgraphs are well.
pub(crate) struct Exchange {
    /// As it is sent, head included.
    pub(crate) request: Vec<u8>,
    pub(crate) answer: Vec<u8>,
}

/// The requests of both kinds of clients.
#[derive(Clone)]
pub(crate) struct Workload {
    pub(crate) needs: Arc<[Exchange]>,
    pub(crate) spares: Arc<[Exchange]>,
}

impl Workload {
    /// Asks a gateway each once; it must answer as a single service with the same data does.
    pub(crate) fn learn(gateway: &Gateway, subgraphs: &Subgraphs) -> Workload {
        let exchanges = |query: &str| -> Arc<[Exchange]> {
            let request = |first: u32| json!({ "query": query, "variables": { "first": first } });
            (3..=10).map(|first| exchange(gateway, subgraphs, &request(first))).collect()
        };
        Workload { needs: exchanges(NEEDS), spares: exchanges(SPARES) }
    }
}

fn exchange(gateway: &Gateway, subgraphs: &Subgraphs, request: &Value) -> Exchange {
    let text = request.to_string();
    let reply = gateway.post(request);
    let expected = client::post(&subgraphs.monolith(), &text);
    assert_eq!(reply.data(), expected.json()["data"], "the gateway answers wrongly");
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        text.len()
    );
    Exchange { request: [head.into_bytes(), text.into_bytes()].concat(), answer: reply.body }
}
