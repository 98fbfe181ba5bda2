//! Holds `data` against the schema and the operation as GraphQL §6.4 does, knowing nothing of Weir: every
//! field that was asked for is there, in order, and is of its type; nothing is null that must not be.

use graphql_parser::query as q;
use graphql_parser::schema as s;

use crate::tree::Tree;

/// An operation and the schema that its results must fit.
pub(crate) struct Conformance {
    schema: s::Document<'static, String>,
    operation: q::Document<'static, String>,
}

struct Field<'a> {
    key: &'a str,
    name: &'a str,
    sets: Vec<&'a q::SelectionSet<'static, String>>,
}

impl Conformance {
    /// The operation must hold no directives and no fragment definitions, and ask each abstract position for
    /// `__typename` under this key.
    pub(crate) fn new(schema: &str, operation: &str) -> Conformance {
        let schema = s::parse_schema::<String>(schema).map(s::Document::into_static);
        let operation = q::parse_query::<String>(operation).map(q::Document::into_static);
        match (schema, operation) {
            (Ok(schema), Ok(operation)) => Conformance { schema, operation },
            (schema, operation) => panic!("{:?} {:?}", schema.err(), operation.err()),
        }
    }

    /// What is wrong with `data`, and where.
    ///
    /// # Errors
    /// The first thing found.
    pub(crate) fn check(&self, data: &Tree) -> Result<(), String> {
        if *data == Tree::Null {
            return Ok(());
        }
        let (root, set) = self
            .operation
            .definitions
            .iter()
            .find_map(|definition| match definition {
                q::Definition::Operation(q::OperationDefinition::Mutation(m)) => {
                    Some(("Mutation", &m.selection_set))
                }
                q::Definition::Operation(q::OperationDefinition::Query(query)) => {
                    Some(("Query", &query.selection_set))
                }
                q::Definition::Operation(q::OperationDefinition::SelectionSet(set)) => Some(("Query", set)),
                _ => None,
            })
            .ok_or("no operation")?;
        self.object(root, &[set], data, "data")
    }

    fn object(
        &self,
        ty: &str,
        sets: &[&q::SelectionSet<'static, String>],
        value: &Tree,
        at: &str,
    ) -> Result<(), String> {
        let Tree::Object(fields) = value else { return Err(format!("{at}: {value:?} is no {ty}")) };
        let runtime = match self.definition(ty) {
            Some(s::TypeDefinition::Object(_)) => ty,
            _ => match value.get("__typename") {
                Some(Tree::Text(name)) if self.possible(ty, name) => name,
                other => return Err(format!("{at}: {other:?} is no possible type of {ty}")),
            },
        };
        let mut wanted = Vec::new();
        sets.iter().for_each(|set| self.collect(runtime, set, &mut wanted));
        let keys: Vec<&str> = fields.iter().map(|(key, _)| key.as_str()).collect();
        let expected: Vec<&str> = wanted.iter().map(|field| field.key).collect();
        if keys != expected {
            return Err(format!("{at}: has {keys:?}, asked for {expected:?}"));
        }
        wanted.iter().zip(fields).try_for_each(|(field, (_, value))| {
            let at = format!("{at}.{}", field.key);
            if field.name == "__typename" {
                return match value {
                    Tree::Text(name) if name == runtime => Ok(()),
                    other => Err(format!("{at}: {other:?} is not {runtime}")),
                };
            }
            let ty = self.field_type(runtime, field.name).ok_or_else(|| format!("{at}: no such field"))?;
            self.value(ty, field, value, &at)
        })
    }

    fn collect<'a>(
        &self,
        runtime: &str,
        set: &'a q::SelectionSet<'static, String>,
        into: &mut Vec<Field<'a>>,
    ) {
        for item in &set.items {
            match item {
                q::Selection::Field(field) => {
                    let key = field.alias.as_ref().unwrap_or(&field.name);
                    match into.iter_mut().find(|earlier| earlier.key == key) {
                        Some(earlier) => earlier.sets.push(&field.selection_set),
                        None => into.push(Field { key, name: &field.name, sets: vec![&field.selection_set] }),
                    }
                }
                q::Selection::InlineFragment(inline) => {
                    let applies = inline.type_condition.as_ref().is_none_or(|q::TypeCondition::On(name)| {
                        name == runtime || self.possible(name, runtime)
                    });
                    if applies {
                        self.collect(runtime, &inline.selection_set, into);
                    }
                }
                q::Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn value(
        &self,
        ty: &s::Type<'static, String>,
        field: &Field<'_>,
        value: &Tree,
        at: &str,
    ) -> Result<(), String> {
        match (ty, value) {
            (s::Type::NonNullType(_), Tree::Null) => Err(format!("{at}: is null, but its type is {ty}")),
            (s::Type::NonNullType(inner), _) => self.value(inner, field, value, at),
            (_, Tree::Null) => Ok(()),
            (s::Type::ListType(inner), Tree::List(items)) => items
                .iter()
                .enumerate()
                .try_for_each(|(n, item)| self.value(inner, field, item, &format!("{at}.{n}"))),
            (s::Type::ListType(_), _) => Err(format!("{at}: {value:?} is no {ty}")),
            (s::Type::NamedType(name), _) => self.named(name, field, value, at),
        }
    }

    fn named(&self, name: &str, field: &Field<'_>, value: &Tree, at: &str) -> Result<(), String> {
        let fits = match (name, self.definition(name)) {
            ("Int", _) => match value {
                Tree::Integer(n) => i32::try_from(*n).is_ok(),
                // GraphQL §3.5.1 lets a whole float through.
                Tree::Float(n) => n.fract() == 0.0 && *n >= f64::from(i32::MIN) && *n <= f64::from(i32::MAX),
                _ => false,
            },
            ("Float", _) => matches!(value, Tree::Integer(_) | Tree::Float(_)),
            ("String", _) => matches!(value, Tree::Text(_)),
            ("ID", _) => match value {
                Tree::Text(_) | Tree::Integer(_) => true,
                // A whole number beyond 128 bits, or -0.
                Tree::Float(n) => n.fract() == 0.0,
                _ => false,
            },
            ("Boolean", _) => matches!(value, Tree::Bool(_)),
            (_, Some(s::TypeDefinition::Enum(of))) => match value {
                Tree::Text(text) => of.values.iter().any(|value| value.name == *text),
                _ => false,
            },
            (_, Some(s::TypeDefinition::Scalar(_))) => true,
            _ => return self.object(name, &field.sets, value, at),
        };
        if fits { Ok(()) } else { Err(format!("{at}: {value:?} is no {name}")) }
    }

    fn definition(&self, name: &str) -> Option<&s::TypeDefinition<'static, String>> {
        self.schema.definitions.iter().find_map(|definition| match definition {
            s::Definition::TypeDefinition(ty) if type_name(ty) == name => Some(ty),
            _ => None,
        })
    }

    fn possible(&self, ty: &str, object: &str) -> bool {
        match (self.definition(ty), self.definition(object)) {
            (Some(s::TypeDefinition::Union(union)), _) => union.types.iter().any(|member| member == object),
            (Some(s::TypeDefinition::Interface(_)), Some(s::TypeDefinition::Object(object))) => {
                object.implements_interfaces.iter().any(|interface| interface == ty)
            }
            _ => ty == object,
        }
    }

    fn field_type(&self, object: &str, name: &str) -> Option<&s::Type<'static, String>> {
        let Some(s::TypeDefinition::Object(object)) = self.definition(object) else { return None };
        object.fields.iter().find(|field| field.name == name).map(|field| &field.field_type)
    }
}

fn type_name<'a>(ty: &'a s::TypeDefinition<'static, String>) -> &'a str {
    match ty {
        s::TypeDefinition::Scalar(ty) => &ty.name,
        s::TypeDefinition::Object(ty) => &ty.name,
        s::TypeDefinition::Interface(ty) => &ty.name,
        s::TypeDefinition::Union(ty) => &ty.name,
        s::TypeDefinition::Enum(ty) => &ty.name,
        s::TypeDefinition::InputObject(ty) => &ty.name,
    }
}
