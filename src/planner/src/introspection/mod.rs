//! Answers to `__schema` and `__type` (GraphQL §4), computed at planning time: they depend on the schema only.

mod catalogue;
pub(crate) mod internal;
mod resolve;

use std::cell::Cell;
use std::collections::HashMap;

use graphql_tools::static_graphql::query::{Value, VariableDefinition};

use crate::schema::ApiSchema;
use crate::selection::{FieldNode, Node};
use crate::supergraph::PlanVariables;
use resolve::{Meta, TypeRef};

/// What introspection may look at.
pub(crate) struct Introspection<'a> {
    schema: &'a ApiSchema,
    /// Values of variables, as far as they are given or have a default.
    variables: HashMap<String, Argument>,
    /// Bytes written for the fields answered so far.
    written: Cell<usize>,
    /// Bytes of all results of the operation, at most. Their size grows with the schema to the power of the
    /// operation's depth; the whole of a schema, once, always fits.
    most: usize,
}

/// Bytes of all introspection results of one operation that are fine with any schema.
const FLOOR: usize = 256 << 10;

/// Bytes that tools' introspection takes for one type, field, argument or value, at most, beside its texts: a type
/// within seven wrappings, and all that may be asked of deprecation.
const BYTES_PER_PART: usize = 1 << 10;

/// How often a text of the schema stands in what tools ask for, at most: escaped it may be twice as long.
const TEXT_FACTOR: usize = 4;

/// An argument's value, as far as introspection takes any.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Argument {
    Boolean(bool),
    Text(String),
    Other,
}

impl<'a> Introspection<'a> {
    pub(crate) fn new(
        schema: &'a ApiSchema,
        definitions: &[VariableDefinition],
        given: &PlanVariables,
    ) -> Self {
        let mut variables = HashMap::new();
        for definition in definitions {
            if let Some(default) = &definition.default_value {
                variables.insert(definition.name.clone(), literal(default));
            }
        }
        for (name, json) in &given.introspection {
            let value = match serde_json::from_str(json) {
                Ok(serde_json::Value::Bool(value)) => Argument::Boolean(value),
                Ok(serde_json::Value::String(text)) => Argument::Text(text),
                _ => Argument::Other,
            };
            variables.insert(name.clone(), value);
        }
        let (parts, texts) = schema.extent();
        let whole = parts.saturating_mul(BYTES_PER_PART).saturating_add(texts.saturating_mul(TEXT_FACTOR));
        Self { schema, variables, written: Cell::new(0), most: whole.max(FLOOR) }
    }

    /// The JSON of a root field `__schema` or `__type`, selected by all of `same`.
    pub(crate) fn answer(&self, same: &[&'a FieldNode]) -> Result<String, String> {
        let Some(first) = same.first() else { return Ok("null".to_owned()) };
        let nodes: Vec<&'a Node> = same.iter().flat_map(|field| &field.selections).collect();
        let meta = match first.name.as_str() {
            "__schema" => Some(Meta::Schema),
            _ => match self.argument(first, "name") {
                Some(Argument::Text(name)) => {
                    self.visible(&name).map(|definition| Meta::Type(TypeRef::Named(definition)))
                }
                _ => return Err("__type needs the value of its argument name for planning".to_owned()),
            },
        };
        let mut json = String::new();
        match meta {
            Some(meta) => self.object(meta, &nodes, &mut json)?,
            None => json.push_str("null"),
        }
        self.written.set(self.written.get().saturating_add(json.len()));
        Ok(json)
    }

    /// Whether an answer was refused for its size.
    pub(crate) fn is_too_large(&self) -> bool {
        self.written.get() > self.most
    }

    fn argument(&self, field: &FieldNode, name: &str) -> Option<Argument> {
        let (_, value) = field.arguments.iter().find(|(key, _)| key == name)?;
        match value {
            Value::Variable(variable) => self.variables.get(variable).cloned(),
            value => Some(literal(value)),
        }
    }

    fn include_deprecated(&self, field: &FieldNode) -> bool {
        self.argument(field, "includeDeprecated") == Some(Argument::Boolean(true))
    }
}

fn literal(value: &Value) -> Argument {
    match value {
        Value::Boolean(value) => Argument::Boolean(*value),
        Value::String(text) => Argument::Text(text.clone()),
        _ => Argument::Other,
    }
}

#[cfg(test)]
mod tests;
