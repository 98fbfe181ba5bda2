//! The API schema (what clients see), indexed for look-ups by name.

use std::collections::HashMap;
use std::sync::Arc;

use graphql_tools::static_graphql::schema::{Definition, Document, Field, Type, TypeDefinition};

/// An index over the API schema.
///
/// It holds no federation directives or types and nothing that is `@inaccessible`, but the types of
/// introspection.
pub(crate) struct ApiSchema {
    document: Arc<Document>,
    /// Index into the document's definitions.
    types: HashMap<String, usize>,
    /// Object types that may stand where the named type is promised, sorted; for every composite type.
    possible: HashMap<String, Vec<String>>,
    query: String,
    mutation: Option<String>,
    subscription: Option<String>,
}

impl ApiSchema {
    /// `None` if there is no query type.
    pub(crate) fn new(document: Arc<Document>) -> Option<Self> {
        let mut types = HashMap::new();
        let mut possible: HashMap<String, Vec<String>> = HashMap::new();
        for (index, definition) in document.definitions.iter().enumerate() {
            let Definition::TypeDefinition(definition) = definition else { continue };
            types.entry(definition.name().to_owned()).or_insert(index);
            match definition {
                TypeDefinition::Object(object) => {
                    possible.entry(object.name.clone()).or_default().push(object.name.clone());
                    for interface in &object.implements_interfaces {
                        possible.entry(interface.clone()).or_default().push(object.name.clone());
                    }
                }
                TypeDefinition::Union(union) => {
                    possible.entry(union.name.clone()).or_default().extend(union.types.iter().cloned());
                }
                TypeDefinition::Interface(interface) => {
                    possible.entry(interface.name.clone()).or_default();
                }
                TypeDefinition::Scalar(_) | TypeDefinition::Enum(_) | TypeDefinition::InputObject(_) => {}
            }
        }
        for names in possible.values_mut() {
            // A union may name a type that is not accessible.
            names.retain(|name| types.contains_key(name));
            names.sort_unstable();
            names.dedup();
        }
        let existing = |name: Option<&String>| name.filter(|name| types.contains_key(*name)).cloned();
        let query = existing(document.query_type_name())?;
        let mutation = existing(document.mutation_type_name());
        let subscription = existing(document.subscription_type_name());
        Some(Self { document, types, possible, query, mutation, subscription })
    }

    pub(crate) fn document(&self) -> &Document {
        &self.document
    }

    pub(crate) fn query_type(&self) -> &str {
        &self.query
    }

    pub(crate) fn mutation_type(&self) -> Option<&str> {
        self.mutation.as_deref()
    }

    pub(crate) fn subscription_type(&self) -> Option<&str> {
        self.subscription.as_deref()
    }

    pub(crate) fn definition(&self, name: &str) -> Option<&TypeDefinition> {
        match self.document.definitions.get(*self.types.get(name)?) {
            Some(Definition::TypeDefinition(definition)) => Some(definition),
            _ => None,
        }
    }

    /// All types in the order of the document.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = &TypeDefinition> {
        self.document.definitions.iter().filter_map(|definition| match definition {
            Definition::TypeDefinition(definition) => Some(definition),
            _ => None,
        })
    }

    /// A field of an object or interface type.
    pub(crate) fn field(&self, parent: &str, name: &str) -> Option<&Field> {
        let fields = match self.definition(parent)? {
            TypeDefinition::Object(object) => &object.fields,
            TypeDefinition::Interface(interface) => &interface.fields,
            _ => return None,
        };
        fields.iter().find(|field| field.name == name)
    }

    /// The object types that may stand where `name` is promised, sorted; empty for what isn't composite.
    pub(crate) fn possible_types(&self, name: &str) -> &[String] {
        self.possible.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether `name` is an object, interface or union type.
    pub(crate) fn is_composite(&self, name: &str) -> bool {
        self.possible.contains_key(name)
    }

    /// Whether `name` is an interface or union type.
    pub(crate) fn is_abstract(&self, name: &str) -> bool {
        matches!(self.definition(name), Some(TypeDefinition::Interface(_) | TypeDefinition::Union(_)))
    }
}

/// The name at the core of a type.
pub(crate) fn named(ty: &Type) -> &str {
    match ty {
        Type::NamedType(name) => name,
        Type::ListType(inner) | Type::NonNullType(inner) => named(inner),
    }
}
