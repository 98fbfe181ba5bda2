//! What is asked: the storefront operation, by one request or by several that differ in their root arguments.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::load::Exchange;
use crate::support::client;
use crate::support::gateway::Gateway;
use crate::support::subgraphs::Subgraphs;

const OPERATION: &str = include_str!("storefront.graphql");
/// Users and products of the one request: an answer of about 87 KB.
const ONE: (u32, u32) = (10, 11);

/// Which requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// All are equal.
    Equal,
    /// Each connection asks for some users and products more or fewer than the next: what they meet is mostly the same.
    Differing,
}

impl Workload {
    fn requests(self) -> Vec<Value> {
        let (users, products) = ONE;
        let request = |users: u32, products: u32| json!({ "query": OPERATION, "variables": { "users": users, "products": products } });
        match self {
            Workload::Equal => vec![request(users, products)],
            Workload::Differing => (0..4)
                .flat_map(|more| (0..4).map(move |further| (more, further)))
                .map(|(more, further)| request(users - 1 + more, products - 1 + further))
                .collect(),
        }
    }

    /// The requests with the answers that this gateway gives to them now, each of which must be the one that a single
    /// service with the same data gives.
    pub(crate) fn exchanges(self, gateway: &str, subgraphs: &Subgraphs) -> Arc<[Exchange]> {
        let exchange = |request: Value| {
            let text = request.to_string();
            let reply = client::post(gateway, &text);
            let expected = client::post(&subgraphs.monolith(), &text);
            assert_eq!(reply.json(), expected.json(), "{gateway} answers wrongly");
            assert!(reply.json()["errors"].is_null(), "{}", reply.text());
            Exchange { request: post(&text), answer: reply.body }
        };
        self.requests().into_iter().map(exchange).collect()
    }
}

/// The one request, as bytes, and its answer by `gateway`.
pub(crate) fn one(gateway: &Gateway, subgraphs: &Subgraphs) -> Exchange {
    let exchanges = Workload::Equal.exchanges(&gateway.url("/graphql"), subgraphs);
    exchanges.first().expect("there is one").clone()
}

fn post(json: &str) -> Vec<u8> {
    format!(
        "POST /graphql HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\naccept: application/json\r\ncontent-length: {}\r\n\r\n{json}",
        json.len()
    )
    .into_bytes()
}
