//! Which subgraph has what: the join directives of the supergraph (join spec v0.1 to v0.5), indexed.
//!
//! Read from the SDL itself and not from the planning library, so that the checker of its plans and the second
//! planner stand on their own.

use std::collections::HashMap;

use graphql_tools::static_graphql::schema::{
    Definition, Directive, Document, Field, Type, TypeDefinition, Value,
};

use crate::field_set::{self, FieldSet};
use crate::schema::named;

/// The composite types of the supergraph, inaccessible ones too, with their joins.
pub(crate) struct Joins {
    types: HashMap<String, TypeJoins>,
    /// Value of join__Graph -> name of the subgraph; sorted by name.
    graphs: Vec<(String, String)>,
    query: String,
    mutation: Option<String>,
}

/// What stands on a composite type.
pub(crate) struct TypeJoins {
    pub(crate) kind: Kind,
    pub(crate) joins: Vec<TypeJoin>,
    /// Subgraph and interface that the type implements there.
    implements: Vec<(String, String)>,
    /// Subgraph and member of the union there.
    members: Vec<(String, String)>,
    fields: HashMap<String, FieldJoins>,
    /// Object types within an abstract type, in any subgraph, sorted; the type itself for an object type.
    possible: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Interface,
    Union,
}

/// `@join__type`: one per subgraph and key.
pub(crate) struct TypeJoin {
    pub(crate) graph: String,
    pub(crate) key: Option<FieldSet>,
    pub(crate) resolvable: bool,
    pub(crate) interface_object: bool,
}

/// A field and its `@join__field`s.
pub(crate) struct FieldJoins {
    pub(crate) ty: Type,
    pub(crate) joins: Vec<FieldJoin>,
}

/// `@join__field`.
pub(crate) struct FieldJoin {
    /// `None`: the field comes from an interface object.
    pub(crate) graph: Option<String>,
    pub(crate) requires: Option<FieldSet>,
    pub(crate) provides: Option<FieldSet>,
    ty: Option<String>,
    external: bool,
    overrides: bool,
    used_overridden: bool,
    label: Option<String>,
}

/// How a subgraph comes by a field.
#[derive(Clone, Copy)]
pub(crate) enum Resolution<'a> {
    /// It resolves it.
    Local,
    /// It resolves it from a representation that holds these fields too.
    Requires(&'a FieldSet),
    /// It knows the field but doesn't resolve it, except where it is provided.
    External,
}

/// Which labels of progressive overrides are active.
#[derive(Clone, Copy)]
pub(crate) struct ActiveLabels<'a> {
    /// The names of those that are.
    pub(crate) custom: &'a [String],
    /// Where this operation stands between 0 and 100 (in steps of 1e-8): a share above it is active.
    pub(crate) lot: u64,
}

/// Steps per percent of [`ActiveLabels::lot`].
pub(crate) const LOT_SCALE: u64 = 100_000_000;

impl ActiveLabels<'_> {
    fn is_active(&self, label: &str) -> bool {
        match label.strip_prefix("percent(").and_then(|rest| rest.strip_suffix(')')) {
            Some(share) => share.trim().parse::<f64>().is_ok_and(|share| {
                #[allow(clippy::cast_precision_loss)]
                let lot = self.lot as f64 / LOT_SCALE as f64;
                lot < share
            }),
            None => self.custom.iter().any(|custom| custom == label),
        }
    }
}

impl Joins {
    /// `None` if there is no query type.
    pub(crate) fn new(document: &Document) -> Option<Joins> {
        let mut joins = Joins {
            types: HashMap::new(),
            graphs: Vec::new(),
            query: document.query_type_name()?.clone(),
            mutation: document.mutation_type_name().cloned(),
        };
        for definition in &document.definitions {
            let Definition::TypeDefinition(definition) = definition else { continue };
            match definition {
                TypeDefinition::Enum(graphs) if graphs.name == "join__Graph" => {
                    joins.graphs = graphs
                        .values
                        .iter()
                        .filter_map(|value| {
                            let graph = value.directives.iter().find(|d| d.name == "join__graph")?;
                            Some((value.name.clone(), text(graph, "name")?.trim().to_owned()))
                        })
                        .collect();
                    joins.graphs.sort_by(|a, b| a.1.cmp(&b.1));
                }
                TypeDefinition::Object(object) => {
                    joins.add(&object.name, Kind::Object, &object.directives, &object.fields);
                }
                TypeDefinition::Interface(interface) => {
                    joins.add(&interface.name, Kind::Interface, &interface.directives, &interface.fields);
                }
                TypeDefinition::Union(union) => joins.add(&union.name, Kind::Union, &union.directives, &[]),
                TypeDefinition::Scalar(_) | TypeDefinition::Enum(_) | TypeDefinition::InputObject(_) => {}
            }
        }
        let mut possible: HashMap<String, Vec<String>> = HashMap::new();
        for (name, ty) in &joins.types {
            match ty.kind {
                Kind::Object => {
                    possible.entry(name.clone()).or_default().push(name.clone());
                    for (_, interface) in &ty.implements {
                        possible.entry(interface.clone()).or_default().push(name.clone());
                    }
                }
                Kind::Union => {
                    let members = ty.members.iter().map(|(_, member)| member.clone());
                    possible.entry(name.clone()).or_default().extend(members);
                }
                Kind::Interface => {}
            }
        }
        for (name, mut types) in possible {
            types.sort_unstable();
            types.dedup();
            if let Some(ty) = joins.types.get_mut(&name) {
                ty.possible = types;
            }
        }
        Some(joins)
    }

    fn add(&mut self, name: &str, kind: Kind, directives: &[Directive], fields: &[Field]) {
        let of = |wanted: &'static str| directives.iter().filter(move |d| d.name == wanted);
        let joins = of("join__type").filter_map(|directive| {
            Some(TypeJoin {
                graph: text(directive, "graph")?.to_owned(),
                key: text(directive, "key").and_then(field_set::parse),
                resolvable: flag(directive, "resolvable").unwrap_or(true),
                interface_object: flag(directive, "isInterfaceObject").unwrap_or(false),
            })
        });
        let pairs = |wanted, key| {
            of(wanted)
                .filter_map(|d| Some((text(d, "graph")?.to_owned(), text(d, key)?.to_owned())))
                .collect::<Vec<_>>()
        };
        let ty = TypeJoins {
            kind,
            joins: joins.collect(),
            implements: pairs("join__implements", "interface"),
            members: pairs("join__unionMember", "member"),
            fields: fields.iter().map(|field| (field.name.clone(), field_joins(field))).collect(),
            possible: Vec::new(),
        };
        self.types.insert(name.to_owned(), ty);
    }

    pub(crate) fn query_type(&self) -> &str {
        &self.query
    }

    pub(crate) fn is_root(&self, ty: &str) -> bool {
        ty == self.query || self.mutation.as_deref() == Some(ty)
    }

    /// All subgraphs as (value of join__Graph, name), sorted by name.
    pub(crate) fn graphs(&self) -> &[(String, String)] {
        &self.graphs
    }

    pub(crate) fn ty(&self, name: &str) -> Option<(&str, &TypeJoins)> {
        self.types.get_key_value(name).map(|(name, ty)| (name.as_str(), ty))
    }

    /// The names of labels in `@override(label:)`, sorted.
    pub(crate) fn labels(&self) -> Vec<&str> {
        let joins = self.types.values().flat_map(|ty| ty.fields.values()).flat_map(|field| &field.joins);
        let labels = joins.filter_map(|join| join.label.as_deref());
        let mut labels: Vec<&str> = labels.filter(|label| !label.starts_with("percent(")).collect();
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// Whether `name` is an object, interface or union type.
    pub(crate) fn is_composite(&self, name: &str) -> bool {
        self.types.contains_key(name)
    }

    /// Whether `name` is an interface or union type of the supergraph.
    pub(crate) fn is_abstract(&self, name: &str) -> bool {
        self.types.get(name).is_some_and(|ty| ty.kind != Kind::Object)
    }

    /// Whether the interface `name` is an object type in `graph`.
    pub(crate) fn is_interface_object(&self, graph: &str, name: &str) -> bool {
        self.types
            .get(name)
            .is_some_and(|ty| ty.joins.iter().any(|join| join.graph == graph && join.interface_object))
    }

    /// Whether `graph` has the type.
    pub(crate) fn has_type(&self, graph: &str, name: &str) -> bool {
        self.types.get(name).is_some_and(|ty| ty.joins.iter().any(|join| join.graph == graph))
    }

    /// The object types within `name`, whichever subgraph returns them.
    pub(crate) fn possible(&self, name: &str) -> &[String] {
        self.types.get(name).map_or(&[], |ty| ty.possible.as_slice())
    }

    /// The object types that `graph` may return where it promises `name`; none for an interface object.
    pub(crate) fn possible_in<'a>(&'a self, graph: &str, name: &str) -> Vec<&'a str> {
        let Some((name, ty)) = self.ty(name) else { return Vec::new() };
        match ty.kind {
            Kind::Object => vec![name],
            Kind::Union => {
                ty.members.iter().filter(|(g, _)| g == graph).map(|(_, member)| member.as_str()).collect()
            }
            Kind::Interface => ty
                .possible
                .iter()
                .filter(|object| self.implements_in(graph, object, name))
                .map(String::as_str)
                .collect(),
        }
    }

    fn implements_in(&self, graph: &str, object: &str, interface: &str) -> bool {
        let implements = |ty: &TypeJoins| ty.implements.iter().any(|(g, i)| g == graph && i == interface);
        self.types.get(object).is_some_and(implements)
    }

    /// The interfaces of an object type, in any subgraph.
    pub(crate) fn interfaces(&self, object: &str) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .types
            .get(object)
            .map_or(&[][..], |ty| &ty.implements)
            .iter()
            .map(|(_, interface)| interface.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether every object that is a `name` satisfies the type condition.
    pub(crate) fn satisfies(&self, name: &str, condition: &str) -> bool {
        if name == condition {
            return true;
        }
        let within = self.possible(condition);
        let own = self.possible(name);
        !own.is_empty() && own.iter().all(|object| within.binary_search(object).is_ok())
    }

    /// The field as the supergraph has it.
    pub(crate) fn field(&self, ty: &str, field: &str) -> Option<(&str, &FieldJoins)> {
        self.types.get(ty)?.fields.get_key_value(field).map(|(name, field)| (name.as_str(), field))
    }

    /// What `graph` knows of a field of the type; `None`: nothing.
    pub(crate) fn resolution<'a>(
        &'a self,
        graph: &str,
        ty: &str,
        field: &str,
        labels: &ActiveLabels<'_>,
    ) -> Option<Resolution<'a>> {
        if !self.has_type(graph, ty) {
            return None;
        }
        let (_, field) = self.field(ty, field)?;
        if field.joins.is_empty() {
            return Some(Resolution::Local);
        }
        let join = field.join(graph)?;
        let elsewhere = join.label.as_deref().is_some_and(|label| labels.is_active(label) != join.overrides);
        Some(match &join.requires {
            _ if elsewhere || (join.used_overridden && join.label.is_none()) => Resolution::External,
            Some(requires) => Resolution::Requires(requires),
            None if join.external => Resolution::External,
            None => Resolution::Local,
        })
    }

    /// The field's type in `graph`: there it may be narrower, or nullable.
    pub(crate) fn type_in(&self, graph: &str, ty: &str, field: &str) -> Option<String> {
        let (_, field) = self.field(ty, field)?;
        let own = field.join(graph).and_then(|join| join.ty.clone());
        Some(own.unwrap_or_else(|| field.ty.to_string()))
    }

    /// The field set that `graph` provides below the field.
    pub(crate) fn provides(&self, graph: &str, ty: &str, field: &str) -> Option<&FieldSet> {
        self.field(ty, field)?.1.join(graph)?.provides.as_ref()
    }
}

impl FieldJoins {
    fn join(&self, graph: &str) -> Option<&FieldJoin> {
        self.joins.iter().find(|join| join.graph.as_deref() == Some(graph))
    }

    /// The name at the core of its type.
    pub(crate) fn named(&self) -> &str {
        named(&self.ty)
    }
}

/// The name at the core of a type's text: `[User!]!` is `User`.
pub(crate) fn core_of(ty: &str) -> &str {
    ty.trim_matches(|c| matches!(c, '[' | ']' | '!'))
}

fn field_joins(field: &Field) -> FieldJoins {
    let joins = field.directives.iter().filter(|directive| directive.name == "join__field");
    let joins = joins.map(|directive| FieldJoin {
        graph: text(directive, "graph").map(ToOwned::to_owned),
        requires: text(directive, "requires").and_then(field_set::parse),
        provides: text(directive, "provides").and_then(field_set::parse),
        ty: text(directive, "type").map(ToOwned::to_owned),
        external: flag(directive, "external").unwrap_or(false),
        overrides: text(directive, "override").is_some(),
        used_overridden: flag(directive, "usedOverridden").unwrap_or(false),
        label: text(directive, "overrideLabel").map(ToOwned::to_owned),
    });
    FieldJoins { ty: field.field_type.clone(), joins: joins.collect() }
}

fn text<'a>(directive: &'a Directive, argument: &str) -> Option<&'a str> {
    directive.arguments.iter().find_map(|(name, value)| match value {
        Value::String(text) | Value::Enum(text) if name == argument => Some(text.as_str()),
        _ => None,
    })
}

fn flag(directive: &Directive, argument: &str) -> Option<bool> {
    directive.arguments.iter().find_map(|(name, value)| match value {
        Value::Boolean(value) if name == argument => Some(*value),
        _ => None,
    })
}
