//! Operations that several tests ask.

use std::fs;

use serde_json::{Value, json};

use super::binaries;

/// Answered by one subgraph, in one call.
pub(crate) const ME: &str = "{ me { name } }";

/// The request with the demo's operation.
pub(crate) fn demo() -> Value {
    json!({ "query": read("envoy/demo.graphql") })
}

/// The answer to it, as bytes: the file without the blanks that make it readable.
pub(crate) fn demo_answer() -> String {
    minify(&read("envoy/demo.expected.json"))
}

fn read(path: &str) -> String {
    fs::read_to_string(binaries::repository(path)).expect("the repository is complete")
}

/// JSON without blanks between its tokens; order and spelling stay, which a parser would change.
fn minify(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let keep = |c: &char| {
        let kept = in_string || !c.is_ascii_whitespace();
        match (in_string, escaped, c) {
            (true, true, _) => escaped = false,
            (true, false, '\\') => escaped = true,
            (_, _, '"') => in_string = !in_string,
            _ => {}
        }
        kept
    };
    json.chars().filter(keep).collect()
}

#[test]
fn minifying_keeps_strings_and_numbers() {
    assert_eq!(minify("{ \"a b\" : [ 1.0,\n \"c \\\" d\" ] }\n"), r#"{"a b":[1.0,"c \" d"]}"#);
}
