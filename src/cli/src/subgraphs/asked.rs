//! What a request to a subgraph asks for, as far as it is counted.

use async_graphql::parser::types::OperationType;
use serde_json::Value;

/// What was counted of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Entities.
    pub(crate) representations: u64,
    /// None if the body isn't a GraphQL request.
    pub(crate) kind: Option<OperationType>,
}

impl Asked {
    /// Reads a body.
    pub(crate) fn read(body: &[u8]) -> Asked {
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        let operation_name = json["operationName"].as_str();
        let kind = json["query"].as_str().and_then(|query| kind(query, operation_name));
        Asked { representations: representations(&json["variables"]), kind }
    }
}

/// Gateways name the variable as they like, and may send several: a list of objects that say their type is one.
fn representations(variables: &Value) -> u64 {
    let is_representation = |item: &&Value| item.get("__typename").is_some();
    let lists = variables.as_object().into_iter().flat_map(|variables| variables.values());
    lists.filter_map(Value::as_array).map(|list| list.iter().filter(is_representation).count() as u64).sum()
}

fn kind(query: &str, operation_name: Option<&str>) -> Option<OperationType> {
    let document = async_graphql::parser::parse_query(query).ok()?;
    let operation = document.operations.iter().find(|(name, _)| {
        operation_name.is_none() || name.map(async_graphql::Name::as_str) == operation_name
    });
    operation.map(|(_, operation)| operation.node.ty)
}
