//! What a request to a subgraph asks for, as far as it is counted.

use async_graphql::parser::types::{OperationType, Selection};
use serde_json::Value;

/// What was counted of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Entities.
    pub(crate) representations: u64,
    /// None if the body isn't a GraphQL request.
    pub(crate) kind: Option<OperationType>,
    /// Whether it is a query of `__typename` alone, which only those send who want to know whether it answers.
    pub(crate) is_health_check: bool,
}

impl Asked {
    /// Reads a body.
    pub(crate) fn read(body: &[u8]) -> Asked {
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        let operation_name = json["operationName"].as_str();
        let read = json["query"].as_str().and_then(|query| operation(query, operation_name));
        Asked {
            representations: representations(&json["variables"]),
            kind: read.map(|(kind, _)| kind),
            is_health_check: read.is_some_and(|(_, is_health_check)| is_health_check),
        }
    }
}

/// Gateways name the variable as they like, and may send several: a list of objects that say their type is one.
fn representations(variables: &Value) -> u64 {
    let is_representation = |item: &&Value| item.get("__typename").is_some();
    let lists = variables.as_object().into_iter().flat_map(|variables| variables.values());
    lists.filter_map(Value::as_array).map(|list| list.iter().filter(is_representation).count() as u64).sum()
}

/// The kind of an operation, and whether it is a health check.
fn operation(query: &str, operation_name: Option<&str>) -> Option<(OperationType, bool)> {
    let document = async_graphql::parser::parse_query(query).ok()?;
    let operation = document.operations.iter().find(|(name, _)| {
        operation_name.is_none() || name.map(async_graphql::Name::as_str) == operation_name
    });
    let (_, operation) = operation?;
    let selected = &operation.node.selection_set.node.items;
    let is_typename = |selection: &Selection| matches!(selection, Selection::Field(field) if field.node.name.node == "__typename");
    let is_health_check =
        operation.node.ty == OperationType::Query && selected.iter().all(|item| is_typename(&item.node));
    Some((operation.node.ty, is_health_check))
}
