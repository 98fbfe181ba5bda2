//! Headers pass by rules only: from the client to subgraphs, and from subgraphs back.

use std::time::Duration;

use serde_json::{Value as Json, json};
use weir_gateway::event::HttpRequest;
use weir_gateway::limit::Limit;
use weir_gateway::metric::Metric;
use weir_tests::world::{Behaviour, World};

/// A fetch of accounts and one of products, at once.
const QUERY: &str = "{ me { name } topProducts { name } }";

fn request(query: &str, headers: &[(&str, &[u8])]) -> HttpRequest {
    let mut all = vec![("content-type".to_owned(), b"application/json".to_vec())];
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())));
    let body = json!({ "query": query }).to_string().into_bytes();
    HttpRequest { method: "POST".into(), path: "/graphql".into(), headers: all, body }
}

/// What a subgraph was sent besides the body's own headers, in order.
fn sent(settings: Json, headers: &[(&str, &[u8])], subgraph: &str) -> Vec<(String, Vec<u8>)> {
    let mut world = World::store(settings);
    world.send_request(request(QUERY, headers));
    world.run();
    let call = world.raw_calls().iter().find(|call| call.cluster.contains(subgraph)).expect("a call");
    assert_eq!(call.headers[0].0, "content-type");
    assert_eq!(call.headers[1].0, "accept");
    let own = call.headers.iter().skip(2);
    own.map(|(name, value)| (name.to_string(), value.to_vec())).collect()
}

fn pairs(expected: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect()
}

#[test]
fn nothing_passes_unasked_but_the_trace_context() {
    let client: &[(&str, &[u8])] = &[
        ("host", b"api"),
        ("authorization", b"Bearer x"),
        ("cookie", b"a=b"),
        ("x-any", b"1"),
        ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("tracestate", b"a=1"),
        ("tracestate", b"b=2"),
    ];
    let trace = pairs(&client[4..]);
    assert_eq!(sent(json!({}), client, "accounts"), trace);
    assert_eq!(sent(json!({}), client, "products"), trace);
    assert_eq!(sent(json!({"headers": {"trace_context": false}}), client, "accounts"), []);
    let connection: &[(&str, &[u8])] = &[("connection", b"close, TraceParent"), ("traceparent", b"00-1")];
    assert_eq!(sent(json!({}), connection, "accounts"), [], "named in connection, it ends here");
}

#[test]
fn request_rules_run_in_order_for_all_and_then_for_the_subgraph() {
    let settings = json!({
        "headers": {"request": [
            {"forward": ["Authorization", "x-bin"]},
            {"forward": "x-tenant", "rename": "x-tenant-id", "default": "public"},
            {"forward_prefix": "x-app-", "except": ["x-app-secret"]},
            {"forward_matching": "^X-(left|right)$"},
            {"insert": "x-gateway", "value": "weir"},
        ]},
        "subgraphs": {"accounts": {"headers": {"request": [
            {"remove": "authorization"},
            {"remove_prefix": "x-app-"},
            {"insert": "x-gateway", "value": "accounts only"},
            {"forward": "x-user", "default": "nobody"},
        ]}}},
    });
    let client: &[(&str, &[u8])] = &[
        ("authorization", b"Bearer x"),
        ("x-bin", b"\xff\xfe"),
        ("x-app-a", b"1"),
        ("x-app-a", b"2"),
        ("x-app-secret", b"3"),
        ("x-right", b"r"),
        ("x-rightmost", b"no"),
        ("te", b"trailers"),
        ("x-envoy-retry-on", b"5xx"),
    ];
    assert_eq!(
        sent(settings.clone(), client, "products"),
        pairs(&[
            ("authorization", b"Bearer x"),
            ("x-bin", b"\xff\xfe"),
            ("x-tenant-id", b"public"),
            ("x-app-a", b"1"),
            ("x-app-a", b"2"),
            ("x-right", b"r"),
            ("x-gateway", b"weir"),
        ])
    );
    assert_eq!(
        sent(settings, client, "accounts"),
        pairs(&[
            ("x-bin", b"\xff\xfe"),
            ("x-tenant-id", b"public"),
            ("x-right", b"r"),
            ("x-gateway", b"accounts only"),
            ("x-user", b"nobody"),
        ])
    );
}

#[test]
fn a_pattern_never_means_headers_of_the_connection_or_of_envoy() {
    let settings = json!({"headers": {"request": [{"forward_matching": "."}], "trace_context": false}});
    let client: &[(&str, &[u8])] = &[
        ("host", b"api"),
        ("content-length", b"7"),
        ("accept-encoding", b"gzip"),
        ("transfer-encoding", b"chunked"),
        ("x-envoy-upstream-rq-timeout-ms", b"1"),
        ("proxy-authorization", b"x"),
        ("cookie", b"a=b"),
    ];
    assert_eq!(sent(settings, client, "accounts"), pairs(&[("cookie", b"a=b")]));
}

/// The reply's headers but its content type.
fn received(world: &World, id: weir_gateway::RequestId) -> Vec<(String, String)> {
    let reply = world.reply(id).expect("a reply");
    assert_eq!(reply.headers[0].0, "content-type");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    reply.headers.iter().skip(1).map(|(name, value)| (name.to_string(), text(value))).collect()
}

fn texts(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn subgraphs_headers_come_back_merged_in_the_order_of_the_plan() {
    let rules = json!([
        {"forward": "x-first", "merge": "first"},
        {"forward": "x-last"},
        {"forward": "x-all", "merge": "append"},
        {"forward": ["set-cookie", "vary"]},
        {"forward": "x-renamed", "rename": "x-new-name", "default": "none"},
        {"insert": "x-by", "value": "weir"},
    ]);
    let mut answers = Vec::new();
    // Whichever subgraph answers first.
    for slow in ["accounts", "products"] {
        let mut world = World::store(json!({"headers": {"response": rules}}));
        world.latency(slow, Duration::from_millis(50));
        for name in ["accounts", "products"] {
            let cookies = [format!("{name}=1; Path=/"), format!("{name}=2; Path=/")];
            world.answer_with(
                name,
                &[
                    (":status", "200"),
                    ("content-type", "application/json"),
                    ("x-first", name),
                    ("x-last", name),
                    ("x-all", name),
                    ("set-cookie", &cookies[0]),
                    ("set-cookie", &cookies[1]),
                    ("vary", "origin"),
                    ("x-unasked", name),
                ],
            );
        }
        let id = world.send(QUERY);
        world.run();
        answers.push(received(&world, id));
        assert_eq!(world.reply(id).expect("a reply").headers.len(), 12);
    }
    assert_eq!(answers[0], answers[1]);
    let (first, last) = match answers[0][0].1.as_str() {
        "accounts" => ("accounts", "products"),
        _ => ("products", "accounts"),
    };
    let all = |name: &str| -> Vec<String> {
        answers[0].iter().filter(|(n, _)| n == name).map(|(_, value)| value.clone()).collect()
    };
    assert_eq!(all("x-first"), [first]);
    assert_eq!(all("x-last"), [last]);
    assert_eq!(all("x-all"), [first, last]);
    assert_eq!(
        all("set-cookie"),
        [
            format!("{first}=1; Path=/"),
            format!("{first}=2; Path=/"),
            format!("{last}=1; Path=/"),
            format!("{last}=2; Path=/")
        ]
    );
    assert_eq!(all("vary"), ["origin"]);
    assert_eq!(all("x-new-name"), ["none"]);
    assert_eq!(all("x-by"), ["weir"]);
}

#[test]
fn no_header_comes_back_unasked() {
    let mut world = World::store(json!({}));
    world.answer_with("accounts", &[("set-cookie", "a=b"), ("x-any", "1")]);
    let id = world.send(QUERY);
    world.run();
    assert_eq!(received(&world, id), []);
}

/// `cache-control` and `vary` of a reply when two subgraphs answer with these.
fn cached(accounts: &[(&str, &str)], products: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut world = World::store(json!({"headers": {"response": [{"forward": "cache-control"}]}}));
    world.answer_with("accounts", accounts);
    world.answer_with("products", products);
    let id = world.send(QUERY);
    world.run();
    received(&world, id)
}

#[test]
fn cache_control_is_merged_to_the_strictest() {
    let (long, short) = (("cache-control", "public, max-age=600"), ("cache-control", "max-age=60, public"));
    let no_store = texts(&[("cache-control", "no-store")]);
    assert_eq!(
        cached(&[long], &[short]),
        texts(&[("cache-control", "max-age=60, public"), ("vary", "accept")])
    );
    assert_eq!(
        cached(&[long], &[("cache-control", "private"), ("cache-control", "max-age=700")]),
        texts(&[("cache-control", "max-age=600, private"), ("vary", "accept")])
    );
    assert_eq!(cached(&[long, ("age", "590")], &[short])[0].1, "max-age=10, public");
    assert_eq!(cached(&[long], &[("cache-control", "no-store")]), no_store);
    assert_eq!(cached(&[long], &[]), no_store, "who says nothing allows nothing");
}

#[test]
fn a_subgraphs_own_response_rules_come_after_those_for_all() {
    let mut world = World::store(json!({
        "headers": {"response": [{"forward_prefix": "x-", "except": ["x-c"]}, {"forward_prefix": "cache-"}]},
        "subgraphs": {
            "accounts": {"headers": {"response": [
                {"remove": "x-a"},
                {"insert": "x-side", "value": "accounts"},
                {"forward": "x-b", "rename": "x-d"},
                {"forward": "cache-control", "default": "max-age=5"},
            ]}},
            "products": {"headers": {"response": [{"remove": "cache-control"}]}},
        },
    }));
    world.answer_with(
        "accounts",
        &[("x-a", "1"), ("x-b", "2"), ("x-c", "3"), ("x-envoy-upstream-service-time", "1")],
    );
    world.answer_with("products", &[("cache-control", "no-store")]);
    let id = world.send(QUERY);
    world.run();
    let mut found = received(&world, id);
    found.sort();
    assert_eq!(
        found,
        texts(&[
            ("cache-control", "max-age=5"),
            ("vary", "accept"),
            ("x-b", "2"),
            ("x-d", "2"),
            ("x-side", "accounts")
        ])
    );
    // A pattern that means cache-control too takes silence for a prohibition as well.
    let mut world = World::store(json!({"headers": {"response": [{"forward_matching": "."}]}}));
    world.answer_with("accounts", &[("cache-control", "max-age=60")]);
    let id = world.send(QUERY);
    world.run();
    assert_eq!(received(&world, id), texts(&[("cache-control", "no-store")]));
}

#[test]
fn no_cache_keeps_an_answer_with_errors_or_one_that_no_subgraph_spoke_of() {
    let mut world = World::store(json!({"headers": {"response": [{"forward": "cache-control"}]}}));
    for name in ["accounts", "products"] {
        world.answer_with(name, &[("cache-control", "max-age=60")]);
    }
    world.set("products", Behaviour::Refuse);
    let id = world.send(QUERY);
    world.run();
    assert_eq!(received(&world, id), texts(&[("cache-control", "no-store")]));
    let id = world.send("{ __typename }");
    world.run();
    assert_eq!(received(&world, id), []);
}

#[test]
fn a_reply_takes_no_more_headers_than_clients_do() {
    let mut world = World::store(json!({"headers": {"response": [{"forward_prefix": "x-"}]}}));
    let long = "v".repeat(1000);
    let many: Vec<(String, &str)> = (0..50).map(|n| (format!("x-{n}"), long.as_str())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    world.answer_with("accounts", &many);
    let id = world.send(QUERY);
    world.run();
    let bytes: usize = received(&world, id).iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!((30_000..=32 * 1024).contains(&bytes), "{bytes}");
    assert_eq!(world.count(Metric::LimitHit(Limit::ResponseHeaders)), 1);
    assert_eq!(world.json(id)["data"]["me"]["name"], "Ann");
}
