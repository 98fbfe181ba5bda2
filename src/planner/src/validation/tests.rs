//! Every rule against graphql-js: the same faults, with the same messages, at the same places.

use graphql_tools::parser::schema::parse_schema;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::syntax::{Bounds, parse};

const SCHEMA: &str = include_str!("../../../../tests/graphql-js/schema.graphql");
const CASES: &str = include_str!("../../../../tests/graphql-js/validation.json");
const BOUNDS: Bounds = Bounds { tokens: 200_000, nesting: 301 };

type Fault = (String, Vec<(u32, u32)>);

#[derive(serde::Deserialize)]
struct Case {
    title: String,
    text: String,
    errors: Vec<Fault>,
}

fn schema() -> ApiSchema {
    let document = parse_schema::<String>(SCHEMA).expect("a schema").into_static();
    ApiSchema::new(&document).expect("a query type")
}

fn faults(schema: &ApiSchema, text: &str, suggest: bool) -> Vec<Fault> {
    let found = parse(text, BOUNDS)
        .map_err(|error| vec![error])
        .and_then(|parsed| validate(schema, &parsed, suggest));
    let errors = found.err().unwrap_or_default();
    let mut faults: Vec<Fault> = errors.into_iter().map(|error| (error.message, error.locations)).collect();
    faults.sort_unstable();
    faults
}

/// Where we differ from graphql-js on purpose.
fn ours(title: &str, mut wanted: Vec<Fault>) -> Vec<Fault> {
    let suffix = "Use different aliases on the fields to fetch both if this was intentional.";
    match title {
        // A document with type definitions is refused unread.
        "executable definitions: an extension" => wanted.truncate(1),
        // It takes the items of a list for a custom scalar for values of that scalar; they may be anything.
        "variables: not input types" | "variables: input types" => {
            wanted.retain(|(message, _)| !message.contains("expecting type \"Any\""));
        }
        // It overlooks the one-of object where that is not nullable.
        "variables: nullable in a field of a one-of object" => {
            let (message, _) = wanted[0].clone();
            wanted.push((message, vec![(1, 9), (1, 50)]));
        }
        // The second and the third are each held against the first, not against each other.
        "overlap: three of a kind" => {
            wanted.retain(|(message, _)| !message.contains("\"barks\" and \"volume\""));
        }
        // Each conflict is told for itself.
        "overlap: deep, twice" => {
            let told = |key: &str, fields: &str| {
                format!(
                    "Fields \"dog\" conflict because subfields \"{key}\" conflict because {fields} are different fields. {suffix}"
                )
            };
            wanted = vec![
                (told("a", "\"id\" and \"barks\""), vec![(1, 3), (1, 9), (1, 26), (1, 32)]),
                (told("b", "\"barks\" and \"id\""), vec![(1, 3), (1, 15), (1, 26), (1, 41)]),
            ];
        }
        _ => {}
    }
    wanted.sort_unstable();
    wanted
}

#[test]
fn the_same_faults_as_graphql_js() {
    let schema = schema();
    let cases: Vec<Case> = serde_json::from_str(CASES).expect("golden cases");
    let mut wrong = String::new();
    for Case { title, text, errors } in cases {
        let (found, wanted) = (faults(&schema, &text, true), ours(&title, errors));
        if found != wanted {
            let missing: Vec<_> = wanted.iter().filter(|fault| !found.contains(fault)).collect();
            let extra: Vec<_> = found.iter().filter(|fault| !wanted.contains(fault)).collect();
            wrong.push_str(&format!("{title}\n  {text}\n  missing: {missing:#?}\n  extra: {extra:#?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn without_introspection_no_message_tells_of_the_schema() {
    let schema = schema();
    for text in [
        "{ dog { bark } }",
        "{ animal(id: 1) { barks } }",
        "{ dog { knows(trik: RED, trick: REDD) } }",
        "query ($a: Dogg) { args(any: $a, reqInts: 1, size: {widht: 1, width: 1}) }",
    ] {
        assert!(
            faults(&schema, text, true).iter().any(|(message, _)| message.contains("Did you mean")),
            "{text}"
        );
        assert!(
            !faults(&schema, text, false).iter().any(|(message, _)| message.contains("Did you mean")),
            "{text}"
        );
    }
}

#[test]
fn faults_are_bounded() {
    let text = format!("{{ {} }}", "nope ".repeat(10_000));
    let found = faults(&schema(), &text, true);
    assert_eq!(found.len(), 101);
    assert!(found.iter().any(|(message, _)| message.contains("error limit reached")));
}
