//! A subgraph that answers any query over a [`Dataset`]: a small GraphQL executor for tests.
//!
//! It takes the query as valid (the planner made it) and resolves every field by its name, whatever its
//! arguments are.

use graphql_parser::query::{
    Definition, Document, Field as QueryField, OperationDefinition, Selection, SelectionSet, TypeCondition,
    parse_query,
};
use serde_json::{Map, Value as Json};

use crate::dataset::{Dataset, Field, Object};

/// Executes the body of a call and returns the response.
pub fn execute(dataset: &Dataset, body: &Json) -> Json {
    let text = body.get("query").and_then(Json::as_str).expect("a call has a query");
    let document = parse_query::<String>(text).expect("a call's query parses");
    let (root, selection) = document
        .definitions
        .iter()
        .find_map(|definition| match definition {
            Definition::Operation(OperationDefinition::SelectionSet(set)) => Some(("Query", set)),
            Definition::Operation(OperationDefinition::Query(query)) => Some(("Query", &query.selection_set)),
            Definition::Operation(OperationDefinition::Mutation(m)) => Some(("Mutation", &m.selection_set)),
            _ => None,
        })
        .expect("a call has an operation");
    let run = Run { dataset, document: &document, variables: body.get("variables").unwrap_or(&Json::Null) };
    let mut data = Map::new();
    run.object(dataset.root(root), selection, &mut data);
    serde_json::json!({ "data": data })
}

struct Run<'a> {
    dataset: &'a Dataset,
    document: &'a Document<'a, String>,
    variables: &'a Json,
}

impl<'a> Run<'a> {
    fn object(&self, object: Object<'a>, set: &SelectionSet<'a, String>, out: &mut Map<String, Json>) {
        for item in &set.items {
            match item {
                Selection::Field(field) => {
                    let key = field.alias.as_ref().unwrap_or(&field.name).clone();
                    let value = self.field(object, field);
                    match (out.get_mut(&key), value) {
                        (Some(Json::Object(old)), Json::Object(new)) => old.extend(new),
                        (_, value) => {
                            out.insert(key, value);
                        }
                    }
                }
                Selection::InlineFragment(fragment) => {
                    if applies(object, fragment.type_condition.as_ref()) {
                        self.object(object, &fragment.selection_set, out);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    for definition in &self.document.definitions {
                        if let Definition::Fragment(fragment) = definition
                            && fragment.name == spread.fragment_name
                            && applies(object, Some(&fragment.type_condition))
                        {
                            self.object(object, &fragment.selection_set, out);
                        }
                    }
                }
            }
        }
    }

    fn field(&self, object: Object<'a>, field: &QueryField<'a, String>) -> Json {
        match field.name.as_str() {
            "__typename" => Json::from(object.type_name),
            "_entities" => {
                let variable = field.arguments.iter().find_map(|(name, value)| match value {
                    graphql_parser::query::Value::Variable(variable) if name == "representations" => {
                        Some(variable)
                    }
                    _ => None,
                });
                let representations = self.variables.get(variable.expect("_entities has representations"));
                let representations =
                    representations.and_then(Json::as_array).expect("representations are a list");
                let entities = representations.iter().map(|representation| {
                    self.dataset
                        .entity(representation)
                        .map_or(Json::Null, |entity| self.select(entity, field))
                });
                Json::Array(entities.collect())
            }
            name => self.value(object.field(name), field),
        }
    }

    fn value(&self, value: Field<'a>, field: &QueryField<'a, String>) -> Json {
        match value {
            Field::Leaf(json) => json.clone(),
            Field::Object(object) => self.select(object, field),
            Field::List(items) => {
                Json::Array(items.into_iter().map(|item| self.value(item, field)).collect())
            }
        }
    }

    fn select(&self, object: Object<'a>, field: &QueryField<'a, String>) -> Json {
        let mut out = Map::new();
        self.object(object, &field.selection_set, &mut out);
        Json::Object(out)
    }
}

/// Type conditions name object types or abstract types that hold them: the planner only narrows to types
/// that are possible, so a condition applies if it names the object's type or none that the data has.
fn applies(object: Object<'_>, condition: Option<&TypeCondition<'_, String>>) -> bool {
    match condition {
        None => true,
        Some(TypeCondition::On(name)) => {
            name == object.type_name || matches!(name.as_str(), "Thing" | "Query" | "Mutation")
        }
    }
}
