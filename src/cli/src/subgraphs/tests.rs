//! The four services through their routes, and the port with its two protocols.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use clap::Parser;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use weir_tests::schema::{self, InputDef, Schema};

use super::answer::Abort;
use super::faults::Settings;
use super::options::Options;
use super::routes::{Subgraphs, respond, router};
use super::server::Server;
use super::service::{NAMES, Service};
use super::store::Store;
use super::supergraph::supergraph_at;

fn subgraphs() -> Router {
    start(false)
}

fn start(remember: bool) -> Router {
    router(Arc::new(Subgraphs::new(&NAMES, &Settings::default(), remember, supergraph_at("http://test"))))
}

async fn send(router: &Router, request: Request<Body>) -> Result<(StatusCode, Vec<u8>), Abort> {
    let response = respond(router.clone(), request).await?;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.map_err(|_| Abort)?;
    Ok((status, body.to_vec()))
}

fn post(path: &str, body: &Value) -> Request<Body> {
    Request::post(path).header("x-test", "1").body(Body::from(body.to_string())).unwrap()
}

async fn get(router: &Router, path: &str) -> Value {
    let (_, body) = send(router, Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// Sends an operation and returns the whole response.
async fn ask(router: &Router, subgraph: &str, query: &str, variables: Value) -> Value {
    let body = json!({"query": query, "variables": variables});
    let (status, body) = send(router, post(&format!("/{subgraph}/graphql"), &body)).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    serde_json::from_slice(&body).unwrap()
}

async fn data(router: &Router, subgraph: &str, query: &str) -> Value {
    let response = ask(router, subgraph, query, json!({})).await;
    assert_eq!(response.get("errors"), None, "{response}");
    response["data"].clone()
}

async fn entity(router: &Router, subgraph: &str, representation: Value, selection: &str) -> Value {
    let kind = representation["__typename"].as_str().unwrap();
    let query = format!("query($r:[_Any!]!){{_entities(representations:$r){{... on {kind}{selection}}}}}");
    let response = ask(router, subgraph, &query, json!({"r": [representation]})).await;
    assert_eq!(response.get("errors"), None, "{response}");
    response["data"]["_entities"][0].clone()
}

async fn set_fault(router: &Router, change: Value) -> StatusCode {
    send(router, post("/faults", &change)).await.unwrap().0
}

/// Sends `{ me { name birthYear } }` to accounts and returns status and text.
async fn ask_me(router: &Router) -> Result<(u16, String), Abort> {
    let query = json!({"query": "{ me { name birthYear } }"});
    let (status, body) = send(router, post("/accounts/graphql", &query)).await?;
    Ok((status.as_u16(), String::from_utf8(body).unwrap()))
}

const ME: &str = r#"{"data":{"me":{"name":"Ada Almeida","birthYear":1950}}}"#;

#[test]
fn committed_sdl_is_what_the_code_prints() {
    let committed = [
        include_str!("../../../../envoy/subgraphs/accounts.graphql"),
        include_str!("../../../../envoy/subgraphs/products.graphql"),
        include_str!("../../../../envoy/subgraphs/inventory.graphql"),
        include_str!("../../../../envoy/subgraphs/reviews.graphql"),
    ];
    let store = Arc::new(Store::new());
    for (name, committed) in NAMES.into_iter().zip(committed) {
        let printed = Service::new(name, &store).unwrap().sdl;
        assert_eq!(printed, committed, "{name} has changed: compose again (envoy/compose.mjs says how)");
    }
}

/// A schema as lines that don't depend on the order of anything, without descriptions.
fn lines(schema: &Schema) -> BTreeSet<String> {
    let inputs = |inputs: &[InputDef]| {
        let one = |input: &InputDef| match &input.default {
            Some(default) => format!("{}: {} = {default}", input.name, input.ty),
            None => format!("{}: {}", input.name, input.ty),
        };
        inputs.iter().map(one).collect::<BTreeSet<_>>()
    };
    let mut lines = BTreeSet::from([format!("{} {:?}", schema.query, schema.mutation)]);
    for (name, ty) in &schema.types {
        let (members, interfaces): (BTreeSet<_>, BTreeSet<_>) =
            (ty.members.iter().collect(), ty.interfaces.iter().collect());
        lines.insert(format!("{:?} {name} {members:?} {interfaces:?}", ty.kind));
        lines.extend(ty.values.iter().map(|value| format!("{name}.{value}")));
        lines.extend(inputs(&ty.inputs).iter().map(|input| format!("{name}.{input}")));
        for field in &ty.fields {
            let arguments = inputs(&field.arguments);
            let reason = schema::argument(&field.directives, "deprecated", "reason");
            lines.insert(format!("{name}.{}({arguments:?}): {} {reason:?}", field.name, field.ty));
        }
    }
    lines
}

#[test]
fn the_monolith_has_the_api_schema_of_the_supergraph() {
    let api = lines(&Schema::api_of_supergraph(&supergraph_at("http://test")));
    let monolith = lines(&Schema::parse(&Service::monolith(&Arc::new(Store::new())).sdl));
    let missing: Vec<_> = api.difference(&monolith).collect();
    let more: Vec<_> = monolith.difference(&api).collect();
    assert!(missing.is_empty() && more.is_empty(), "missing: {missing:#?}\nmore: {more:#?}");
    assert!(api.len() > 100, "{api:#?}");
}

#[tokio::test]
async fn entities_are_found_by_each_of_their_keys() {
    let router = subgraphs();
    let sku = json!({"vendor": "HAL", "code": "LANTERN-001"});
    let cases = [
        (
            "accounts",
            json!({"__typename": "User", "id": "u2"}),
            "{email}",
            json!({"email": "bruno2@example.com"}),
        ),
        (
            "accounts",
            json!({"__typename": "User", "email": "bruno2@example.com"}),
            "{id}",
            json!({"id": "u2"}),
        ),
        (
            "accounts",
            json!({"__typename": "Review", "id": "r1"}),
            "{moderation}",
            json!({"moderation": "PENDING"}),
        ),
        ("accounts", json!({"__typename": "Question", "id": "q3"}), "{id}", json!({"id": "q3"})),
        (
            "products",
            json!({"__typename": "Product", "upc": "P0001"}),
            "{sku{code}}",
            json!({"sku": {"code": "LANTERN-001"}}),
        ),
        ("products", json!({"__typename": "Product", "sku": sku}), "{upc}", json!({"upc": "P0001"})),
        ("products", json!({"__typename": "Brand", "id": "b1"}), "{name}", json!({"name": "Halden"})),
        ("inventory", json!({"__typename": "Product", "sku": sku}), "{stock}", json!({"stock": 0})),
        (
            "inventory",
            json!({"__typename": "Warehouse", "country": "DE", "code": "HAM"}),
            "{city}",
            json!({"city": "Hamburg"}),
        ),
        ("reviews", json!({"__typename": "User", "id": "u1"}), "{reviewCount}", json!({"reviewCount": 30})),
        (
            "reviews",
            json!({"__typename": "Product", "upc": "P0002"}),
            "{averageRating}",
            json!({"averageRating": 3.0}),
        ),
        (
            "reviews",
            json!({"__typename": "Review", "id": "r7"}),
            "{product{upc}}",
            json!({"product": {"upc": "P0007"}}),
        ),
        (
            "reviews",
            json!({"__typename": "Question", "id": "q2"}),
            "{author{id}}",
            json!({"author": {"id": "u29"}}),
        ),
    ];
    for (subgraph, representation, selection, expected) in cases {
        let found = entity(&router, subgraph, representation.clone(), selection).await;
        assert_eq!(found, expected, "{subgraph} {representation}");
    }
}

#[tokio::test]
async fn an_entity_that_does_not_exist_is_null() {
    let router = subgraphs();
    for (subgraph, representation) in [
        ("accounts", json!({"__typename": "User", "id": "u0"})),
        ("products", json!({"__typename": "Product", "sku": {"vendor": "X", "code": "Y"}})),
        ("inventory", json!({"__typename": "Warehouse", "country": "FR", "code": "BER"})),
        ("reviews", json!({"__typename": "Review", "id": "r0"})),
    ] {
        assert_eq!(entity(&router, subgraph, representation, "{__typename}").await, Value::Null);
    }
}

#[tokio::test]
async fn required_fields_decide_the_answer() {
    let router = subgraphs();
    let product = |price: f64, weight: u32| {
        json!({"__typename": "Product", "sku": {"vendor": "HAL", "code": "LANTERN-001"}, "price": price,
            "weight": weight, "dimensions": {"width": 100, "height": 200, "depth": 350}})
    };
    let estimate = r#"{shippingEstimate(to:{country:"FR"}, express:true) parcel{size litres}}"#;
    assert_eq!(
        entity(&router, "inventory", product(9.99, 1000), estimate).await,
        json!({"shippingEstimate": 15.79, "parcel": {"size": "M", "litres": 7.0}})
    );
    assert_eq!(
        entity(&router, "inventory", product(1000.0, 1), estimate).await["shippingEstimate"],
        json!(0)
    );
    assert_eq!(
        entity(&router, "inventory", product(9.0, 20_001), estimate).await["shippingEstimate"],
        Value::Null
    );
    let user =
        json!({"__typename": "User", "id": "u9", "tier": "SILVER", "joinedAt": "2020-05-06T07:08:09Z"});
    assert_eq!(
        entity(&router, "reviews", user, "{badge}").await,
        json!({"badge": "Silver reviewer since 2020"})
    );
}

#[tokio::test]
async fn abstract_types_answer_with_their_members() {
    let router = subgraphs();
    assert_eq!(
        data(
            &router,
            "reviews",
            "{recentActivity(first:2){__typename ...on Review{rating} ...on Question{answers}}}"
        )
        .await,
        json!({"recentActivity": [{"__typename": "Review", "rating": 1}, {"__typename": "Question", "answers": []}]})
    );
    assert_eq!(
        data(&router, "reviews", r#"{post(id:"q2"){__typename id product{upc} ...on Question{answers}}}"#)
            .await["post"]["__typename"],
        json!("Question")
    );
    assert_eq!(
        data(
            &router,
            "products",
            r#"{search(text:"hal",first:2){__typename} product(upc:"P0001"){media{__typename alt}}}"#
        )
        .await,
        json!({"search": [{"__typename": "Brand"}], "product": {"media": [
            {"__typename": "Image", "alt": "Folding Lantern seen from the front"},
            {"__typename": "Video", "alt": "Folding Lantern in use"}]}})
    );
}

#[tokio::test]
async fn input_objects_filter_and_large_numbers_stay_exact() {
    let router = subgraphs();
    let query =
        r#"{topProducts(first:2, filter:{category:KITCHEN, maxPrice:700.5, brandIds:["b2","b10"]}){upc}}"#;
    assert_eq!(
        data(&router, "products", query).await,
        json!({"topProducts": [{"upc": "P0002"}, {"upc": "P0026"}]})
    );
    assert_eq!(
        data(&router, "accounts", "{me{loyaltyPoints}}").await,
        json!({"me": {"loyaltyPoints": 9_007_199_254_740_993_u64}})
    );
}

#[tokio::test]
async fn the_caller_is_read_from_a_header() {
    let router = subgraphs();
    let request = Request::post("/accounts/graphql").header("x-user-id", "u3");
    let request = request.body(Body::from(r#"{"query":"{me{id}}"}"#)).unwrap();
    let (_, body) = send(&router, request).await.unwrap();
    assert_eq!(body, br#"{"data":{"me":{"id":"u3"}}}"#);
}

#[tokio::test]
async fn mutations_change_the_data_until_a_reset() {
    let router = subgraphs();
    let rename = r#"mutation{updateProfile(input:{userId:"u1",name:"Ada L."}){name tier}}"#;
    assert_eq!(
        data(&router, "accounts", rename).await,
        json!({"updateProfile": {"name": "Ada L.", "tier": "GOLD"}})
    );
    let vote =
        r#"mutation{a:voteHelpful(reviewId:"r1"){helpfulVotes} b:voteHelpful(reviewId:"r1"){helpfulVotes}}"#;
    assert_eq!(
        data(&router, "reviews", vote).await,
        json!({"a": {"helpfulVotes": 1}, "b": {"helpfulVotes": 2}})
    );
    let add = r#"mutation{addReview(input:{authorId:"u1",upc:"P0001",rating:5,body:"Good."}){id product{reviewCount}}}"#;
    let added = json!({"addReview": {"id": "r1801", "product": {"reviewCount": 7}}});
    assert_eq!(data(&router, "reviews", add).await, added);

    assert_eq!(send(&router, post("/reset", &Value::Null)).await.unwrap().0, StatusCode::NO_CONTENT);
    assert_eq!(ask_me(&router).await.unwrap().1, ME);
    assert_eq!(data(&router, "reviews", add).await, added);
    assert_eq!(
        get(&router, "/stats").await["reviews"]["operations"],
        json!({"query": 0, "mutation": 1, "other": 0})
    );
}

#[tokio::test]
async fn what_is_remembered_is_what_would_be_answered() {
    let (router, forgetful) = (start(true), subgraphs());
    let review = "{ post(id: \"r1\") { body ... on Review { helpfulVotes } } }";
    let vote = "mutation { voteHelpful(reviewId: \"r1\") { helpfulVotes } }";
    let name = "query($id: ID!) { user(id: $id) { name } }";
    for (subgraph, query, variables) in [
        ("reviews", review, json!({})),
        ("reviews", review, json!({})),
        // Each vote counts, and a review that was remembered has it.
        ("reviews", vote, json!({})),
        ("reviews", review, json!({})),
        ("reviews", vote, json!({})),
        ("reviews", review, json!({})),
        // The same text with other variables, the same body to another subgraph.
        ("accounts", name, json!({"id": "u1"})),
        ("accounts", name, json!({"id": "u2"})),
        ("accounts", "{ __typename }", json!({})),
        ("products", "{ __typename }", json!({})),
    ] {
        let expected = ask(&forgetful, subgraph, query, variables.clone()).await;
        assert_eq!(ask(&router, subgraph, query, variables).await, expected, "{query}");
    }
    // Who asks is part of the question.
    let me = |caller: &str| {
        let body = Body::from(json!({"query": "{ me { id } }"}).to_string());
        Request::post("/accounts/graphql").header("x-user-id", caller).body(body).unwrap()
    };
    for caller in ["u3", "u4", "u3"] {
        let (_, answer) = send(&router, me(caller)).await.unwrap();
        assert_eq!(String::from_utf8(answer).unwrap(), format!(r#"{{"data":{{"me":{{"id":"{caller}"}}}}}}"#));
    }
    // Faults and counters are as without a memory.
    let counters = |stats: &Value| {
        let of = |name: &str| stats[name].as_object().unwrap().clone();
        ["accounts", "reviews"]
            .map(|name| ["calls", "representations", "operations"].map(|counter| of(name)[counter].clone()))
    };
    assert_eq!(set_fault(&router, json!({"subgraph": "reviews", "mode": "http_500"})).await, StatusCode::OK);
    let body = json!({"query": review, "variables": {}});
    let (status, _) = send(&router, post("/reviews/graphql", &body)).await.unwrap();
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let [accounts, reviews] = counters(&get(&router, "/stats").await);
    assert_eq!((&accounts[0], &reviews[0]), (&json!(6), &json!(7)));
    assert_eq!(reviews[2], json!({"query": 5, "mutation": 2, "other": 0}));
}

#[tokio::test]
async fn each_fault_mode_spoils_the_answer_in_its_way() {
    let router = subgraphs();
    let cases = [
        ("http_500", 500, "the subgraph is out of order\n"),
        ("not_json", 200, "<html><body>Under maintenance</body></html>"),
        ("wrong_shape", 200, "[1,2]"),
        ("empty_body", 200, ""),
        (
            "errors_without_data",
            200,
            r#"{"errors":[{"message":"the subgraph refused the operation","extensions":{"code":"REFUSED"}}]}"#,
        ),
        (
            "errors_with_data",
            200,
            r#"{"data":{"me":{"name":"Ada Almeida","birthYear":null}},"errors":[{"message":"this field is out of order","path":["me","birthYear"]}]}"#,
        ),
        ("wrong_types", 200, r#"{"data":{"me":{"name":null,"birthYear":"1950 pieces"}}}"#),
        ("none", 200, ME),
    ];
    for (mode, status, text) in cases {
        assert_eq!(set_fault(&router, json!({"subgraph": "accounts", "mode": mode})).await, 200);
        assert_eq!(ask_me(&router).await, Ok((status, text.to_owned())), "{mode}");
    }
    for mode in ["reset", "truncated"] {
        set_fault(&router, json!({"subgraph": "accounts", "mode": mode, "times": 1})).await;
        assert_eq!(ask_me(&router).await, Err(Abort), "{mode}");
        assert_eq!(ask_me(&router).await, Ok((200, ME.to_owned())), "after {mode}");
    }
    assert_eq!(get(&router, "/stats").await["accounts"]["faults"], json!(9));
}

#[tokio::test]
async fn a_failed_entity_field_has_its_index_in_the_path() {
    let router = subgraphs();
    set_fault(&router, json!({"mode": "errors_with_data"})).await;
    let product =
        |code: &str, vendor: &str| json!({"__typename": "Product", "sku": {"vendor": vendor, "code": code}});
    let entities = json!({"r": [product("KETTLE-002", "MOR"), product("LANTERN-001", "HAL")]});
    let query = |selection: &str| {
        format!("query($r:[_Any!]!){{_entities(representations:$r){{...on Product{selection}}}}}")
    };

    let response = ask(&router, "inventory", &query("{name parcel{size}}"), entities.clone()).await;
    assert_eq!(response["errors"][0]["path"], json!(["_entities", 0, "parcel"]));
    assert_eq!(response["data"]["_entities"][0], json!({"name": "Compact Kettle", "parcel": null}));

    // Nothing nullable is asked for: the entity itself fails.
    let response = ask(&router, "inventory", &query("{name}"), entities.clone()).await;
    assert_eq!(response["errors"][0]["path"], json!(["_entities", 0]));
    assert_eq!(response["data"], json!({"_entities": [null, {"name": "Folding Lantern"}]}));

    set_fault(&router, json!({"mode": "short_entities"})).await;
    let response = ask(&router, "inventory", &query("{name}"), entities).await;
    assert_eq!(response["data"], json!({"_entities": [{"name": "Compact Kettle"}]}));
}

#[tokio::test(start_paused = true)]
async fn latency_slowness_and_hanging_take_their_time() {
    let router = subgraphs();
    let took = async || {
        let start = tokio::time::Instant::now();
        (ask_me(&router).await.map(|answer| answer.0), start.elapsed().as_millis())
    };
    set_fault(&router, json!({"latency": "250ms"})).await;
    assert_eq!(took().await, (Ok(200), 250));
    set_fault(&router, json!({"latency": "0s", "mode": "slow"})).await;
    assert_eq!(took().await, (Ok(200), 2_000));
    set_fault(&router, json!({"mode": "hang"})).await;
    assert_eq!(took().await, (Err(Abort), 60_000));
    let release = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        set_fault(&router, json!({"mode": "none"})).await;
    };
    assert_eq!(tokio::join!(took(), release).0, (Ok(200), 700));
}

#[tokio::test]
async fn a_wrong_switch_is_refused() {
    let router = subgraphs();
    for change in [
        json!({"subgraph": "orders"}),
        json!({"mode": "odd"}),
        json!({"error_rate": 7}),
        json!({"flap": "often"}),
        json!({"latenzy": "1s"}),
    ] {
        assert_eq!(set_fault(&router, change.clone()).await, StatusCode::BAD_REQUEST, "{change}");
    }
    assert_eq!(
        get(&router, "/faults").await["reviews"],
        json!({"mode": "none", "times": null, "flap": "0s", "latency": "0s", "jitter": "0s", "error_rate": 0.0})
    );
}

#[tokio::test]
async fn stats_tell_what_was_asked() {
    let router = subgraphs();
    entity(&router, "reviews", json!({"__typename": "User", "id": "u1"}), "{id}").await;
    let _ = send(&router, post("/reviews/graphql", &json!("nonsense"))).await;
    data(&router, "reviews", "{recentActivity{__typename}}").await;
    data(&router, "reviews", "{__typename}").await;
    let stats = get(&router, "/stats").await;
    let reviews = &stats["reviews"];
    assert_eq!((&reviews["calls"], &reviews["representations"]), (&json!(4), &json!(1)));
    assert_eq!(reviews["operations"], json!({"query": 3, "mutation": 0, "other": 1}));
    assert_eq!(reviews["health_checks"], json!(1));
    assert_eq!((&reviews["in_flight"], &reviews["max_in_flight"]), (&json!(0), &json!(1)));
    assert_eq!(reviews["last"]["query"], json!("{__typename}"));
    assert_eq!(reviews["last"]["headers"]["x-test"], json!("1"));
    assert_eq!(stats["accounts"]["calls"], json!(0));
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

#[test]
fn options_have_bounds_and_names() {
    let parse =
        |args: &[&str]| Line::try_parse_from([&["subgraphs"], args].concat()).map(|line| line.options);
    let options = parse(&["--only", "reviews,accounts", "--latency", "15ms", "--error-rate", "0.1"]).unwrap();
    assert_eq!(options.names(), ["accounts", "reviews"]);
    assert_eq!(options.settings().latency, Duration::from_millis(15));
    assert_eq!(parse(&[]).unwrap().port, 4100);
    for wrong in [["--only", "orders"], ["--error-rate", "1.5"], ["--latency", "soon"]] {
        assert!(parse(&wrong).is_err(), "{wrong:?}");
    }
}

/// Starts on a free port; the task ends with the test's runtime.
async fn started(args: &[&str]) -> String {
    let options = Line::parse_from([&["subgraphs", "--port", "0"], args].concat()).options;
    let server = Server::bind(&options).await.unwrap();
    let address = server.base.trim_start_matches("http://").to_owned();
    tokio::spawn(server.serve(std::future::pending()));
    address
}

async fn exchange(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // An HTTP/2 connection stays open: what came within the time is the answer.
    let _ = tokio::time::timeout(Duration::from_millis(500), stream.read_to_end(&mut answer)).await;
    answer
}

#[tokio::test]
async fn one_port_speaks_both_protocols() {
    let address = started(&["--only", "accounts"]).await;
    let health = exchange(&address, b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(health.starts_with(b"HTTP/1.1 200 OK\r\n") && health.ends_with(b"\r\n\r\nok\n"));
    // The HTTP/2 preface with empty settings; the answer begins with a SETTINGS frame (type 4).
    let settings = exchange(&address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert_eq!(settings.get(3), Some(&4));
    let absent =
        exchange(&address, b"POST /reviews/graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(absent.starts_with(b"HTTP/1.1 404"));
}

#[tokio::test]
async fn a_reset_sends_nothing_and_a_truncation_half() {
    let address = started(&[]).await;
    let set = |mode: &str| {
        let body = json!({"mode": mode}).to_string();
        format!(
            "POST /faults HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let query = r#"{"query":"{ me { name birthYear } }"}"#;
    let ask = format!(
        "POST /accounts/graphql HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{query}",
        query.len()
    );

    exchange(&address, set("reset").as_bytes()).await;
    assert_eq!(exchange(&address, ask.as_bytes()).await, b"");
    exchange(&address, set("truncated").as_bytes()).await;
    let answer = String::from_utf8(exchange(&address, ask.as_bytes()).await).unwrap();
    assert!(answer.contains(&format!("content-length: {}\r\n", ME.len())), "{answer}");
    assert!(answer.ends_with(&ME[..ME.len() / 2]), "{answer}");
}
