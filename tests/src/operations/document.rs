//! A whole document: the operation, its variables and its fragments, as text.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use super::arguments::{Values, Variables};
use super::merging::Chosen;
use super::random::Random;
use super::selections::{Fragment, Node, Selections};
use crate::schema::Schema;

/// An operation's text and the values of its variables.
pub(super) fn write(
    schema: &Schema,
    hints: &Map<String, Json>,
    random: Random,
    mutation: bool,
    budget: usize,
) -> (String, Json) {
    let mut selections = Selections {
        schema,
        random,
        values: Values { schema, hints, variables: Variables::default() },
        fragments: Vec::new(),
        chosen: Chosen::default(),
        budget,
    };
    let root = if mutation { schema.mutation.as_ref() } else { None };
    let keyword = if root.is_some() { "mutation" } else { "query" };
    let nodes = selections.set(root.unwrap_or(&schema.query), &mut Vec::new(), 0);
    let declarations = selections.values.variables.declarations();
    let mut text = match (keyword, declarations.as_str(), selections.random.below(3)) {
        ("query", "", 0) => String::new(),
        (_, _, 1) => format!("{keyword} Random{declarations} "),
        _ => format!("{keyword}{declarations} "),
    };
    set(&nodes, 0, &mut text);
    text.push('\n');
    let mut used = HashSet::new();
    spreads(&nodes, &mut used);
    for Fragment { name, on, children } in selections.fragments.iter().filter(|f| used.contains(&f.name)) {
        let _ = write!(text, "fragment {name} on {on} ");
        set(children, 0, &mut text);
        text.push('\n');
    }
    (text, Json::Object(selections.values.variables.values))
}

fn spreads(nodes: &[Node], used: &mut HashSet<String>) {
    for node in nodes {
        match node {
            Node::Field(field) => spreads(&field.children, used),
            Node::Inline { children, .. } => spreads(children, used),
            Node::Spread { name, children, .. } => {
                used.insert(name.clone());
                spreads(children, used);
            }
        }
    }
}

fn set(nodes: &[Node], depth: usize, out: &mut String) {
    out.push_str("{\n");
    for node in nodes {
        out.push_str(&"  ".repeat(depth + 1));
        match node {
            Node::Field(field) => {
                if field.key != field.name {
                    let _ = write!(out, "{}: ", field.key);
                }
                let _ = write!(out, "{}{}{}", field.name, field.arguments, field.directives);
                if !field.children.is_empty() {
                    out.push(' ');
                    set(&field.children, depth + 1, out);
                }
            }
            Node::Inline { on, directives, children } => {
                out.push_str("...");
                if let Some(on) = on {
                    let _ = write!(out, " on {on}");
                }
                let _ = write!(out, "{directives} ");
                set(children, depth + 1, out);
            }
            Node::Spread { name, directives, .. } => {
                let _ = write!(out, "...{name}{directives}");
            }
        }
        out.push('\n');
    }
    let _ = write!(out, "{}}}", "  ".repeat(depth));
}
