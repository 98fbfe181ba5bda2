//! An operation with its conditions decided and its fragments spread and merged, as GraphQL §6.3.2 collects fields:
//! servers that differ in how they do that must agree on it.
//!
//! The demo's subgraphs are written with `async-graphql`, which executes plain operations rightly, but refuses
//! some valid ones, answers null where every field of an object is skipped, and asks fields of one response
//! key one by one.

use std::fmt::Write as _;

use graphql_parser::query::{
    Definition, Directive, Document, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    TypeCondition, Value, VariableDefinition, parse_query,
};
use serde_json::Value as Json;

use crate::schema::{Schema, named};

/// Asked of an object of which nothing is selected: an object `{"nothingSelected": …}` stands for an empty one.
const NOTHING: &str = "nothingSelected";

/// The same operation for these variables, without directives and fragments but `... on ObjectType` in abstract
/// positions. `text` must be valid, with one operation.
///
/// # Panics
/// If `text` does not parse.
pub fn plain(schema: &Schema, text: &str, variables: &Json) -> String {
    let document: Document<'static, String> =
        parse_query::<String>(text).unwrap_or_else(|error| panic!("{error}: {text}")).into_static();
    let mut fragments = Vec::new();
    let mut operation = None;
    for definition in &document.definitions {
        match definition {
            Definition::Fragment(fragment) => fragments.push(fragment),
            Definition::Operation(OperationDefinition::Mutation(mutation)) => {
                let root = schema.mutation.as_deref().unwrap_or_default();
                operation =
                    Some(("mutation", root, &mutation.variable_definitions[..], &mutation.selection_set));
            }
            Definition::Operation(OperationDefinition::Query(query)) => {
                operation =
                    Some(("query", &schema.query, &query.variable_definitions[..], &query.selection_set));
            }
            Definition::Operation(OperationDefinition::SelectionSet(set)) => {
                operation = Some(("query", &schema.query, &[][..], set));
            }
            Definition::Operation(OperationDefinition::Subscription(_)) => {}
        }
    }
    let Some((keyword, root, definitions, set)) = operation else { panic!("no operation: {text}") };
    let writer = Writer { schema, fragments, definitions, variables };
    let mut out = keyword.to_owned();
    writer.declarations(&mut out);
    writer.object(root, &[set], &mut out);
    out
}

/// `data` with its empty objects empty again.
pub fn without_placeholders(data: &str, schema: &Schema) -> String {
    let mut data = data.to_owned();
    for name in schema.types.keys() {
        data = data.replace(&format!("{{\"{NOTHING}\":\"{name}\"}}"), "{}");
    }
    data
}

struct Writer<'a> {
    schema: &'a Schema,
    fragments: Vec<&'a FragmentDefinition<'static, String>>,
    definitions: &'a [VariableDefinition<'static, String>],
    variables: &'a Json,
}

type Set = SelectionSet<'static, String>;
type Groups<'a> = Vec<(&'a str, Vec<&'a Field<'static, String>>)>;

impl<'a> Writer<'a> {
    fn declarations(&self, out: &mut String) {
        for (n, definition) in self.definitions.iter().enumerate() {
            let _ = write!(
                out,
                "{}${}: {}",
                if n == 0 { "(" } else { ", " },
                definition.name,
                definition.var_type
            );
            if let Some(default) = &definition.default_value {
                out.push_str(" = ");
                write_value(default, out);
            }
        }
        out.push_str(if self.definitions.is_empty() { " " } else { ") " });
    }

    fn selections(&self, ty: &str, sets: &[&'a Set], out: &mut String) {
        if !self.schema.is_abstract(ty) {
            return self.object(ty, sets, out);
        }
        out.push_str("{ ");
        for object in self.schema.possible_types(ty) {
            let _ = write!(out, "... on {object} ");
            self.object(object, sets, out);
        }
        out.push_str("} ");
    }

    fn object(&self, object: &str, sets: &[&'a Set], out: &mut String) {
        let (mut groups, mut visited) = (Groups::new(), Vec::new());
        sets.iter().for_each(|set| self.collect(object, set, &mut visited, &mut groups));
        out.push_str("{ ");
        if groups.is_empty() {
            let _ = write!(out, "{NOTHING}: __typename ");
        }
        for (key, group) in groups {
            let Some(field) = group.first() else { continue };
            let _ = write!(out, "{key}: {}", field.name);
            for (n, (name, value)) in field.arguments.iter().enumerate() {
                let _ = write!(out, "{}{name}: ", if n == 0 { "(" } else { ", " });
                write_value(value, out);
            }
            out.push_str(if field.arguments.is_empty() { " " } else { ") " });
            if let Some(definition) = self.schema.field(object, &field.name)
                && self.schema.is_composite(named(&definition.ty))
            {
                let sets: Vec<_> = group.iter().map(|field| &field.selection_set).collect();
                self.selections(named(&definition.ty), &sets, out);
            }
        }
        out.push_str("} ");
    }

    fn collect(&self, object: &str, set: &'a Set, visited: &mut Vec<&'a str>, groups: &mut Groups<'a>) {
        for selection in &set.items {
            match selection {
                Selection::Field(field) if self.included(&field.directives) => {
                    let key = field.alias.as_ref().unwrap_or(&field.name);
                    match groups.iter_mut().find(|(earlier, _)| earlier == key) {
                        Some((_, group)) => group.push(field),
                        None => groups.push((key, vec![field])),
                    }
                }
                Selection::FragmentSpread(spread) if self.included(&spread.directives) => {
                    if visited.contains(&spread.fragment_name.as_str()) {
                        continue;
                    }
                    visited.push(&spread.fragment_name);
                    for fragment in self.fragments.iter().filter(|f| f.name == spread.fragment_name) {
                        let TypeCondition::On(name) = &fragment.type_condition;
                        if self.schema.satisfies(object, name) {
                            self.collect(object, &fragment.selection_set, visited, groups);
                        }
                    }
                }
                Selection::InlineFragment(inline) if self.included(&inline.directives) => {
                    let condition = inline.type_condition.as_ref();
                    if condition.is_none_or(|TypeCondition::On(name)| self.schema.satisfies(object, name)) {
                        self.collect(object, &inline.selection_set, visited, groups);
                    }
                }
                _ => {}
            }
        }
    }

    /// GraphQL §3.13.1 and §3.13.2.
    fn included(&self, directives: &[Directive<'static, String>]) -> bool {
        directives.iter().all(|directive| {
            let condition = directive.arguments.iter().find(|(name, _)| name == "if");
            let holds = condition.is_some_and(|(_, value)| self.holds(value));
            match directive.name.as_str() {
                "skip" => !holds,
                "include" => holds,
                _ => true,
            }
        })
    }

    fn holds(&self, value: &Value<'static, String>) -> bool {
        match value {
            Value::Boolean(value) => *value,
            Value::Variable(name) => match self.variables.get(name) {
                Some(value) => *value == Json::Bool(true),
                None => {
                    let definition = self.definitions.iter().find(|definition| definition.name == *name);
                    let default = definition.and_then(|definition| definition.default_value.as_ref());
                    default == Some(&Value::Boolean(true))
                }
            },
            _ => false,
        }
    }
}

/// As the parser's own printer does, but strings stay on one line: a block string may lose white space.
fn write_value(value: &Value<'static, String>, out: &mut String) {
    match value {
        Value::String(text) => out.push_str(&Json::from(text.as_str()).to_string()),
        Value::List(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n == 0 { "" } else { ", " });
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (n, (name, field)) in fields.iter().enumerate() {
                let _ = write!(out, "{}{name}: ", if n == 0 { "" } else { ", " });
                write_value(field, out);
            }
            out.push('}');
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        Schema::parse(
            "type Query { a(x: String, n: Int): A! i: [I] u: U } interface I { n: Int } type A implements I { n: Int a: A }
             type B implements I { n: Int b: String } union U = A | B",
        )
    }

    fn plain_of(text: &str, variables: Json) -> String {
        plain(&schema(), text, &variables).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn conditions_are_decided_and_fragments_merged() {
        let text = "query Q($t: Boolean = true, $f: Boolean!, $n: Int = 3) { a(x: \"l\\n\\\"\", n: $n) { n @skip(if: $t) ...F }
            ... @include(if: $f) { i { n } } a(x: \"l\\n\\\"\", n: $n) { a { n } } } fragment F on A { a { x: n ...F2 } } fragment F2 on I { n }";
        assert_eq!(
            plain_of(text, serde_json::json!({"f": false})),
            "query($t: Boolean = true, $f: Boolean!, $n: Int = 3) { a: a(x: \"l\\n\\\"\", n: $n) { a: a { x: n n: n } } }"
        );
    }

    #[test]
    fn abstract_positions_are_told_apart_by_object_type() {
        assert_eq!(
            plain_of(
                "{ i { n ... on B { b } } u { ... on I { __typename } ... on A @skip(if: true) { n } } }",
                Json::Null
            ),
            "query { i: i { ... on A { n: n } ... on B { n: n b: b } } \
             u: u { ... on A { __typename: __typename } ... on B { __typename: __typename } } }"
        );
    }

    #[test]
    fn what_selects_nothing_asks_for_something_and_shows_it_not() {
        let text = plain_of("{ a { n @skip(if: true) } }", Json::Null);
        assert_eq!(text, "query { a: a { nothingSelected: __typename } }");
        assert_eq!(
            without_placeholders(r#"{"a":{"nothingSelected":"A"},"b":[{}]}"#, &schema()),
            r#"{"a":{},"b":[{}]}"#
        );
    }
}
