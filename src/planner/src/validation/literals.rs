//! Literal values (§5.6): of the type expected where they stand.

use std::collections::HashMap;

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::Value;
use graphql_tools::static_graphql::schema::{EnumType, InputObjectType, InputValue, Type, TypeDefinition};

use super::print::shown;
use super::scope::VariableUse;
use super::suggest::{did_you_mean, similar};
use super::{Checked, Validation};
use crate::schema::{is_required, named};
use crate::syntax::{Numeral, ValuePlace, numeral};

/// Where a value stands.
#[derive(Clone, Copy, Default)]
struct Position<'a> {
    /// `None` where anything may stand.
    expected: Option<&'a Type>,
    has_default: bool,
    one_of: Option<&'a str>,
}

impl<'a> Validation<'a> {
    /// The value of an argument, which `input` declares if it is known.
    pub(super) fn input_value(
        &mut self,
        scope: Pos,
        value: &'a Value,
        place: &ValuePlace,
        input: Option<&'a InputValue>,
    ) -> Checked {
        let position = Position {
            expected: input.map(|input| &input.value_type),
            has_default: input.is_some_and(|input| input.default_value.is_some()),
            one_of: None,
        };
        self.value(scope, value, place, position)
    }

    /// The default of a variable.
    pub(super) fn literal(
        &mut self,
        scope: Pos,
        value: &'a Value,
        place: &ValuePlace,
        expected: Option<&'a Type>,
    ) -> Checked {
        self.value(scope, value, place, Position { expected, ..Position::default() })
    }

    /// Recursion is bounded: the reader refuses values that are nested deep.
    fn value(&mut self, scope: Pos, value: &'a Value, place: &ValuePlace, position: Position<'a>) -> Checked {
        if let Value::Variable(name) = value {
            let Position { expected, has_default, one_of } = position;
            if let Some(used) = self.scopes.get_mut(&scope) {
                used.uses.push(VariableUse { name, at: place.at, expected, has_default, one_of });
            }
            return Ok(());
        }
        let Some(expected) = position.expected else { return self.anything(scope, value, place) };
        let nullable = match expected {
            Type::NonNullType(_) if *value == Value::Null => {
                return self
                    .fault(format!("Expected value of type \"{expected}\", found null."), &[place.at]);
            }
            _ if *value == Value::Null => return Ok(()),
            Type::NonNullType(inner) => inner,
            other => other,
        };
        match (nullable, value) {
            (Type::ListType(item), Value::List(items)) => {
                for (value, (_, place)) in items.iter().zip(&place.parts) {
                    self.value(
                        scope,
                        value,
                        place,
                        Position { expected: Some(item), ..Position::default() },
                    )?;
                }
                Ok(())
            }
            _ => self.named_value(scope, value, place, expected, named(nullable)),
        }
    }

    fn named_value(
        &mut self,
        scope: Pos,
        value: &'a Value,
        place: &ValuePlace,
        expected: &Type,
        name: &str,
    ) -> Checked {
        let schema = self.schema;
        let complaint = match (schema.definition(name), value) {
            (Some(TypeDefinition::InputObject(input)), Value::Object(fields)) => {
                return self.input_object(scope, input, fields, place);
            }
            (Some(TypeDefinition::InputObject(_)), _) => {
                let expected = match (expected, value) {
                    (Type::NonNullType(inner), Value::List(_)) => inner,
                    (other, _) => other,
                };
                Some(format!("Expected value of type \"{expected}\", found {}.", shown(value)))
            }
            (Some(TypeDefinition::Enum(enumeration)), _) => self.enum_value(enumeration, value),
            (Some(TypeDefinition::Scalar(_)), _) => match scalar(name, value) {
                // A custom scalar: only its subgraphs know what it may be.
                None => return self.anything(scope, value, place),
                Some(complaint) => complaint,
            },
            _ => None,
        };
        if let Some(complaint) = complaint {
            self.fault(complaint, &[place.at])?;
        }
        // Whatever is wrong with the value, the variables in it are used.
        if matches!(value, Value::List(_) | Value::Object(_)) {
            self.anything(scope, value, place)
        } else {
            Ok(())
        }
    }

    /// A value whose parts may be anything, as long as no key stands twice in an object (§5.6.3).
    fn anything(&mut self, scope: Pos, value: &'a Value, place: &ValuePlace) -> Checked {
        match value {
            Value::Variable(_) => self.value(scope, value, place, Position::default()),
            Value::List(items) => items
                .iter()
                .zip(&place.parts)
                .try_for_each(|(item, (_, place))| self.anything(scope, item, place)),
            Value::Object(fields) => {
                self.unique_keys(fields, place)?;
                fields
                    .iter()
                    .zip(&place.parts)
                    .try_for_each(|((_, value), (_, place))| self.anything(scope, value, place))
            }
            _ => Ok(()),
        }
    }

    fn unique_keys(&mut self, fields: &'a [(String, Value)], place: &ValuePlace) -> Checked {
        let mut known = HashMap::new();
        for ((name, _), (key, _)) in fields.iter().zip(&place.parts) {
            let first = *known.entry(name.as_str()).or_insert(*key);
            if first != *key {
                let message = format!("There can be only one input field named \"{name}\".");
                self.fault(message, &[first, *key])?;
            }
        }
        Ok(())
    }

    fn input_object(
        &mut self,
        scope: Pos,
        input: &'a InputObjectType,
        fields: &'a [(String, Value)],
        place: &ValuePlace,
    ) -> Checked {
        self.unique_keys(fields, place)?;
        self.spend(fields.len().saturating_add(input.fields.len()))?;
        let given: HashMap<&str, &Value> =
            fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
        for missing in
            input.fields.iter().filter(|field| is_required(field) && !given.contains_key(field.name.as_str()))
        {
            let message = format!(
                "Field \"{}.{}\" of required type \"{}\" was not provided.",
                input.name, missing.name, missing.value_type
            );
            self.fault(message, &[place.at])?;
        }
        let one_of = input.directives.iter().any(|directive| directive.name == "oneOf");
        if one_of {
            match (given.len(), fields.first()) {
                (1, Some((name, Value::Null))) => {
                    let message = format!("Field \"{}.{name}\" must be non-null.", input.name);
                    self.fault(message, &[place.at])?;
                }
                (1, _) => {}
                _ => {
                    let message =
                        format!("OneOf Input Object \"{}\" must specify exactly one key.", input.name);
                    self.fault(message, &[place.at])?;
                }
            }
        }
        let declared: HashMap<&str, &InputValue> =
            input.fields.iter().map(|field| (field.name.as_str(), field)).collect();
        for ((name, value), (key, value_place)) in fields.iter().zip(&place.parts) {
            let Some(field) = declared.get(name.as_str()) else {
                let names = input.fields.iter().map(|field| field.name.as_str());
                let hint = if self.suggest { did_you_mean("", &similar(name, names)) } else { String::new() };
                let message = format!("Field \"{name}\" is not defined by type \"{}\".{hint}", input.name);
                self.fault(message, &[*key])?;
                self.anything(scope, value, value_place)?;
                continue;
            };
            let position = Position {
                expected: Some(&field.value_type),
                has_default: field.default_value.is_some(),
                one_of: one_of.then_some(input.name.as_str()),
            };
            self.value(scope, value, value_place, position)?;
        }
        Ok(())
    }

    fn enum_value(&self, enumeration: &EnumType, value: &Value) -> Option<String> {
        let names = || enumeration.values.iter().map(|value| value.name.as_str());
        let hint = |written: &str| {
            if self.suggest {
                did_you_mean("the enum value ", &similar(written, names()))
            } else {
                String::new()
            }
        };
        match value {
            Value::Enum(name) if numeral(value).is_none() => {
                (!names().any(|known| known == name)).then(|| {
                    format!("Value \"{name}\" does not exist in \"{}\" enum.{}", enumeration.name, hint(name))
                })
            }
            other => {
                let text = shown(other);
                let hint = hint(&text);
                Some(format!("Enum \"{}\" cannot represent non-enum value: {text}.{hint}", enumeration.name))
            }
        }
    }
}

/// What is wrong with a value of a built-in scalar (§3.5); `None` if `name` is none.
fn scalar(name: &str, value: &Value) -> Option<Option<String>> {
    let number = numeral(value);
    let wrong = |what: &str| Some(format!("{what}: {}", shown(value)));
    Some(match name {
        "Int" => match number {
            Some(Numeral::Int(_)) => None,
            Some(Numeral::BigInt("-0")) => None,
            Some(Numeral::BigInt(_)) => wrong("Int cannot represent non 32-bit signed integer value"),
            _ => wrong("Int cannot represent non-integer value"),
        },
        "Float" if number.is_none() => wrong("Float cannot represent non numeric value"),
        "Float" => None,
        "String" if !matches!(value, Value::String(_)) => wrong("String cannot represent a non string value"),
        "String" => None,
        "Boolean" if !matches!(value, Value::Boolean(_)) => {
            wrong("Boolean cannot represent a non boolean value")
        }
        "Boolean" => None,
        "ID" => match (value, number) {
            (Value::String(_), _) | (_, Some(Numeral::Int(_) | Numeral::BigInt(_))) => None,
            _ => wrong("ID cannot represent a non-string and non-integer value"),
        },
        _ => return None,
    })
}
