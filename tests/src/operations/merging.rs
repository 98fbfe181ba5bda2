//! Which response keys are free: the rule that fields of one name must merge (GraphQL §5.3.2), on the safe side.

use std::collections::HashMap;

use graphql_parser::schema::Type;

use super::selections::Node;
use crate::schema::{Schema, TypeRef, named};

/// The fields chosen so far, by the response keys that lead to them.
#[derive(Debug, Default, Clone)]
pub(super) struct Chosen {
    fields: HashMap<Vec<String>, Vec<Entry>>,
}

#[derive(Debug, Clone)]
struct Entry {
    parent: String,
    name: String,
    arguments: String,
    ty: TypeRef,
}

impl Chosen {
    /// Whether a field may stand under `path` (its own response key included) with what stands there already. It is
    /// taken as chosen if so.
    pub(super) fn take(
        &mut self,
        schema: &Schema,
        path: &[String],
        parent: &str,
        name: &str,
        arguments: &str,
        ty: &TypeRef,
    ) -> bool {
        let new = Entry {
            parent: parent.to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
            ty: ty.clone(),
        };
        let entries = self.fields.entry(path.to_vec()).or_default();
        if entries.iter().all(|old| compatible(schema, old, &new)) {
            entries.push(new);
            return true;
        }
        false
    }

    /// The same for a whole fragment; all of it is taken or nothing.
    pub(super) fn take_all(
        &mut self,
        schema: &Schema,
        path: &[String],
        parent: &str,
        nodes: &[Node],
    ) -> bool {
        let mut tried = self.clone();
        if tried.walk(schema, &mut path.to_vec(), parent, nodes) {
            *self = tried;
            return true;
        }
        false
    }

    fn walk(&mut self, schema: &Schema, path: &mut Vec<String>, parent: &str, nodes: &[Node]) -> bool {
        nodes.iter().all(|node| match node {
            Node::Field(field) => {
                path.push(field.key.clone());
                let fits = self.take(schema, path, parent, &field.name, &field.arguments, &field.ty)
                    && self.walk(schema, path, named(&field.ty), &field.children);
                path.pop();
                fits
            }
            Node::Inline { on, children, .. } => {
                let parent = on.as_deref().unwrap_or(parent).to_owned();
                self.walk(schema, path, &parent, children)
            }
            Node::Spread { on, children, .. } => self.walk(schema, path, on, children),
        })
    }
}

fn compatible(schema: &Schema, old: &Entry, new: &Entry) -> bool {
    let apart =
        old.parent != new.parent && !schema.is_abstract(&old.parent) && !schema.is_abstract(&new.parent);
    if !apart {
        return old.name == new.name
            && old.arguments == new.arguments
            && same_shape(schema, &old.ty, &new.ty);
    }
    same_shape(schema, &old.ty, &new.ty)
}

fn same_shape(schema: &Schema, a: &TypeRef, b: &TypeRef) -> bool {
    match (a, b) {
        (Type::NonNullType(a), Type::NonNullType(b)) | (Type::ListType(a), Type::ListType(b)) => {
            same_shape(schema, a, b)
        }
        (Type::NamedType(a), Type::NamedType(b)) => {
            a == b || (schema.is_composite(a) && schema.is_composite(b))
        }
        _ => false,
    }
}
