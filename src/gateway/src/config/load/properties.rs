//! Whatever is given as configuration, reading it ends with a configuration or with problems.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::SDL;
use super::*;

/// Keys that exist, so that random documents get past the first check.
fn any_key() -> impl Strategy<Value = String> {
    let known = [
        "supergraph",
        "inline",
        "path",
        "limits",
        "max_depth",
        "max_body_bytes",
        "request_timeout",
        "subgraphs",
        "accounts",
        "reviews",
        "timeout",
        "url",
        "cluster",
        "authority",
        "csrf",
        "mode",
        "required_headers",
        "headers",
        "request",
        "response",
        "forward",
        "forward_matching",
        "insert",
        "merge",
        "errors",
        "allow_codes",
        "*",
        "",
    ];
    prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), ".*"]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        "[0-9.eE+-]{0,30} ?(ms|s|m|h|KiB|MiB|GB|EiB)?".prop_map(Value::from),
        "https?://[a-z\\[\\]:@.0-9é]{0,20}(/.{0,5})?".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any_key(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_document_makes_it_panic(document in any_json(), with_sdl in any::<bool>()) {
        let text = match document {
            Value::Object(_) if with_sdl => {
                let mut document = document;
                document["supergraph"] = json!({ "inline": SDL });
                document.to_string()
            }
            other => other.to_string(),
        };
        if let Err(problems) = load(&text) {
            prop_assert!(!problems.is_empty());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = load(&text);
    }
}
