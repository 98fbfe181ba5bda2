//! The whole answer to introspection against that of graphql-js.

use graphql_tools::parser::schema::parse_schema;
use serde_json::Value as Json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::operation::Operation;
use crate::selection::fold;
use crate::syntax::{Bounds, parse};

const SCHEMA: &str = include_str!("../../../../tests/graphql-js/schema.graphql");
const QUERY: &str = include_str!("../../../../tests/graphql-js/introspection.graphql");
const WANTED: &str = include_str!("../../../../tests/graphql-js/introspection.json");

fn answer(query: &str, given: &PlanVariables) -> Json {
    let document = parse_schema::<String>(SCHEMA).expect("a schema").into_static();
    let schema = ApiSchema::new(&document).expect("a query type");
    let parsed = parse(query, Bounds { tokens: 2_000, nesting: 50 }).expect("a query");
    let operation = Operation::of_document(parsed.document, &schema, Vec::new()).expect("an operation");
    let nodes = fold(&operation, given);
    let Some(Node::Field(field)) = nodes.first() else { panic!("a field") };
    let introspection = Introspection::new(&schema, operation.variable_definitions(), given);
    serde_json::from_str(&introspection.answer(&[field]).expect("an answer")).expect("JSON")
}

/// Sorts what has no order, and drops what the specification leaves open: the words about its own types.
fn normal(mut schema: Json) -> Json {
    let name = |json: &Json| json["name"].as_str().unwrap_or_default().to_owned();
    for list in ["types", "directives"] {
        let items = schema[list].as_array_mut().expect("a list");
        items.sort_by_key(name);
        for item in items {
            let own = [
                "Boolean",
                "Float",
                "ID",
                "Int",
                "String",
                "deprecated",
                "include",
                "oneOf",
                "skip",
                "specifiedBy",
            ];
            if own.contains(&&*name(item)) || name(item).starts_with("__") {
                undescribed(item);
            }
            for inner in ["possibleTypes", "interfaces"] {
                if let Some(types) = item[inner].as_array_mut() {
                    types.sort_by_key(name);
                }
            }
            if let Some(locations) = item["locations"].as_array_mut() {
                locations.sort_by_key(ToString::to_string);
            }
        }
    }
    schema
}

fn undescribed(json: &mut Json) {
    match json {
        Json::Object(fields) => {
            fields.remove("description");
            fields.values_mut().for_each(undescribed);
        }
        Json::Array(items) => items.iter_mut().for_each(undescribed),
        _ => {}
    }
}

#[test]
fn the_same_schema_as_graphql_js() {
    let wanted: Json = serde_json::from_str(WANTED).expect("golden JSON");
    let (found, wanted) =
        (normal(answer(QUERY, &PlanVariables::default())), normal(wanted["__schema"].clone()));
    for list in ["types", "directives"] {
        let (found, wanted) = (&found[list], &wanted[list]);
        for (found, wanted) in found.as_array().expect("list").iter().zip(wanted.as_array().expect("list")) {
            assert_eq!(found, wanted);
        }
    }
    assert_eq!(found, wanted);
}

#[test]
fn deprecated_parts_are_shown_on_demand() {
    let query = |given: &str| {
        format!(
            "query ($d: Boolean = true) {{ __type(name: \"Dog\") {{ fields(includeDeprecated: $d) {{
               name args{given} {{ name }} }} }} }}"
        )
    };
    let args = |query: &str, given: &PlanVariables| {
        let json = answer(query, given);
        let fields = json["fields"].as_array().expect("fields").clone();
        fields.iter().find(|field| field["name"] == "friends").expect("friends")["args"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(args(&query(""), &PlanVariables::default()), Some(2));
    assert_eq!(args(&query("(includeDeprecated: true)"), &PlanVariables::default()), Some(3));
    assert_eq!(args(&query("(includeDeprecated: $d)"), &PlanVariables::default()), Some(3));
    let off = PlanVariables { introspection: vec![("d".into(), "false".into())], ..PlanVariables::default() };
    assert_eq!(args(&query("(includeDeprecated: $d)"), &off), Some(2));
    let values = |given: &str| {
        let json =
            answer(&format!("{{ __type(name: \"Colour\") {{ enumValues{given} {{ name }} }} }}"), &off);
        json["enumValues"].as_array().map(Vec::len)
    };
    assert_eq!((values(""), values("(includeDeprecated: true)")), (Some(2), Some(4)));
}

#[test]
fn conditions_hold_within_introspection() {
    let json = answer(
        "query ($no: Boolean = false) { __type(name: \"Url\") { name @include(if: $no) kind @skip(if: true)
           ... @include(if: true) { specifiedByURL } ...F @skip(if: $no) isOneOf @skip(if: $no) @include(if: false) } }
         fragment F on __Type { t: __typename }",
        &PlanVariables::default(),
    );
    assert_eq!(json.to_string(), "{\"specifiedByURL\":\"https://url.spec.whatwg.org/\",\"t\":\"__Type\"}");
}
