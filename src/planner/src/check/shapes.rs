//! Whether a subgraph will take a document's selections of one key: they must have one shape, whatever the objects'
//! type (GraphQL §5.3.2 `SameResponseShape`). The planning library gives one alias to fields of different types.

use std::collections::BTreeMap;

use graphql_tools::static_graphql::query::SelectionSet;

use super::documents::FetchDocument;
use crate::joins::{Joins, core_of};

/// Checks a fetch's document; `root` is the type of its root.
pub(super) fn check(joins: &Joins, graph: &str, root: &str, document: &FetchDocument) -> Result<(), String> {
    let Some(set) = document.root() else { return Ok(()) };
    Shapes { joins, graph, document }.sets(&[(root.to_owned(), set)])
}

struct Shapes<'a> {
    joins: &'a Joins,
    graph: &'a str,
    document: &'a FetchDocument,
}

/// A selection set and the type it is made of.
type Of<'a> = (String, &'a SelectionSet);

impl<'a> Shapes<'a> {
    /// Recursion is bounded: no document is deeper than the operation and its field sets.
    fn sets(&self, sets: &[Of<'a>]) -> Result<(), String> {
        let mut keys: BTreeMap<&str, (String, Vec<Of<'a>>)> = BTreeMap::new();
        for (view, set) in sets {
            for (within, field) in self.document.fields(set, &|_| true) {
                let view = within.unwrap_or(view);
                let key = field.alias.as_ref().unwrap_or(&field.name);
                let (shape, core) = match field.name.as_str() {
                    "__typename" => ("String!".to_owned(), String::new()),
                    "_entities" => ("[*]!".to_owned(), "_Entity".to_owned()),
                    name => match self.joins.type_in(self.graph, view, name) {
                        Some(ty) => (self.shape(&ty), core_of(&ty).to_owned()),
                        None => continue,
                    },
                };
                let (known, below) = keys.entry(key).or_insert_with(|| (shape.clone(), Vec::new()));
                if *known != shape {
                    return Err(format!("asks {} for {key} as {known} and as {shape}", self.graph));
                }
                below.push((core, &field.selection_set));
            }
        }
        keys.values().try_for_each(|(_, below)| match below.iter().all(|(_, set)| set.items.is_empty()) {
            true => Ok(()),
            false => self.sets(below),
        })
    }

    /// A type as far as it decides what the value looks like.
    fn shape(&self, ty: &str) -> String {
        let core = core_of(ty);
        if self.joins.ty(core).is_some() { ty.replacen(core, "*", 1) } else { ty.to_owned() }
    }
}
