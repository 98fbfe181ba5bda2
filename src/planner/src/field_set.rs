//! Field sets of `@key`, `@requires` and `@provides` (Apollo Federation subgraph spec, `FieldSet`).

use graphql_tools::parser::query::parse_query;
use graphql_tools::static_graphql::query::{
    Definition, OperationDefinition, Selection, SelectionSet, TypeCondition, Value,
};

use crate::contain::contain;

/// A parsed field set.
#[derive(Debug)]
pub(crate) struct FieldSet {
    /// Its text, which identifies it among those of one place.
    pub(crate) text: String,
    pub(crate) parts: Vec<Part>,
}

/// A part of a field set.
#[derive(Debug)]
pub(crate) enum Part {
    /// A field; never `__typename`, which every representation has anyway.
    Field { name: String, arguments: Vec<(String, Value)>, parts: Vec<Part> },
    /// Parts for some types.
    On { condition: String, parts: Vec<Part> },
}

impl FieldSet {
    /// Whether one representation can hold the fields of both.
    pub(crate) fn fits(&self, other: &FieldSet) -> bool {
        fit(&self.parts, &other.parts)
    }
}

fn fit(a: &[Part], b: &[Part]) -> bool {
    a.iter().all(|one| {
        b.iter().all(|other| match (one, other) {
            (
                Part::Field { name: a, arguments: with, parts: below },
                Part::Field { name: b, arguments: other_with, parts: other_below },
            ) => a != b || (with == other_with && fit(below, other_below)),
            (Part::On { parts, .. }, _) => fit(parts, std::slice::from_ref(other)),
            (_, Part::On { parts, .. }) => fit(std::slice::from_ref(one), parts),
        })
    })
}

/// `None` for what is no field set: composition wouldn't have let it pass.
pub(crate) fn parse(text: &str) -> Option<FieldSet> {
    let query = format!("{{{text}}}");
    let document =
        contain(|| parse_query::<String>(&query).ok().map(|document| document.into_static())).ok()??;
    let set = document.definitions.into_iter().find_map(|definition| match definition {
        Definition::Operation(OperationDefinition::SelectionSet(set)) => Some(set),
        _ => None,
    })?;
    Some(FieldSet { text: text.to_owned(), parts: parts(set) })
}

fn parts(set: SelectionSet) -> Vec<Part> {
    let mut found = Vec::new();
    for selection in set.items {
        match selection {
            Selection::Field(field) if field.name == "__typename" => {}
            Selection::Field(field) => found.push(Part::Field {
                name: field.name,
                arguments: field.arguments,
                parts: parts(field.selection_set),
            }),
            Selection::InlineFragment(inline) => match inline.type_condition {
                Some(TypeCondition::On(condition)) => {
                    found.push(Part::On { condition, parts: parts(inline.selection_set) });
                }
                None => found.extend(parts(inline.selection_set)),
            },
            Selection::FragmentSpread(_) => {}
        }
    }
    found
}
