//! What clients get wrong: each with a clear GraphQL error and its status, and nobody else is harmed.

use serde_json::json;
use ureq::http;

use crate::support::operations::ME;
use crate::support::reply::{JSON, Reply};
use crate::support::world::{World, calm};
use crate::support::{client, raw};

/// A POST of this body as JSON.
fn post(world: &World, body: &str) -> Reply {
    client::post(&world.gateway.url("/graphql"), body)
}

/// A request with one header more than usual.
fn with_header(world: &World, method: &str, name: &str, value: &str, body: &str) -> Reply {
    let mut request = http::Request::builder().method(method).uri(world.gateway.url("/graphql"));
    if name != "content-type" {
        request = request.header("content-type", "application/json");
    }
    client::send(request.header(name, value).body(body.to_owned()).unwrap())
}

fn query(text: &str) -> String {
    json!({ "query": text }).to_string()
}

#[test]
fn a_body_that_is_no_graphql_request_is_refused() {
    calm(|world| {
        for (body, message) in [
            ("", "The body is not a JSON object."),
            ("hello", "The body is not a JSON object."),
            ("\"{ me { name } }\"", "The body is not a JSON object."),
            (
                "[{\"query\":\"{ me { name } }\"}]",
                "Send one operation: this gateway takes no lists of operations (batching.enabled).",
            ),
            ("{\"query\":", "The body is not valid JSON"),
            ("{}", "The body has no \"query\"."),
            ("{\"query\":null}", "The body has no \"query\"."),
            ("{\"query\":7}", "\"query\" must be a string."),
            ("{\"query\":\"{ me { name } }\",\"variables\":[]}", "\"variables\" must be an object."),
            ("{\"query\":\"{ me { name } }\",\"operationName\":{}}", "\"operationName\" must be a string."),
            ("{\"query\":\"{ me { name } }\",\"extensions\":1}", "\"extensions\" must be an object."),
        ] {
            let reply = post(world, body).refusal(400, "BAD_REQUEST");
            assert!(reply.starts_with(message), "{body}: {reply}");
        }
        assert_eq!(world.subgraphs.calls(), [0; 4]);
    });
}

#[test]
fn an_operation_that_cannot_be_executed_is_refused_with_its_place() {
    calm(|world| {
        for (operation, code, part, location) in [
            ("{ me { name ", "GRAPHQL_PARSE_FAILED", "", true),
            ("{ me { nam } }", "GRAPHQL_VALIDATION_FAILED", "nam", true),
            ("{ me }", "GRAPHQL_VALIDATION_FAILED", "me", true),
            ("query A { me { name } } query B { me { id } }", "OPERATION_RESOLUTION_FAILURE", "", false),
            ("query($id: ID!) { user(id: $id) { id } }", "BAD_USER_INPUT", "$id", true),
            ("subscription { me { name } }", "GRAPHQL_VALIDATION_FAILED", "subscription", true),
        ] {
            // With application/json old clients read the body of a 200 only; the newer type has the status.
            let message = post(world, &query(operation)).refusal(200, code);
            assert!(message.contains(part), "{operation}: {message}");
            let reply =
                with_header(world, "POST", "accept", "application/graphql-response+json", &query(operation));
            assert_eq!(reply.header("content-type"), "application/graphql-response+json; charset=utf-8");
            let error = reply.error(400, code);
            assert_eq!(error["locations"].is_array(), location, "{operation}: {error}");
        }
        let unknown = json!({ "query": "query A { me { name } }", "operationName": "Z" });
        let message = world.gateway.post(&unknown).refusal(200, "OPERATION_RESOLUTION_FAILURE");
        assert!(message.contains('Z'), "{message}");
        assert_eq!(world.subgraphs.calls(), [0; 4]);
    });
}

#[test]
fn null_for_a_variable_that_must_have_a_value_is_refused() {
    calm(|world| {
        let request =
            json!({ "query": "query($id: ID!) { user(id: $id) { id } }", "variables": { "id": null } });
        let message = world.gateway.post(&request).refusal(200, "BAD_USER_INPUT");
        assert!(message.contains("must not be null"), "{message}");
    });
}

#[test]
fn methods_and_media_types_are_checked() {
    calm(|world| {
        let ask = query(ME);
        for method in ["PUT", "PATCH"] {
            let reply = with_header(world, method, "x-any", "1", &ask);
            reply.refusal(405, "METHOD_NOT_ALLOWED");
            assert_eq!(reply.header("allow"), "GET, POST");
        }
        let mutation = "/graphql?query=mutation%7BvoteHelpful(reviewId:%22r1%22)%7Bid%7D%7D";
        let reply = client::get(&world.gateway.url(mutation));
        reply.refusal(405, "MUTATION_BY_GET");
        assert_eq!(reply.header("allow"), "POST");
        client::get(&world.gateway.url("/graphql")).refusal(400, "BAD_REQUEST");
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"] {
            with_header(world, "POST", "content-type", kind, &ask).refusal(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        with_header(world, "POST", "accept", "text/html", &ask).refusal(406, "NOT_ACCEPTABLE");
        with_header(world, "POST", "accept", "application/json;q=0", &ask).refusal(406, "NOT_ACCEPTABLE");
        assert_eq!(world.subgraphs.calls(), [0; 4]);
    });
}

#[test]
fn other_paths_are_not_found() {
    calm(|world| {
        for path in ["/", "/graphq", "/graphql/", "/graphql2", "/ready/x"] {
            let reply = client::get(&world.gateway.url(path));
            assert_eq!((reply.status, reply.header("content-type")), (404, "application/json"), "{path}");
            assert!(reply.json()["errors"][0]["message"].is_string(), "{path}");
        }
    });
}

/// What is above `limits.max_body_bytes`, 1 MiB by default.
const TOO_LARGE: usize = (1 << 20) + 1;

#[test]
fn a_body_over_the_limit_is_refused_however_it_comes() {
    calm(|world| {
        let hits = world.gateway.stat("wasmcustom.weir.limit.body_bytes.hits");
        // By its length alone: the body is never sent.
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\ncontent-length: {TOO_LARGE}\r\n\r\n"
        );
        let reply = raw::exchange(world.gateway.address, head.as_bytes());
        assert!(reply.refusal(413, "BODY_TOO_LARGE").contains("limits.max_body_bytes"));
        // In chunks of unknown number.
        let mut chunked = b"POST /graphql HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\n\
                            transfer-encoding: chunked\r\n\r\n"
            .to_vec();
        let chunk = vec![b' '; 1 << 16];
        for _ in 0..TOO_LARGE.div_ceil(chunk.len()) {
            chunked.extend(format!("{:x}\r\n", chunk.len()).as_bytes());
            chunked.extend(&chunk);
            chunked.extend(b"\r\n");
        }
        chunked.extend(b"0\r\n\r\n");
        let reply = raw::exchange(world.gateway.address, &chunked);
        reply.refusal(413, "BODY_TOO_LARGE");
        assert_eq!(world.gateway.stat("wasmcustom.weir.limit.body_bytes.hits"), hits + 2);
    });
}

#[test]
fn a_body_of_just_the_limit_is_taken() {
    calm(|world| {
        let mut body = query(ME);
        body.push_str(&" ".repeat(TOO_LARGE - 1 - body.len()));
        assert_eq!(post(world, &body).data()["me"]["name"], "Ada Almeida");
    });
}

#[test]
fn what_is_no_http_is_refused_by_envoy() {
    calm(|world| {
        let reply = raw::exchange(world.gateway.address, b"NONSENSE\r\n\r\n");
        assert_eq!(reply.status, 400);
        let upgrade =
            b"GET /graphql HTTP/1.1\r\nhost: weir\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        let reply = raw::exchange(world.gateway.address, upgrade);
        assert_eq!((reply.status, reply.header("content-type")), (403, "application/json"), "{reply:?}");
        reply.error(403, "BAD_REQUEST");
    });
}

#[test]
fn a_header_that_is_not_utf8_harms_nobody() {
    calm(|world| {
        let body = query(ME);
        let mut request = format!(
            "POST /graphql HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-bad: ",
            body.len()
        )
        .into_bytes();
        request.extend(b"\xff\xfe\r\n\r\n");
        request.extend(body.as_bytes());
        let reply = raw::exchange(world.gateway.address, &request);
        assert_eq!((reply.status, reply.header("content-type")), (200, JSON));
        assert_eq!(reply.data()["me"]["name"], "Ada Almeida");
    });
}
