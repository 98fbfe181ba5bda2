//! Execution of an operation (GraphQL §6), word by word.

use graphql_parser::query::{
    Definition, Directive, Document, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    TypeCondition, VariableDefinition, parse_query,
};
use graphql_parser::schema::Type;
use serde_json::{Map, Value as Json, json};

use super::coercion;
use super::ordered::Ordered;
use crate::schema::{Schema, TypeRef};

/// Where the values of fields come from.
pub trait Source {
    /// An object in the making.
    type Object: Clone;

    /// Its type, which the schema knows.
    fn type_name(&self, object: &Self::Object) -> String;

    /// The value of one of its fields.
    ///
    /// # Errors
    /// Why there is none: a field error.
    fn resolve(
        &self,
        object: &Self::Object,
        field: &str,
        arguments: &Map<String, Json>,
    ) -> Result<Resolved<Self::Object>, String>;
}

/// What a field resolves to.
#[derive(Debug, Clone)]
pub enum Resolved<O> {
    /// Null.
    Null,
    /// A scalar or enum value.
    Leaf(Json),
    /// An object.
    Object(O),
    /// A list.
    List(Vec<Resolved<O>>),
    /// Not even null: a careless server leaves the field out.
    Missing,
}

/// Whether a server holds what its schema promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// It checks every value, and nulls what does not fit (§6.4.3, §6.4.4).
    Careful,
    /// It sends whatever it has.
    Careless,
}

/// A response (GraphQL §7.1).
#[derive(Debug, Clone)]
pub struct Response {
    /// `data`
    pub data: Ordered,
    /// `errors`, each with message and path.
    pub errors: Vec<Json>,
}

impl Response {
    /// A request error: there is no data.
    pub fn refused(message: &str) -> Response {
        Response { data: Ordered::Null, errors: vec![json!({ "message": message })] }
    }

    /// The body that a server would send.
    pub fn body(&self) -> String {
        if self.errors.is_empty() {
            return format!("{{\"data\": {}}}", self.data);
        }
        format!("{{\"data\": {}, \"errors\": {}}}", self.data, Json::Array(self.errors.clone()))
    }
}

/// Executes the only operation of `text`, which must be valid. `roots` are the query and the mutation root.
pub fn execute<S: Source>(
    schema: &Schema,
    source: &S,
    roots: (S::Object, S::Object),
    text: &str,
    variables: &Json,
    care: Care,
) -> Response {
    let document = match parse_query::<String>(text) {
        Ok(document) => document.into_static(),
        Err(error) => return Response::refused(&error.to_string()),
    };
    let Some((is_mutation, definitions, set)) = operation(&document) else {
        return Response::refused("no operation");
    };
    let variables = match coercion::variables(schema, definitions, variables) {
        Ok(variables) => variables,
        Err(message) => return Response::refused(&message),
    };
    let fragments = document.definitions.iter().filter_map(|definition| match definition {
        Definition::Fragment(fragment) => Some(fragment),
        Definition::Operation(_) => None,
    });
    let mut run = Run {
        schema,
        source,
        fragments: fragments.collect(),
        variables,
        care,
        errors: Vec::new(),
        path: Vec::new(),
    };
    // Fields are executed one after the other, which is right for queries and mutations alike (§6.2.2).
    let root = if is_mutation { roots.1 } else { roots.0 };
    let data = run.selection_set(&root, &[set]).unwrap_or(Ordered::Null);
    Response { data, errors: run.errors }
}

type Parsed<'d> = (bool, &'d [VariableDefinition<'static, String>], &'d SelectionSet<'static, String>);

fn operation<'d>(document: &'d Document<'static, String>) -> Option<Parsed<'d>> {
    document.definitions.iter().find_map(|definition| match definition {
        Definition::Operation(OperationDefinition::SelectionSet(set)) => Some((false, &[][..], set)),
        Definition::Operation(OperationDefinition::Query(query)) => {
            Some((false, query.variable_definitions.as_slice(), &query.selection_set))
        }
        Definition::Operation(OperationDefinition::Mutation(mutation)) => {
            Some((true, mutation.variable_definitions.as_slice(), &mutation.selection_set))
        }
        _ => None,
    })
}

/// A field error has reached a position that may not be null: the parent becomes null (§6.4.4).
struct Nulled;

struct Run<'d, S: Source> {
    schema: &'d Schema,
    source: &'d S,
    fragments: Vec<&'d FragmentDefinition<'static, String>>,
    variables: Map<String, Json>,
    care: Care,
    errors: Vec<Json>,
    path: Vec<Json>,
}

type Groups<'d> = Vec<(&'d str, Vec<&'d Field<'static, String>>)>;

impl<'d, S: Source> Run<'d, S> {
    /// `ExecuteSelectionSet` (§6.3) for the merged sets.
    fn selection_set(
        &mut self,
        object: &S::Object,
        sets: &[&'d SelectionSet<'static, String>],
    ) -> Result<Ordered, Nulled> {
        let type_name = self.source.type_name(object);
        let mut groups = Groups::new();
        let mut visited = Vec::new();
        for set in sets {
            self.collect(&type_name, set, &mut visited, &mut groups);
        }
        let mut fields = Vec::new();
        for (key, group) in groups {
            self.path.push(Json::from(key));
            let value = self.field(object, &type_name, &group);
            self.path.pop();
            if let Some(value) = value? {
                fields.push((key.to_owned(), value));
            }
        }
        Ok(Ordered::Object(fields))
    }

    /// `CollectFields` (§6.3.2).
    fn collect(
        &self,
        type_name: &str,
        set: &'d SelectionSet<'static, String>,
        visited: &mut Vec<&'d str>,
        groups: &mut Groups<'d>,
    ) {
        for selection in &set.items {
            match selection {
                Selection::Field(field) if self.included(&field.directives) => {
                    let key = field.alias.as_ref().unwrap_or(&field.name);
                    match groups.iter_mut().find(|(found, _)| found == key) {
                        Some((_, group)) => group.push(field),
                        None => groups.push((key, vec![field])),
                    }
                }
                Selection::FragmentSpread(spread) if self.included(&spread.directives) => {
                    if visited.contains(&spread.fragment_name.as_str()) {
                        continue;
                    }
                    visited.push(&spread.fragment_name);
                    let fragment =
                        self.fragments.iter().find(|fragment| fragment.name == spread.fragment_name);
                    if let Some(fragment) = fragment
                        && self.applies(type_name, Some(&fragment.type_condition))
                    {
                        self.collect(type_name, &fragment.selection_set, visited, groups);
                    }
                }
                Selection::InlineFragment(inline)
                    if self.included(&inline.directives)
                        && self.applies(type_name, inline.type_condition.as_ref()) =>
                {
                    self.collect(type_name, &inline.selection_set, visited, groups);
                }
                _ => {}
            }
        }
    }

    fn applies(&self, type_name: &str, condition: Option<&TypeCondition<'static, String>>) -> bool {
        condition.is_none_or(|TypeCondition::On(name)| self.schema.satisfies(type_name, name))
    }

    /// §3.13.1, §3.13.2
    fn included(&self, directives: &[Directive<'static, String>]) -> bool {
        directives.iter().all(|directive| {
            let condition = directive.arguments.iter().find(|(name, _)| name == "if");
            let value = condition.and_then(|(_, value)| coercion::literal(value, &self.variables));
            match directive.name.as_str() {
                "skip" => value != Some(Json::Bool(true)),
                "include" => value == Some(Json::Bool(true)),
                _ => true,
            }
        })
    }

    /// `ExecuteField` (§6.4).
    fn field(
        &mut self,
        object: &S::Object,
        type_name: &str,
        group: &[&'d Field<'static, String>],
    ) -> Result<Option<Ordered>, Nulled> {
        let schema = self.schema;
        let first = group[0];
        if first.name == "__typename" {
            return Ok(Some(Ordered::Scalar(Json::from(type_name))));
        }
        let Some(definition) = schema.field(type_name, &first.name) else {
            return self.error(&format!("{type_name} has no field {}", first.name)).map(Some);
        };
        let resolved = coercion::arguments(schema, &definition.arguments, &first.arguments, &self.variables)
            .and_then(|arguments| self.source.resolve(object, &first.name, &arguments));
        let sets: Vec<_> = group.iter().map(|field| &field.selection_set).collect();
        match resolved {
            Ok(Resolved::Missing) if self.care == Care::Careless => Ok(None),
            Ok(value) => self.complete(&definition.ty, value, &sets).map(Some),
            Err(message) => match self.error(&message) {
                Err(Nulled) if !matches!(definition.ty, Type::NonNullType(_)) => Ok(Some(Ordered::Null)),
                other => other.map(Some),
            },
        }
    }

    /// `CompleteValue` (§6.4.3), with errors handled as §6.4.4 says.
    fn complete(
        &mut self,
        ty: &TypeRef,
        value: Resolved<S::Object>,
        sets: &[&'d SelectionSet<'static, String>],
    ) -> Result<Ordered, Nulled> {
        if self.care == Care::Careless {
            return self.as_it_is(value, sets);
        }
        if let Type::NonNullType(inner) = ty {
            return match value {
                Resolved::Null | Resolved::Missing => self.error("null where null may not be"),
                // The inner position's own error has been told already.
                value => match self.nullable(inner, value, sets) {
                    Ok(Ordered::Null) | Err(Nulled) => Err(Nulled),
                    other => other,
                },
            };
        }
        self.nullable(ty, value, sets).or(Ok(Ordered::Null))
    }

    fn nullable(
        &mut self,
        ty: &TypeRef,
        value: Resolved<S::Object>,
        sets: &[&'d SelectionSet<'static, String>],
    ) -> Result<Ordered, Nulled> {
        match (ty, value) {
            (_, Resolved::Null | Resolved::Missing) => Ok(Ordered::Null),
            (Type::ListType(item), Resolved::List(items)) => {
                let mut completed = Vec::new();
                for (index, value) in items.into_iter().enumerate() {
                    self.path.push(Json::from(index));
                    let value = self.complete(item, value, sets);
                    self.path.pop();
                    completed.push(value?);
                }
                Ok(Ordered::List(completed))
            }
            (Type::NamedType(name), Resolved::Object(object)) => {
                let type_name = self.source.type_name(&object);
                if !self.schema.satisfies(&type_name, name) {
                    return self.error(&format!("{type_name} is no possible type of {name}"));
                }
                self.selection_set(&object, sets)
            }
            (Type::NamedType(name), Resolved::Leaf(json)) if !self.schema.is_composite(name) => {
                match coercion::result(self.schema, name, &json) {
                    Ok(()) => Ok(Ordered::from(json)),
                    Err(message) => self.error(&message),
                }
            }
            (Type::NonNullType(_), value) => self.complete(ty, value, sets),
            (ty, _) => self.error(&format!("a value that is not of type {ty}")),
        }
    }

    fn as_it_is(
        &mut self,
        value: Resolved<S::Object>,
        sets: &[&'d SelectionSet<'static, String>],
    ) -> Result<Ordered, Nulled> {
        Ok(match value {
            Resolved::Null | Resolved::Missing => Ordered::Null,
            Resolved::Leaf(json) => Ordered::from(json),
            Resolved::Object(object) => self.selection_set(&object, sets)?,
            Resolved::List(items) => {
                let items: Result<Vec<_>, _> =
                    items.into_iter().map(|item| self.as_it_is(item, sets)).collect();
                Ordered::List(items?)
            }
        })
    }

    fn error(&mut self, message: &str) -> Result<Ordered, Nulled> {
        self.errors.push(json!({"message": message, "path": self.path}));
        Err(Nulled)
    }
}
