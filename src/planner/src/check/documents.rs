//! The documents of a plan's fetches, parsed again: what is checked is what will be sent.

use std::collections::HashMap;

use graphql_tools::static_graphql::query::{
    Definition, Document, Field, OperationDefinition, Selection, SelectionSet, TypeCondition,
    VariableDefinition,
};

use super::coverage::same_value;
use crate::plan::Fetch;
use crate::syntax::{self, Bounds};

/// Selection sets within each other: what the sandbox's stack has room for (limits.rs).
const MAX_NESTING: usize = 300;

/// A fetch's document.
pub(super) struct FetchDocument {
    document: Document,
}

impl FetchDocument {
    pub(super) fn parse(fetch: &Fetch) -> Result<FetchDocument, String> {
        let bounds = Bounds { tokens: usize::MAX, nesting: MAX_NESTING };
        let parsed = syntax::parse(&fetch.document, bounds).map_err(|error| error.to_string())?;
        Ok(FetchDocument { document: parsed.document })
    }

    /// One of the client's variables `used` that the document doesn't declare as the client did.
    pub(super) fn other_variable<'v>(
        &self,
        client: &[VariableDefinition],
        used: &'v [String],
    ) -> Option<&'v str> {
        let own = self.document.definitions.iter().find_map(|definition| match definition {
            Definition::Operation(OperationDefinition::Query(query)) => Some(&query.variable_definitions),
            Definition::Operation(OperationDefinition::Mutation(m)) => Some(&m.variable_definitions),
            Definition::Operation(_) | Definition::Fragment(_) => None,
        });
        let own = own.map_or(&[][..], Vec::as_slice);
        let find = |of: &'_ [VariableDefinition], name: &str| {
            let found = of.iter().find(|definition| definition.name == name)?;
            Some((found.var_type.to_string(), found.default_value.clone()))
        };
        let alike = |name: &str| match (find(own, name), find(client, name)) {
            (Some((a, None)), Some((b, None))) => a == b,
            (Some((a, Some(value))), Some((b, Some(same)))) => a == b && same_value(&value, &same),
            _ => false,
        };
        used.iter().map(String::as_str).find(|name| !alike(name))
    }

    /// The selections at the root.
    pub(super) fn root(&self) -> Option<&SelectionSet> {
        self.document.definitions.iter().find_map(|definition| match definition {
            Definition::Operation(OperationDefinition::SelectionSet(set)) => Some(set),
            Definition::Operation(OperationDefinition::Query(query)) => Some(&query.selection_set),
            Definition::Operation(OperationDefinition::Mutation(mutation)) => Some(&mutation.selection_set),
            Definition::Operation(OperationDefinition::Subscription(_)) | Definition::Fragment(_) => None,
        })
    }

    /// The selections of the `_entities` field with this response key.
    pub(super) fn entities(&self, key: &str) -> Option<&SelectionSet> {
        self.root()?.items.iter().find_map(|item| match item {
            Selection::Field(field)
                if field.name == "_entities" && field.alias.as_ref().unwrap_or(&field.name) == key =>
            {
                Some(&field.selection_set)
            }
            _ => None,
        })
    }

    /// The fields that `set` selects of objects that satisfy the conditions for which `applies` holds, each with the
    /// nearest condition around it.
    pub(super) fn fields<'d>(
        &'d self,
        set: &'d SelectionSet,
        applies: &dyn Fn(&str) -> bool,
    ) -> Vec<(Option<&'d str>, &'d Field)> {
        let fragments = self.document.definitions.iter().filter_map(|definition| match definition {
            Definition::Fragment(fragment) => Some((fragment.name.as_str(), fragment)),
            Definition::Operation(_) => None,
        });
        let walk = Walk { fragments: fragments.collect(), applies };
        let mut found = Vec::new();
        walk.set(set, None, &mut found);
        found
    }
}

type Fragments<'d> = HashMap<&'d str, &'d graphql_tools::static_graphql::query::FragmentDefinition>;

struct Walk<'d, 'f> {
    fragments: Fragments<'d>,
    applies: &'f dyn Fn(&str) -> bool,
}

impl<'d> Walk<'d, '_> {
    fn set(
        &self,
        set: &'d SelectionSet,
        within: Option<&'d str>,
        found: &mut Vec<(Option<&'d str>, &'d Field)>,
    ) {
        for item in &set.items {
            let (condition, below) = match item {
                Selection::Field(field) => {
                    found.push((within, field));
                    continue;
                }
                Selection::InlineFragment(inline) => (inline.type_condition.as_ref(), &inline.selection_set),
                Selection::FragmentSpread(spread) => {
                    match self.fragments.get(spread.fragment_name.as_str()) {
                        Some(fragment) => (Some(&fragment.type_condition), &fragment.selection_set),
                        None => continue,
                    }
                }
            };
            match condition {
                None => self.set(below, within, found),
                Some(TypeCondition::On(name)) if (self.applies)(name) => self.set(below, Some(name), found),
                Some(TypeCondition::On(_)) => {}
            }
        }
    }
}
