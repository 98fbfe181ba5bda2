//! Requests that another site makes a browser send are refused, those of programs are not.

use serde_json::{Value as Json, json};
use weir_gateway::event::HttpRequest;
use weir_tests::world::World;

const PATH: &str = "/graphql?query=%7Bme%7Bname%7D%7D";

/// The status of a request, and how many calls it made.
fn status(settings: Json, method: &str, headers: &[(&str, &str)]) -> (u16, usize) {
    let mut world = World::store(settings);
    let mut all = vec![("host".to_owned(), b"api.example.com".to_vec())];
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
    let body = if method == "POST" { br#"{"query":"{me{name}}"}"#.to_vec() } else { Vec::new() };
    let id = world.send_request(HttpRequest { method: method.into(), path: PATH.into(), headers: all, body });
    world.run();
    let reply = world.json(id);
    let status = world.reply(id).expect("a reply").status;
    assert_eq!(status == 200, reply["data"]["me"]["name"] == "Ann", "{reply}");
    if status == 403 {
        assert_eq!(reply["errors"][0]["extensions"]["code"], "CSRF_ERROR");
    }
    (status, world.calls().len())
}

#[test]
fn by_default_only_what_browsers_forge_is_refused() {
    let get = |headers: &[(&str, &str)]| status(json!({}), "GET", headers);
    assert_eq!(get(&[]), (200, 1));
    assert_eq!(get(&[("accept", "application/json")]), (200, 1));
    assert_eq!(get(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]), (403, 0));
    assert_eq!(get(&[("origin", "https://evil.example")]), (403, 0));
    assert_eq!(get(&[("origin", "https://api.example.com")]), (200, 1));
    assert_eq!(get(&[("sec-fetch-site", "cross-site"), ("x-apollo-operation-name", "Me")]), (200, 1));
}

#[test]
fn a_post_needs_the_content_type_that_browsers_ask_for() {
    let cross = ("sec-fetch-site", "cross-site");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        assert_eq!(status(json!({}), "POST", &[cross, ("content-type", kind)]), (415, 0), "{kind}");
    }
    assert_eq!(status(json!({}), "POST", &[cross]), (415, 0));
    // Its preflight was allowed by whoever answers those: a CORS filter.
    assert_eq!(status(json!({}), "POST", &[cross, ("content-type", "application/json")]), (200, 1));
}

#[test]
fn the_rule_is_configurable() {
    let strict = json!({"csrf": {"mode": "strict", "required_headers": ["X-Own"]}});
    assert_eq!(status(strict.clone(), "GET", &[]), (403, 0));
    assert_eq!(status(strict.clone(), "GET", &[("x-own", "1")]), (200, 1));
    assert_eq!(status(strict.clone(), "GET", &[("apollo-require-preflight", "1")]), (403, 0));
    assert_eq!(status(strict.clone(), "GET", &[("content-type", "application/json")]), (200, 1));
    assert_eq!(status(strict, "POST", &[("content-type", "application/json")]), (200, 1));
    let off = json!({"csrf": {"mode": "off"}});
    assert_eq!(status(off, "GET", &[("sec-fetch-site", "cross-site")]), (200, 1));
}
