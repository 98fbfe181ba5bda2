//! The response keys of the merged tree: the client's, and those under which the planner's own needs (keys and
//! `@requires` of entities) are kept without getting in their way.

use std::collections::HashMap;

use graphql_tools::static_graphql::query::Value;

use crate::selection::Node;

/// A position in the response tree: type conditions and lists are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TreeId(usize);

/// The root of the tree.
pub(super) const ROOT: TreeId = TreeId(0);

/// All positions.
#[derive(Default)]
pub(super) struct Keys {
    positions: Vec<Position>,
}

#[derive(Default)]
struct Position {
    below: HashMap<String, TreeId>,
    /// What the client's keys mean here, for any type.
    client: HashMap<String, Vec<Meaning>>,
    /// In the order of their assignment.
    own: Vec<(Meaning, String)>,
}

/// A field with its arguments, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Meaning(String);

impl Meaning {
    fn new(name: &str, arguments: &[(String, Value)]) -> Meaning {
        let mut text = name.to_owned();
        for (name, value) in arguments {
            text.push_str(&format!(",{name}:{value}"));
        }
        Meaning(text)
    }
}

impl Keys {
    /// The keys of the client's selections.
    pub(super) fn new(nodes: &[Node]) -> Keys {
        let mut keys = Keys { positions: vec![Position::default()] };
        keys.add(ROOT, nodes);
        keys
    }

    fn add(&mut self, at: TreeId, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Field(field) => {
                    let meaning = Meaning::new(&field.name, &field.arguments);
                    if let Some(position) = self.positions.get_mut(at.0) {
                        let meanings = position.client.entry(field.key.clone()).or_default();
                        if !meanings.contains(&meaning) {
                            meanings.push(meaning);
                        }
                    }
                    let below = self.below(at, &field.key);
                    self.add(below, &field.selections);
                }
                Node::On { selections, .. } => self.add(at, selections),
            }
        }
    }

    /// The position below `key`.
    pub(super) fn below(&mut self, at: TreeId, key: &str) -> TreeId {
        let next = TreeId(self.positions.len());
        let Some(position) = self.positions.get_mut(at.0) else { return at };
        if let Some(known) = position.below.get(key) {
            return *known;
        }
        position.below.insert(key.to_owned(), next);
        self.positions.push(Position::default());
        next
    }

    /// The key under which the planner keeps a field for itself: its name, unless the client means something else
    /// by that.
    pub(super) fn own(&mut self, at: TreeId, name: &str, arguments: &[(String, Value)]) -> String {
        let meaning = Meaning::new(name, arguments);
        let Some(position) = self.positions.get_mut(at.0) else { return name.to_owned() };
        if let Some((_, key)) = position.own.iter().find(|(known, _)| *known == meaning) {
            return key.clone();
        }
        let mut key = name.to_owned();
        let mut number = 0_usize;
        while position.client.get(&key).is_some_and(|meanings| meanings.iter().any(|known| *known != meaning))
            || position.own.iter().any(|(_, taken)| *taken == key)
        {
            key = format!("_{name}_{number}");
            number = number.saturating_add(1);
        }
        position.own.push((meaning, key.clone()));
        key
    }
}
