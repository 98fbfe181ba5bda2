//! Literals as JSON text (GraphQL §3.5 to §3.12: a literal and a JSON value of one type mean the same).

use std::fmt::Write as _;

use graphql_tools::static_graphql::query::Value;
use graphql_tools::static_graphql::schema::{InputObjectType, Type, TypeDefinition};

use crate::schema::ApiSchema;
use crate::syntax::{Numeral, numeral};

/// Whole numbers up to this size are the same in a JSON reader that has only doubles.
const EXACT: u64 = 1 << 53;

/// Appends `value` at the type `ty` as JSON; false if it has no counterpart, and then `out` holds rubbish.
///
/// Recursion is bounded: the reader refuses values that are nested deep.
pub(super) fn write(schema: &ApiSchema, value: &Value, ty: &Type, out: &mut String) -> bool {
    match (ty, value) {
        (_, Value::Variable(_)) => false,
        (_, Value::Null) => {
            out.push_str("null");
            true
        }
        (Type::NonNullType(inner), value) => write(schema, value, inner, out),
        (Type::ListType(item), Value::List(items)) => {
            list(items, out, |value, out| write(schema, value, item, out))
        }
        // A value stands for a list of one (§3.11), for a JSON value too.
        (Type::ListType(item), value) => write(schema, value, item, out),
        (Type::NamedType(name), value) => match (schema.definition(name), value) {
            (Some(TypeDefinition::Enum(_)), Value::Enum(name)) => quote(name, out),
            (Some(TypeDefinition::InputObject(input)), Value::Object(fields)) => {
                object(fields, out, |key, value, out| {
                    field_type(input, key).is_some_and(|ty| write(schema, value, ty, out))
                })
            }
            (Some(TypeDefinition::Scalar(_)), value) => scalar(name, value, out),
            _ => false,
        },
    }
}

/// The type of an input object's field.
pub(super) fn field_type<'a>(input: &'a InputObjectType, name: &str) -> Option<&'a Type> {
    input.fields.iter().find(|field| field.name == name).map(|field| &field.value_type)
}

fn scalar(name: &str, value: &Value, out: &mut String) -> bool {
    let number = numeral(value);
    match (name, value) {
        // §3.5.5 takes both for the same string. Beyond 32 bits a JSON reader may have no integer of this size.
        ("ID", _) if let Some(Numeral::BigInt(text)) = number => quote(text, out),
        // JSON readers take it for a float.
        ("Int", _) if number == Some(Numeral::BigInt("-0")) => {
            out.push('0');
            true
        }
        ("Float", _) if let Some(Numeral::BigInt(text) | Numeral::Float(text)) = number => {
            out.push_str(text);
            text.parse::<f64>().is_ok_and(f64::is_finite)
        }
        _ => anything(value, out),
    }
}

/// A value of a custom scalar: only its subgraphs know what it means, so it must be the same in every respect.
fn anything(value: &Value, out: &mut String) -> bool {
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::String(text) => return quote(text, out),
        Value::List(items) => return list(items, out, anything),
        Value::Object(fields) => return object(fields, out, |_, value, out| anything(value, out)),
        Value::Variable(_) | Value::Float(_) => return false,
        Value::Int(_) | Value::Enum(_) => match numeral(value) {
            Some(Numeral::Int(number)) => {
                let _ = write!(out, "{number}");
            }
            // Not where a reader might lose digits, or a scalar tell 1.10 from 1.1.
            Some(Numeral::BigInt(text)) if text.parse::<i64>().is_ok_and(is_exact) && text != "-0" => {
                out.push_str(text);
            }
            Some(Numeral::Float(text)) if text.parse::<f64>().is_ok_and(|it| it.to_string() == text) => {
                out.push_str(text);
            }
            _ => return false,
        },
    }
    true
}

fn is_exact(number: i64) -> bool {
    number.unsigned_abs() <= EXACT
}

fn list(items: &[Value], out: &mut String, mut item: impl FnMut(&Value, &mut String) -> bool) -> bool {
    out.push('[');
    for (index, value) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        if !item(value, out) {
            return false;
        }
    }
    out.push(']');
    true
}

fn object(
    fields: &[(String, Value)],
    out: &mut String,
    mut field: impl FnMut(&str, &Value, &mut String) -> bool,
) -> bool {
    out.push('{');
    for (index, (key, value)) in fields.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        // A name needs no escapes.
        let _ = write!(out, "\"{key}\":");
        if !field(key, value, out) {
            return false;
        }
    }
    out.push('}');
    true
}

fn quote(text: &str, out: &mut String) -> bool {
    serde_json::to_string(text).is_ok_and(|quoted| {
        out.push_str(&quoted);
        true
    })
}
