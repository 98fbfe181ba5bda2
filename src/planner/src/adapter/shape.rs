//! What to read of a subgraph's answer: the fetch's own selections, whatever the type.

use std::collections::HashMap;

use hive_router_query_planner::ast::fragment::FragmentDefinition;
use hive_router_query_planner::ast::operation::SubgraphFetchOperation;
use hive_router_query_planner::ast::selection_item::SelectionItem;
use hive_router_query_planner::ast::selection_set::{FieldSelection, SelectionSet};

use crate::names::Names;
use crate::plan::{NameId, Shape, ShapeField};

/// The shape of `set`, which is part of `operation` (fragments come from its minification).
pub(super) fn of(
    operation: &SubgraphFetchOperation,
    set: &SelectionSet,
    names: &mut Names,
) -> Result<Shape, String> {
    let fragments =
        operation.document.fragments.iter().map(|fragment| (fragment.name.as_str(), fragment)).collect();
    let mut shape = Shape::default();
    add(&fragments, set, &mut shape, names)?;
    Ok(shape)
}

/// The `_entities` field of `operation`, under `alias` if one is given.
pub(super) fn entities_field<'a>(
    operation: &'a SubgraphFetchOperation,
    alias: Option<&str>,
) -> Result<&'a FieldSelection, String> {
    let wanted = alias.unwrap_or("_entities");
    operation
        .document
        .operation
        .selection_set
        .items
        .iter()
        .find_map(|item| match item {
            SelectionItem::Field(field) if field.selection_identifier() == wanted => Some(field),
            _ => None,
        })
        .ok_or_else(|| format!("an entity fetch has no field {wanted}"))
}

type Fragments<'a> = HashMap<&'a str, &'a FragmentDefinition>;

fn add(
    fragments: &Fragments<'_>,
    set: &SelectionSet,
    shape: &mut Shape,
    names: &mut Names,
) -> Result<(), String> {
    for item in &set.items {
        match item {
            SelectionItem::Field(field) => add_field(fragments, field, shape, names)?,
            SelectionItem::InlineFragment(fragment) => add(fragments, &fragment.selections, shape, names)?,
            SelectionItem::FragmentSpread(name) => {
                let fragment = fragments
                    .get(name.as_str())
                    .ok_or_else(|| format!("a fetch spreads an unknown fragment {name}"))?;
                add(fragments, &fragment.selection_set, shape, names)?;
            }
        }
    }
    Ok(())
}

fn add_field(
    fragments: &Fragments<'_>,
    field: &FieldSelection,
    shape: &mut Shape,
    names: &mut Names,
) -> Result<(), String> {
    let key = names.id(field.selection_identifier());
    let is_leaf = field.selections.is_empty();
    let index = position(shape, key).unwrap_or(shape.0.len());
    if index == shape.0.len() {
        shape.0.push(ShapeField { key, shape: (!is_leaf).then(Shape::default) });
    }
    match shape.0.get_mut(index).map(|known| &mut known.shape) {
        Some(Some(below)) if !is_leaf => add(fragments, &field.selections, below, names),
        Some(None) if is_leaf => Ok(()),
        _ => Err(format!(
            "a fetch selects {} as a leaf for one type and as an object for another",
            field.selection_identifier()
        )),
    }
}

fn position(shape: &Shape, key: NameId) -> Option<usize> {
    shape.0.iter().position(|field| field.key == key)
}
