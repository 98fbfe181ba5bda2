//! What the demo's subgraphs would answer, made by rule: fields in the order of the selection, as real ones write them.

use std::fmt::Write as _;

use graphql_parser::query::{
    Definition, Document, Field, OperationDefinition, Selection, SelectionSet, Value, parse_query,
};
use serde_json::Value as Json;

const USERS: usize = 60;
const PRODUCTS: usize = 300;
/// As long as the demo's reviews.
const OPINION: &str = "I have used it every week since it came. The hinge is stiff, but that gets better with time and a drop of oil.";

/// The answer to the body of a call.
///
/// Panics at what the benches' operations do not make Weir ask.
pub(crate) fn answer(body: &[u8]) -> Vec<u8> {
    let body: Json = serde_json::from_slice(body).expect("a call is JSON");
    let query = body["query"].as_str().expect("a call has a query");
    let document = parse_query::<String>(query).expect("a call's query parses");
    let Some(Definition::Operation(OperationDefinition::Query(operation))) = document.definitions.first()
    else {
        panic!("not a query: {query}")
    };
    let mut out = String::from("{\"data\":");
    object(
        Object::Root,
        &operation.selection_set,
        &Asked { document: &document, variables: &body["variables"] },
        &mut out,
    );
    out.push('}');
    out.into_bytes()
}

#[derive(Clone, Copy)]
enum Object {
    Root,
    User(usize),
    Review(usize),
    Product(usize),
    Sku(usize),
}

/// A call's document and variables.
struct Asked<'a> {
    document: &'a Document<'a, String>,
    variables: &'a Json,
}

type Fields<'a> = SelectionSet<'a, String>;

fn object(this: Object, selection: &Fields<'_>, call: &Asked<'_>, out: &mut String) {
    out.push('{');
    let mut is_first = true;
    members(this, selection, call, out, &mut is_first);
    out.push('}');
}

fn members(this: Object, selection: &Fields<'_>, call: &Asked<'_>, out: &mut String, is_first: &mut bool) {
    for item in &selection.items {
        match item {
            Selection::Field(field) => {
                let comma = if std::mem::take(is_first) { "" } else { "," };
                let _ = write!(out, "{comma}\"{}\":", field.alias.as_ref().unwrap_or(&field.name));
                value(this, field, call, out);
            }
            // Weir's lookups ask of each entity what its own type has.
            Selection::InlineFragment(fragment) => {
                members(this, &fragment.selection_set, call, out, is_first);
            }
            Selection::FragmentSpread(spread) => {
                let found = call.document.definitions.iter().find_map(|definition| match definition {
                    Definition::Fragment(fragment) if fragment.name == spread.fragment_name => Some(fragment),
                    _ => None,
                });
                let fragment = found.expect("a fragment that is spread is defined");
                members(this, &fragment.selection_set, call, out, is_first);
            }
        }
    }
}

fn value(this: Object, field: &Field<'_, String>, call: &Asked<'_>, out: &mut String) {
    let first = || number(field, call);
    let _ = match (this, field.name.as_str()) {
        (Object::Root, "users") => return list((1..=first()).map(Object::User), field, call, out),
        (Object::Root, "topProducts") => {
            return list((1..=first()).map(Object::Product), field, call, out);
        }
        (Object::Root, "_entities") => {
            let Some((_, Value::Variable(name))) = field.arguments.first() else {
                panic!("no representations")
            };
            let entities = call.variables[name].as_array().expect("representations are a list");
            return list(entities.iter().map(entity), field, call, out);
        }
        (Object::User(n), "id") => write!(out, "\"u{n}\""),
        (Object::User(n), "username") => write!(out, "\"reviewer{n}\""),
        (Object::User(n), "name") => write!(out, "\"Ada Almeida {n}\""),
        (Object::User(n), "reviews") => {
            return list((0..first()).map(|i| Object::Review(n * 7 + i * 61)), field, call, out);
        }
        (Object::Review(n), "id") => write!(out, "\"r{n}\""),
        (Object::Review(_), "body") => write!(out, "\"{OPINION}\""),
        (Object::Review(n), "author") => {
            return object(Object::User(n * 11 % USERS + 1), &field.selection_set, call, out);
        }
        (Object::Review(n), "product") => {
            return object(Object::Product(n * 13 % PRODUCTS + 1), &field.selection_set, call, out);
        }
        (Object::Product(n), "upc") => write!(out, "\"P{n:04}\""),
        (Object::Product(n), "name") => write!(out, "\"Folding Lantern {n}\""),
        (Object::Product(n), "price") => write!(out, "{}.{:02}", n * 7 % 900 + 5, n * 19 % 100),
        (Object::Product(n), "weight") => write!(out, "{}", 120 + n * 991 % 24_000),
        (Object::Product(_), "availability") => write!(out, "\"IN_STOCK\""),
        (Object::Product(n), "reviews") => {
            return list((0..first()).map(|i| Object::Review(n + i * PRODUCTS)), field, call, out);
        }
        (Object::Product(n), "sku") => return object(Object::Sku(n), &field.selection_set, call, out),
        (Object::Sku(n), "code") => write!(out, "\"LANTERN-{n:03}\""),
        (Object::Sku(_), "vendor") => write!(out, "\"NOR\""),
        (Object::User(_), "__typename") => write!(out, "\"User\""),
        (Object::Product(_), "__typename") => write!(out, "\"Product\""),
        (_, name) => panic!("no field {name}"),
    };
}

fn list(items: impl Iterator<Item = Object>, field: &Field<'_, String>, call: &Asked<'_>, out: &mut String) {
    out.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        object(item, &field.selection_set, call, out);
    }
    out.push(']');
}

fn entity(representation: &Json) -> Object {
    let number =
        |text: &str| text.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("keys end in a number");
    match (&representation["id"], &representation["upc"], &representation["sku"]["code"]) {
        (Json::String(id), ..) => Object::User(number(id)),
        (_, Json::String(upc), _) => Object::Product(number(upc)),
        (_, _, Json::String(code)) => Object::Product(number(code)),
        _ => panic!("no key in {representation}"),
    }
}

/// The argument `first`.
fn number(field: &Field<'_, String>, call: &Asked<'_>) -> usize {
    let (_, first) = field.arguments.iter().find(|(name, _)| name == "first").expect("there is a `first`");
    let first = match first {
        Value::Int(number) => number.as_i64(),
        Value::Variable(name) => call.variables[name].as_i64(),
        other => panic!("{other} is no number"),
    };
    first.and_then(|first| usize::try_from(first).ok()).expect("`first` is a number")
}
