//! What subgraphs answer, for operations that need several of them.

use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::Value as Json;
use weir_gateway::event::{Call, CallFailure, HttpRequest};
use weir_tests::{dataset::Dataset, subgraph};

use crate::conformance::Conformance;
use crate::host::{Fate, World};
use crate::tree::Tree;
use crate::{Target, demo, edits, tree};

/// The first byte chooses the operation (and, by its highest bit, whether calls made together are answered in
/// turned order); the rest, cut at bytes `0xff`, says what becomes of each call in turn. Whatever it is: one
/// reply, whose data fits the schema (GraphQL §6.4), with errors where data is missing.
///
/// A part begins with its kind: `r` a body as it stands, `s` the same with a status other than 200, `f` a
/// failed call, anything else edits of the right answer ([`edits`]).
pub const TARGET: Target = Target { name: "subgraph_response", check };

const OPERATIONS: [&str; 8] = [
    "{ me { id name badge nearestWarehouse { name city } reviews { id body product { name stock price } } } }",
    "{ topProducts { upc name price unitsSold shippingEstimate parcel { size litres } reviews { rating author { username tier } } } }",
    "{ post(id: 1) { __typename id author { name badge } ... on Review { rating moderation } ... on Question { answers moderation } } }",
    "{ recentActivity { __typename ... on Review { id moderation product { sku { code } availability } } ... on Question { body moderation } } }",
    "{ search(text: \"a\") { __typename ... on Product { media { __typename url ... on Video { seconds } } related { name discontinued } } ... on Brand { founded products { upc warehouses { manager { name address { city } } } } } } }",
    "mutation { updateProfile(input: {userId: 1}) { name badge } addReview(input: {authorId: 1, upc: 1, rating: 1, body: \"\"}) { id moderation } voteHelpful(reviewId: 1) { helpfulVotes author { tier } } }",
    "{ a: product(upc: 1) { x: dimensions { width } y: parcel { size } averageRating } b: restocks { quantity expectedAt product { name stock brand { name } } } __typename }",
    "{ warehouses { code capacity manager { id email loyaltyPoints joinedAt birthYear reviewCount } } users { id tier address { city } } }",
];

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new(demo::SUPERGRAPH));
    static DATASET: Dataset = demo::dataset();
    static CONFORMANCE: RefCell<HashMap<&'static str, Conformance>> = RefCell::new(HashMap::new());
}

fn check(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let Some(operation) = OPERATIONS.get(usize::from(choice & 0x7f) % OPERATIONS.len()) else { return };
    let mut parts = rest.split(|byte| *byte == 0xff);
    let request = HttpRequest {
        method: "POST".to_owned(),
        path: "/graphql".to_owned(),
        headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
        body: serde_json::json!({ "query": operation }).to_string().into_bytes(),
    };
    let reply = WORLD.with_borrow_mut(|world| {
        world.ask(request, choice & 0x80 != 0, &mut |call| fate(call, parts.next().unwrap_or_default()))
    });
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    let Some(reply) = tree::read(&reply.body, "the reply") else { return };
    let Some(data) = reply.get("data") else { panic!("no data: {reply:?}") };
    let errors = matches!(reply.get("errors"), Some(Tree::List(errors)) if !errors.is_empty());
    assert!(*data != Tree::Null || errors, "no data and no errors");
    CONFORMANCE.with_borrow_mut(|all| {
        let conformance =
            all.entry(operation).or_insert_with(|| Conformance::new(demo::SUPERGRAPH, operation));
        if let Err(why) = conformance.check(data) {
            panic!("{why}\n{operation}\n{reply:?}");
        }
    });
}

fn fate(call: &Call, part: &[u8]) -> Fate {
    tree::read_call(&call.body);
    let (kind, rest) = part.split_first().map_or((b'e', part), |(kind, rest)| (*kind, rest));
    match kind {
        b'r' => Fate::answer(200, rest),
        b's' => match rest.split_first() {
            Some((status, body)) => {
                Fate::answer([0, 199, 204, 301, 400, 401, 422, 500, 503, 599][usize::from(status % 10)], body)
            }
            None => Fate::answer(500, rest),
        },
        b'f' => match rest.first().copied().unwrap_or_default() % 5 {
            0 => Fate::Fail(CallFailure::Refused),
            1 => Fate::Fail(CallFailure::Unreachable),
            2 => Fate::Fail(CallFailure::TimedOut),
            3 => Fate::Fail(CallFailure::Interrupted),
            _ => Fate::Hang,
        },
        _ => match serde_json::from_slice::<Json>(&call.body) {
            Ok(body) => {
                let right = DATASET.with(|dataset| subgraph::execute(dataset, &body));
                Fate::answer(200, edits::edited(right, rest).as_bytes())
            }
            // Keys that a broken answer brought and this test's own subgraphs don't read.
            Err(_) => Fate::answer(200, b"{\"data\":null}"),
        },
    }
}
