//! The normalised operation: what remains of an operation once all is gone that its plan does not depend on, so
//! that operations which differ in names, literals and layout share one plan.
//!
//! What is kept: the kind, the order of selections and arguments, aliases, `@skip` and `@include`, the declared
//! types *and defaults* of the client's variables. A default is kept because it is sent to subgraphs with the
//! declaration: an operation with another default is another operation.

mod json;
mod literals;
mod merging;
mod rewrite;
mod text;

use std::collections::BTreeSet;

use graphql_tools::static_graphql::query::Value;

use crate::operation::{ConditionVariable, Operation};
use crate::supergraph::Supergraph;
use crate::variable_types::VariableTypes;
use rewrite::Rewriter;

/// An operation in its normal form, and how the client's request fills it.
#[derive(Debug, Clone)]
pub struct Normalised {
    /// The normal form, ready for [`Supergraph::plan`]: anonymous, its variables named `v0`, `v1`… in order of first
    /// use and its fragments `f0`, `f1`… in order of first spread (both depth first, a fragment where it is spread
    /// first).
    pub operation: Operation,
    /// Its GraphQL text without ignored tokens. Equal texts have equal plans, for the same supergraph and
    /// the same [`crate::PlanVariables`]. It is valid, and its own normal form. It may hold more tokens than the
    /// client's text: limits are for the client's.
    pub text: String,
    /// Where the values of the variables come from: the one at `i` is named `v{i}`. A variable that only dropped
    /// directives used is not among them.
    pub sources: Vec<VariableSource>,
    /// The literals that stayed in the text and so keep operations from sharing it: those in custom scalars that
    /// have no counterpart in JSON. (Those of introspection's arguments are not counted: the plan answers them.)
    pub kept_literals: usize,
}

/// Where the value of a variable of a normalised operation comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariableSource {
    /// The client's variable of this name: its value, or none if it is not given.
    Client(String),
    /// A literal, as JSON text.
    Literal(String),
}

impl Operation {
    /// The normal form. Its cost grows with the operation's text (with its size after fragments are spread
    /// where two fields of one response key have literals).
    ///
    /// `supergraph` is the one that the operation was prepared for.
    #[must_use]
    pub fn normalise(&self, supergraph: &Supergraph) -> Normalised {
        let schema = supergraph.schema();
        let rewritten = Rewriter::new(schema, self).run(self.kind());
        let declared = &rewritten.declared;
        let condition = |index: &usize| {
            let variable = declared.get(*index)?;
            let default = match variable.default_value {
                Some(Value::Boolean(value)) => Some(value),
                _ => None,
            };
            Some(ConditionVariable { name: variable.name.clone(), default })
        };
        let mut conditions: Vec<_> = rewritten.conditions.iter().filter_map(condition).collect();
        conditions.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let introspection: BTreeSet<String> = self
            .introspection_variables()
            .iter()
            .filter_map(|name| Some(declared.get(*rewritten.renamed.get(name.as_str())?)?.name.clone()))
            .collect();
        let text = text::write(&rewritten.document, self.kind(), declared);
        let operation = Operation::canonical(
            self.kind(),
            VariableTypes::new(schema, declared),
            conditions,
            introspection.into_iter().collect(),
            rewritten.document,
            &text,
        );
        Normalised { operation, text, sources: rewritten.sources, kept_literals: rewritten.kept_literals }
    }
}

#[cfg(test)]
mod tests;
