//! Coercion of variables, arguments and results (GraphQL §3, §6.1.2, §6.4.1, §6.4.3).

use graphql_parser::query::{Value, VariableDefinition};
use graphql_parser::schema::Type;
use serde_json::{Map, Value as Json};

use crate::schema::{InputDef, Kind, Schema, TypeRef};

/// The values of an operation's variables; those without value and default are not in it.
///
/// # Errors
/// What is wrong with a value.
pub fn variables(
    schema: &Schema,
    definitions: &[VariableDefinition<'static, String>],
    given: &Json,
) -> Result<Map<String, Json>, String> {
    let mut values = Map::new();
    for definition in definitions {
        let value = match (given.get(&definition.name), &definition.default_value) {
            (Some(value), _) => value.clone(),
            (None, Some(default)) => literal(default, &Map::new()).unwrap_or(Json::Null),
            (None, None) if matches!(definition.var_type, Type::NonNullType(_)) => {
                return Err(format!("${} is required", definition.name));
            }
            (None, None) => continue,
        };
        let value =
            input(schema, &definition.var_type, value).map_err(|e| format!("${}: {e}", definition.name))?;
        values.insert(definition.name.clone(), value);
    }
    Ok(values)
}

/// The values of a field's arguments (GraphQL §6.4.1).
///
/// # Errors
/// What is wrong with a value.
pub fn arguments(
    schema: &Schema,
    definitions: &[InputDef],
    given: &[(String, Value<'static, String>)],
    variables: &Map<String, Json>,
) -> Result<Map<String, Json>, String> {
    let mut values = Map::new();
    for definition in definitions {
        let written = given.iter().find(|(name, _)| *name == definition.name);
        let value = written.and_then(|(_, value)| literal(value, variables));
        let value =
            value.or_else(|| definition.default.as_ref().and_then(|value| literal(value, &Map::new())));
        match value {
            Some(value) => {
                let value =
                    input(schema, &definition.ty, value).map_err(|e| format!("{}: {e}", definition.name))?;
                values.insert(definition.name.clone(), value);
            }
            None if definition.is_required() => return Err(format!("{} is required", definition.name)),
            None => {}
        }
    }
    Ok(values)
}

/// A literal as JSON; nothing for a variable without a value.
pub fn literal(value: &Value<'static, String>, variables: &Map<String, Json>) -> Option<Json> {
    Some(match value {
        Value::Variable(name) => return variables.get(name).cloned(),
        Value::Int(number) => Json::from(number.as_i64()?),
        Value::Float(number) => Json::from(*number),
        Value::String(text) | Value::Enum(text) => Json::from(text.as_str()),
        Value::Boolean(value) => Json::Bool(*value),
        Value::Null => Json::Null,
        Value::List(items) => {
            Json::Array(items.iter().map(|item| literal(item, variables).unwrap_or(Json::Null)).collect())
        }
        Value::Object(fields) => {
            let fields =
                fields.iter().filter_map(|(key, value)| Some((key.clone(), literal(value, variables)?)));
            Json::Object(fields.collect())
        }
    })
}

/// A value as the type wants it.
fn input(schema: &Schema, ty: &TypeRef, value: Json) -> Result<Json, String> {
    match (ty, value) {
        (Type::NonNullType(_), Json::Null) => Err("null where null may not be".to_owned()),
        (Type::NonNullType(inner), value) => input(schema, inner, value),
        (_, Json::Null) => Ok(Json::Null),
        (Type::ListType(item), Json::Array(items)) => {
            let items: Result<Vec<Json>, String> =
                items.into_iter().map(|value| input(schema, item, value)).collect();
            items.map(Json::Array)
        }
        (Type::ListType(item), single) => Ok(Json::Array(vec![input(schema, item, single)?])),
        (Type::NamedType(name), value) => {
            let definition = schema.get(name).ok_or_else(|| format!("no type {name}"))?;
            match definition.kind {
                Kind::Input => object(schema, definition.inputs.as_slice(), value),
                Kind::Enum => match value.as_str() {
                    Some(text) if definition.values.iter().any(|known| known == text) => Ok(value),
                    _ => Err(format!("{value} is not in enum {name}")),
                },
                _ => scalar(name, value),
            }
        }
    }
}

fn object(schema: &Schema, definitions: &[InputDef], value: Json) -> Result<Json, String> {
    let Json::Object(mut given) = value else { return Err(format!("{value} is not an object")) };
    let mut fields = Map::new();
    for definition in definitions {
        let default = || definition.default.as_ref().and_then(|value| literal(value, &Map::new()));
        match given.remove(&definition.name).or_else(default) {
            Some(value) => {
                fields.insert(definition.name.clone(), input(schema, &definition.ty, value)?);
            }
            None if definition.is_required() => return Err(format!("{} is required", definition.name)),
            None => {}
        }
    }
    match given.keys().next() {
        Some(unknown) => Err(format!("unknown input field {unknown}")),
        None => Ok(Json::Object(fields)),
    }
}

fn scalar(name: &str, value: Json) -> Result<Json, String> {
    let fits = match name {
        "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "Float" => {
            return value.as_f64().map(Json::from).ok_or_else(|| format!("{value} is not a Float"));
        }
        "String" => value.is_string(),
        "Boolean" => value.is_boolean(),
        "ID" => match &value {
            Json::Number(number) if !number.is_f64() => return Ok(Json::from(number.to_string())),
            other => other.is_string(),
        },
        _ => true,
    };
    if fits { Ok(value) } else { Err(format!("{value} is not of type {name}")) }
}

/// A resolved leaf as the type promises it (GraphQL §6.4.3).
///
/// # Errors
/// What is wrong with it.
pub fn result(schema: &Schema, type_name: &str, value: &Json) -> Result<(), String> {
    let definition = schema.get(type_name).ok_or_else(|| format!("no type {type_name}"))?;
    let fits = match (definition.kind, type_name) {
        (Kind::Enum, _) => {
            value.as_str().is_some_and(|text| definition.values.iter().any(|known| known == text))
        }
        (_, "Int") => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        (_, "Float") => value.is_number(),
        (_, "String") => value.is_string(),
        (_, "Boolean") => value.is_boolean(),
        (_, "ID") => value.is_string() || value.is_i64() || value.is_u64(),
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("{value} is not of type {type_name}")) }
}
