//! The JSON text of variables, for operations with many kinds of input.

use std::cell::RefCell;

use weir_gateway::event::HttpRequest;

use crate::host::{Fate, World};
use crate::{Target, demo, tree};

/// The first byte chooses the operation, the rest is the text of `variables`. Whatever it is: one reply that
/// is JSON, and no subgraph is sent anything that is not.
pub const TARGET: Target = Target { name: "variables", check };

const OPERATIONS: [&str; 12] = [
    "query($first: Int!) { topProducts(first: $first) { upc } }",
    "query($first: Int = 3, $filter: ProductFilter) { topProducts(first: $first, filter: $filter) { upc stock } }",
    "query($ids: [ID!]) { topProducts(filter: {brandIds: $ids, category: HOME}) { name } }",
    "query($ids: [ID!]!, $max: Money, $c: Category! = HOME) { topProducts(filter: {brandIds: $ids, maxPrice: $max, category: $c}) { name } }",
    "query($to: Destination = {country: \"FR\"}, $x: Boolean! = false) { product(upc: \"p1\") { shippingEstimate(to: $to, express: $x) } }",
    "query($id: ID!, $tier: Tier) { user(id: $id) { name } users(tier: $tier) { id } }",
    "query($s: Boolean!, $i: Boolean = true) { me { name @skip(if: $s) reviews @include(if: $i) { body product { name stock } } } }",
    "mutation($in: UpdateProfile!) { updateProfile(input: $in) { id badge } }",
    "mutation($in: AddReview!, $id: ID!) { addReview(input: $in) { id } voteHelpful(reviewId: $id) { id moderation } }",
    "query($sort: ReviewSort! = NEWEST, $min: Int, $text: String!) { search(text: $text) { __typename ... on Product { reviews(sort: $sort, minRating: $min) { id } } } }",
    "query($t: String!, $d: Boolean) { __type(name: $t) { fields(includeDeprecated: $d) { name } } me { id } }",
    "query { me { id } }",
];

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new(demo::SUPERGRAPH));
}

fn check(data: &[u8]) {
    let Some((choice, variables)) = data.split_first() else { return };
    let Some(operation) = OPERATIONS.get(usize::from(*choice) % OPERATIONS.len()) else { return };
    let mut body = format!("{{\"query\":{},\"variables\":", serde_json::Value::from(*operation)).into_bytes();
    body.extend_from_slice(variables);
    body.push(b'}');
    let request = HttpRequest {
        method: "POST".to_owned(),
        path: "/graphql".to_owned(),
        headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
        body,
    };
    WORLD.with_borrow_mut(|world| {
        let reply = world.ask(request, false, &mut |call| {
            tree::read_call(&call.body);
            Fate::answer(200, "{\"data\":null}")
        });
        tree::read(&reply.body, "the reply");
    });
}
