//! What a representation is made of.

use hive_router_query_planner::ast::selection_item::SelectionItem;
use hive_router_query_planner::ast::selection_set::SelectionSet;

use super::types::Types;
use crate::names::Names;
use crate::plan::Require;

/// The library's `requires`, without the `__typename`s that execution writes of itself.
pub(super) fn of(set: &SelectionSet, types: &Types<'_>, names: &mut Names) -> Result<Vec<Require>, String> {
    let mut requires = Vec::with_capacity(set.items.len());
    let only_typename = set.items.iter().all(is_typename);
    for item in &set.items {
        match item {
            SelectionItem::Field(_) if is_typename(item) => {
                if only_typename && requires.is_empty() {
                    let name = names.id("__typename");
                    requires.push(Require::Field { name, key: name, selection: Vec::new() });
                }
            }
            SelectionItem::Field(field) => requires.push(Require::Field {
                name: names.id(&field.name),
                key: names.id(field.selection_identifier()),
                selection: of(&field.selections, types, names)?,
            }),
            SelectionItem::InlineFragment(fragment) => requires.push(Require::On {
                types: types.related(&fragment.type_condition, names),
                selection: of(&fragment.selections, types, names)?,
            }),
            SelectionItem::FragmentSpread(name) => {
                return Err(format!("a representation spreads the fragment {name}"));
            }
        }
    }
    Ok(requires)
}

fn is_typename(item: &SelectionItem) -> bool {
    matches!(item, SelectionItem::Field(field) if field.selection_identifier() == "__typename")
}
