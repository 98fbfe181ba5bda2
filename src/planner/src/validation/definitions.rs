//! Operations: names (§5.2.2.1), the anonymous one (§5.2.3.1), subscriptions (§5.2.4.1) and root types.

use std::collections::{HashMap, HashSet};

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::{
    Definition, Directive, Field, OperationDefinition, Selection, SelectionSet, VariableDefinition,
};

use super::{Checked, Validation, condition_name};
use crate::operation::selections;

/// What operations of all kinds have.
pub(super) struct Operation<'a> {
    pub(super) keyword: &'static str,
    pub(super) position: Pos,
    pub(super) name: Option<&'a str>,
    pub(super) variables: &'a [VariableDefinition],
    pub(super) directives: &'a [Directive],
}

pub(super) fn parts<'a>(operation: &'a OperationDefinition) -> Operation<'a> {
    match operation {
        OperationDefinition::SelectionSet(set) => {
            Operation { keyword: "query", position: set.span.0, name: None, variables: &[], directives: &[] }
        }
        OperationDefinition::Query(query) => Operation {
            keyword: "query",
            position: query.position,
            name: query.name.as_deref(),
            variables: &query.variable_definitions,
            directives: &query.directives,
        },
        OperationDefinition::Mutation(mutation) => Operation {
            keyword: "mutation",
            position: mutation.position,
            name: mutation.name.as_deref(),
            variables: &mutation.variable_definitions,
            directives: &mutation.directives,
        },
        OperationDefinition::Subscription(subscription) => Operation {
            keyword: "subscription",
            position: subscription.position,
            name: subscription.name.as_deref(),
            variables: &subscription.variable_definitions,
            directives: &subscription.directives,
        },
    }
}

impl<'a> Validation<'a> {
    /// The rules about definitions beside each other.
    pub(super) fn definitions(&mut self) -> Checked {
        let operations: Vec<_> = self
            .document
            .definitions
            .iter()
            .filter_map(|definition| match definition {
                Definition::Operation(operation) => Some(parts(operation)),
                Definition::Fragment(_) => None,
            })
            .collect();
        let mut known = HashMap::new();
        for operation in &operations {
            let Some(name) = operation.name else {
                if operations.len() > 1 {
                    let message = "This anonymous operation must be the only defined operation.";
                    self.fault(message.to_owned(), &[operation.position])?;
                }
                continue;
            };
            let place = self.places.name(operation.position);
            if let Some(first) = known.insert(name, place) {
                known.insert(name, first);
                self.fault(format!("There can be only one operation named \"{name}\"."), &[first, place])?;
            }
        }
        self.unique_fragment_names()
    }

    pub(super) fn operation(&mut self, operation: &'a OperationDefinition) -> Checked {
        let Operation { keyword, position, variables, directives, name } = parts(operation);
        let (root, location) = match keyword {
            "query" => (Some(self.schema.query_type()), "QUERY"),
            "mutation" => (self.schema.mutation_type(), "MUTATION"),
            _ => (self.schema.subscription_type(), "SUBSCRIPTION"),
        };
        self.scopes.insert(position, super::Scope::default());
        self.variable_definitions(variables)?;
        self.directives(position, directives, location)?;
        if root.is_none() {
            let message = format!("Schema is not configured to execute {keyword} operation.");
            self.fault(message, &[position])?;
        }
        if keyword == "subscription" {
            self.single_root_field(name, selections(operation))?;
        }
        self.selections(position, root, selections(operation))
    }

    fn single_root_field(&mut self, name: Option<&str>, set: &'a SelectionSet) -> Checked {
        let mut groups: Vec<(&str, Vec<&Field>)> = Vec::new();
        self.root_fields(set, &mut HashSet::new(), &mut groups)?;
        let subject = name
            .map_or_else(|| "Anonymous Subscription".to_owned(), |name| format!("Subscription \"{name}\""));
        let extra: Vec<Pos> =
            groups.iter().skip(1).flat_map(|(_, fields)| fields.iter().map(|field| field.position)).collect();
        if !extra.is_empty() {
            self.fault(format!("{subject} must select only one top level field."), &extra)?;
        }
        for (_, fields) in groups {
            if fields.first().is_some_and(|field| field.name.starts_with("__")) {
                let places: Vec<Pos> = fields.iter().map(|field| field.position).collect();
                self.fault(format!("{subject} must not select an introspection top level field."), &places)?;
            }
        }
        Ok(())
    }

    fn root_fields(
        &mut self,
        set: &'a SelectionSet,
        seen: &mut HashSet<&'a str>,
        groups: &mut Vec<(&'a str, Vec<&'a Field>)>,
    ) -> Checked {
        for selection in &set.items {
            match selection {
                Selection::Field(field) => {
                    self.spend(groups.len())?;
                    let key = field.alias.as_ref().unwrap_or(&field.name);
                    match groups.iter_mut().find(|(other, _)| other == key) {
                        Some((_, fields)) => fields.push(field),
                        None => groups.push((key, vec![field])),
                    }
                }
                Selection::InlineFragment(inline) => {
                    if inline.type_condition.as_ref().is_none_or(|c| self.is_subscription(condition_name(c)))
                    {
                        self.root_fields(&inline.selection_set, seen, groups)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.fragments.get(spread.fragment_name.as_str()).copied() else {
                        continue;
                    };
                    let applies = self.is_subscription(condition_name(&fragment.type_condition));
                    if applies && seen.insert(&fragment.name) {
                        self.root_fields(&fragment.selection_set, seen, groups)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn is_subscription(&self, condition: &str) -> bool {
        let root = self.schema.subscription_type();
        self.schema.possible_types(condition).iter().any(|name| Some(name.as_str()) == root)
    }
}
