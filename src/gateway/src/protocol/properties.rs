//! Whatever a client sends, reading it ends with operations or with an error of the client's.

use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Operations, negotiate, read};
use crate::Config;
use crate::error::Source;
use crate::event::HttpRequest;

/// Read once: each of the thousands of cases needs it.
fn config() -> &'static Config {
    static CONFIG: OnceLock<Config> = OnceLock::new();
    CONFIG.get_or_init(make_config)
}

fn make_config() -> Config {
    let sdl = include_str!("../../../../tests/fixtures/store.graphql");
    let settings = json!({"supergraph": {"inline": sdl}, "batching": {"enabled": true}});
    crate::config::load(&settings.to_string()).unwrap_or_else(|problems| panic!("{problems:#?}")).config
}

/// Headers whose values are read, with values that come near to what is looked for.
fn any_headers() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let names =
        ["accept", "content-type", "content-length", "origin", "referer", "sec-fetch-site", "host", "x-any"];
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        "[a-z*/+;=, \"\\\\.0-9-]{0,40}".prop_map(String::into_bytes),
        prop::sample::select(vec!["application/json", "*/*", "https://a", "cross-site", "a"])
            .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec((prop::sample::select(names.to_vec()).prop_map(str::to_owned), value), 0..5)
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), ".*".prop_map(Value::from)];
    let key = prop::sample::select(vec!["query", "variables", "operationName", "extensions", "x"]);
    leaf.prop_recursive(4, 20, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..4)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

fn assert_clients_fault(result: Result<Operations, (crate::error::Code, String)>) {
    if let Err((code, message)) = result {
        assert_eq!(code.source(), Source::Client, "{message}");
        assert!(message.ends_with('.'), "{message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_get_makes_it_panic(
        headers in any_headers(),
        path in "/graphql\\?((query|variables|operationName|extensions|x)(=|%3D)?[a-z{}%+&0-9\"-é]{0,12}&?){0,5}",
    ) {
        let request = HttpRequest { method: "GET".into(), path, headers, body: Vec::new() };
        let _ = negotiate(&request);
        assert_clients_fault(read(&request, config()));
    }

    #[test]
    fn no_post_makes_it_panic(
        headers in any_headers(),
        json in any_json(),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let mut body = json.to_string().into_bytes();
        if !whole {
            body.truncate(cut.index(body.len() + 1));
        }
        let mut request = HttpRequest { method: "POST".into(), path: "/graphql".into(), headers, body };
        let _ = negotiate(&request);
        assert_clients_fault(read(&request, config()));
        // The same with the headers that it needs: what is taken is what was sent.
        request.headers = vec![("content-type".into(), b"application/json".to_vec())];
        let read = read(&request, config());
        if let Ok(Operations::One(operation)) = &read {
            prop_assert_eq!(json["query"].as_str(), Some(operation.query.as_str()));
            prop_assert!(json["extensions"].is_object() || json["extensions"].is_null());
            let variables = operation.variables.iter().map(|(name, text)| {
                (name.to_string(), serde_json::from_str(text).unwrap_or_default())
            });
            let sent = json["variables"].as_object().cloned().unwrap_or_default();
            prop_assert_eq!(variables.collect::<serde_json::Map<String, Value>>(), sent);
        }
        assert_clients_fault(read);
    }
}
