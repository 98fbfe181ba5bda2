//! What an operation selects once its conditions are decided and its fragments are spread.

use std::collections::HashMap;

use graphql_tools::static_graphql::query::{
    Definition, Directive, FragmentDefinition, Selection as Parsed, SelectionSet, TypeCondition, Value,
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
    operation.selections().map(|set| folder.set(set)).unwrap_or_default()
}

struct Folder<'a> {
    fragments: HashMap<&'a str, &'a FragmentDefinition>,
    conditions: HashMap<&'a str, bool>,
}

impl Folder<'_> {
    /// Recursion is bounded: the operation passed the limits.
    fn set(&self, set: &SelectionSet) -> Vec<Node> {
        let mut nodes = Vec::new();
        for selection in &set.items {
            match selection {
                Parsed::Field(field) if self.included(&field.directives) => {
                    let shown = field.alias.clone().unwrap_or_else(|| field.name.clone());
                    nodes.push(Node::Field(FieldNode {
                        key: shown.clone(),
                        shown,
                        name: field.name.clone(),
                        arguments: field.arguments.clone(),
                        selections: self.set(&field.selection_set),
                    }));
                }
                Parsed::InlineFragment(inline) if self.included(&inline.directives) => {
                    let selections = self.set(&inline.selection_set);
                    Self::push(&mut nodes, inline.type_condition.as_ref(), selections);
                }
                Parsed::FragmentSpread(spread) if self.included(&spread.directives) => {
                    if let Some(fragment) = self.fragments.get(spread.fragment_name.as_str()) {
                        let selections = self.set(&fragment.selection_set);
                        Self::push(&mut nodes, Some(&fragment.type_condition), selections);
                    }
                }
                _ => {}
            }
        }
        nodes
    }

    fn push(nodes: &mut Vec<Node>, condition: Option<&TypeCondition>, selections: Vec<Node>) {
        match condition {
            _ if selections.is_empty() => {}
            None => nodes.extend(selections),
            Some(TypeCondition::On(name)) => nodes.push(Node::On { condition: name.clone(), selections }),
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
