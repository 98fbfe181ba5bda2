//! How the reply is shaped: CollectFields (GraphQL §6.3.2) for every possible runtime type, at planning time.

use std::collections::HashMap;

use graphql_tools::static_graphql::schema::{Type, TypeDefinition};

use crate::introspection::Introspection;
use crate::names::Names;
use crate::plan::{Leaf, OutputField, OutputKind, OutputType, Selection, TypeSet, Variant};
use crate::schema::{ApiSchema, named};
use crate::selection::{FieldNode, Node};

/// Builds projections; answers to introspection become part of them.
pub(crate) struct Projector<'a> {
    schema: &'a ApiSchema,
    introspection: Introspection<'a>,
    /// Sub-projections by type and merged selections (by address): without it the work multiplies with the
    /// number of possible types at every level.
    known: HashMap<(&'a str, Vec<*const Node>), Known>,
    /// Fields of the projection so far, each as often as it occurs.
    fields: usize,
}

struct Known {
    selection: Selection,
    /// Fields in it, as often as they occur.
    fields: usize,
}

/// Fields of a projection, at most. It spells out what each possible type shows, and types that show different
/// things multiply what lies below them, at every level: the projection of a small operation may be of any size.
const MAX_FIELDS: usize = 100_000;

impl<'a> Projector<'a> {
    pub(crate) fn new(schema: &'a ApiSchema, introspection: Introspection<'a>) -> Self {
        Self { schema, introspection, known: HashMap::new(), fields: 0 }
    }

    /// The projection of `nodes` on a position of type `type_name`.
    ///
    /// `is_abstract` is set only where the runtime type makes a difference: an interface of which all objects
    /// show the same fields, and no `__typename`, needs none.
    pub(crate) fn selection(
        &mut self,
        names: &mut Names,
        type_name: &'a str,
        nodes: &[&'a Node],
    ) -> Result<Selection, String> {
        let key = key(type_name, nodes);
        if let Some(known) = self.known.get(&key) {
            self.fields = self.fields.saturating_add(known.fields);
            let known = (self.fields <= MAX_FIELDS).then(|| known.selection.clone());
            return known.ok_or_else(too_large);
        }
        let before = self.fields;
        let mut variants: Vec<Variant> = Vec::new();
        let schema = self.schema;
        for object in schema.possible_types(type_name) {
            let fields = self.fields(names, object, nodes)?;
            let id = names.id(object);
            match variants.iter_mut().find(|variant| variant.fields == fields) {
                Some(variant) => variant.types.0.push(id),
                None => variants.push(Variant { types: TypeSet(vec![id]), fields }),
            }
        }
        let shows_type = variants
            .iter()
            .flat_map(|variant| &variant.fields)
            .any(|field| matches!(field.ty.kind, OutputKind::Typename));
        let is_abstract = schema.is_abstract(type_name) && (variants.len() != 1 || shows_type);
        let selection = Selection { type_name: names.id(type_name), is_abstract, variants };
        let fields = self.fields.saturating_sub(before);
        self.known.insert(key, Known { selection: selection.clone(), fields });
        Ok(selection)
    }

    /// Whether the runtime type makes a difference to what `nodes` show on a position of type `type_name`.
    pub(crate) fn is_abstract(
        &mut self,
        names: &mut Names,
        type_name: &'a str,
        nodes: &[&'a Node],
    ) -> Result<bool, String> {
        if let Some(known) = self.known.get(&key(type_name, nodes)) {
            return Ok(known.selection.is_abstract);
        }
        Ok(self.selection(names, type_name, nodes)?.is_abstract)
    }

    /// Whether the projection failed because it, or the answer to introspection, was too large.
    pub(crate) fn is_too_large(&self) -> bool {
        self.fields > MAX_FIELDS || self.introspection.is_too_large()
    }

    fn fields(
        &mut self,
        names: &mut Names,
        object: &'a str,
        nodes: &[&'a Node],
    ) -> Result<Vec<OutputField>, String> {
        let groups = collect(self.schema, object, nodes);
        self.fields = self.fields.saturating_add(groups.len());
        if self.fields > MAX_FIELDS {
            return Err(too_large());
        }
        let mut fields = Vec::with_capacity(groups.len());
        for (key, same) in groups {
            let Some(first) = same.first() else { continue };
            let ty = if first.name == "__typename" {
                OutputType { non_null: true, kind: OutputKind::Typename }
            } else if object == self.schema.query_type() && matches!(&*first.name, "__schema" | "__type") {
                let json = self.introspection.answer(&same)?;
                OutputType { non_null: first.name == "__schema", kind: OutputKind::Constant(json) }
            } else {
                let field = self
                    .schema
                    .field(object, &first.name)
                    .ok_or_else(|| format!("type {object} has no field {}", first.name))?;
                let below: Vec<&'a Node> = same.iter().flat_map(|field| &field.selections).collect();
                self.output_type(names, &field.field_type, &below)?
            };
            fields.push(OutputField { key: names.id(key), shown: names.id(&first.shown), ty });
        }
        Ok(fields)
    }

    fn output_type(
        &mut self,
        names: &mut Names,
        ty: &'a Type,
        below: &[&'a Node],
    ) -> Result<OutputType, String> {
        Ok(match ty {
            Type::NonNullType(inner) => {
                OutputType { non_null: true, kind: self.output_type(names, inner, below)?.kind }
            }
            Type::ListType(inner) => OutputType {
                non_null: false,
                kind: OutputKind::List(Box::new(self.output_type(names, inner, below)?)),
            },
            Type::NamedType(name) => OutputType { non_null: false, kind: self.kind(names, name, below)? },
        })
    }

    fn kind(&mut self, names: &mut Names, name: &'a str, below: &[&'a Node]) -> Result<OutputKind, String> {
        if self.schema.is_composite(name) {
            return Ok(OutputKind::Composite(Box::new(self.selection(names, name, below)?)));
        }
        Ok(OutputKind::Leaf(match name {
            "Int" => Leaf::Int,
            "Float" => Leaf::Float,
            "String" => Leaf::String,
            "Boolean" => Leaf::Boolean,
            "ID" => Leaf::Id,
            _ => match self.schema.definition(name) {
                Some(TypeDefinition::Enum(enumeration)) => {
                    Leaf::Enum(enumeration.values.iter().map(|value| names.id(&value.name)).collect())
                }
                Some(_) => Leaf::Custom,
                None => return Err(format!("type {name} is not part of the API schema")),
            },
        }))
    }
}

fn key<'a>(type_name: &'a str, nodes: &[&'a Node]) -> (&'a str, Vec<*const Node>) {
    (type_name, nodes.iter().map(|node| std::ptr::from_ref(*node)).collect())
}

fn too_large() -> String {
    format!("it selects more than {MAX_FIELDS} fields when it is spelled out for every possible type")
}

/// The fields that `nodes` select on objects of type `object`, by response key in the order of their first
/// occurrence.
pub(crate) fn collect<'a>(
    schema: &ApiSchema,
    object: &str,
    nodes: &[&'a Node],
) -> Vec<(&'a str, Vec<&'a FieldNode>)> {
    let mut groups = Vec::new();
    gather(schema, object, nodes, &mut groups, &mut HashMap::new());
    groups
}

fn gather<'a>(
    schema: &ApiSchema,
    object: &str,
    nodes: &[&'a Node],
    groups: &mut Vec<(&'a str, Vec<&'a FieldNode>)>,
    known: &mut HashMap<&'a str, usize>,
) {
    for node in nodes {
        match node {
            Node::Field(field) => {
                let index = *known.entry(&field.key).or_insert(groups.len());
                match groups.get_mut(index) {
                    Some((_, same)) => same.push(field),
                    None => groups.push((&field.key, vec![field])),
                }
            }
            Node::On { condition, selections } => {
                if schema.possible_types(condition).iter().any(|possible| possible == object) {
                    gather(schema, object, &selections.iter().collect::<Vec<_>>(), groups, known);
                }
            }
        }
    }
}

/// The named type of a field of `parent`, if it is composite.
pub(crate) fn composite_type<'a>(schema: &'a ApiSchema, parent: &str, field: &str) -> Option<&'a str> {
    let name = named(&schema.field(parent, field)?.field_type);
    schema.is_composite(name).then_some(name)
}
