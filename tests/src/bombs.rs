//! Requests made to cost a server more than they cost their sender.
//!
//! Those that a limit refuses show that refusing is cheap; those within all limits show what the limits leave.

use std::fmt::Write as _;

/// A hostile request.
pub struct Bomb {
    /// What it is.
    pub name: &'static str,
    /// The request's body.
    pub body: String,
    /// The codes that may answer it; empty if it is to be served.
    pub codes: &'static [&'static str],
}

const LIMIT: &[&str] = &["LIMIT_EXCEEDED"];
const INVALID: &[&str] = &["GRAPHQL_VALIDATION_FAILED"];
const EITHER: &[&str] = &["LIMIT_EXCEEDED", "GRAPHQL_VALIDATION_FAILED"];

/// Object types behind the interface of [`supergraph`].
const KINDS: usize = 24;

/// A supergraph that is easy to ask too much of: an interface and a union of many entities, each with fields of
/// the interface in two subgraphs, so that every step of a path may lead through every type and back.
pub fn supergraph() -> String {
    let mut sdl = String::from(
        r#"schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION) { query: Query }
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
scalar join__FieldSet
scalar link__Import
enum link__Purpose { EXECUTION }
enum join__Graph { A @join__graph(name: "a", url: "http://127.0.0.1:4191/graphql") B @join__graph(name: "b", url: "http://127.0.0.1:4192/graphql") }
input Filter @join__type(graph: A) { name: String numbers: [Int!] below: [Filter!] }
type Query @join__type(graph: A) @join__type(graph: B) {
  thing(filter: Filter, any: [[Int]]): Thing @join__field(graph: A)
  things: [Either!]! @join__field(graph: B)
}
interface Thing @join__type(graph: A) @join__type(graph: B) {
  id: ID!
  next: Thing @join__field(graph: A)
  other: Thing @join__field(graph: B)
}
"#,
    );
    let mut members = String::new();
    let mut names = Vec::new();
    for kind in 0..KINDS {
        let _ = writeln!(
            sdl,
            r#"type K{kind} implements Thing @join__implements(graph: A, interface: "Thing") @join__implements(graph: B, interface: "Thing") @join__type(graph: A, key: "id") @join__type(graph: B, key: "id") {{
  id: ID!
  next: Thing @join__field(graph: A)
  other: Thing @join__field(graph: B)
  name{kind}: String @join__field(graph: B)
}}"#
        );
        for graph in ["A", "B"] {
            let _ = write!(members, " @join__unionMember(graph: {graph}, member: \"K{kind}\")");
        }
        names.push(format!("K{kind}"));
    }
    let _ = writeln!(
        sdl,
        "union Either @join__type(graph: A) @join__type(graph: B){members} = {}",
        names.join(" | ")
    );
    sdl
}

fn ask(query: &str) -> String {
    serde_json::json!({ "query": query }).to_string()
}

fn nested(open: &str, depth: usize) -> String {
    format!("{}id{}", open.repeat(depth), "}".repeat(depth))
}

/// All of them.
pub fn all() -> Vec<Bomb> {
    let many = |n: usize, one: &dyn Fn(usize) -> String| (0..n).map(one).collect::<String>();
    let bomb = |name, query: String, codes| Bomb { name, body: ask(&query), codes };
    let thing = |inner: &str| format!("{{ thing {{ {inner} }} }}");
    let every_kind = |inner: &str| many(KINDS, &|kind| format!("... on K{kind} {{ {inner} }} "));
    vec![
        bomb("aliases", format!("{{{}}}", many(2_500, &|i| format!("a{i}: thing {{ id }} "))), LIMIT),
        bomb("aliases within the limits", thing(&many(198, &|i| format!("a{i}: id "))), &[]),
        bomb("root fields within the limits", format!("{{{}}}", many(100, &|i| format!("a{i}: thing {{ id }} "))), &["SUBGRAPH_MALFORMED_RESPONSE"]),
        bomb("tokens", format!("{{ {} }}", "a ".repeat(500_000)), LIMIT),
        bomb("tokens in strings", format!("{{ thing(any: [{}]) {{ id }} }}", "\"\"".repeat(250_000)), LIMIT),
        bomb("one long name", format!("{{ {} }}", "a".repeat(1_000_000)), INVALID),
        bomb("fragments that double", {
            let chain = many(40, &|i| format!("fragment F{i} on Thing {{ ...F{0} ...F{0} }} ", i + 1));
            format!("{{ thing {{ ...F0 }} }} {chain} fragment F40 on Thing {{ id }}")
        }, LIMIT),
        bomb("fragments that double fields", {
            let chain = many(30, &|i| format!("fragment F{i} on Thing {{ x: next {{ ...F{0} }} y: next {{ ...F{0} }} }} ", i + 1));
            format!("{{ thing {{ ...F0 }} }} {chain} fragment F30 on Thing {{ id }}")
        }, LIMIT),
        bomb("one fragment in many operations", {
            let fragment = format!("fragment F on Thing {{ {} }}", "id ".repeat(4_000));
            format!("{fragment} {}", many(1_500, &|i| format!("query Q{i} {{ thing {{ ...F }} }} ")))
        }, LIMIT),
        bomb("variables of many operations in one fragment", {
            let uses = many(400, &|i| format!("a{i}: id @include(if: $v) "));
            format!("fragment F on Thing {{ {uses} }} {}", many(120, &|i| format!("query Q{i}($v: Boolean!) {{ thing {{ ...F }} }} ")))
        }, LIMIT),
        bomb("circular fragments, a ring", {
            let ring = many(100, &|i| format!("fragment F{i} on Thing {{ next {{ ...F{} }} }} ", (i + 1) % 100));
            format!("{{ thing {{ ...F0 }} }} {ring}")
        }, EITHER),
        bomb("circular fragments, each spreads all", {
            let spreads = many(80, &|i| format!("...F{i} "));
            format!("{{ thing {{ ...F0 }} }} {}", many(80, &|i| format!("fragment F{i} on Thing {{ {spreads} }} ")))
        }, EITHER),
        bomb("a long chain of fragments", {
            let chain = many(2_900, &|i| format!("fragment F{i} on Thing {{ ...F{} }} ", i + 1));
            format!("{{ thing {{ ...F0 }} }} {chain} fragment F2900 on Thing {{ id }}")
        }, LIMIT),
        bomb("directives on one field", thing(&format!("id {}", "@include(if: true) ".repeat(2_400))), LIMIT),
        bomb("directives that repeat, within the limit", thing(&format!("id {}", "@skip(if: false) ".repeat(490))), INVALID),
        bomb("unknown directives", thing(&format!("id {}", "@a ".repeat(490))), INVALID),
        bomb("selections within each other", format!("{{ thing {{ {} }} }}", nested("next{", 10_000)), LIMIT),
        bomb("selections as deep as allowed", format!("{{ thing {{ {} }} }}", nested("next{", 47)), LIMIT),
        bomb("lists within each other", format!("{{ thing(any: {}1{}) {{ id }} }}", "[".repeat(100_000), "]".repeat(100_000)), LIMIT),
        bomb("lists as deep as allowed, many", {
            let list = format!("{}1{}", "[".repeat(60), "]".repeat(60));
            format!("{{ thing(any: [{}]) {{ id }} }}", format!("{list} ").repeat(100))
        }, INVALID),
        bomb("objects within each other", format!("{{ thing(filter: {}{}) {{ id }} }}", "{below:".repeat(50_000), "}".repeat(50_000)), LIMIT),
        bomb("types within each other", format!("query ($a: {}Int{}) {{ thing(any: $a) {{ id }} }}", "[".repeat(100_000), "]".repeat(100_000)), LIMIT),
        bomb("unknown fields", thing(&many(7_000, &|i| format!("nam{i} "))), INVALID),
        bomb("unknown arguments", format!("{{ thing({}) {{ id }} }}", many(4_500, &|i| format!("filte{i}: 1 "))), INVALID),
        bomb("unknown variables", format!("{{ thing(any: [{}]) {{ id }} }}", many(3_500, &|i| format!("[$v{i}] "))), INVALID),
        bomb("variables that are not used", format!("query ({}) {{ thing {{ id }} }}", many(3_500, &|i| format!("$v{i}: Int "))), INVALID),
        bomb("one field, many times", thing(&"id ".repeat(9_900)), &[]),
        bomb("one object, many times", thing(&"next { id } ".repeat(3_700)), &[]),
        bomb("one object with arguments, many times", format!("{{{}}}", "thing(any: [[1]]) { id } ".repeat(98)), &[]),
        bomb("conflicts", thing(&many(4_500, &|i| format!("a: {} ", if i % 2 == 0 { "id" } else { "__typename" }))), LIMIT),
        bomb("conflicts within the limits", thing(&many(195, &|i| format!("a: {} ", if i % 2 == 0 { "id" } else { "__typename" }))), INVALID),
        bomb("conflicts far down", {
            let deep = |leaf: &str| format!("{}{leaf}{}", "next { ".repeat(40), "} ".repeat(40));
            thing(&many(110, &|i| deep(if i == 109 { "id: __typename" } else { "id" })))
        }, EITHER),
        bomb("fields of the interface and of every type", {
            let mut inner = "id".to_owned();
            for _ in 0..2 {
                inner = format!("next {{ {inner} }} {}", every_kind(&format!("next {{ {inner} }}")));
            }
            thing(&inner)
        }, EITHER),
        bomb("introspection, deep", {
            let deep = format!("{}name{}", "fields { type { ofType { ".repeat(12), "} } } ".repeat(12));
            format!("{{ __schema {{ types {{ {deep} }} }} }}")
        }, LIMIT),
        bomb("introspection, wide", {
            let all = "fragment T on __Type { name description fields { name type { name ofType { name } } } }";
            format!("{{ __schema {{ {} }} }} {all}", many(190, &|i| format!("a{i}: types {{ ...T }} ")))
        }, LIMIT),
        bomb("introspection, round and round", {
            let round = format!("{}name{}", "fields { type { ".repeat(2), "} } ".repeat(2));
            format!("{{ {} }}", many(95, &|i| format!("a{i}: __schema {{ types {{ {round} }} }} ")))
        }, LIMIT),
        bomb("paths through every type, back and forth", {
            let path = format!("{}id {}", "next { other { ".repeat(20), "} } ".repeat(20));
            thing(&path)
        }, LIMIT),
        bomb("paths by every type, back and forth", {
            let mut inner = "id".to_owned();
            for level in 0..3 {
                let field = if level % 2 == 0 { "next" } else { "other" };
                inner = (0..6).map(|kind| format!("... on K{kind} {{ {field} {{ {inner} }} }} ")).collect();
            }
            thing(&inner)
        }, LIMIT),
        bomb("paths by some types, back and forth", {
            let mut inner = "id".to_owned();
            for (field, kinds) in [("next", 5), ("other", 4), ("next", 4)] {
                inner = (0..kinds).map(|kind| format!("... on K{kind} {{ {field} {{ {inner} }} }} ")).collect();
            }
            thing(&inner)
        }, &[]),
        bomb("every member of a union, and its own field", {
            let own = many(KINDS, &|kind| format!("... on K{kind} {{ name{kind} next {{ id }} other {{ id }} }} "));
            format!("{{ things {{ {own} }} }}")
        }, &[]),
        Bomb {
            name: "variables: a megabyte of numbers",
            body: serde_json::json!({"query": "query ($a: [[Int]]) { thing(any: $a) { id } }", "variables": {"a": [vec![7; 400_000]]}}).to_string(),
            codes: &[],
        },
        Bomb {
            name: "variables: a megabyte of faults",
            body: serde_json::json!({"query": "query ($a: [[Int]]) { thing(any: $a) { id } }", "variables": {"a": [vec!["x"; 200_000]]}}).to_string(),
            codes: &["BAD_USER_INPUT"],
        },
        Bomb {
            name: "variables: objects within each other",
            body: {
                let deep = format!("{}{}", "{\"below\":[".repeat(50), "]}".repeat(50));
                format!("{{\"query\":\"query ($f: Filter) {{ thing(filter: $f) {{ id }} }}\",\"variables\":{{\"f\":{deep}}}}}")
            },
            codes: &[],
        },
        Bomb {
            name: "variables: many",
            body: format!("{{\"query\":\"{{ thing {{ id }} }}\",\"variables\":{{{}\"z\":1}}}}", many(60_000, &|i| format!("\"v{i}\":1,"))),
            codes: &[],
        },
    ]
}
