//! What the reader takes, refuses and remembers.

use graphql_tools::static_graphql::query::{OperationDefinition, Selection};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::operation::{OperationErrorKind, OperationLimit};

const BOUNDS: Bounds = Bounds { tokens: 100, nesting: 10 };

fn printed(text: &str) -> String {
    let parsed = parse(text, BOUNDS).unwrap_or_else(|error| panic!("{text}: {error}"));
    parsed.document.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refused(text: &str) -> String {
    parse(text, BOUNDS).map(|_| ()).expect_err(text).to_string()
}

#[test]
fn documents_of_the_spec() {
    for (text, wanted) in [
        ("{a}", "{ a }"),
        ("\u{FEFF} , {a,b # c }\r\n\tc}", "{ a b c }"),
        ("query{a}", "query { a }"),
        ("query query{query}", "query query { query }"),
        (
            "\"what\" query Q(\"\"\"why\"\"\" $a:[Int!]!=[1] @d(x:1)) @e {a}",
            "query Q($a: [Int!]! = [1]) @e { a }",
        ),
        ("{...on}", ""),
        (
            "{...A ...@include(if:true){b} ...on C{d}} fragment A on on @x{on}",
            "{ ...A ... @include(if: true) { b } ... on C { d } } fragment A on on @x { on }",
        ),
        (
            "{a(x:-1 y:$v z:[] o:{} e:E t:true n:null)}",
            "{ a(x: -1, y: $v, z: [], o: {}, e: E, t: true, n: null) }",
        ),
        // Numbers keep every digit.
        (
            "{a(x:1e9 y:-0 z:1.50 b:123456789012345678901 c:1E-09 d:2147483648)}",
            "{ a(x: 1e9, y: -0, z: 1.50, b: 123456789012345678901, c: 1E-09, d: 2147483648) }",
        ),
        ("mutation($a:Int){a} subscription{a}", "mutation($a: Int) { a } subscription { a }"),
    ] {
        if wanted.is_empty() {
            refused(text);
        } else {
            assert_eq!(printed(text), wanted, "{text}");
        }
    }
}

#[test]
fn faults_have_their_place() {
    for (text, wanted) in [
        ("", "Syntax Error: Unexpected <EOF>. (1:1)"),
        ("{", "Syntax Error: Expected Name, found <EOF>. (1:2)"),
        ("{}", "Syntax Error: Expected Name, found \"}\". (1:2)"),
        ("{a(}", "Syntax Error: Expected Name, found \"}\". (1:4)"),
        ("{a()}", "Syntax Error: Expected Name, found \")\". (1:4)"),
        ("query(){a}", "Syntax Error: Expected \"$\", found \")\". (1:7)"),
        ("{\n  a:\n}", "Syntax Error: Expected Name, found \"}\". (3:1)"),
        ("notanoperation Foo { field }", "Syntax Error: Unexpected Name \"notanoperation\". (1:1)"),
        ("fragment on on on { on }", "Syntax Error: Unexpected Name \"on\". (1:10)"),
        ("fragment A { a }", "Syntax Error: Expected \"on\", found \"{\". (1:12)"),
        ("query($a:Int=$b){a}", "Syntax Error: Unexpected variable \"$b\" in constant value. (1:14)"),
        ("{a(x:01)}", "Syntax Error: Invalid number, expected digit but got: \"1\". (1:7)"),
        ("{a(x:1.)}", "Syntax Error: Invalid number, expected digit but got: \")\". (1:8)"),
        ("{a(x:1.0a)}", "Syntax Error: Invalid number, expected digit but got: \"a\". (1:9)"),
        ("{a(x:-)}", "Syntax Error: Invalid number, expected digit but got: \")\". (1:7)"),
        ("{a(x:\"\n\")}", "Syntax Error: Unterminated string. (1:6)"),
        ("{a(x:\"\"\"b)}", "Syntax Error: Unterminated string. (1:6)"),
        ("{a(x:\"\\x\")}", "Syntax Error: Invalid character escape sequence: \"\\x\". (1:6)"),
        ("{a(x:\"\\uD83D\")}", "Syntax Error: Invalid Unicode escape sequence: \"\\uD83D\". (1:6)"),
        ("{a.b}", "Syntax Error: Unexpected character: \".\". (1:3)"),
        ("{é}", "Syntax Error: Unexpected character: U+00E9. (1:2)"),
        ("{a} type A {b: C}", "The \"A\" definition is not executable. (1:5)"),
        ("extend schema { query: Q }", "The schema definition is not executable. (1:1)"),
        ("\"d\" directive @x on FIELD", "The \"x\" definition is not executable. (1:5)"),
    ] {
        assert_eq!(refused(text), wanted, "{text}");
    }
}

#[test]
fn strings_have_the_values_of_the_spec() {
    let value = |literal: &str| {
        let parsed = parse(&format!("{{a(x:{literal})}}"), BOUNDS).expect(literal);
        let definition = parsed.document.definitions.into_iter().next().expect("one");
        let graphql_tools::static_graphql::query::Definition::Operation(OperationDefinition::SelectionSet(
            set,
        )) = definition
        else {
            panic!("{literal}")
        };
        match set.items.into_iter().next() {
            Some(Selection::Field(field)) => match field.arguments.into_iter().next() {
                Some((_, graphql_tools::static_graphql::query::Value::String(value))) => value,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(value(r#""""#), "");
    assert_eq!(value(r#""\"\\\/\b\f\n\r\t""#), "\"\\/\u{8}\u{C}\n\r\t");
    assert_eq!(value(r#""\u00e9\u{1F600}\uD83D\uDE00é""#), "é😀😀é");
    assert_eq!(
        value("\"\"\"\n    one\n      two\r\n\n    three \\\"\"\" \n\n\"\"\""),
        "one\n  two\n\nthree \"\"\" "
    );
    assert_eq!(value("\"\"\" a\n\u{a0}b\"\"\""), " a\n\u{a0}b");
    assert_eq!(value("\"\"\"\t\"\"\""), "");
}

#[test]
fn places_are_those_of_the_text() {
    let text = "query Q($a: [T] = {k: [1]}) {\n  f(\"é😀\": 😀) }";
    assert_eq!(refused(text), "Syntax Error: Expected Name, found String \"é😀\". (2:5)");
    let parsed = parse("query Q($a: [T] = {k: [1]}) {\r\n\tb(x: [1, {y: 2}]) ...F }", BOUNDS).expect("valid");
    let at = |line, column| graphql_tools::parser::Pos { line, column };
    assert_eq!(parsed.places.name(at(1, 1)), at(1, 7));
    let variable = parsed.places.variable(at(1, 9)).expect("declared");
    assert_eq!((variable.ty, variable.type_name), (at(1, 13), at(1, 14)));
    let default = variable.default.as_ref().expect("a default");
    assert_eq!((default.at, default.parts[0].0, default.parts[0].1.at), (at(1, 19), at(1, 20), at(1, 23)));
    let arguments = parsed.places.arguments(at(2, 2));
    assert_eq!((arguments[0].0, arguments[0].1.at), (at(2, 4), at(2, 7)));
    assert_eq!(arguments[0].1.parts[1].1.parts[0].0, at(2, 12));
    assert_eq!(parsed.places.name(at(2, 20)), at(2, 23));
    assert_eq!(parsed.tokens, 35);
}

#[test]
fn bounds_hold() {
    let limit = |text: &str| parse(text, BOUNDS).map(|_| ()).expect_err("a limit").kind;
    let tokens = OperationErrorKind::Limit(OperationLimit::Tokens);
    let nesting = OperationErrorKind::Limit(OperationLimit::Nesting);
    assert_eq!(limit(&format!("{{{}}}", "a ".repeat(99))), tokens);
    // Strings and floats count.
    assert_eq!(limit(&format!("{{a(x:[{}])}}", "\"\" 1.0 ".repeat(50))), tokens);
    assert!(parse(&format!("{{{}}}", "a ".repeat(98)), BOUNDS).is_ok());
    assert_eq!(limit(&"{a".repeat(11)), nesting);
    let wide = Bounds { tokens: 1_000_000, nesting: 10 };
    for open in ["{a(x:", "query($a:"] {
        let text = format!("{open}{}", "[".repeat(100_000));
        assert_eq!(parse(&text, wide).map(|_| ()).expect_err("deep").kind, nesting, "{open}");
    }
}
