//! The fields of the introspection types.

use graphql_tools::static_graphql::schema::{
    Directive, DirectiveDefinition, EnumValue, Field, InputValue, Type, TypeDefinition,
};

use super::Introspection;
use super::catalogue::{deprecation, directive_text};
use crate::selection::{FieldNode, Node};
use crate::validation::whole;

/// An object of introspection.
#[derive(Clone, Copy)]
pub(super) enum Meta<'a> {
    Schema,
    Type(TypeRef<'a>),
    Field(&'a Field),
    InputValue(&'a InputValue),
    EnumValue(&'a EnumValue),
    Directive(&'a DirectiveDefinition),
}

/// A type, or one wrapped in `[ ]` or `!`.
#[derive(Clone, Copy)]
pub(super) enum TypeRef<'a> {
    Named(&'a TypeDefinition),
    List(&'a Type),
    NonNull(&'a Type),
}

/// The value of a field.
enum Resolved<'a> {
    Text(Option<&'a str>),
    Owned(String),
    Boolean(bool),
    Names(Vec<String>),
    Object(Option<Meta<'a>>),
    Objects(Option<Vec<Meta<'a>>>),
}

impl Meta<'_> {
    fn type_name(self) -> &'static str {
        match self {
            Meta::Schema => "__Schema",
            Meta::Type(_) => "__Type",
            Meta::Field(_) => "__Field",
            Meta::InputValue(_) => "__InputValue",
            Meta::EnumValue(_) => "__EnumValue",
            Meta::Directive(_) => "__Directive",
        }
    }
}

impl<'a> Introspection<'a> {
    /// Writes the fields of `meta` that `nodes` select. Recursion is bounded by the operation's depth.
    pub(super) fn object(&self, meta: Meta<'a>, nodes: &[&Node], json: &mut String) -> Result<(), String> {
        let written = self.written.get().saturating_add(json.len());
        if written > self.most {
            self.written.set(written);
            return Err(format!("the introspection result would be larger than {} bytes", self.most));
        }
        let mut groups: Vec<(&str, Vec<&FieldNode>)> = Vec::new();
        collect(meta.type_name(), nodes, &mut groups);
        json.push('{');
        for (index, (key, same)) in groups.into_iter().enumerate() {
            let Some(first) = same.first() else { continue };
            if index > 0 {
                json.push(',');
            }
            quote(key, json);
            json.push(':');
            let below: Vec<&Node> = same.iter().flat_map(|field| &field.selections).collect();
            match self.resolve(meta, first)? {
                Resolved::Text(None) | Resolved::Object(None) | Resolved::Objects(None) => {
                    json.push_str("null")
                }
                Resolved::Text(Some(text)) => quote(text, json),
                Resolved::Owned(text) => quote(&text, json),
                Resolved::Boolean(value) => json.push_str(if value { "true" } else { "false" }),
                Resolved::Names(names) => {
                    list(names, json, |name, json| {
                        quote(&name, json);
                        Ok(())
                    })?;
                }
                Resolved::Object(Some(meta)) => self.object(meta, &below, json)?,
                Resolved::Objects(Some(items)) => {
                    list(items, json, |meta, json| self.object(meta, &below, json))?;
                }
            }
        }
        json.push('}');
        Ok(())
    }

    fn resolve(&self, meta: Meta<'a>, field: &FieldNode) -> Result<Resolved<'a>, String> {
        if field.name == "__typename" {
            return Ok(Resolved::Text(Some(meta.type_name())));
        }
        let resolved = match meta {
            Meta::Schema => self.schema_field(field),
            Meta::Type(ty) => self.type_field(ty, field),
            Meta::Field(definition) => match field.name.as_str() {
                "args" => Some(self.inputs(&definition.arguments, field)),
                "type" => Some(Resolved::Object(self.type_ref(&definition.field_type))),
                name => described(name, &definition.name, &definition.description, &definition.directives),
            },
            Meta::InputValue(definition) => match field.name.as_str() {
                "type" => Some(Resolved::Object(self.type_ref(&definition.value_type))),
                "defaultValue" => Some(match &definition.default_value {
                    Some(value) => Resolved::Owned(whole(value)),
                    None => Resolved::Text(None),
                }),
                name => described(name, &definition.name, &definition.description, &definition.directives),
            },
            Meta::EnumValue(definition) => {
                described(&field.name, &definition.name, &definition.description, &definition.directives)
            }
            Meta::Directive(definition) => self.directive_field(definition, field),
        };
        resolved.ok_or_else(|| format!("{} has no field {}", meta.type_name(), field.name))
    }

    fn schema_field(&self, field: &FieldNode) -> Option<Resolved<'a>> {
        let root = |name: Option<&str>| {
            Resolved::Object(
                name.and_then(|name| self.visible(name)).map(|ty| Meta::Type(TypeRef::Named(ty))),
            )
        };
        Some(match field.name.as_str() {
            // The parser keeps no description of the schema itself.
            "description" => Resolved::Text(None),
            "types" => objects(self.schema.definitions().map(|ty| Meta::Type(TypeRef::Named(ty)))),
            "queryType" => root(Some(self.schema.query_type())),
            "mutationType" => root(self.schema.mutation_type()),
            "subscriptionType" => root(self.schema.subscription_type()),
            "directives" => objects(self.schema.directives().map(Meta::Directive)),
            _ => return None,
        })
    }

    fn type_field(&self, ty: TypeRef<'a>, field: &FieldNode) -> Option<Resolved<'a>> {
        let definition = match ty {
            TypeRef::Named(definition) => definition,
            TypeRef::List(inner) | TypeRef::NonNull(inner) => {
                return Some(match field.name.as_str() {
                    "kind" if matches!(ty, TypeRef::List(_)) => Resolved::Text(Some("LIST")),
                    "kind" => Resolved::Text(Some("NON_NULL")),
                    "ofType" => Resolved::Object(self.type_ref(inner)),
                    "name" | "description" | "specifiedByURL" | "isOneOf" => Resolved::Text(None),
                    "fields" | "interfaces" | "possibleTypes" | "enumValues" | "inputFields" => {
                        Resolved::Objects(None)
                    }
                    _ => return None,
                });
            }
        };
        let deprecated_too = self.include_deprecated(field);
        Some(match field.name.as_str() {
            "kind" => Resolved::Text(Some(kind(definition))),
            "name" => Resolved::Text(Some(definition.name())),
            "description" => Resolved::Text(description(definition)),
            "specifiedByURL" => Resolved::Text(match definition {
                TypeDefinition::Scalar(scalar) => directive_text(&scalar.directives, "specifiedBy", "url"),
                _ => None,
            }),
            "fields" => Resolved::Objects(fields(definition).map(|fields| {
                fields
                    .iter()
                    .filter(|field| deprecated_too || deprecation(&field.directives).is_none())
                    .map(Meta::Field)
                    .collect()
            })),
            "interfaces" => Resolved::Objects(match definition {
                TypeDefinition::Object(object) => Some(self.named(&object.implements_interfaces)),
                TypeDefinition::Interface(interface) => Some(self.named(&interface.implements_interfaces)),
                _ => None,
            }),
            "possibleTypes" => Resolved::Objects(match definition {
                TypeDefinition::Interface(interface) => {
                    Some(self.named(self.schema.possible_types(&interface.name)))
                }
                TypeDefinition::Union(union) => Some(self.named(&union.types)),
                _ => None,
            }),
            "enumValues" => Resolved::Objects(match definition {
                TypeDefinition::Enum(enumeration) => Some(
                    enumeration
                        .values
                        .iter()
                        .filter(|value| deprecated_too || deprecation(&value.directives).is_none())
                        .map(Meta::EnumValue)
                        .collect(),
                ),
                _ => None,
            }),
            "inputFields" => match definition {
                TypeDefinition::InputObject(input) => self.inputs(&input.fields, field),
                _ => Resolved::Objects(None),
            },
            "ofType" => Resolved::Object(None),
            "isOneOf" => match definition {
                TypeDefinition::InputObject(input) => {
                    Resolved::Boolean(input.directives.iter().any(|directive| directive.name == "oneOf"))
                }
                _ => Resolved::Text(None),
            },
            _ => return None,
        })
    }

    fn directive_field(
        &self,
        definition: &'a DirectiveDefinition,
        field: &FieldNode,
    ) -> Option<Resolved<'a>> {
        Some(match field.name.as_str() {
            "name" => Resolved::Text(Some(&definition.name)),
            "description" => Resolved::Text(definition.description.as_deref()),
            "isRepeatable" => Resolved::Boolean(definition.repeatable),
            "args" => self.inputs(&definition.arguments, field),
            "locations" => Resolved::Names(
                definition.locations.iter().map(|location| location.as_str().to_owned()).collect(),
            ),
            _ => return None,
        })
    }

    fn inputs(&self, inputs: &'a [InputValue], field: &FieldNode) -> Resolved<'a> {
        let deprecated_too = self.include_deprecated(field);
        objects(
            inputs
                .iter()
                .filter(|input| deprecated_too || deprecation(&input.directives).is_none())
                .map(Meta::InputValue),
        )
    }

    fn named(&self, names: &[String]) -> Vec<Meta<'a>> {
        names.iter().filter_map(|name| self.visible(name)).map(|ty| Meta::Type(TypeRef::Named(ty))).collect()
    }

    fn type_ref(&self, ty: &'a Type) -> Option<Meta<'a>> {
        Some(Meta::Type(match ty {
            Type::NamedType(name) => TypeRef::Named(self.visible(name)?),
            Type::ListType(inner) => TypeRef::List(inner),
            Type::NonNullType(inner) => TypeRef::NonNull(inner),
        }))
    }
}

fn collect<'n>(type_name: &str, nodes: &[&'n Node], groups: &mut Vec<(&'n str, Vec<&'n FieldNode>)>) {
    for node in nodes {
        match node {
            Node::Field(field) => match groups.iter_mut().find(|(key, _)| *key == field.key) {
                Some((_, same)) => same.push(field),
                None => groups.push((&field.key, vec![field])),
            },
            Node::On { condition, selections } => {
                if condition == type_name {
                    collect(type_name, &selections.iter().collect::<Vec<_>>(), groups);
                }
            }
        }
    }
}

fn objects<'a>(items: impl Iterator<Item = Meta<'a>>) -> Resolved<'a> {
    Resolved::Objects(Some(items.collect()))
}

fn described<'a>(
    wanted: &str,
    name: &'a str,
    description: &'a Option<String>,
    directives: &'a [Directive],
) -> Option<Resolved<'a>> {
    Some(match wanted {
        "name" => Resolved::Text(Some(name)),
        "description" => Resolved::Text(description.as_deref()),
        "isDeprecated" => Resolved::Boolean(deprecation(directives).is_some()),
        "deprecationReason" => Resolved::Text(deprecation(directives)),
        _ => return None,
    })
}

fn kind(definition: &TypeDefinition) -> &'static str {
    match definition {
        TypeDefinition::Scalar(_) => "SCALAR",
        TypeDefinition::Object(_) => "OBJECT",
        TypeDefinition::Interface(_) => "INTERFACE",
        TypeDefinition::Union(_) => "UNION",
        TypeDefinition::Enum(_) => "ENUM",
        TypeDefinition::InputObject(_) => "INPUT_OBJECT",
    }
}

fn description(definition: &TypeDefinition) -> Option<&str> {
    match definition {
        TypeDefinition::Scalar(scalar) => scalar.description.as_deref(),
        TypeDefinition::Object(object) => object.description.as_deref(),
        TypeDefinition::Interface(interface) => interface.description.as_deref(),
        TypeDefinition::Union(union) => union.description.as_deref(),
        TypeDefinition::Enum(enumeration) => enumeration.description.as_deref(),
        TypeDefinition::InputObject(input) => input.description.as_deref(),
    }
}

fn fields(definition: &TypeDefinition) -> Option<&[Field]> {
    match definition {
        TypeDefinition::Object(object) => Some(&object.fields),
        TypeDefinition::Interface(interface) => Some(&interface.fields),
        _ => None,
    }
}

fn list<T>(
    items: Vec<T>,
    json: &mut String,
    mut write: impl FnMut(T, &mut String) -> Result<(), String>,
) -> Result<(), String> {
    json.push('[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        write(item, json)?;
    }
    json.push(']');
    Ok(())
}

fn quote(text: &str, json: &mut String) {
    if text.bytes().any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\')) {
        json.push_str(&serde_json::Value::from(text).to_string());
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}
