//! The API schema (what clients see), indexed for look-ups by name.

use std::collections::{HashMap, HashSet};

use graphql_tools::parser::schema::parse_schema;
use graphql_tools::static_graphql::schema::{
    Definition, DirectiveDefinition, Document, Field, InputValue, Type, TypeDefinition,
};

use crate::introspection::internal::{is_internal_directive, is_internal_type};

/// What every schema has: the scalars and directives of the specification, and introspection (§3.5, §3.13, §4.2).
const BUILTIN: &str = include_str!("introspection/builtin.graphql");

/// The type in [`BUILTIN`] that holds the meta fields.
const META: &str = "__Meta";

/// An index over the API schema.
///
/// It holds no federation directives or types and nothing that is `@inaccessible`, but the types of
/// introspection.
pub(crate) struct ApiSchema {
    document: Document,
    /// Index into the document's definitions.
    types: HashMap<String, usize>,
    directives: HashMap<String, usize>,
    /// By type, then by name: index into the type's fields.
    fields: HashMap<String, HashMap<String, usize>>,
    /// Object types that may stand where the named type is promised, sorted; for every composite type.
    possible: HashMap<String, Vec<String>>,
    /// `__typename`, `__schema` and `__type`.
    meta: Vec<Field>,
    query: String,
    mutation: Option<String>,
    subscription: Option<String>,
    extent: (usize, usize),
}

impl ApiSchema {
    /// `None` if there is no query type.
    pub(crate) fn new(api: &Document) -> Option<Self> {
        let (document, meta) = complete(api)?;
        let mut types = HashMap::new();
        let mut directives = HashMap::new();
        let mut fields = HashMap::new();
        let mut possible: HashMap<String, Vec<String>> = HashMap::new();
        for (index, definition) in document.definitions.iter().enumerate() {
            let definition = match definition {
                Definition::TypeDefinition(definition) => definition,
                Definition::DirectiveDefinition(directive) => {
                    directives.entry(directive.name.clone()).or_insert(index);
                    continue;
                }
                Definition::SchemaDefinition(_) | Definition::TypeExtension(_) => continue,
            };
            types.entry(definition.name().to_owned()).or_insert(index);
            let names = fields_of(definition).iter().enumerate().map(|(at, field)| (field.name.clone(), at));
            fields.entry(definition.name().to_owned()).or_insert_with(|| names.collect::<HashMap<_, _>>());
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
        // An object may implement an interface that is not accessible, and a union may name such a type.
        possible.retain(|name, _| types.contains_key(name));
        for names in possible.values_mut() {
            names.retain(|name| types.contains_key(name));
            names.sort_unstable();
            names.dedup();
        }
        let existing = |name: Option<&String>| name.filter(|name| types.contains_key(*name)).cloned();
        let query = existing(document.query_type_name())?;
        let mutation = existing(document.mutation_type_name());
        let subscription = existing(document.subscription_type_name());
        let extent = extent(&document);
        Some(Self {
            types,
            directives,
            fields,
            possible,
            meta,
            query,
            mutation,
            subscription,
            extent,
            document,
        })
    }

    /// How many definitions, fields, arguments and enum values there are, and the bytes of their text in SDL.
    pub(crate) fn extent(&self) -> (usize, usize) {
        self.extent
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

    pub(crate) fn directive(&self, name: &str) -> Option<&DirectiveDefinition> {
        match self.document.definitions.get(*self.directives.get(name)?) {
            Some(Definition::DirectiveDefinition(definition)) => Some(definition),
            _ => None,
        }
    }

    /// All directives in the order of the document.
    pub(crate) fn directives(&self) -> impl Iterator<Item = &DirectiveDefinition> {
        self.document.definitions.iter().filter_map(|definition| match definition {
            Definition::DirectiveDefinition(definition) => Some(definition),
            _ => None,
        })
    }

    /// A field of an object or interface type.
    pub(crate) fn field(&self, parent: &str, name: &str) -> Option<&Field> {
        let index = self.fields.get(parent)?.get(name)?;
        fields_of(self.definition(parent)?).get(*index)
    }

    /// A field that may be selected on `parent`: one of its own, or a meta field (§4.1).
    pub(crate) fn selectable(&self, parent: &str, name: &str) -> Option<&Field> {
        if !name.starts_with("__") {
            return self.field(parent, name);
        }
        let fits = if name == "__typename" { self.is_composite(parent) } else { parent == self.query };
        self.meta.iter().find(|field| fits && field.name == name)
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

fn extent(document: &Document) -> (usize, usize) {
    let fields =
        |fields: &[Field]| fields.iter().map(|field| field.arguments.len().saturating_add(1)).sum::<usize>();
    let parts = document.definitions.iter().map(|definition| {
        let below: usize = match definition {
            Definition::TypeDefinition(TypeDefinition::Object(object)) => {
                fields(&object.fields).saturating_add(object.implements_interfaces.len())
            }
            Definition::TypeDefinition(TypeDefinition::Interface(interface)) => {
                fields(&interface.fields).saturating_add(interface.implements_interfaces.len())
            }
            Definition::TypeDefinition(TypeDefinition::Union(union)) => union.types.len(),
            Definition::TypeDefinition(TypeDefinition::Enum(enumeration)) => enumeration.values.len(),
            Definition::TypeDefinition(TypeDefinition::InputObject(object)) => object.fields.len(),
            Definition::DirectiveDefinition(directive) => directive.arguments.len(),
            _ => 0,
        };
        below.saturating_add(1)
    });
    (parts.sum(), document.to_string().len())
}

/// The fields of an object or interface; none of what has none.
pub(crate) fn fields_of(definition: &TypeDefinition) -> &[Field] {
    match definition {
        TypeDefinition::Object(object) => &object.fields,
        TypeDefinition::Interface(interface) => &interface.fields,
        _ => &[],
    }
}

/// The name at the core of a type.
pub(crate) fn named(ty: &Type) -> &str {
    match ty {
        Type::NamedType(name) => name,
        Type::ListType(inner) | Type::NonNullType(inner) => named(inner),
    }
}

/// Whether a value must be given (§5.4.3): it can't be null, and there is no default.
pub(crate) fn is_required(input: &InputValue) -> bool {
    matches!(input.value_type, Type::NonNullType(_)) && input.default_value.is_none()
}

/// `api` with the built-in definitions of the specification in place of the planning library's, whose places of
/// directives are wrong; and the meta fields.
fn complete(api: &Document) -> Option<(Document, Vec<Field>)> {
    let mut builtin = parse_schema::<String>(BUILTIN).ok()?.into_static();
    let mut meta = Vec::new();
    builtin.definitions.retain(|definition| match definition {
        Definition::TypeDefinition(TypeDefinition::Object(object)) if object.name == META => {
            meta.clone_from(&object.fields);
            false
        }
        _ => true,
    });
    let is_builtin: HashSet<(bool, &str)> = builtin.definitions.iter().filter_map(key).collect();
    let mut definitions = Vec::new();
    let mut seen = HashSet::new();
    for definition in &api.definitions {
        let keep = match (definition, key(definition)) {
            (Definition::TypeExtension(_), _) => false,
            (_, None) => true,
            (_, Some((is_type, name))) => {
                let internal = if is_type { is_internal_type(name) } else { is_internal_directive(name) };
                !internal && !is_builtin.contains(&(is_type, name)) && seen.insert((is_type, name))
            }
        };
        if keep {
            let mut definition = definition.clone();
            if let Definition::TypeDefinition(TypeDefinition::Object(object)) = &mut definition {
                object.fields.retain(|field| !field.name.starts_with("__"));
            }
            definitions.push(definition);
        }
    }
    // A scalar that nothing refers to must not be shown (§3.5.6).
    let referenced = referenced(definitions.iter().chain(&builtin.definitions));
    builtin.definitions.retain(|definition| match definition {
        Definition::TypeDefinition(TypeDefinition::Scalar(scalar)) => referenced.contains(&scalar.name),
        _ => true,
    });
    definitions.extend(builtin.definitions);
    Some((Document { definitions }, meta))
}

type AnyDefinition = Definition<'static, String>;

/// What a definition defines: whether it is a type (else a directive), and its name.
fn key(definition: &AnyDefinition) -> Option<(bool, &str)> {
    match definition {
        Definition::TypeDefinition(definition) => Some((true, definition.name())),
        Definition::DirectiveDefinition(directive) => Some((false, &directive.name)),
        Definition::SchemaDefinition(_) | Definition::TypeExtension(_) => None,
    }
}

/// The names of the types of all fields, arguments and input fields.
fn referenced<'a>(definitions: impl Iterator<Item = &'a AnyDefinition>) -> HashSet<String> {
    let mut names = HashSet::new();
    for definition in definitions {
        let inputs = match definition {
            Definition::TypeDefinition(TypeDefinition::InputObject(input)) => &*input.fields,
            Definition::DirectiveDefinition(directive) => &*directive.arguments,
            Definition::TypeDefinition(definition) => {
                for field in fields_of(definition) {
                    names.insert(named(&field.field_type).to_owned());
                    names.extend(field.arguments.iter().map(|input| named(&input.value_type).to_owned()));
                }
                &[]
            }
            Definition::SchemaDefinition(_) | Definition::TypeExtension(_) => &[],
        };
        names.extend(inputs.iter().map(|input| named(&input.value_type).to_owned()));
    }
    names
}
