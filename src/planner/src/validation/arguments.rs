//! Arguments (§5.4): those that are declared, each once, and all that are required.

use std::collections::HashMap;

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::{self, Value};
use graphql_tools::static_graphql::schema::{Field, InputValue};

use super::suggest::{did_you_mean, similar};
use super::{Checked, Validation};
use crate::schema::is_required;

impl<'a> Validation<'a> {
    /// The arguments of a field; `definition` is `None` if the field is not known.
    pub(super) fn arguments(
        &mut self,
        scope: Pos,
        parent: Option<&str>,
        definition: Option<&'a Field>,
        field: &'a query::Field,
    ) -> Checked {
        self.unique_arguments(field.position, &field.arguments)?;
        let declared = definition.map(|definition| &*definition.arguments);
        if let Some(declared) = declared {
            let parent = parent.unwrap_or_default();
            self.known_arguments(field.position, &field.arguments, declared, &|name| {
                format!("Unknown argument \"{name}\" on field \"{parent}.{}\".", field.name)
            })?;
            for missing in missing(declared, &field.arguments) {
                let message = format!(
                    "Field \"{}\" argument \"{}\" of type \"{}\" is required, but it was not provided.",
                    field.name, missing.name, missing.value_type
                );
                self.fault(message, &[field.position])?;
            }
        }
        self.argument_values(scope, field.position, &field.arguments, declared)
    }

    /// The values of arguments, as far as they are declared.
    pub(super) fn argument_values(
        &mut self,
        scope: Pos,
        owner: Pos,
        arguments: &'a [(String, Value)],
        declared: Option<&'a [InputValue]>,
    ) -> Checked {
        let places = self.places.arguments(owner);
        for ((name, value), (_, place)) in arguments.iter().zip(places) {
            let input = declared.and_then(|declared| declared.iter().find(|input| input.name == *name));
            self.input_value(scope, value, place, input)?;
        }
        Ok(())
    }

    pub(super) fn unique_arguments(&mut self, owner: Pos, arguments: &[(String, Value)]) -> Checked {
        if arguments.len() < 2 {
            return Ok(());
        }
        let mut groups: HashMap<&str, Vec<Pos>> = HashMap::new();
        for ((name, _), (place, _)) in arguments.iter().zip(self.places.arguments(owner)) {
            groups.entry(name).or_default().push(*place);
        }
        let mut repeated: Vec<_> = groups.into_iter().filter(|(_, places)| places.len() > 1).collect();
        repeated.sort_unstable_by_key(|(_, places)| places.first().copied());
        for (name, places) in repeated {
            self.fault(format!("There can be only one argument named \"{name}\"."), &places)?;
        }
        Ok(())
    }

    pub(super) fn known_arguments(
        &mut self,
        owner: Pos,
        arguments: &[(String, Value)],
        declared: &[InputValue],
        message: &dyn Fn(&str) -> String,
    ) -> Checked {
        for ((name, _), (place, _)) in arguments.iter().zip(self.places.arguments(owner)) {
            if declared.iter().any(|input| input.name == *name) {
                continue;
            }
            let names = declared.iter().map(|input| input.name.as_str());
            let hint = if self.suggest { did_you_mean("", &similar(name, names)) } else { String::new() };
            self.fault(message(name) + &hint, &[*place])?;
        }
        Ok(())
    }
}

/// The declared arguments that are required and not given.
pub(super) fn missing<'s>(declared: &'s [InputValue], given: &[(String, Value)]) -> Vec<&'s InputValue> {
    declared
        .iter()
        .filter(|input| is_required(input) && !given.iter().any(|(name, _)| *name == input.name))
        .collect()
}
