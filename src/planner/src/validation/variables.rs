//! Variables (§5.8): declared once, of input types, used, defined where used, and of a type that fits there.

use std::collections::{HashMap, HashSet};

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::{Definition, Value, VariableDefinition};
use graphql_tools::static_graphql::schema::Type;

use super::definitions::{Operation, parts};
use super::scope::VariableUse;
use super::{Checked, Validation};
use crate::schema::named;

impl<'a> Validation<'a> {
    pub(super) fn variable_definitions(&mut self, variables: &'a [VariableDefinition]) -> Checked {
        let mut groups: HashMap<&str, Vec<Pos>> = HashMap::new();
        for variable in variables {
            // The name stands behind the dollar sign; what may stand between them is of no matter.
            let at = variable.position;
            let name = Pos { line: at.line, column: at.column.saturating_add(1) };
            groups.entry(&variable.name).or_default().push(name);
        }
        let mut repeated: Vec<_> = groups.into_iter().filter(|(_, places)| places.len() > 1).collect();
        repeated.sort_unstable_by_key(|(_, places)| places.first().copied());
        for (name, places) in repeated {
            self.fault(format!("There can be only one variable named \"${name}\"."), &places)?;
        }
        for variable in variables {
            self.variable_definition(variable)?;
        }
        Ok(())
    }

    fn variable_definition(&mut self, variable: &'a VariableDefinition) -> Checked {
        let Some(place) = self.places.variable(variable.position) else { return Ok(()) };
        let name = named(&variable.var_type);
        let mut expected = None;
        if self.schema.definition(name).is_none() {
            self.unknown_type(name, place.type_name)?;
        } else if self.schema.is_composite(name) {
            let message = format!(
                "Variable \"${}\" cannot be non-input type \"{}\".",
                variable.name, variable.var_type
            );
            self.fault(message, &[place.ty])?;
        } else {
            expected = Some(&variable.var_type);
        }
        if let (Some(value), Some(value_place)) = (&variable.default_value, &place.default) {
            self.literal(variable.position, value, value_place, expected)?;
        }
        self.directives(variable.position, &place.directives, "VARIABLE_DEFINITION")
    }

    /// The rules about each operation with all the fragments it reaches.
    pub(super) fn variable_uses(&mut self) -> Checked {
        for definition in &self.document.definitions {
            if let Definition::Operation(operation) = definition {
                self.uses_of(&parts(operation))?;
            }
        }
        Ok(())
    }

    fn uses_of(&mut self, operation: &Operation<'a>) -> Checked {
        let declared: HashMap<&str, &VariableDefinition> =
            operation.variables.iter().map(|variable| (variable.name.as_str(), variable)).collect();
        let mut used: HashSet<&str> = HashSet::new();
        let mut reached: HashSet<&str> = HashSet::new();
        let mut open = vec![operation.position];
        while let Some(place) = open.pop() {
            let Some(scope) = self.scopes.get(&place) else { continue };
            let steps = scope.uses.len().saturating_add(scope.spreads.len());
            open.extend(
                scope
                    .spreads
                    .iter()
                    .filter(|(name, _)| reached.insert(name))
                    .filter_map(|(name, _)| Some(self.fragments.get(name)?.position)),
            );
            let uses = scope.uses.clone();
            self.spend(steps)?;
            for variable_use in &uses {
                used.insert(variable_use.name);
                match declared.get(variable_use.name) {
                    Some(variable) => self.allowed_position(variable, variable_use)?,
                    None => {
                        let by = operation
                            .name
                            .map(|name| format!(" by operation \"{name}\""))
                            .unwrap_or_default();
                        let message = format!("Variable \"${}\" is not defined{by}.", variable_use.name);
                        self.fault(message, &[variable_use.at, operation.position])?;
                    }
                }
            }
        }
        for variable in operation.variables {
            if !used.contains(variable.name.as_str()) {
                let within =
                    operation.name.map(|name| format!(" in operation \"{name}\"")).unwrap_or_default();
                let message = format!("Variable \"${}\" is never used{within}.", variable.name);
                self.fault(message, &[variable.position])?;
            }
        }
        Ok(())
    }

    /// §5.8.5, with what a default value allows.
    fn allowed_position(&mut self, variable: &VariableDefinition, used: &VariableUse<'a>) -> Checked {
        let name = &variable.name;
        let ty = &variable.var_type;
        if self.schema.definition(named(ty)).is_none() || self.schema.is_composite(named(ty)) {
            return Ok(());
        }
        if let Some(expected) = used.expected {
            let fits = match (expected, ty) {
                (Type::NonNullType(inner), Type::NamedType(_) | Type::ListType(_)) => {
                    let default = variable.default_value.as_ref().is_some_and(|value| *value != Value::Null);
                    (default || used.has_default) && is_subtype(ty, inner)
                }
                _ => is_subtype(ty, expected),
            };
            if !fits {
                let message = format!(
                    "Variable \"${name}\" of type \"{ty}\" used in position expecting type \"{expected}\"."
                );
                self.fault(message, &[variable.position, used.at])?;
            }
        }
        if let Some(parent) = used.one_of
            && !matches!(ty, Type::NonNullType(_))
        {
            let message = format!(
                "Variable \"${name}\" is of type \"{ty}\" but must be non-nullable to be used for OneOf Input Object \"{parent}\"."
            );
            self.fault(message, &[variable.position, used.at])?;
        }
        Ok(())
    }
}

/// Whether a variable of type `variable` may stand where `expected` is (AreTypesCompatible of §5.8.5).
fn is_subtype(variable: &Type, expected: &Type) -> bool {
    match (variable, expected) {
        (Type::NonNullType(a), Type::NonNullType(b)) => is_subtype(a, b),
        (_, Type::NonNullType(_)) => false,
        (Type::NonNullType(a), _) => is_subtype(a, expected),
        (Type::ListType(a), Type::ListType(b)) => is_subtype(a, b),
        (Type::NamedType(a), Type::NamedType(b)) => a == b,
        _ => false,
    }
}
