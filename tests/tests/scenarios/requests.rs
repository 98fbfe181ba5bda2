//! Bad requests: each is answered with an error that says what to change.

use serde_json::json;
use weir_gateway::event::HttpRequest;
use weir_tests::world::World;

fn post(content_type: &str, body: &str) -> HttpRequest {
    HttpRequest {
        method: "POST".into(),
        path: "/graphql".into(),
        headers: vec![("content-type".into(), content_type.into())],
        body: body.into(),
    }
}

/// Status, code and message of the answer.
fn refused(request: HttpRequest) -> (u16, String, String) {
    let mut world = World::store(json!({"limits": {"max_body_bytes": 2000}}));
    let id = world.send_request(request);
    let status = world.reply(id).expect("refused at once").status;
    let error = world.json(id)["errors"][0].clone();
    assert!(world.json(id).get("data").is_none());
    assert!(world.calls().is_empty());
    (
        status,
        error["extensions"]["code"].as_str().expect("a code").to_owned(),
        error["message"].as_str().expect("a message").to_owned(),
    )
}

#[track_caller]
fn check(request: HttpRequest, status: u16, code: &str, message: &str) {
    let (s, c, m) = refused(request);
    assert_eq!((s, c.as_str()), (status, code), "{m}");
    assert!(m.contains(message), "{m:?} lacks {message:?}");
}

#[test]
fn the_http_request() {
    let json = "application/json";
    check(post(json, "nope"), 400, "BAD_REQUEST", "not a JSON object");
    check(post(json, ""), 400, "BAD_REQUEST", "not a JSON object");
    check(post(json, "{\"query\":"), 400, "BAD_REQUEST", "not valid JSON");
    check(post(json, "[{\"query\":\"{me{id}}\"}]"), 400, "BAD_REQUEST", "batching.enabled");
    check(post(json, "{}"), 400, "BAD_REQUEST", "no \"query\"");
    check(post(json, "{\"query\":null}"), 400, "BAD_REQUEST", "no \"query\"");
    check(post(json, "{\"query\":7}"), 400, "BAD_REQUEST", "\"query\" must be a string");
    check(
        post(json, "{\"query\":\"{me{id}}\",\"variables\":[]}"),
        400,
        "BAD_REQUEST",
        "\"variables\" must be",
    );
    check(
        post(json, "{\"query\":\"{me{id}}\",\"operationName\":1}"),
        400,
        "BAD_REQUEST",
        "\"operationName\"",
    );
    check(post(json, "{\"query\":\"{me{id}}\",\"extensions\":1}"), 400, "BAD_REQUEST", "\"extensions\"");
    check(post("text/plain", "{}"), 415, "UNSUPPORTED_MEDIA_TYPE", "application/json");
    check(post("application/json; charset=latin1", "{}"), 415, "UNSUPPORTED_MEDIA_TYPE", "UTF-8");
    check(post(json, &"x".repeat(2001)), 413, "BODY_TOO_LARGE", "limits.max_body_bytes");
    let mut declared = post(json, "");
    declared.headers.push(("content-length".into(), b"2001".to_vec()));
    check(declared, 413, "BODY_TOO_LARGE", "2000 bytes");
    // A parser that does not look behind \u sees one string, then a thousand lists in each other.
    let hidden = format!(r#"{{"variables":["\u"aaa",{}"#, "[".repeat(1000));
    check(post(json, &hidden), 400, "BAD_REQUEST", "hexadecimal");
    let mut invalid = post(json, "");
    invalid.body = b"{\"query\":\"\xff\"}".to_vec();
    check(invalid, 400, "BAD_REQUEST", "UTF-8");
    let mut put = post(json, "{}");
    put.method = "PUT".into();
    check(put, 405, "METHOD_NOT_ALLOWED", "POST");
    let mut html = post(json, "{\"query\":\"{me{id}}\"}");
    html.headers.push(("accept".into(), b"text/html".to_vec()));
    check(html, 406, "NOT_ACCEPTABLE", "application/json");
}

#[test]
fn the_operation() {
    let ask = |query: &str| post("application/json", &json!({ "query": query }).to_string());
    check(ask("{ me { "), 200, "GRAPHQL_PARSE_FAILED", "");
    check(ask(""), 200, "GRAPHQL_PARSE_FAILED", "");
    check(ask("{ me { nope } }"), 200, "GRAPHQL_VALIDATION_FAILED", "nope");
    check(ask("query A { me { id } } query B { me { id } }"), 200, "OPERATION_RESOLUTION_FAILURE", "");
    check(ask("query($id: ID!) { user(id: $id) { id } }"), 200, "BAD_USER_INPUT", "$id");
    check(ask("query($x: Boolean!) { me @skip(if: $x) { id } }"), 200, "BAD_USER_INPUT", "$x");
    let unknown = json!({"query": "query A { me { id } }", "operationName": "B"}).to_string();
    check(post("application/json", &unknown), 200, "OPERATION_RESOLUTION_FAILURE", "B");
}

#[test]
fn the_status_tells_the_class_where_the_client_reads_it() {
    let mut request = post("application/json", "{\"query\":\"{ nope }\"}");
    request.headers.push(("accept".into(), b"application/graphql-response+json".to_vec()));
    check(request, 400, "GRAPHQL_VALIDATION_FAILED", "nope");
}

#[test]
fn get_serves_queries_only() {
    let get = |path: &str| HttpRequest { method: "GET".into(), path: path.into(), ..HttpRequest::default() };
    check(get("/graphql"), 400, "BAD_REQUEST", "query");
    check(get("/graphql?query=a&query=b"), 400, "BAD_REQUEST", "two \"query\"");
    check(get("/graphql?query=%FF"), 400, "BAD_REQUEST", "UTF-8");
    for parameter in ["variables", "extensions"] {
        let message = format!("\"{parameter}\" must be an object");
        for json in ["7", "%22a%22", "[]", "%7B", "%7B%7Dx", "true"] {
            check(
                get(&format!("/graphql?query=%7Bme%7Bid%7D%7D&{parameter}={json}")),
                400,
                "BAD_REQUEST",
                &message,
            );
        }
    }
    check(get("/graphql?query=mutation%7Brename(name:%22x%22)%7Bid%7D%7D"), 405, "MUTATION_BY_GET", "POST");
    let mut world = World::store(json!({}));
    let id = world.send_request(get(
        "/graphql?query=query+Q($id:ID!)%7Buser(id:$id)%7Bname%7D%7D&variables=%7B%22id%22:%222%22%7D&operationName=Q",
    ));
    world.run();
    assert_eq!(world.json(id), json!({"data": {"user": {"name": "Bob"}}}));
    // Empty and null parameters count as none; what is not known is not looked at.
    let id = world.send_request(get(
        "/graphql?query=%7B+me+%7B+name+%7D+%7D&variables=&operationName=&extensions=null&other=%FF&x",
    ));
    world.run();
    assert_eq!(world.json(id), json!({"data": {"me": {"name": "Ann"}}}));
    // `operationName=null` is an operation of that name.
    let id = world.send_request(get("/graphql?query=query+null%7Bme%7Bname%7D%7D&operationName=null"));
    world.run();
    assert_eq!(world.json(id), json!({"data": {"me": {"name": "Ann"}}}));
}

#[test]
fn nulls_and_unknown_keys_in_a_body_count_for_nothing() {
    let mut world = World::store(json!({}));
    let body = r#" {"query":"{me{name}}","variables":null,"operationName":null,"extensions":null,"id":7}"#;
    let id = world.send_body(body);
    world.run();
    assert_eq!(world.json(id), json!({"data": {"me": {"name": "Ann"}}}));
}

#[test]
fn the_type_of_a_body_is_read_as_http_has_it() {
    let body = "{\"query\":\"{me{name}}\"}";
    for kind in [
        "application/json",
        "Application/JSON",
        "application/json;charset=UTF-8",
        "application/json ; Charset=\"utf-8\"",
    ] {
        let mut world = World::store(json!({}));
        let id = world.send_request(post(kind, body));
        world.run();
        assert_eq!(world.json(id), json!({"data": {"me": {"name": "Ann"}}}), "{kind}");
    }
    for kind in [
        "",
        "application/jsonp",
        "application/graphql-response+json",
        "text/plain;a=application/json",
        "application/json,text/plain",
    ] {
        check(post(kind, body), 415, "UNSUPPORTED_MEDIA_TYPE", "application/json");
    }
    let mut compressed = post("application/json", body);
    compressed.headers.push(("content-encoding".into(), b"gzip".to_vec()));
    check(compressed, 415, "UNSUPPORTED_MEDIA_TYPE", "content-encoding");
    for method in ["HEAD", "OPTIONS", "DELETE", "QUERY"] {
        let mut other = post("application/json", body);
        other.method = method.into();
        check(other, 405, "METHOD_NOT_ALLOWED", method);
    }
}
