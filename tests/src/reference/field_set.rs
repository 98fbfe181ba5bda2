//! Field sets, the arguments of `@key`, `@requires` and `@provides` (Federation subgraph spec, `FieldSet`).

use graphql_parser::query::{
    Definition, Field, OperationDefinition, Selection, SelectionSet, TypeCondition, Value, parse_query,
};

/// A parsed field set.
pub type FieldSet = SelectionSet<'static, String>;

/// A field of a field set, with all that is selected below it.
#[derive(Debug, Clone)]
pub struct SetField<'f> {
    /// Its name.
    pub name: &'f str,
    /// Its arguments.
    pub arguments: &'f [(String, Value<'static, String>)],
    /// The sets below it; empty for a leaf.
    pub below: Vec<&'f FieldSet>,
}

/// Parses `id owner { name }`.
///
/// # Panics
/// If it does not parse.
pub fn field_set(text: &str) -> FieldSet {
    let braced = format!("{{ {text} }}");
    let document = parse_query::<String>(&braced)
        .unwrap_or_else(|error| panic!("the field set {text:?} does not parse: {error}"));
    match document.into_static().definitions.into_iter().next() {
        Some(Definition::Operation(OperationDefinition::SelectionSet(set))) => set,
        _ => panic!("{text:?} is not a field set"),
    }
}

/// The fields of the merged sets for an object that satisfies the type conditions which `satisfies` says it does.
pub fn fields<'f>(sets: &[&'f FieldSet], satisfies: &dyn Fn(&str) -> bool) -> Vec<SetField<'f>> {
    let mut found = Vec::new();
    for set in sets {
        collect(set, satisfies, &mut found);
    }
    found
}

fn collect<'f>(set: &'f FieldSet, satisfies: &dyn Fn(&str) -> bool, found: &mut Vec<SetField<'f>>) {
    for selection in &set.items {
        match selection {
            Selection::Field(field) => add(field, found),
            Selection::InlineFragment(inline) => {
                let applies = match &inline.type_condition {
                    Some(TypeCondition::On(condition)) => satisfies(condition),
                    None => true,
                };
                if applies {
                    collect(&inline.selection_set, satisfies, found);
                }
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn add<'f>(field: &'f Field<'static, String>, found: &mut Vec<SetField<'f>>) {
    let below = (!field.selection_set.items.is_empty()).then_some(&field.selection_set);
    match found.iter_mut().find(|other| other.name == field.name) {
        Some(other) => other.below.extend(below),
        None => found.push(SetField {
            name: &field.name,
            arguments: &field.arguments,
            below: below.into_iter().collect(),
        }),
    }
}

/// Whether any selection of the sets is for some types only.
pub fn has_conditions(sets: &[&FieldSet]) -> bool {
    sets.iter().flat_map(|set| &set.items).any(|selection| matches!(selection, Selection::InlineFragment(_)))
}
