//! The shapes of operations to be planned before traffic.

use serde_json::{Map, Value};

use super::shape::{Complaint, Shape, show};

/// An operation to be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarmUpOperation {
    /// Its document.
    pub query: String,
    /// Which operation of the document, if there are several.
    pub operation_name: Option<String>,
    /// Values of variables: only those of `@skip` and `@include` matter to planning.
    pub variables: Map<String, Value>,
}

/// The most operations that are taken.
pub(super) const MAX_OPERATIONS: usize = 100_000;

/// A list of operations.
#[derive(Debug, Clone, Copy)]
pub(super) struct OperationList;

/// A persisted-operations manifest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manifest;

impl Shape for OperationList {
    type Value = Vec<WarmUpOperation>;

    fn read(&self, json: &Value) -> Result<Vec<WarmUpOperation>, Complaint> {
        let Value::Array(entries) = json else {
            let fix = "write it like `[\"{ me { name } }\"]`";
            return Err(Complaint::new(format!("{} is not a list of operations", show(json)), fix));
        };
        bounded(entries.len())?;
        entries.iter().enumerate().map(|(index, entry)| operation(index, entry)).collect()
    }

    fn default(&self) -> Option<Vec<WarmUpOperation>> {
        Some(Vec::new())
    }

    fn kind(&self) -> &'static str {
        "list of operations, such as `[\"{ me { name } }\"]`"
    }

    fn default_text(&self) -> String {
        "none".to_owned()
    }

    fn bounds(&self) -> Option<(String, String)> {
        None
    }
}

impl Shape for Manifest {
    type Value = Vec<WarmUpOperation>;

    fn read(&self, json: &Value) -> Result<Vec<WarmUpOperation>, Complaint> {
        let refused = || {
            Complaint::new(
                format!("{} is not a persisted-operations manifest", show(json)),
                "give the file that your client's build writes, such as `{\"operations\": [{\"body\": \"query …\"}]}`",
            )
        };
        let Value::Object(manifest) = json else { return Err(refused()) };
        // A text of a manifest holds one operation, so its name need not be known.
        let plain = |query: &str| WarmUpOperation {
            query: query.to_owned(),
            operation_name: None,
            variables: Map::new(),
        };
        if let Some(Value::Array(operations)) = manifest.get("operations") {
            bounded(operations.len())?;
            return operations
                .iter()
                .map(|operation| operation.get("body").and_then(Value::as_str).map(plain).ok_or_else(refused))
                .collect();
        }
        bounded(manifest.len())?;
        manifest.values().map(|text| text.as_str().map(plain).ok_or_else(refused)).collect()
    }

    fn default(&self) -> Option<Vec<WarmUpOperation>> {
        Some(Vec::new())
    }

    fn kind(&self) -> &'static str {
        "manifest of persisted operations"
    }

    fn default_text(&self) -> String {
        "none".to_owned()
    }

    fn bounds(&self) -> Option<(String, String)> {
        None
    }
}

fn bounded(count: usize) -> Result<(), Complaint> {
    if count <= MAX_OPERATIONS {
        return Ok(());
    }
    Err(Complaint::new(format!("there are more than {MAX_OPERATIONS} operations"), "list the most used ones"))
}

fn operation(index: usize, entry: &Value) -> Result<WarmUpOperation, Complaint> {
    let refused = |what: &str| {
        let message = format!("operation {}: {what}", index.saturating_add(1));
        Complaint::new(message, "write a text, or `{query: TEXT, operation_name: NAME, variables: OBJECT}`")
    };
    let fields = match entry {
        Value::String(query) if !query.trim().is_empty() => {
            return Ok(WarmUpOperation { query: query.clone(), operation_name: None, variables: Map::new() });
        }
        Value::Object(fields) => fields,
        other => return Err(refused(&format!("{} is no operation", show(other)))),
    };
    if let Some(key) =
        fields.keys().find(|key| !matches!(key.as_str(), "query" | "operation_name" | "variables"))
    {
        return Err(refused(&format!("there is no `{key}`")));
    }
    let Some(query) = fields.get("query").and_then(Value::as_str).filter(|query| !query.trim().is_empty())
    else {
        return Err(refused("its `query` is missing"));
    };
    let operation_name = match fields.get("operation_name") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name.clone()),
        Some(_) => return Err(refused("its `operation_name` is not a text")),
    };
    let variables = match fields.get("variables") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(variables)) => variables.clone(),
        Some(_) => return Err(refused("its `variables` are not an object")),
    };
    Ok(WarmUpOperation { query: query.to_owned(), operation_name, variables })
}

/// Operations as they are written in a configuration.
pub(super) fn written(operations: &[WarmUpOperation]) -> Value {
    let entries = operations.iter().map(|operation| {
        let mut fields = Map::new();
        fields.insert("query".to_owned(), Value::from(operation.query.as_str()));
        if let Some(name) = &operation.operation_name {
            fields.insert("operation_name".to_owned(), Value::from(name.as_str()));
        }
        if !operation.variables.is_empty() {
            fields.insert("variables".to_owned(), Value::Object(operation.variables.clone()));
        }
        Value::Object(fields)
    });
    Value::Array(entries.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn operations_are_texts_or_objects() {
        let list = json!(["{ a }", {"query": "query A { a } query B { b }", "operation_name": "B", "variables": {"x": true}}]);
        let read = OperationList.read(&list).expect("both forms");
        assert_eq!(read[0].query, "{ a }");
        assert_eq!(read[1].operation_name.as_deref(), Some("B"));
        assert_eq!(OperationList.read(&written(&read)).as_ref(), Ok(&read));
        for (bad, part) in [
            (json!("{ a }"), "not a list"),
            (json!([7]), "operation 1: 7 is no operation"),
            (json!(["{ a }", {"text": "{ a }"}]), "operation 2: there is no `text`"),
            (json!([{}]), "`query` is missing"),
            (json!([{"query": "{ a }", "variables": []}]), "not an object"),
        ] {
            let complaint = OperationList.read(&bad).expect_err("refused");
            assert!(complaint.message.contains(part), "{}", complaint.message);
        }
    }

    #[test]
    fn both_kinds_of_manifest_are_read() {
        let apollo = json!({"format": "apollo-persisted-query-manifest", "version": 1,
            "operations": [{"id": "1", "name": "A", "type": "query", "body": "query A { a }"}]});
        let relay = json!({"d8f1": "query A { a }"});
        for manifest in [apollo, relay] {
            let read = Manifest.read(&manifest).expect("a manifest");
            assert_eq!(read.len(), 1);
            assert_eq!(read[0].query, "query A { a }");
        }
        assert!(Manifest.read(&json!({"operations": [{"id": "1"}]})).is_err());
        assert!(Manifest.read(&json!([1])).is_err());
    }
}
