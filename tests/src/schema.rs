//! A GraphQL schema as the tests see it: read by another parser than Weir's, and with no code of Weir's.

use std::collections::BTreeMap;

use graphql_parser::schema::{
    Definition, Directive, Document, Field, InputValue, SchemaDefinition, Type, TypeDefinition,
    TypeExtension, Value, parse_schema,
};

/// A type reference, such as `[ID!]!`.
pub type TypeRef = Type<'static, String>;
/// A literal.
pub type Literal = Value<'static, String>;
/// An applied directive.
pub type Applied = Directive<'static, String>;

/// The types of a schema by name, `extend type` merged into what it extends.
#[derive(Debug, Clone)]
pub struct Schema {
    /// All types that the document defines or that are built in.
    pub types: BTreeMap<String, TypeDef>,
    /// Name of the query root type.
    pub query: String,
    /// Name of the mutation root type, if it has one.
    pub mutation: Option<String>,
}

/// What kind of type a [`TypeDef`] is (GraphQL §3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `scalar`
    Scalar,
    /// `type`
    Object,
    /// `interface`
    Interface,
    /// `union`
    Union,
    /// `enum`
    Enum,
    /// `input`
    Input,
}

/// A named type.
#[derive(Debug, Clone)]
pub struct TypeDef {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Output fields of an object or interface, in order.
    pub fields: Vec<FieldDef>,
    /// Input fields of an input object.
    pub inputs: Vec<InputDef>,
    /// Members of a union.
    pub members: Vec<String>,
    /// Interfaces that an object or interface implements.
    pub interfaces: Vec<String>,
    /// Values of an enum.
    pub values: Vec<String>,
    /// Directives on the type and on its extensions.
    pub directives: Vec<Applied>,
}

/// An output field.
#[derive(Debug, Clone)]
pub struct FieldDef {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub arguments: Vec<InputDef>,
    /// Its type.
    pub ty: TypeRef,
    /// Directives on it.
    pub directives: Vec<Applied>,
}

/// An argument or an input field.
#[derive(Debug, Clone)]
pub struct InputDef {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: TypeRef,
    /// Its default.
    pub default: Option<Literal>,
    /// Directives on it.
    pub directives: Vec<Applied>,
}

impl InputDef {
    /// Whether a value must be given.
    pub fn is_required(&self) -> bool {
        matches!(self.ty, Type::NonNullType(_)) && self.default.is_none()
    }
}

/// The named type inside a type reference.
pub fn named(ty: &TypeRef) -> &str {
    match ty {
        Type::NamedType(name) => name,
        Type::ListType(inner) | Type::NonNullType(inner) => named(inner),
    }
}

/// The string argument `name` of the first directive `directive`.
pub fn argument<'d>(directives: &'d [Applied], directive: &str, name: &str) -> Option<&'d Literal> {
    let applied = directives.iter().find(|applied| applied.name == directive)?;
    applied.arguments.iter().find(|(argument, _)| argument == name).map(|(_, value)| value)
}

/// Whether a directive is applied.
pub fn has(directives: &[Applied], directive: &str) -> bool {
    directives.iter().any(|applied| applied.name == directive)
}

impl Schema {
    /// Reads a schema as written.
    ///
    /// # Panics
    /// If the text does not parse: test data is right or the test is red.
    pub fn parse(sdl: &str) -> Schema {
        let document =
            parse_schema::<String>(sdl).unwrap_or_else(|error| panic!("{error} in:\n{sdl}")).into_static();
        Schema::of(document)
    }

    /// The API schema of a supergraph: what clients see, without `@inaccessible` parts and federation's own.
    ///
    /// # Panics
    /// If the text does not parse.
    pub fn api_of_supergraph(sdl: &str) -> Schema {
        let mut schema = Schema::parse(sdl);
        let machinery =
            |name: &str| ["join__", "link__", "core__"].iter().any(|prefix| name.starts_with(prefix));
        let hidden = |directives: &[Applied]| has(directives, "inaccessible");
        schema.types.retain(|name, ty| !machinery(name) && !hidden(&ty.directives));
        let names: Vec<String> = schema.types.keys().cloned().collect();
        for ty in schema.types.values_mut() {
            ty.fields
                .retain(|field| !hidden(&field.directives) && names.iter().any(|n| n == named(&field.ty)));
            for field in &mut ty.fields {
                field.arguments.retain(|argument| !hidden(&argument.directives));
            }
            ty.inputs.retain(|input| !hidden(&input.directives));
            ty.members.retain(|member| names.contains(member));
            ty.interfaces.retain(|interface| names.contains(interface));
        }
        schema
    }

    fn of(document: Document<'static, String>) -> Schema {
        let mut schema = Schema { types: BTreeMap::new(), query: "Query".to_owned(), mutation: None };
        for name in ["Int", "Float", "String", "Boolean", "ID"] {
            schema.types.insert(name.to_owned(), TypeDef::new(name, Kind::Scalar));
        }
        let mut roots: Option<SchemaDefinition<'static, String>> = None;
        for definition in document.definitions {
            match definition {
                Definition::SchemaDefinition(definition) => roots = Some(definition),
                Definition::TypeDefinition(definition) => schema.define(definition),
                Definition::TypeExtension(extension) => schema.extend(extension),
                Definition::DirectiveDefinition(_) => {}
            }
        }
        match roots {
            Some(roots) => {
                schema.query = roots.query.unwrap_or(schema.query);
                schema.mutation = roots.mutation;
            }
            None => {
                schema.mutation = schema.types.contains_key("Mutation").then(|| "Mutation".to_owned());
            }
        }
        schema
    }

    fn named_mut(&mut self, name: String, kind: Kind, directives: Vec<Applied>) -> &mut TypeDef {
        let ty = self.types.entry(name.clone()).or_insert_with(|| TypeDef::new(&name, kind));
        ty.directives.extend(directives);
        ty
    }

    fn define(&mut self, definition: TypeDefinition<'static, String>) {
        match definition {
            TypeDefinition::Scalar(ty) => {
                self.named_mut(ty.name, Kind::Scalar, ty.directives);
            }
            TypeDefinition::Object(ty) => {
                self.named_mut(ty.name, Kind::Object, ty.directives)
                    .output(ty.fields, ty.implements_interfaces);
            }
            TypeDefinition::Interface(ty) => {
                self.named_mut(ty.name, Kind::Interface, ty.directives)
                    .output(ty.fields, ty.implements_interfaces);
            }
            TypeDefinition::Union(ty) => {
                self.named_mut(ty.name, Kind::Union, ty.directives).members.extend(ty.types)
            }
            TypeDefinition::Enum(ty) => {
                let shown = ty.values.into_iter().filter(|value| !has(&value.directives, "inaccessible"));
                self.named_mut(ty.name, Kind::Enum, ty.directives)
                    .values
                    .extend(shown.map(|value| value.name));
            }
            TypeDefinition::InputObject(ty) => {
                self.named_mut(ty.name, Kind::Input, ty.directives)
                    .inputs
                    .extend(ty.fields.into_iter().map(input));
            }
        }
    }

    fn extend(&mut self, extension: TypeExtension<'static, String>) {
        match extension {
            TypeExtension::Object(ty) => {
                let mut directives = ty.directives;
                directives.push(Directive {
                    position: ty.position,
                    name: "extends".to_owned(),
                    arguments: Vec::new(),
                });
                self.named_mut(ty.name, Kind::Object, directives).output(ty.fields, ty.implements_interfaces);
            }
            TypeExtension::Interface(ty) => {
                self.named_mut(ty.name, Kind::Interface, ty.directives)
                    .output(ty.fields, ty.implements_interfaces);
            }
            other => panic!("the tests' subgraphs extend objects and interfaces only, not {other:?}"),
        }
    }

    /// A type by name.
    pub fn get(&self, name: &str) -> Option<&TypeDef> {
        self.types.get(name)
    }

    /// A type's field; `__typename` is none.
    pub fn field(&self, ty: &str, field: &str) -> Option<&FieldDef> {
        self.get(ty)?.fields.iter().find(|found| found.name == field)
    }

    /// Whether values of the type have selections.
    pub fn is_composite(&self, name: &str) -> bool {
        self.get(name).is_some_and(|ty| matches!(ty.kind, Kind::Object | Kind::Interface | Kind::Union))
    }

    /// Whether the type is an interface or union.
    pub fn is_abstract(&self, name: &str) -> bool {
        self.get(name).is_some_and(|ty| matches!(ty.kind, Kind::Interface | Kind::Union))
    }

    /// The object types that a value of the type may have (GraphQL §5.5.2.3 `GetPossibleTypes`).
    pub fn possible_types(&self, name: &str) -> Vec<&str> {
        let Some(ty) = self.get(name) else { return Vec::new() };
        match ty.kind {
            Kind::Object => vec![&ty.name],
            Kind::Union => ty.members.iter().map(String::as_str).collect(),
            Kind::Interface => {
                let objects = self.types.values().filter(|other| other.kind == Kind::Object);
                objects
                    .filter(|other| other.interfaces.contains(&ty.name))
                    .map(|other| other.name.as_str())
                    .collect()
            }
            Kind::Scalar | Kind::Enum | Kind::Input => Vec::new(),
        }
    }

    /// Whether an object of type `object` satisfies the type condition `condition`.
    pub fn satisfies(&self, object: &str, condition: &str) -> bool {
        self.possible_types(condition).contains(&object)
    }
}

impl TypeDef {
    fn new(name: &str, kind: Kind) -> TypeDef {
        TypeDef {
            name: name.to_owned(),
            kind,
            fields: Vec::new(),
            inputs: Vec::new(),
            members: Vec::new(),
            interfaces: Vec::new(),
            values: Vec::new(),
            directives: Vec::new(),
        }
    }

    fn output(&mut self, fields: Vec<Field<'static, String>>, interfaces: Vec<String>) {
        self.fields.extend(fields.into_iter().map(|field| FieldDef {
            name: field.name,
            arguments: field.arguments.into_iter().map(input).collect(),
            ty: field.field_type,
            directives: field.directives,
        }));
        self.interfaces.extend(interfaces);
    }
}

fn input(value: InputValue<'static, String>) -> InputDef {
    InputDef {
        name: value.name,
        ty: value.value_type,
        default: value.default_value,
        directives: value.directives,
    }
}

impl Schema {
    /// The schema as SDL without any directives, in alphabetical order; built-in scalars are left out.
    pub fn to_sdl(&self) -> String {
        let mut out = String::new();
        let types = self.types.values().filter(|ty| {
            !matches!(ty.name.as_str(), "Int" | "Float" | "String" | "Boolean" | "ID" | "_Any" | "_Service")
        });
        for ty in types {
            let keyword = match ty.kind {
                Kind::Scalar => "scalar",
                Kind::Object => "type",
                Kind::Interface => "interface",
                Kind::Union => "union",
                Kind::Enum => "enum",
                Kind::Input => "input",
            };
            out.push_str(&format!("{keyword} {}", ty.name));
            if !ty.interfaces.is_empty() {
                out.push_str(&format!(" implements {}", ty.interfaces.join(" & ")));
            }
            if ty.kind == Kind::Union {
                out.push_str(&format!(" = {}", ty.members.join(" | ")));
            }
            let mut lines: Vec<String> = ty.values.clone();
            lines.extend(ty.inputs.iter().map(input_text));
            lines.extend(ty.fields.iter().map(|field| {
                let arguments: Vec<String> = field.arguments.iter().map(input_text).collect();
                let arguments =
                    if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
                format!("{}{arguments}: {}", field.name, field.ty)
            }));
            if !lines.is_empty() {
                out.push_str(&format!(" {{\n  {}\n}}", lines.join("\n  ")));
            }
            out.push('\n');
        }
        out
    }
}

fn input_text(input: &InputDef) -> String {
    match &input.default {
        Some(default) => format!("{}: {} = {default}", input.name, input.ty),
        None => format!("{}: {}", input.name, input.ty),
    }
}
