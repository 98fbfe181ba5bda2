//! Whether each lookup has its key and its `@requires`, fetched before it is made.

use super::coverage::{Coverage, same_arguments};
use super::tree::Object;
use crate::field_set::Part;
use crate::joins::Resolution;
use crate::plan::Require;

impl<'p> Coverage<'p> {
    /// Checks the lookups made with objects of one type at one position.
    pub(super) fn representations(&self, object: &Object<'p>, object_type: &str) -> Result<(), String> {
        for (fetch, lookup) in &object.lookups {
            let found = object
                .written
                .values()
                .flatten()
                .filter(|written| written.by.lookup().is_some_and(|own| std::ptr::eq(own, *lookup)));
            let mut looked_up = false;
            for written in found {
                looked_up = true;
                let (graph, view) = (written.by.graph, written.view);
                let joins = self.promise.joins;
                let mut keys = joins
                    .ty(view)
                    .into_iter()
                    .flat_map(|(_, ty)| &ty.joins)
                    .filter(|join| join.graph == graph && join.resolvable);
                let has_key = keys.any(|join| {
                    join.key.as_ref().is_some_and(|key| {
                        self.covers(&lookup.requires, &key.parts, Some((object, object_type)))
                    })
                });
                if !has_key {
                    return Err(format!("{} of {view} in {graph}", self.fault("looks up without a key")));
                }
                let resolution = joins.resolution(graph, view, &written.field.name, self.promise.labels);
                if let Some(Resolution::Requires(set)) = resolution
                    && !self.covers(&lookup.requires, &set.parts, Some((object, object_type)))
                {
                    let what = self.fault("lacks a part of what is required");
                    return Err(format!("{what} by {view}.{} in {graph}", written.field.name));
                }
            }
            if looked_up {
                self.is_there(*fetch, &lookup.requires, object, object_type)?;
            }
        }
        Ok(())
    }

    /// Whether a representation made of `requires` holds all `parts`.
    fn covers(&self, requires: &[Require], parts: &[Part], at: Option<(&Object<'p>, &str)>) -> bool {
        parts.iter().all(|part| match part {
            Part::Field { name, arguments, parts } => {
                requires.iter().any(|require| self.holds(require, name, arguments, parts, at))
            }
            Part::On { condition, parts } => match at {
                Some((_, object_type)) if !self.promise.joins.satisfies(object_type, condition) => true,
                Some(_) => self.covers(requires, parts, at),
                None => {
                    requires.iter().any(|require| match require {
                        Require::On { types, selection } => {
                            types.0.iter().any(|id| self.names.text(*id) == condition)
                                && self.covers(selection, parts, None)
                        }
                        Require::Field { .. } => false,
                    }) || self.covers(requires, parts, None)
                }
            },
        })
    }

    fn holds(
        &self,
        require: &Require,
        wanted: &str,
        arguments: &[(String, graphql_tools::static_graphql::query::Value)],
        parts: &[Part],
        at: Option<(&Object<'p>, &str)>,
    ) -> bool {
        match require {
            Require::Field { name, key, selection } => {
                let means_it = |object: &Object<'p>| {
                    let written = object.written.get(name).or_else(|| object.written.get(key));
                    written.is_some_and(|written| {
                        written.iter().all(|written| same_arguments(&written.field.arguments, arguments))
                    })
                };
                self.names.text(*key) == wanted
                    && at.is_none_or(|(object, _)| means_it(object))
                    && self.covers(selection, parts, None)
            }
            Require::On { types, selection } => {
                let applies = at.is_none_or(|(_, object_type)| {
                    types.0.iter().any(|id| self.names.text(*id) == object_type)
                });
                applies && selection.iter().any(|one| self.holds(one, wanted, arguments, parts, at))
            }
        }
    }

    /// Whether what is required of objects of one type has been fetched before `fetch`.
    fn is_there(
        &self,
        fetch: usize,
        requires: &[Require],
        object: &Object<'p>,
        object_type: &str,
    ) -> Result<(), String> {
        for require in requires {
            match require {
                Require::On { types, selection } => {
                    if types.0.iter().any(|id| self.names.text(*id) == object_type) {
                        self.is_there(fetch, selection, object, object_type)?;
                    }
                }
                Require::Field { key, .. } if self.names.text(*key) == "__typename" => {}
                Require::Field { name, key, selection } => {
                    let held = if object.written.contains_key(name) { *name } else { *key };
                    let wanted = self.names.text(*key);
                    let mut earlier = object
                        .written
                        .get(&held)
                        .into_iter()
                        .flatten()
                        .filter(|written| self.is_before(written.by.fetch, fetch))
                        .peekable();
                    if earlier.peek().is_none() || earlier.any(|written| written.field.name != wanted) {
                        let what = self.fault("requires what it doesn't have");
                        return Err(format!("{what}: {object_type}.{wanted} for fetch {fetch}"));
                    }
                    let before = |earlier: usize| self.is_before(earlier, fetch);
                    let below = object.below(held, Some(&before));
                    for object_type in self.tree.types(&below) {
                        let object = self.tree.object(self.names, &below, object_type);
                        self.is_there(fetch, selection, &object, object_type)?;
                    }
                }
            }
        }
        Ok(())
    }
}
