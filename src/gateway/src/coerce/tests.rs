//! Each rule of coercion, and the messages of graphql-js.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;
use weir_planner::{Operation, OperationLimits, Supergraph};

use super::*;

/// One subgraph with all kinds of inputs.
const SDL: &str = r#"
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION) { query: Query }
directive @join__type(graph: join__Graph!) repeatable on OBJECT
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @link(url: String, for: link__Purpose) repeatable on SCHEMA
directive @inaccessible on ENUM_VALUE | INPUT_FIELD_DEFINITION
enum link__Purpose { EXECUTION }
enum join__Graph { A @join__graph(name: "a", url: "http://127.0.0.1:1/") }
scalar Any @join__type(graph: A)
enum Colour @join__type(graph: A) { RED GREEN HIDDEN @inaccessible }
input Size @join__type(graph: A) { width: Int! height: Float = 2 unit: String inner: [Size!] colours: [Colour!] secret: Int @inaccessible }
input Pick @join__type(graph: A) @oneOf { id: ID name: String size: Size }
type Query @join__type(graph: A) { f(int: Int, float: Float, string: String, boolean: Boolean, id: ID, colour: Colour, size: Size, pick: Pick, any: Any, grid: [[Int!]]): Int }
"#;

/// The messages about `json` for a variable `$x` of type `ty`.
fn messages(ty: &str, json: &str) -> Vec<String> {
    let name = ty.trim_matches(['[', ']', '!']).split(['!', ' ']).next().unwrap_or_default();
    let argument = if ty.starts_with("[[") { "grid".to_owned() } else { name.to_lowercase() };
    let text = format!("query (\n  $x: {ty}) {{ f({argument}: $x) }}");
    let supergraph = Supergraph::parse(SDL).expect("supergraph");
    let operation = Operation::prepare(&supergraph, &text, None, &OperationLimits::default())
        .unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let variables = if json.is_empty() { Vec::new() } else { vec![("x".into(), json.to_owned())] };
    let errors = check(operation.variables(), &variables, true);
    for error in &errors {
        assert_eq!((error.code.as_str(), error.locations.as_slice()), ("BAD_USER_INPUT", &[(2, 3)][..]));
    }
    errors.into_iter().map(|error| error.message).collect()
}

#[test]
fn what_is_taken() {
    for (ty, values) in [
        ("Int", &["", "null", "0", "-2147483648", "2147483647", "1.0", "2e3", "-0"][..]),
        ("Int! = 3", &["", "7"]),
        ("Float", &["1", "1.5e300", "-0.1", "123456789012345678901234567890"]),
        ("String", &["\"\"", "\"\\u00e9\""]),
        ("Boolean", &["true", "false"]),
        ("ID", &["\"x\"", "7", "-7", "12345678901234567890"]),
        ("Colour", &["\"RED\"", "\"\\u0052ED\"", "null"]),
        ("[[Int!]]", &["null", "[]", "[null]", "[[]]", "[[1,2],[3]]", "[1,[2]]", "1"]),
        ("Any", &["null", "1", "[{\"a\":[1]}]", "{}", "\"x\"", "1e999"]),
        (
            "Size",
            &[
                "{\"width\":1}",
                "{ \"width\" : 1 , \"height\":null,\"inner\":{\"width\":2},\"colours\":\"RED\"}",
                "{\"width\":1,\"inner\":[{\"width\":2,\"inner\":[]}]}",
            ],
        ),
        ("Pick", &["{\"id\":1}", "{\"size\":{\"width\":1}}", "null"]),
    ] {
        for json in values {
            assert_eq!(messages(ty, json), Vec::<String>::new(), "{ty}: {json}");
        }
    }
}

#[test]
fn what_is_refused() {
    for (ty, json, wanted) in [
        ("Int!", "", "Variable \"$x\" of required type \"Int!\" was not provided."),
        ("Int!", "null", "Variable \"$x\" of non-null type \"Int!\" must not be null."),
        ("Int! = 3", "null", "Variable \"$x\" of non-null type \"Int!\" must not be null."),
        (
            "Int",
            "\"1\"",
            "Variable \"$x\" got invalid value \"1\"; Int cannot represent non-integer value: \"1\"",
        ),
        ("Int", "1.5", "Variable \"$x\" got invalid value 1.5; Int cannot represent non-integer value: 1.5"),
        (
            "Int",
            "true",
            "Variable \"$x\" got invalid value true; Int cannot represent non-integer value: true",
        ),
        ("Int", "[1]", "Variable \"$x\" got invalid value [1]; Int cannot represent non-integer value: [1]"),
        (
            "Int",
            "2147483648",
            "Variable \"$x\" got invalid value 2147483648; Int cannot represent non 32-bit signed integer value: 2147483648",
        ),
        (
            "Int",
            "1e999",
            "Variable \"$x\" got invalid value 1e999; Int cannot represent non-integer value: 1e999",
        ),
        (
            "Float",
            "\"1\"",
            "Variable \"$x\" got invalid value \"1\"; Float cannot represent non numeric value: \"1\"",
        ),
        ("String", "1", "Variable \"$x\" got invalid value 1; String cannot represent a non string value: 1"),
        (
            "Boolean",
            "1",
            "Variable \"$x\" got invalid value 1; Boolean cannot represent a non boolean value: 1",
        ),
        ("ID", "1.5", "Variable \"$x\" got invalid value 1.5; ID cannot represent value: 1.5"),
        ("ID", "true", "Variable \"$x\" got invalid value true; ID cannot represent value: true"),
        (
            "Colour",
            "\"REDD\"",
            "Variable \"$x\" got invalid value \"REDD\"; Value \"REDD\" does not exist in \"Colour\" enum. Did you mean the enum value \"RED\"?",
        ),
        (
            "Colour",
            "\"HIDDEN\"",
            "Variable \"$x\" got invalid value \"HIDDEN\"; Value \"HIDDEN\" does not exist in \"Colour\" enum.",
        ),
        (
            "Colour",
            "1",
            "Variable \"$x\" got invalid value 1; Enum \"Colour\" cannot represent non-string value: 1.",
        ),
        (
            "[[Int!]]",
            "[[1,null]]",
            "Variable \"$x\" got invalid value null at \"x[0][1]\"; Expected non-nullable type \"Int!\" not to be null.",
        ),
        (
            "[[Int!]]",
            "[[1],\"2\"]",
            "Variable \"$x\" got invalid value \"2\" at \"x[1]\"; Int cannot represent non-integer value: \"2\"",
        ),
        ("Size", "1", "Variable \"$x\" got invalid value 1; Expected type \"Size\" to be an object."),
        ("Size", "[]", "Variable \"$x\" got invalid value []; Expected type \"Size\" to be an object."),
        (
            "Size",
            "{}",
            "Variable \"$x\" got invalid value {}; Field \"width\" of required type \"Int!\" was not provided.",
        ),
        (
            "Size",
            "{\"width\":null}",
            "Variable \"$x\" got invalid value null at \"x.width\"; Expected non-nullable type \"Int!\" not to be null.",
        ),
        (
            "Size",
            "{\"width\":1,\"secret\":1}",
            "Variable \"$x\" got invalid value {\"width\":1,\"secret\":1}; Field \"secret\" is not defined by type \"Size\".",
        ),
        (
            "Size",
            "{\"width\":1,\"inner\":[{\"width\":1,\"unti\":1}]}",
            "Variable \"$x\" got invalid value {\"width\":1,\"unti\":1} at \"x.inner[0]\"; Field \"unti\" is not defined by type \"Size\". Did you mean \"unit\"?",
        ),
        (
            "Pick",
            "{}",
            "Variable \"$x\" got invalid value {}; Exactly one key must be specified for OneOf type \"Pick\".",
        ),
        (
            "Pick",
            "{\"id\":1,\"name\":null}",
            "Variable \"$x\" got invalid value {\"id\":1,\"name\":null}; Exactly one key must be specified for OneOf type \"Pick\".",
        ),
        (
            "Pick",
            "{\"id\":null}",
            "Variable \"$x\" got invalid value {\"id\":null}; Field \"id\" must be non-null.",
        ),
    ] {
        assert_eq!(messages(ty, json), [wanted], "{ty}: {json}");
    }
}

#[test]
fn all_faults_are_told_up_to_a_bound() {
    let two = messages("Size", "{\"width\":\"a\",\"unit\":1}");
    assert_eq!(two.len(), 2, "{two:?}");
    let many = messages("[[Int!]]", &format!("[[{}\"x\"]]", "\"x\",".repeat(10_000)));
    assert_eq!(many.len(), 51);
    assert!(many[50].contains("error limit reached"));
    let long = messages("Int", &format!("\"{}\"", "é".repeat(100_000)));
    assert!(long[0].len() < 1_000);
}
