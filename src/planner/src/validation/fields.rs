//! Selections: fields that exist (§5.3.1), and selections below exactly those that are composite (§5.3.3).

use std::collections::HashMap;

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::{Field, Selection, SelectionSet};
use graphql_tools::static_graphql::schema::TypeDefinition;

use super::suggest::{did_you_mean, similar};
use super::{Checked, Validation, condition_name};
use crate::schema::{fields_of, named};

impl<'a> Validation<'a> {
    /// The selections on a position of type `parent` (`None` if it is not known), within the definition at
    /// `scope`. Recursion is bounded: the document passed the limits.
    pub(super) fn selections(
        &mut self,
        scope: Pos,
        parent: Option<&'a str>,
        set: &'a SelectionSet,
    ) -> Checked {
        for selection in &set.items {
            match selection {
                Selection::Field(field) => self.field(scope, parent, field)?,
                Selection::FragmentSpread(spread) => {
                    if let Some(used) = self.scopes.get_mut(&scope) {
                        used.spreads.push((&spread.fragment_name, spread.position));
                    }
                    self.spread(parent, spread)?;
                    self.directives(scope, &spread.directives, "FRAGMENT_SPREAD")?;
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.type_condition.as_ref().map(condition_name);
                    if let Some(condition) = condition {
                        self.condition(inline.position, None, condition)?;
                        self.inline_possible(parent, condition, inline.position)?;
                    }
                    self.directives(scope, &inline.directives, "INLINE_FRAGMENT")?;
                    let inner = match condition {
                        Some(name) => Some(name).filter(|name| self.schema.is_composite(name)),
                        None => parent,
                    };
                    self.selections(scope, inner, &inline.selection_set)?;
                }
            }
        }
        Ok(())
    }

    fn field(&mut self, scope: Pos, parent: Option<&'a str>, field: &'a Field) -> Checked {
        let schema = self.schema;
        let definition = parent.and_then(|parent| schema.selectable(parent, &field.name));
        if let (Some(parent), None) = (parent, definition) {
            self.unknown_field(parent, field)?;
        }
        self.arguments(scope, parent, definition, field)?;
        self.directives(scope, &field.directives, "FIELD")?;
        let Some(definition) = definition else {
            return self.selections(scope, None, &field.selection_set);
        };
        let ty = named(&definition.field_type);
        let composite = schema.is_composite(ty);
        let (name, shown) = (&field.name, &definition.field_type);
        if !composite && !field.selection_set.items.is_empty() {
            let message = format!(
                "Field \"{name}\" must not have a selection since type \"{shown}\" has no subfields."
            );
            self.fault(message, &[field.selection_set.span.0])?;
        } else if composite && field.selection_set.items.is_empty() {
            let message = format!(
                "Field \"{name}\" of type \"{shown}\" must have a selection of subfields. \
                 Did you mean \"{name} {{ ... }}\"?"
            );
            self.fault(message, &[field.position])?;
        }
        self.selections(scope, composite.then_some(ty), &field.selection_set)
    }

    fn unknown_field(&mut self, parent: &'a str, field: &Field) -> Checked {
        let mut hint = String::new();
        if self.suggest {
            let types = self.types_with(parent, &field.name);
            hint = did_you_mean("to use an inline fragment on ", &types);
            if hint.is_empty()
                && let Some(definition) = self.schema.definition(parent)
            {
                let names = fields_of(definition).iter().map(|field| field.name.as_str());
                hint = did_you_mean("", &similar(&field.name, names));
            }
        }
        self.fault(
            format!("Cannot query field \"{}\" on type \"{parent}\".{hint}", field.name),
            &[field.position],
        )
    }

    /// The object types that may stand for `parent` and have the field, and their interfaces that have it, the
    /// most common first.
    fn types_with(&self, parent: &str, field: &str) -> Vec<&'a str> {
        let schema = self.schema;
        let mut uses: HashMap<&'a str, usize> = HashMap::new();
        if !schema.is_abstract(parent) {
            return Vec::new();
        }
        for name in schema.possible_types(parent) {
            let Some(TypeDefinition::Object(object)) = schema.definition(name) else { continue };
            if schema.field(name, field).is_none() {
                continue;
            }
            uses.insert(&object.name, 1);
            for interface in &object.implements_interfaces {
                if schema.field(interface, field).is_some() {
                    let count = uses.entry(interface).or_default();
                    *count = count.saturating_add(1);
                }
            }
        }
        let mut types: Vec<_> = uses.into_iter().collect();
        types.sort_unstable_by(|(a, a_uses), (b, b_uses)| {
            // Of interfaces and what implements them, the interface first.
            let reach = |name: &str| schema.possible_types(name).len();
            b_uses
                .cmp(a_uses)
                .then_with(|| schema.is_abstract(b).cmp(&schema.is_abstract(a)))
                .then_with(|| reach(b).cmp(&reach(a)))
                .then_with(|| a.cmp(b))
        });
        types.into_iter().map(|(name, _)| name).collect()
    }
}
