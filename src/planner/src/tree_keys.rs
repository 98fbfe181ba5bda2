//! Under which keys the response tree keeps what the client selects.
//!
//! That is the response key, except where an alias would stand in the way: clients may call any field `id`, but the
//! plan wants to find an object's `id` there, and two subgraphs may answer to one key with different fields. Such a
//! field gets a key of its own in the tree and in the subgraphs' queries; the reply shows the client's.

use std::collections::HashMap;

use crate::selection::{FieldNode, Node};

/// Gives fields of `nodes` keys of their own where their response keys could mean something else. `is_field` tells
/// whether any type has a field of this name.
pub(crate) fn keep_apart(nodes: &mut [Node], is_field: impl Fn(&str) -> bool) {
    let mut meanings = HashMap::new();
    collect(nodes, &mut meanings);
    let mut own = HashMap::new();
    for (shown, fields) in meanings {
        let several = fields.len() > 1;
        let taken = shown.starts_with('_') || is_field(&shown);
        for (index, (name, arguments)) in fields.into_iter().enumerate() {
            let is_name = name == shown;
            if (!is_name && (taken || several)) || (is_name && index > 0) {
                // No alias that begins with `_` is left, so this one is free.
                let key = format!("_{index}_{shown}");
                own.insert((shown.clone(), name, arguments), key);
            }
        }
    }
    if !own.is_empty() {
        rename(nodes, &own);
    }
}

/// What a field stands for: its name and its arguments as text.
type Meaning = (String, String);

fn meaning(field: &FieldNode) -> Meaning {
    let mut arguments: Vec<String> =
        field.arguments.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    arguments.sort_unstable();
    (field.name.clone(), arguments.join(","))
}

/// Introspection is answered without a tree.
fn is_meta(field: &FieldNode) -> bool {
    field.name.starts_with("__")
}

fn collect(nodes: &[Node], meanings: &mut HashMap<String, Vec<Meaning>>) {
    for node in nodes {
        match node {
            Node::Field(field) if is_meta(field) => {}
            Node::Field(field) => {
                let known = meanings.entry(field.shown.clone()).or_default();
                let meaning = meaning(field);
                if !known.contains(&meaning) {
                    known.push(meaning);
                }
                collect(&field.selections, meanings);
            }
            Node::On { selections, .. } => collect(selections, meanings),
        }
    }
}

fn rename(nodes: &mut [Node], own: &HashMap<(String, String, String), String>) {
    for node in nodes {
        match node {
            Node::Field(field) if is_meta(field) => {}
            Node::Field(field) => {
                let (name, arguments) = meaning(field);
                if let Some(key) = own.get(&(field.shown.clone(), name, arguments)) {
                    field.key.clone_from(key);
                }
                rename(&mut field.selections, own);
            }
            Node::On { selections, .. } => rename(selections, own),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn field(shown: &str, name: &str, selections: Vec<Node>) -> Node {
        Node::Field(FieldNode {
            key: shown.to_owned(),
            shown: shown.to_owned(),
            name: name.to_owned(),
            arguments: Vec::new(),
            selections,
        })
    }

    fn keys(nodes: &[Node]) -> Vec<String> {
        nodes
            .iter()
            .flat_map(|node| match node {
                Node::Field(field) => {
                    let mut all = vec![field.key.clone()];
                    all.extend(keys(&field.selections));
                    all
                }
                Node::On { selections, .. } => keys(selections),
            })
            .collect()
    }

    fn kept_apart(mut nodes: Vec<Node>) -> Vec<String> {
        keep_apart(&mut nodes, |name| matches!(name, "id" | "name"));
        keys(&nodes)
    }

    #[test]
    fn plain_fields_and_harmless_aliases_keep_their_keys() {
        assert_eq!(kept_apart(vec![field("id", "id", vec![]), field("x", "name", vec![])]), ["id", "x"]);
    }

    #[test]
    fn an_alias_that_is_a_fields_name_gets_a_key_of_its_own() {
        assert_eq!(
            kept_apart(vec![field("id", "name", vec![field("_x", "name", vec![])])]),
            ["_0_id", "_0__x"]
        );
    }

    #[test]
    fn a_key_with_two_meanings_is_split() {
        let on = |condition: &str, node| Node::On { condition: condition.to_owned(), selections: vec![node] };
        let nodes = vec![on("A", field("x", "name", vec![])), on("B", field("x", "id", vec![]))];
        assert_eq!(kept_apart(nodes), ["_0_x", "_1_x"]);
    }
}
