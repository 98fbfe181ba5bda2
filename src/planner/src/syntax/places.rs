//! Where the parts of a document stand for which its tree has no place.

use std::collections::HashMap;

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::Directive;

/// Places by the place of the node they belong to; no two nodes of one kind begin at the same place.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// The name of an operation, a fragment, or in a fragment spread.
    pub(super) names: HashMap<Pos, Pos>,
    /// The type condition of a fragment.
    pub(super) conditions: HashMap<Pos, Pos>,
    /// The names and values of the arguments of a field or directive.
    pub(super) arguments: HashMap<Pos, Vec<(Pos, ValuePlace)>>,
    pub(super) variables: HashMap<Pos, VariablePlace>,
}

/// Where a value stands, and its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ValuePlace {
    pub(crate) at: Pos,
    /// Items of a list, or the values of an object with the places of their keys, in order.
    pub(crate) parts: Vec<(Pos, ValuePlace)>,
}

/// What the tree does not hold of a variable's declaration.
#[derive(Debug, Default)]
pub(crate) struct VariablePlace {
    /// The whole type.
    pub(crate) ty: Pos,
    /// The name at its core.
    pub(crate) type_name: Pos,
    pub(crate) default: Option<ValuePlace>,
    pub(crate) directives: Vec<Directive>,
}

impl Places {
    /// The name's place; the node's own where there is none.
    pub(crate) fn name(&self, node: Pos) -> Pos {
        self.names.get(&node).copied().unwrap_or(node)
    }

    /// The type condition's place; the node's own where there is none.
    pub(crate) fn condition(&self, node: Pos) -> Pos {
        self.conditions.get(&node).copied().unwrap_or(node)
    }

    /// The arguments of a field or directive, in order.
    pub(crate) fn arguments(&self, node: Pos) -> &[(Pos, ValuePlace)] {
        self.arguments.get(&node).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn variable(&self, node: Pos) -> Option<&VariablePlace> {
        self.variables.get(&node)
    }
}
