//! What is to be found: the client's selections, and the fields that keys and `@requires` name, per object type.

use graphql_tools::static_graphql::query::Value;

use super::draft::Required;
use super::keys::{Keys, TreeId};
use super::search::Search;
use crate::field_set::Part;
use crate::joins::Joins;
use crate::selection::Node;

/// A field to be found.
#[derive(Clone)]
pub(super) struct Want<'a> {
    /// Its key in the response tree.
    pub(super) key: String,
    pub(super) name: &'a str,
    pub(super) arguments: &'a [(String, Value)],
    pub(super) below: Vec<Below<'a>>,
}

/// A selection below a field.
#[derive(Clone)]
pub(super) enum Below<'a> {
    /// The client's.
    Client(&'a Node),
    /// Of a field set: kept under a key that the client doesn't use otherwise.
    Own(&'a Part),
    /// What is left for objects of a type after something has been found.
    Left(&'a str, Vec<Want<'a>>),
}

impl<'a> Below<'a> {
    /// The field's name, if it is one.
    pub(super) fn field_name(&self) -> Option<&'a str> {
        match self {
            Below::Client(Node::Field(field)) => Some(&field.name),
            Below::Own(Part::Field { name, .. }) => Some(name),
            Below::Client(Node::On { .. }) | Below::Own(Part::On { .. }) | Below::Left(..) => None,
        }
    }
}

/// Whether what is selected of objects of an interface depends on their type.
pub(super) fn needs_types(joins: &Joins, interface: &str, below: &[Below<'_>]) -> bool {
    below.iter().any(|below| match below {
        Below::Client(node) => node_needs_types(joins, interface, node),
        Below::Own(part) => part_needs_types(joins, interface, part),
        Below::Left(type_name, _) => !joins.satisfies(interface, type_name),
    })
}

fn node_needs_types(joins: &Joins, interface: &str, node: &Node) -> bool {
    match node {
        Node::Field(field) => field.name == "__typename",
        Node::On { condition, selections } => {
            !joins.satisfies(interface, condition)
                || selections.iter().any(|node| node_needs_types(joins, interface, node))
        }
    }
}

fn part_needs_types(joins: &Joins, interface: &str, part: &Part) -> bool {
    match part {
        Part::Field { .. } => false,
        Part::On { condition, parts } => {
            !joins.satisfies(interface, condition)
                || parts.iter().any(|part| part_needs_types(joins, interface, part))
        }
    }
}

impl<'a> Search<'a, '_> {
    /// The fields selected of objects of a type (CollectFields, GraphQL §6.3.2), but those that begin with `__`:
    /// the gateway knows them.
    pub(super) fn collect(&mut self, type_name: &str, at: TreeId, below: &[Below<'a>]) -> Vec<Want<'a>> {
        let mut wants = Vec::new();
        collect(self.joins, &mut self.keys, type_name, at, below, &mut wants);
        wants
    }

    /// What a representation holds of `parts`, and under which keys the response tree has it.
    pub(super) fn required(&mut self, at: TreeId, parts: &[&'a Part]) -> Vec<Required> {
        let mut required: Vec<Required> = Vec::new();
        for part in parts {
            let one = match part {
                Part::Field { name, arguments, parts } => {
                    let key = self.keys.own(at, name, arguments);
                    let below = self.keys.below(at, &key);
                    let parts = self.required(below, &parts.iter().collect::<Vec<_>>());
                    Required::Field(key, name.clone(), parts)
                }
                Part::On { condition, parts } => {
                    Required::On(condition.clone(), self.required(at, &parts.iter().collect::<Vec<_>>()))
                }
            };
            add(&mut required, one);
        }
        required
    }
}

/// Adds a part of a representation, which names no key twice.
fn add(required: &mut Vec<Required>, one: Required) {
    let same = required.iter_mut().find(|known| match (&**known, &one) {
        (Required::Field(_, known, _), Required::Field(_, name, _)) => known == name,
        (Required::On(known, _), Required::On(condition, _)) => known == condition,
        _ => false,
    });
    match (same, one) {
        (
            Some(Required::Field(_, _, known) | Required::On(_, known)),
            Required::Field(_, _, parts) | Required::On(_, parts),
        ) => {
            for part in parts {
                add(known, part);
            }
        }
        (None, one) => required.push(one),
    }
}

fn collect<'a>(
    joins: &Joins,
    keys: &mut Keys,
    type_name: &str,
    at: TreeId,
    below: &[Below<'a>],
    wants: &mut Vec<Want<'a>>,
) {
    let of_nodes = |nodes: &'a [Node]| nodes.iter().map(Below::Client).collect::<Vec<_>>();
    let of_parts = |parts: &'a [Part]| parts.iter().map(Below::Own).collect::<Vec<_>>();
    for item in below {
        match item {
            Below::Client(Node::Field(field)) if field.name.starts_with("__") => {}
            Below::Client(Node::Field(field)) => {
                let (key, below) = (field.key.clone(), of_nodes(&field.selections));
                want(wants, Want { key, name: &field.name, arguments: &field.arguments, below });
            }
            Below::Client(Node::On { condition, selections }) => {
                if joins.satisfies(type_name, condition) {
                    collect(joins, keys, type_name, at, &of_nodes(selections), wants);
                }
            }
            Below::Own(Part::Field { name, arguments, parts }) => {
                let (key, below) = (keys.own(at, name, arguments), of_parts(parts));
                want(wants, Want { key, name, arguments, below });
            }
            Below::Own(Part::On { condition, parts }) => {
                if joins.satisfies(type_name, condition) {
                    collect(joins, keys, type_name, at, &of_parts(parts), wants);
                }
            }
            Below::Left(left_type, left) => {
                if joins.satisfies(type_name, left_type) {
                    left.iter().for_each(|one| want(wants, one.clone()));
                }
            }
        }
    }
}

fn want<'a>(wants: &mut Vec<Want<'a>>, new: Want<'a>) {
    match wants.iter_mut().find(|known| known.key == new.key) {
        Some(known) => known.below.extend(new.below),
        None => wants.push(new),
    }
}
