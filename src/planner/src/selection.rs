//! What an operation selects once its conditions are decided and its fragments are spread.

use std::collections::{HashMap, HashSet};

use graphql_tools::static_graphql::query::{
    Definition, Directive, Field, FragmentDefinition, Selection as Parsed, SelectionSet, TypeCondition, Value,
};

use crate::operation::Operation;
use crate::supergraph::PlanVariables;

/// A selection: a field, or a group of selections for some types.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// A field.
    Field(FieldNode),
    /// Selections for objects that satisfy a type condition; never empty.
    On {
        /// The type condition.
        condition: String,
        /// What is selected.
        selections: Vec<Node>,
    },
}

/// A selected field.
#[derive(Debug, Clone)]
pub(crate) struct FieldNode {
    /// Its key in the response tree: see [`crate::tree_keys`].
    pub(crate) key: String,
    /// Its response key: alias, or name where there is none.
    pub(crate) shown: String,
    /// The field's name.
    pub(crate) name: String,
    /// Its arguments as written.
    pub(crate) arguments: Vec<(String, Value)>,
    /// Its selections: empty for a leaf and where conditions excluded all of them.
    pub(crate) selections: Vec<Node>,
}

/// Decides `@skip` and `@include` by `variables` and spreads fragments. Other directives are dropped: they mean
/// nothing to a gateway, and subgraphs don't know them.
pub(crate) fn fold(operation: &Operation, variables: &PlanVariables) -> Vec<Node> {
    let fragments = operation.document.definitions.iter().filter_map(|definition| match definition {
        Definition::Fragment(fragment) => Some((fragment.name.as_str(), fragment)),
        Definition::Operation(_) => None,
    });
    let mut conditions: HashMap<&str, bool> = operation
        .conditions()
        .iter()
        .map(|condition| (condition.name.as_str(), condition.default.unwrap_or(false)))
        .collect();
    conditions.extend(variables.conditions.iter().map(|(name, value)| (name.as_str(), *value)));
    let folder = Folder { fragments: fragments.collect(), conditions };
    operation.selections().map(|set| folder.sets(&[set])).unwrap_or_default()
}

struct Folder<'a> {
    fragments: HashMap<&'a str, &'a FragmentDefinition>,
    conditions: HashMap<&'a str, bool>,
}

/// A selection before what lies below it is folded.
enum Gathered<'a> {
    Field(&'a Field, Vec<&'a SelectionSet>),
    On(&'a str, &'a SelectionSet),
}

/// What is selected at one place.
#[derive(Default)]
struct Gathering<'a> {
    items: Vec<Gathered<'a>>,
    /// Index of each response key since the last group for some types.
    fields: HashMap<&'a str, usize>,
    /// Fragments that are spread already: once more adds nothing.
    spread: HashSet<&'a str>,
}

impl<'a> Gathering<'a> {
    /// A field after the group is not merged with one before it: what the group selects below the same field
    /// comes between them (GraphQL §6.3.2 keeps the order in which the operation names fields).
    fn on(&mut self, condition: &'a str, set: &'a SelectionSet) {
        self.items.push(Gathered::On(condition, set));
        self.fields.clear();
    }
}

impl<'a> Folder<'a> {
    /// The selections of several sets at one place; fields of one response key with no group between them become
    /// one, at the place of the first (they can be merged: the operation is valid). Recursion is bounded: the operation passed the limits.
    fn sets(&self, sets: &[&'a SelectionSet]) -> Vec<Node> {
        let mut gathering = Gathering::default();
        for set in sets {
            self.gather(set, &mut gathering);
        }
        let mut nodes = Vec::with_capacity(gathering.items.len());
        for item in gathering.items {
            match item {
                Gathered::Field(field, below) => {
                    let shown = field.alias.clone().unwrap_or_else(|| field.name.clone());
                    nodes.push(Node::Field(FieldNode {
                        key: shown.clone(),
                        shown,
                        name: field.name.clone(),
                        arguments: field.arguments.clone(),
                        selections: self.sets(&below),
                    }));
                }
                Gathered::On(condition, set) => {
                    let selections = self.sets(&[set]);
                    if !selections.is_empty() {
                        nodes.push(Node::On { condition: condition.to_owned(), selections });
                    }
                }
            }
        }
        nodes
    }

    fn gather(&self, set: &'a SelectionSet, gathering: &mut Gathering<'a>) {
        for selection in &set.items {
            match selection {
                Parsed::Field(field) if self.included(&field.directives) => {
                    let key = field.alias.as_deref().unwrap_or(&field.name);
                    let index = *gathering.fields.entry(key).or_insert(gathering.items.len());
                    match gathering.items.get_mut(index) {
                        Some(Gathered::Field(_, below)) => below.push(&field.selection_set),
                        _ => gathering.items.push(Gathered::Field(field, vec![&field.selection_set])),
                    }
                }
                Parsed::InlineFragment(inline) if self.included(&inline.directives) => {
                    match &inline.type_condition {
                        None => self.gather(&inline.selection_set, gathering),
                        Some(TypeCondition::On(name)) => {
                            gathering.on(name, &inline.selection_set);
                        }
                    }
                }
                Parsed::FragmentSpread(spread) if self.included(&spread.directives) => {
                    if let Some(fragment) = self.fragments.get(spread.fragment_name.as_str())
                        && gathering.spread.insert(&fragment.name)
                    {
                        let TypeCondition::On(name) = &fragment.type_condition;
                        gathering.on(name, &fragment.selection_set);
                    }
                }
                _ => {}
            }
        }
    }

    fn included(&self, directives: &[Directive]) -> bool {
        directives.iter().all(|directive| {
            let wanted = match directive.name.as_str() {
                "skip" => false,
                "include" => true,
                _ => return true,
            };
            directive.arguments.iter().filter(|(name, _)| name == "if").all(|(_, value)| match value {
                Value::Boolean(value) => *value == wanted,
                Value::Variable(name) => {
                    self.conditions.get(name.as_str()).copied().unwrap_or(false) == wanted
                }
                _ => true,
            })
        })
    }
}
