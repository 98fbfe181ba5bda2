//! Fails one nullable field of an answer the way a real resolver would: null in its place, and an error
//! that names its path.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextExecute, NextResolve, ResolveInfo,
};
use async_graphql::{
    PathSegment, QueryPathNode, QueryPathSegment, Response, ServerError, ServerResult, Value, async_trait,
};

/// Fails the first nullable field below the root; if the operation has none, the first entity, and if there
/// is none either, everything.
pub(crate) struct PartialFailure;

impl ExtensionFactory for PartialFailure {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(OneFailure::default())
    }
}

#[derive(Default)]
struct OneFailure(Mutex<Found>);

#[derive(Default)]
struct Found {
    /// Where the failed field is, the index of its entity left out.
    path: Option<Vec<PathSegment>>,
    /// Response keys of `_entities` fields.
    entities: Vec<String>,
}

#[async_trait::async_trait]
impl Extension for OneFailure {
    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        {
            let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let is_root = matches!(info.parent_type, "Query" | "Mutation");
            if is_root && info.name == "_entities" {
                found.entities.push(info.alias.unwrap_or(info.name).to_owned());
            }
            let nullable = !info.return_type.ends_with('!');
            if nullable && !is_root && !info.is_for_introspection && found.path.is_none() {
                found.path = Some(segments(info.path_node));
                return Ok(Some(Value::Null));
            }
        }
        next.run(ctx, info).await
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let mut response = next.run(ctx, operation_name).await;
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let path = match &found.path {
            Some(path) => with_entity_index(path, &found.entities, &response.data),
            None => fail_outermost(&found.entities, &mut response.data),
        };
        let mut error = ServerError::new("this field is out of order", None);
        error.path = path;
        response.errors.push(error);
        response
    }
}

fn segments(node: &QueryPathNode<'_>) -> Vec<PathSegment> {
    let mut path: Vec<_> =
        std::iter::successors(Some(node), |node| node.parent).map(|node| segment(&node.segment)).collect();
    path.reverse();
    path
}

fn segment(segment: &QueryPathSegment<'_>) -> PathSegment {
    match segment {
        QueryPathSegment::Index(index) => PathSegment::Index(*index),
        QueryPathSegment::Name(name) => PathSegment::Field((*name).to_owned()),
    }
}

/// async-graphql leaves the entity's index out of paths; the specification wants it in.
fn with_entity_index(path: &[PathSegment], entities: &[String], data: &Value) -> Vec<PathSegment> {
    let (Some(PathSegment::Field(root)), Value::Object(fields)) = (path.first(), data) else {
        return path.to_vec();
    };
    let Some(Value::List(items)) = fields.get(root.as_str()).filter(|_| entities.contains(root)) else {
        return path.to_vec();
    };
    let index = items.iter().position(|item| is_null_at(item, &path[1..])).unwrap_or(0);
    let mut path = path.to_vec();
    path.insert(1, PathSegment::Index(index));
    path
}

fn is_null_at(value: &Value, path: &[PathSegment]) -> bool {
    match (path.split_first(), value) {
        (None, value) => *value == Value::Null,
        (Some((PathSegment::Field(name), rest)), Value::Object(fields)) => {
            fields.get(name.as_str()).is_some_and(|value| is_null_at(value, rest))
        }
        (Some((PathSegment::Index(index), rest)), Value::List(items)) => {
            items.get(*index).is_some_and(|value| is_null_at(value, rest))
        }
        _ => false,
    }
}

fn fail_outermost(entities: &[String], data: &mut Value) -> Vec<PathSegment> {
    if let Value::Object(fields) = data {
        for root in entities {
            if let Some(Value::List(items)) = fields.get_mut(root.as_str())
                && let Some(first) = items.first_mut()
            {
                *first = Value::Null;
                return vec![PathSegment::Field(root.clone()), PathSegment::Index(0)];
            }
        }
        let root = fields.keys().next().map(|name| PathSegment::Field(name.to_string()));
        *data = Value::Null;
        return root.into_iter().collect();
    }
    Vec::new()
}
