//! A client's HTTP request: method, path, headers, body.

use std::cell::RefCell;

use serde_json::Value as Json;
use weir_gateway::event::HttpRequest;
use weir_tests::{dataset::Dataset, subgraph};

use crate::host::{Fate, World};
use crate::tree::Tree;
use crate::{Target, demo, tree};

/// The input is written much as HTTP/1.1 is: `METHOD PATH`, lines `name: value`, an empty line, the body.
/// Whatever it is: one reply with a known status, a media type and JSON.
pub const TARGET: Target = Target { name: "http_request", check };

const STATUSES: [u16; 12] = [200, 400, 403, 404, 405, 406, 413, 415, 422, 500, 503, 504];

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new(demo::SUPERGRAPH));
    static DATASET: Dataset = demo::dataset();
}

fn check(data: &[u8]) {
    let request = parse(data);
    WORLD.with_borrow_mut(|world| {
        let reply = world.ask(request, false, &mut |call| {
            tree::read_call(&call.body);
            let answer = match serde_json::from_slice::<Json>(&call.body) {
                Ok(body) => DATASET.with(|dataset| subgraph::execute(dataset, &body).to_string()),
                // Sent on as the client wrote it, and of a kind that this test's own subgraphs don't read.
                Err(_) => "{\"data\":null}".to_owned(),
            };
            Fate::answer(200, answer)
        });
        assert!(STATUSES.contains(&reply.status), "status {}", reply.status);
        assert!(reply.headers.iter().any(|(name, _)| *name == "content-type"), "{:?}", reply.headers);
        let Some(read) = tree::read(&reply.body, "the reply") else { return };
        let is_response = |tree: &Tree| tree.get("data").is_some() || tree.get("errors").is_some();
        match &read {
            // An array of operations gets an array of responses.
            Tree::List(responses) => assert!(responses.iter().all(is_response), "{read:?}"),
            response => assert!(is_response(response), "{read:?}"),
        }
    });
}

fn parse(data: &[u8]) -> HttpRequest {
    let (head, body) = match data.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let (method, path) = first.split_once(' ').unwrap_or((&first, "/graphql"));
    let headers = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let value = line[colon + 1..].trim_ascii().to_vec();
        Some((String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase(), value))
    });
    HttpRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers.collect(),
        body: body.to_vec(),
    }
}
