//! What shares a normal form, what doesn't, and what the form looks like.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::OperationLimits;

const SDL: &str = r#"
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION) {
  query: Query
  mutation: Mutation
}
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
directive @mark(name: String) repeatable on FIELD | QUERY | FRAGMENT_DEFINITION | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @oneOf on INPUT_OBJECT
scalar join__FieldSet
scalar link__Import
enum link__Purpose { SECURITY EXECUTION }
enum join__Graph { A @join__graph(name: "a", url: "http://a.test/graphql") }
scalar JSON @join__type(graph: A)
enum Color @join__type(graph: A) { RED @join__enumValue(graph: A) BLUE @join__enumValue(graph: A) }
input Filter @join__type(graph: A) { n: Int! and: [Filter!] color: Color any: JSON ids: [ID!] }
input One @join__type(graph: A) @oneOf { n: Int ids: [ID] }
interface N @join__type(graph: A) { id(s: Int): ID }
type P implements N @join__type(graph: A) @join__implements(graph: A, interface: "N") { id(s: Int): ID p(n: Int!): Int }
type Q implements N @join__type(graph: A) @join__implements(graph: A, interface: "N") { id(s: Int): ID p(n: Int!): Int }
type Mutation @join__type(graph: A) { put(filter: Filter!): Query }
type Query @join__type(graph: A) {
  f(x: Int!, y: Int = 7): Query
  id(id: ID): Query
  ids(ids: [ID!]): Query
  grid(grid: [[Int]]): Query
  filter(filter: Filter, by: [Filter!]): Query
  color(c: Color! = RED, cs: [Color!]): Query
  one(one: One!): Query
  any(j: JSON, js: [JSON]): Query
  real(r: Float): Query
  text(s: String): Query
  flag(b: Boolean): Query
  n: N
  leaf: Int
}
"#;

fn normalise(text: &str) -> Normalised {
    let supergraph = Supergraph::parse(SDL).expect("fixture");
    let prepare = |text: &str| {
        Operation::prepare(&supergraph, text, None, &OperationLimits::default())
            .unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
    };
    let operation = prepare(text);
    let normal = operation.normalise(&supergraph);
    let again = prepare(&normal.text);
    let twice = again.normalise(&supergraph);
    assert_eq!(twice.text, normal.text, "of {text}");
    let names = (0..normal.sources.len()).map(|index| VariableSource::Client(format!("v{index}")));
    assert_eq!(twice.sources, names.collect::<Vec<_>>(), "of {text}");
    // What is known of the form must be what one finds who reads its text.
    assert_eq!(normal.operation.kind(), again.kind());
    assert_eq!(normal.operation.conditions(), again.conditions(), "of {text}");
    assert_eq!(normal.operation.introspection_variables(), again.introspection_variables(), "of {text}");
    let variables = |of: &Operation| -> Vec<String> {
        of.variables().iter().map(|it| format!("{} {}", it.name, of.variables().text(&it.ty))).collect()
    };
    assert_eq!(variables(&normal.operation), variables(&again), "of {text}");
    assert_eq!(normal.operation.canonical_hash(&supergraph), operation.canonical_hash(&supergraph));
    normal
}

fn literals(normal: &Normalised) -> Vec<&str> {
    let source = |source| match source {
        &VariableSource::Client(_) => "",
        VariableSource::Literal(json) => json.as_str(),
    };
    normal.sources.iter().map(source).collect()
}

/// The text, and the literals (an empty one for a client's variable).
#[track_caller]
fn becomes(text: &str, canonical: &str, values: &[&str]) {
    let normal = normalise(text);
    assert_eq!((normal.text.as_str(), literals(&normal).as_slice()), (canonical, values));
}

#[test]
fn the_form_is_compact_and_ordered_by_first_use() {
    becomes(
        "query Name($b: Int! = 3, $a: Int) @mark { # comment
            x: f(y: $a, x: $b) @mark(name: \"t\") { ...Z, ...Y @mark ... { leaf } ... on Query { leaf z: leaf } }
        }
        fragment Y on Query @mark { b: leaf ...Z }
        fragment Z on Query { a: f(x: 1) { leaf } }",
        "query($v0:Int,$v1:Int!=3,$v2:Int!){x:f(y:$v0,x:$v1){...f0...f1...{leaf}...on Query{leaf z:leaf}}}\
         fragment f0 on Query{a:f(x:$v2){leaf}}fragment f1 on Query{b:leaf...f0}",
        &["", "", "1"],
    );
    becomes("query { leaf }", "{leaf}", &[]);
    becomes(
        "mutation($n: Int!) { put(filter: {n: $n}) { leaf } }",
        "mutation($v0:Int!){put(filter:{n:$v0}){leaf}}",
        &[""],
    );
    becomes(
        "mutation { put(filter: {n: 2}) { leaf } }",
        "mutation($v0:Filter!){put(filter:$v0){leaf}}",
        &[r#"{"n":2}"#],
    );
}

#[test]
fn these_share_a_form() {
    let groups: &[&[&str]] = &[
        &["{ f(x: 5) { leaf } }", "query($a: Int!) { f(x: $a) { leaf } }", "query Q { f(x: -7) { leaf } }"],
        &["{ id(id: 5) { leaf } }", "{ id(id: \"a\") { leaf } }", "{ id(id: null) { leaf } }"],
        &[
            "{ leaf @skip(if: true) }",
            "{ leaf @skip(if: false) }",
            "query($c: Boolean!) { leaf @skip(if: $c) }",
        ],
        &[
            "{ filter(filter: {n: 1, and: [{n: 2}, {n: 3, color: RED}]}) { leaf } }",
            "{ filter(filter: {color: BLUE, n: 4}) { leaf } }",
            "{ filter(filter: null) { leaf } }",
        ],
        &["{ text(s: \"a\") { leaf } }", "{ text(s: \"\"\"b\n  \"c\" \"\"\") { leaf } }"],
        &["{ any(j: {a: [1, \"x\"]}) { leaf } }", "{ any(j: true) { leaf } }"],
        &["{ color(cs: RED) { leaf } }", "{ color(cs: [RED, BLUE]) { leaf } }"],
        &[
            "query($a: Int!) { filter(filter: {n: $a, color: RED}) { leaf } }",
            "query($b: Int!) { filter(filter: {n: $b, color: BLUE}) { leaf } }",
        ],
        // Fields that can't merge need not agree: not those of other keys, nor of one key elsewhere.
        &["{ a: f(x: 1) { leaf } b: f(x: 1) { leaf } }", "{ a: f(x: 1) { leaf } b: f(x: 2) { leaf } }"],
        &[
            "{ a: f(x: 1) { f(x: 2) { leaf } } b: f(x: 1) { f(x: 2) { leaf } } }",
            "{ a: f(x: 1) { f(x: 2) { leaf } } b: f(x: 1) { f(x: 3) { leaf } } }",
        ],
        &[
            "{ a: f(x: 1) { ...A } b: f(x: 1) { ...A } } fragment A on Query { id(id: 1) { leaf } }",
            "{ a: f(x: 1) { ...B } b: f(x: 2) { ...B } } fragment B on Query { id(id: 9) { leaf } }",
        ],
    ];
    for group in groups.iter().copied() {
        for other in &group[1..] {
            assert_eq!(normalise(group[0]).text, normalise(other).text, "{} and {other}", group[0]);
        }
    }
}

#[test]
fn these_do_not_share_a_form() {
    let texts = [
        "{ leaf }",
        "{ leaf leaf }",
        "{ a: leaf }",
        "{ leaf @skip(if: true) }",
        "{ leaf @include(if: true) }",
        "{ ... { leaf } }",
        "{ ... on Query { leaf } }",
        "{ ...F } fragment F on Query { leaf }",
        "{ f(x: 1) { leaf } }",
        "{ f(x: 1, y: 2) { leaf } }",
        "{ f(y: 1, x: 2) { leaf } }",
        "query($a: Int! = 3) { f(x: $a) { leaf } }",
        "query($a: Int! = 4) { f(x: $a) { leaf } }",
        "query($a: Int = 4) { f(x: $a) { leaf } }",
        "query($a: Int!) { f(x: $a, y: $a) { leaf } }",
        "query($a: Int!, $b: Int!) { f(x: $a, y: $b) { leaf } }",
        "{ any(j: RED) { leaf } }",
        "{ any(j: BLUE) { leaf } }",
        "{ f(x: 1) { leaf } f(x: 1) { leaf } }",
        "{ __type(name: \"A\") { name } }",
        "{ __type(name: \"B\") { name } }",
        "mutation { put(filter: {n: 1}) { leaf } }",
    ];
    for (index, one) in texts.iter().enumerate() {
        for other in &texts[index + 1..] {
            assert_ne!(normalise(one).text, normalise(other).text, "{one} and {other}");
        }
    }
}

#[test]
fn literals_become_json_of_their_type() {
    for (field, json) in [
        ("f(x: -0)", "0"),
        ("f(x: 2147483647)", "2147483647"),
        ("id(id: 5)", "5"),
        ("id(id: 123456789012345678901)", "\"123456789012345678901\""),
        ("ids(ids: \"a\")", "\"a\""),
        ("ids(ids: [1, \"b\"])", "[1,\"b\"]"),
        ("grid(grid: [[1, null], null, 2])", "[[1,null],null,2]"),
        ("grid(grid: [])", "[]"),
        ("real(r: 1)", "1"),
        ("real(r: 1.50)", "1.50"),
        ("real(r: -1.5e-7)", "-1.5e-7"),
        ("real(r: 123456789012345678901)", "123456789012345678901"),
        ("flag(b: false)", "false"),
        ("color(c: BLUE)", "\"BLUE\""),
        ("color(cs: [RED, BLUE])", "[\"RED\",\"BLUE\"]"),
        (r#"text(s: "é漢🙂 \" \\ \n \u0007 \u{1F600} \uD83D\uDE00")"#, r#""é漢🙂 \" \\ \n \u0007 😀 😀""#),
        ("text(s: \"\"\"\n  a\n    \"b\"\n\"\"\")", "\"a\\n  \\\"b\\\"\""),
        (
            "filter(filter: {n: 1, and: {n: 2, any: {k: [1.5, null]}}, color: RED})",
            r#"{"n":1,"and":{"n":2,"any":{"k":[1.5,null]}},"color":"RED"}"#,
        ),
        ("one(one: {ids: [null, 3]})", r#"{"ids":[null,3]}"#),
        ("any(j: 9007199254740992)", "9007199254740992"),
        ("any(js: [1, [\"a\"], {b: null}])", "[1,[\"a\"],{\"b\":null}]"),
        ("any(js: 4)", "4"),
    ] {
        let normal = normalise(&format!("{{ {field} {{ leaf }} }}"));
        assert_eq!(literals(&normal), [json], "{field}: {}", normal.text);
        let read = serde_json::from_str::<serde_json::Value>(json);
        assert!(read.is_ok(), "{json}");
        assert_eq!(normal.kept_literals, 0);
    }
}

#[test]
fn what_json_can_not_say_stays() {
    for (field, kept, canonical) in [
        ("any(j: RED)", 1, "{any(j:RED){leaf}}"),
        ("any(j: {a: [RED, 1]})", 2, "{any(j:{a:[RED,1]}){leaf}}"),
        ("any(j: 9007199254740993)", 1, "{any(j:9007199254740993){leaf}}"),
        ("any(j: -0)", 1, "{any(j:-0){leaf}}"),
        ("any(j: 1.10)", 1, "{any(j:1.10){leaf}}"),
        ("any(j: 1e3)", 1, "{any(j:1e3){leaf}}"),
        ("real(r: 1e400)", 1, "{real(r:1e400){leaf}}"),
        ("any(js: [1, X])", 1, "query($v0:JSON){any(js:[$v0,X]){leaf}}"),
        (
            "filter(filter: {n: 1, any: RED, color: BLUE})",
            1,
            "query($v0:Int!,$v1:Color){filter(filter:{n:$v0,any:RED,color:$v1}){leaf}}",
        ),
    ] {
        let normal = normalise(&format!("{{ {field} {{ leaf }} }}"));
        assert_eq!((normal.text.as_str(), normal.kept_literals), (canonical, kept));
    }
    let normal = normalise("query($q: Int) { any(j: {a: $q, b: 5}) { leaf } }");
    assert_eq!((normal.text.as_str(), normal.kept_literals), ("query($v0:Int){any(j:{a:$v0,b:5}){leaf}}", 1));
}

#[test]
fn the_parts_of_a_value_with_variables_become_variables() {
    becomes(
        "query($q: Int!, $c: Color) { filter(filter: {n: $q, and: [{n: 1}, {n: 2, color: $c}], ids: 4}) { leaf } }",
        "query($v0:Int!,$v1:Filter!,$v2:Int!,$v3:Color,$v4:[ID!])\
         {filter(filter:{n:$v0,and:[$v1,{n:$v2,color:$v3}],ids:$v4}){leaf}}",
        &["", r#"{"n":1}"#, "2", "", "4"],
    );
    // One value for a list.
    becomes(
        "query($q: Int!) { filter(by: {n: $q, color: RED}) { leaf } }",
        "query($v0:Int!,$v1:Color){filter(by:{n:$v0,color:$v1}){leaf}}",
        &["", "\"RED\""],
    );
    becomes(
        "query($q: [Int]) { grid(grid: [$q, [1], 2, null]) { leaf } }",
        "query($v0:[Int],$v1:[Int],$v2:[Int],$v3:[Int]){grid(grid:[$v0,$v1,$v2,$v3]){leaf}}",
        &["", "[1]", "2", "null"],
    );
    becomes(
        "query($q: ID) { one(one: {ids: [$q, 7]}) { leaf } }",
        "query($v0:ID,$v1:ID){one(one:{ids:[$v0,$v1]}){leaf}}",
        &["", "7"],
    );
    becomes(
        "query($q: Int!) { one(one: {n: $q}) { leaf } }",
        "query($v0:Int!){one(one:{n:$v0}){leaf}}",
        &[""],
    );
}

#[test]
fn conditions_are_variables_and_part_of_the_variant() {
    let normal = normalise(
        "query($c: Boolean = true) { leaf @skip(if: false) @include(if: $c) ...F @include(if: true) }
         fragment F on Query { b: leaf @skip(if: $c) }",
    );
    assert_eq!(
        normal.text,
        "query($v0:Boolean!,$v1:Boolean=true,$v2:Boolean!){leaf@skip(if:$v0)@include(if:$v1)...f0@include(if:$v2)}\
         fragment f0 on Query{b:leaf@skip(if:$v1)}"
    );
    assert_eq!(literals(&normal), ["false", "", "true"]);
    let conditions: Vec<_> =
        normal.operation.conditions().iter().map(|it| (it.name.as_str(), it.default)).collect();
    assert_eq!(conditions, [("v0", None), ("v1", Some(true)), ("v2", None)]);
}

#[test]
fn introspection_keeps_its_literals() {
    let normal = normalise(
        "query($t: String!, $d: Boolean, $x: Int!) {
            f(x: $x) { leaf }
            __type(name: $t) { ...T fields(includeDeprecated: true) { name } }
            a: __type(name: \"A\") { name @skip(if: true) }
         }
         fragment T on __Type { enumValues(includeDeprecated: $d) { name } }",
    );
    assert_eq!(
        normal.text,
        "query($v0:Int!,$v1:String!,$v2:Boolean,$v3:Boolean!){f(x:$v0){leaf}\
         __type(name:$v1){...f0 fields(includeDeprecated:true){name}}a:__type(name:\"A\"){name@skip(if:$v3)}}\
         fragment f0 on __Type{enumValues(includeDeprecated:$v2){name}}"
    );
    assert_eq!(normal.operation.introspection_variables(), ["v1", "v2"]);
    assert_eq!(normal.kept_literals, 0);
}

#[test]
fn fields_that_merge_keep_equal_arguments() {
    becomes(
        "{ f(x: 1, y: 2) { leaf } f(y: 2, x: 1) { b: leaf } ...F } fragment F on Query { f(x: 1, y: 2) { leaf } }",
        "query($v0:Int!,$v1:Int){f(x:$v0,y:$v1){leaf}f(y:$v1,x:$v0){b:leaf}...f0}\
         fragment f0 on Query{f(x:$v0,y:$v1){leaf}}",
        &["1", "2"],
    );
    // The order of an object's keys tells no values apart.
    becomes(
        "{ any(j: {a: 1, b: {c: 2, d: 3}}) { leaf } any(j: {b: {d: 3, c: 2}, a: 1}) { leaf } }",
        "query($v0:JSON){any(j:$v0){leaf}any(j:$v0){leaf}}",
        &[r#"{"a":1,"b":{"c":2,"d":3}}"#],
    );
    becomes(
        "query($q: Int!) { filter(filter: {n: $q, ids: [1]}) { leaf } filter(filter: {ids: [1], n: $q}) { leaf } }",
        "query($v0:Int!,$v1:[ID!]){filter(filter:{n:$v0,ids:$v1}){leaf}filter(filter:{ids:$v1,n:$v0}){leaf}}",
        &["", "[1]"],
    );
    // Below fields that merge; through a fragment that is spread at two places, one of which merges.
    becomes(
        "{ f(x: 1) { id(id: 2) { leaf } } f(x: 1) { ...F } a: f(x: 3) { ...F } }
         fragment F on Query { id(id: 2) { leaf } }",
        "query($v0:Int!,$v1:ID,$v2:Int!){f(x:$v0){id(id:$v1){leaf}}f(x:$v0){...f0}a:f(x:$v2){...f0}}\
         fragment f0 on Query{id(id:$v1){leaf}}",
        &["1", "2", "3"],
    );
    // On different types, as the values are.
    becomes(
        "{ n { ... on P { p(n: 1) } ... on Q { p(n: 1) } } }",
        "query($v0:Int!){n{...on P{p(n:$v0)}...on Q{p(n:$v0)}}}",
        &["1"],
    );
    becomes(
        "{ n { ... on P { p(n: 1) } ... on Q { p(n: 2) } } }",
        "query($v0:Int!,$v1:Int!){n{...on P{p(n:$v0)}...on Q{p(n:$v1)}}}",
        &["1", "2"],
    );
    // Of the interface and of its objects.
    becomes(
        "{ n { id(s: 1) ... on P { id(s: 1) } ... on Q { id(s: 1) } } }",
        "query($v0:Int){n{id(s:$v0)...on P{id(s:$v0)}...on Q{id(s:$v0)}}}",
        &["1"],
    );
}

#[test]
fn variables_that_only_dropped_directives_used_are_gone() {
    let normal =
        normalise("query($t: String, $x: Int!) { leaf @mark(name: $t) f(x: $x) @mark(name: $t) { leaf } }");
    assert_eq!(normal.text, "query($v0:Int!){leaf f(x:$v0){leaf}}");
    assert_eq!(normal.sources, [VariableSource::Client("x".to_owned())]);
}

#[test]
fn a_lot_falls_per_normal_form() {
    let supergraph = Supergraph::parse(SDL).expect("fixture");
    let hash = |text| {
        Operation::prepare(&supergraph, text, None, &OperationLimits::default())
            .expect("valid")
            .canonical_hash(&supergraph)
    };
    assert_eq!(hash("{ f(x: 1) { leaf } }"), hash("query Q($a: Int!) { f(x: $a) { leaf } }"));
    assert_ne!(hash("{ f(x: 1) { leaf } }"), hash("{ leaf }"));
}
