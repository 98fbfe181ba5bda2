//! What passes between clients and subgraphs on the wire: headers both ways, lists of operations, errors; and what
//! browsers must not be made to send.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::http;

use crate::support::canned::Canned;
use crate::support::client;
use crate::support::gateway::{Gateway, render};
use crate::support::operations::ME;
use crate::support::reply::Reply;
use crate::support::traffic;
use crate::support::world::calm;
use crate::support::{ports, raw};

/// Two subgraphs with answers of their own, and a gateway that lets pass what is configured below.
struct Pair {
    left: Canned,
    right: Canned,
    gateway: Gateway,
}

const BOTH: &str = r#"{"query":"{ left right }"}"#;
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

static PAIR: Mutex<Option<Pair>> = Mutex::new(None);

/// A turn with the pair, which is started once.
#[track_caller]
fn pair(test: impl FnOnce(&Pair)) {
    let mut shared = PAIR.lock().unwrap_or_else(PoisonError::into_inner);
    let pair = shared.take().filter(|pair| pair.gateway.process.ended().is_none()).unwrap_or_else(start);
    let pair = shared.insert(pair);
    test(pair);
    assert_eq!(pair.gateway.stat("wasmcustom.weir.panics_caught"), 0);
}

fn start() -> Pair {
    let left = Canned::start(
        &[
            b"set-cookie: l=1",
            b"set-cookie: l=2",
            b"x-side: left",
            b"x-bin: \xff\xfe",
            b"cache-control: max-age=60, public",
        ],
        r#"{"data":{"left":"L"}}"#,
    );
    let right = Canned::start(
        &[b"set-cookie: r=1", b"x-side: right", b"x-unasked: 1", b"cache-control: private, max-age=30"],
        r#"{"data":{"right":null},"errors":[{"message":"db-7 is down","path":["right"],"extensions":{"code":"DB","stack":[]}}]}"#,
    );
    // The last call must be a client's.
    let config = traffic::off(json!({
        "csrf": {"mode": "strict"},
        "batching": {"enabled": true, "max_operations": 3},
        "headers": {
            "request": [{"forward": ["authorization", "x-bin"]}, {"insert": "x-gateway", "value": "weir"}],
            "response": [
                {"forward": "set-cookie"},
                {"forward": "x-side", "merge": "append"},
                {"forward": "x-bin"},
                {"forward": "cache-control"},
            ],
        },
        "subgraphs": {"right": {
            "headers": {"request": [{"remove": "authorization"}]},
            "errors": {"mode": "mask", "message": "Sorry."},
        }},
    }));
    Pair { gateway: Gateway::run(&supergraph(&left, &right), &config, 1), left, right }
}

fn supergraph(left: &Canned, right: &Canned) -> String {
    include_str!("fixtures/pair.graphql")
        .replace("LEFT_ADDRESS", &left.address.to_string())
        .replace("RIGHT_ADDRESS", &right.address.to_string())
}

/// A POST with these header lines besides the usual ones; the answer as bytes.
fn exchange(pair: &Pair, lines: &[&[u8]], body: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(pair.gateway.address).expect("the gateway listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout can be set");
    let mut request =
        b"POST /graphql HTTP/1.1\r\nhost: weir\r\nconnection: close\r\ncontent-type: application/json\r\n"
            .to_vec();
    for line in lines {
        request.extend_from_slice(line);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(format!("content-length: {}\r\n\r\n{body}", body.len()).as_bytes());
    stream.write_all(&request).expect("the gateway reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the gateway answers");
    answer
}

/// The values of a header in an answer.
fn values(answer: &[u8], name: &str) -> Vec<Vec<u8>> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
    let lines = answer[..end].split(|byte| *byte == b'\n');
    let value = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        line[..colon].eq_ignore_ascii_case(name.as_bytes()).then(|| line[colon + 1..].trim_ascii().to_vec())
    };
    lines.filter_map(value).collect()
}

#[test]
fn headers_reach_each_subgraph_by_its_rules_alone() {
    pair(|pair| {
        let trace = format!("traceparent: {TRACE}");
        let lines: [&[u8]; 7] = [
            b"authorization: Bearer x",
            b"x-bin: \xff\xfe",
            b"cookie: secret=1",
            b"x-other: 1",
            trace.as_bytes(),
            b"tracestate: a=1",
            b"tracestate: b=2",
        ];
        exchange(pair, &lines, BOTH);
        for side in [&pair.left, &pair.right] {
            assert_eq!(side.last("x-bin"), [b"\xff\xfe"]);
            assert_eq!(side.last("x-gateway"), [b"weir"]);
            assert_eq!(side.last("traceparent"), [TRACE.as_bytes()]);
            assert_eq!(side.last("tracestate").join(&b','), b"a=1,b=2");
            let names = side.last_names();
            for never in ["cookie", "x-other", "connection", "user-agent"] {
                assert!(!names.iter().any(|name| name == never), "{names:?}");
            }
        }
        assert_eq!(pair.left.last("authorization"), [b"Bearer x"]);
        assert_eq!(pair.right.last("authorization"), Vec::<Vec<u8>>::new());
    });
}

#[test]
fn a_filter_above_weir_makes_envoys_span_the_parent() {
    let (left, right) = (Canned::start(&[], r#"{"data":{"left":"L"}}"#), Canned::start(&[], "{}"));
    let (address, admin) = (ports::free(), ports::free());
    let mut bootstrap = render(&supergraph(&left, &right), &traffic::off(json!({})), address, admin);
    let manager =
        &mut bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
    manager["tracing"] = json!({"random_sampling": {"value": 100}, "provider": {
        "name": "envoy.tracers.opentelemetry",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
            "grpc_service": {"envoy_grpc": {"cluster_name": "weir_unanswered"}},
        },
    }});
    // As envoy/README.md has it.
    let filter = json!({"name": "trace_context", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        "mutations": {"request_mutations": [{"append": {
            "header": {"key": "traceparent", "value": "00-%TRACE_ID%-%SPAN_ID%-01"},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }}]},
    }});
    manager["http_filters"].as_array_mut().expect("filters").insert(0, filter);
    let gateway = Gateway::of_bootstrap(&bootstrap, address, admin);
    assert_eq!(gateway.query("{ left }").data(), json!({"left": "L"}));
    let made = String::from_utf8(left.last("traceparent").concat()).expect("it is text");
    assert!(made.len() == TRACE.len() && made.starts_with("00-") && made.ends_with("-01"), "{made}");
    let request = http::Request::post(gateway.url("/graphql"))
        .header("content-type", "application/json")
        .header("traceparent", TRACE);
    client::send(request.body(r#"{"query":"{ left }"}"#).expect("the request is valid")).data();
    let passed = String::from_utf8(left.last("traceparent").concat()).expect("it is text");
    assert_eq!(passed[..36], TRACE[..36], "the client's trace");
    assert_ne!(passed, TRACE, "Envoy's span");
}

#[test]
fn headers_come_back_as_configured() {
    pair(|pair| {
        let answer = exchange(pair, &[], r#"{"query":"{ left }"}"#);
        assert_eq!(values(&answer, "set-cookie"), [b"l=1", b"l=2"]);
        assert_eq!(values(&answer, "x-bin"), [b"\xff\xfe"]);
        assert_eq!(values(&answer, "cache-control"), [b"max-age=60, public"]);
        assert_eq!(values(&answer, "vary"), [b"accept"]);
        let answer = exchange(pair, &[], BOTH);
        let mut cookies = values(&answer, "set-cookie");
        cookies.sort();
        assert_eq!(cookies, [b"l=1", b"l=2", b"r=1"]);
        assert_eq!(values(&answer, "x-side").len(), 2);
        assert_eq!(values(&answer, "x-unasked").len(), 0);
        assert_eq!(values(&answer, "cache-control"), [b"no-store"], "it has an error");
        assert_eq!(values(&answer, "content-type"), [b"application/json; charset=utf-8"]);
    });
}

#[test]
fn masked_errors_reach_no_client() {
    pair(|pair| {
        let json = pair.gateway.query("{ left right }").json();
        assert_eq!(json["data"], json!({"left": "L", "right": null}));
        assert_eq!(
            json["errors"],
            json!([{"message": "Sorry.", "path": ["right"], "extensions": {"code": "DB", "service": "right"}}])
        );
    });
}

#[test]
fn a_list_of_operations_is_answered_by_a_list() {
    pair(|pair| {
        let before = pair.left.calls();
        let counted = pair.gateway.stat("wasmcustom.weir.batched_operations");
        let one = json!({"query": "{ left }"});
        let reply = pair.gateway.post(&json!([one, {"query": "{ nope }"}, {"query": "{ l: left }"}]));
        assert_eq!(reply.status, 200);
        let json = reply.json();
        assert_eq!(json[0], json!({"data": {"left": "L"}}));
        assert_eq!(json[1]["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
        assert_eq!(json.as_array().map(Vec::len), Some(3));
        assert_eq!(pair.left.calls(), before + 2);
        assert_eq!(pair.gateway.stat("wasmcustom.weir.batched_operations"), counted + 3);
        let many = Value::from(vec![one; 4]);
        let message = pair.gateway.post(&many).refusal(400, "LIMIT_EXCEEDED");
        assert!(message.contains("batching.max_operations"), "{message}");
        assert_eq!(pair.left.calls(), before + 2);
    });
}

/// A GET of an operation with some headers.
fn get(gateway: &Gateway, operation: &str, headers: &[(&str, &str)]) -> Reply {
    let query: String = operation.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let mut request = http::Request::get(gateway.url(&format!("/graphql?query={query}")));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client::send(request.body(()).expect("the request is valid"))
}

#[test]
fn in_strict_mode_every_get_needs_a_header_that_browsers_ask_for() {
    pair(|pair| {
        let message = get(&pair.gateway, "{ left }", &[]).refusal(403, "CSRF_ERROR");
        assert!(message.contains("apollo-require-preflight"), "{message}");
        let reply = get(&pair.gateway, "{ left }", &[("apollo-require-preflight", "1")]);
        assert_eq!(reply.data(), json!({"left": "L"}));
    });
}

#[test]
fn by_default_a_get_from_another_site_is_refused() {
    calm(|world| {
        let gateway = &world.gateway;
        let host = gateway.address.to_string();
        for forged in [
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")][..],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.example")],
            &[("referer", "https://evil.example/page")],
        ] {
            get(gateway, ME, forged).refusal(403, "CSRF_ERROR");
        }
        assert_eq!(world.subgraphs.calls(), [0; 4]);
        for own in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("origin", &format!("http://{host}"))],
            &[("sec-fetch-site", "cross-site"), ("x-apollo-operation-name", "Me")],
        ] {
            assert_eq!(get(gateway, ME, own).data()["me"]["name"], "Ada Almeida");
        }
    });
}

#[test]
fn a_form_of_another_site_executes_nothing() {
    calm(|world| {
        let body = r#"{"query":"mutation{voteHelpful(reviewId:\"r1\"){id}}","x":"="}"#;
        let request = format!(
            "POST /graphql HTTP/1.1\r\nhost: weir\r\ncontent-type: text/plain\r\nsec-fetch-site: cross-site\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        raw::exchange(world.gateway.address, request.as_bytes()).refusal(415, "UNSUPPORTED_MEDIA_TYPE");
        assert_eq!(world.subgraphs.calls(), [0; 4]);
    });
}
