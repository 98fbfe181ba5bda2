//! Whether a plan that comes from outside the process can be run.

use super::bytes::MAX_NESTING;
use super::{
    EntityLookup, ExecutablePlan, Fetch, Leaf, NameId, OutputKind, OutputType, PathSegment, Require, Rewrite,
    RewriteStep, Selection, Shape, Target, TypeSet,
};

impl ExecutablePlan {
    /// Whether the plan holds together, for a supergraph of so many subgraphs: every id is in range, names are at most [`NameId::MOST`], each fetch comes
    /// after those that it waits for, places within texts are places, ready JSON is JSON, and nothing is nested
    /// deeper than 128 levels. It does not tell whether the plan answers any operation: who keeps plans must keep
    /// beside each what it is for, and a checksum.
    pub fn check_sound(&self, subgraphs: usize) -> bool {
        let sound = Sound { names: self.names.len() };
        let fetches = self.fetches.iter().enumerate().all(|(index, fetch)| {
            (fetch.subgraph.0 as usize) < subgraphs
                && fetch.after.iter().all(|earlier| (earlier.0 as usize) < index)
                && sound.fetch(fetch)
        });
        fetches && self.names.len() <= NameId::MOST && sound.selection(&self.projection, 0)
    }

    /// Whether it is nested deeper than a plan that is read may be.
    pub(super) fn is_deep(&self) -> bool {
        let all = Sound { names: usize::MAX };
        let shapes = |fetch: &Fetch| match &fetch.target {
            Target::Root { shape, .. } => all.shape(shape, 0),
            Target::Entities(lookups) => {
                lookups.iter().all(|lookup| all.shape(&lookup.shape, 0) && all.requires(&lookup.requires, 0))
            }
        };
        !(self.fetches.iter().all(shapes) && all.selection(&self.projection, 0))
    }
}

/// The checks; each is true if there is nothing wrong. Recursion is bounded by [`MAX_NESTING`].
struct Sound {
    names: usize,
}

impl Sound {
    fn name(&self, id: NameId) -> bool {
        (id.0 as usize) < self.names
    }

    fn types(&self, types: &TypeSet) -> bool {
        types.0.iter().all(|name| self.name(*name))
    }

    fn fetch(&self, fetch: &Fetch) -> bool {
        fetch.document.is_char_boundary(fetch.name_position as usize)
            && match &fetch.target {
                Target::Root { path, shape, output_rewrites } => {
                    self.path(path) && self.shape(shape, 0) && self.rewrites(output_rewrites)
                }
                Target::Entities(lookups) => lookups.iter().all(|lookup| self.lookup(lookup)),
            }
    }

    fn lookup(&self, lookup: &EntityLookup) -> bool {
        self.name(lookup.alias)
            && lookup.paths.iter().all(|path| self.path(path))
            && self.requires(&lookup.requires, 0)
            && self.rewrites(&lookup.input_rewrites)
            && self.rewrites(&lookup.output_rewrites)
            && self.shape(&lookup.shape, 0)
    }

    fn path(&self, path: &[PathSegment]) -> bool {
        path.iter().all(|segment| match segment {
            PathSegment::Field(name) => self.name(*name),
            PathSegment::List => true,
            PathSegment::Types(types) => self.types(types),
        })
    }

    fn rewrites(&self, rewrites: &[Rewrite]) -> bool {
        rewrites.iter().all(|rewrite| {
            let (path, to) = match rewrite {
                Rewrite::SetString { path, .. } => (path, None),
                Rewrite::RenameKey { path, to } => (path, Some(*to)),
            };
            to.is_none_or(|to| self.name(to))
                && path.iter().all(|step| match step {
                    RewriteStep::Key(name) => self.name(*name),
                    RewriteStep::Types(types) => self.types(types),
                })
        })
    }

    fn requires(&self, requires: &[Require], level: u32) -> bool {
        level <= MAX_NESTING
            && requires.iter().all(|require| match require {
                Require::Field { name, key, selection } => {
                    self.name(*name) && self.name(*key) && self.requires(selection, level.saturating_add(1))
                }
                Require::On { types, selection } => {
                    self.types(types) && self.requires(selection, level.saturating_add(1))
                }
            })
    }

    fn shape(&self, shape: &Shape, level: u32) -> bool {
        // The reader counts a level for each field, whether there is something below it or not.
        (level < MAX_NESTING || shape.0.is_empty())
            && shape.0.iter().all(|field| {
                self.name(field.key)
                    && field.shape.as_ref().is_none_or(|shape| self.shape(shape, level.saturating_add(1)))
            })
    }

    fn selection(&self, selection: &Selection, level: u32) -> bool {
        level <= MAX_NESTING
            && self.name(selection.type_name)
            && (selection.is_abstract || selection.variants.len() == 1)
            && selection.variants.iter().all(|variant| {
                self.types(&variant.types)
                    && variant.fields.iter().all(|field| {
                        self.name(field.key) && self.name(field.shown) && self.output(&field.ty, level)
                    })
            })
    }

    fn output(&self, output: &OutputType, level: u32) -> bool {
        level <= MAX_NESTING
            && match &output.kind {
                OutputKind::List(item) => self.output(item, level.saturating_add(1)),
                OutputKind::Composite(selection) => self.selection(selection, level.saturating_add(1)),
                OutputKind::Leaf(Leaf::Enum(names)) => names.iter().all(|name| self.name(*name)),
                OutputKind::Leaf(_) | OutputKind::Typename => true,
                OutputKind::Constant(json) => serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok(),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{FetchId, NameTable};
    use crate::{Operation, OperationLimits, PlanVariables, Supergraph};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const SHOP: &str = include_str!("../../../../tests/fixtures/shop.graphql");

    #[test]
    fn each_fault_is_seen() {
        let supergraph = Supergraph::parse(SHOP).expect("fixture");
        let subgraphs = supergraph.subgraphs().len();
        let text = "{ latest { author { name } } __type(name: \"User\") { name } }";
        let operation =
            Operation::prepare(&supergraph, text, None, &OperationLimits::default()).expect("valid");
        let plan = supergraph.plan(&operation, &PlanVariables::default(), None).expect("a plan");
        assert!(plan.check_sound(subgraphs));
        assert!(!plan.check_sound(0));
        let faults: &[fn(&mut ExecutablePlan)] = &[
            |plan| plan.fetches[0].after.push(FetchId(0)),
            |plan| plan.fetches[0].name_position = 1 << 30,
            |plan| {
                plan.fetches[0].document = "ü".to_owned();
                plan.fetches[0].name_position = 1;
            },
            |plan| plan.names = NameTable::default(),
            |plan| plan.projection.variants.clear(),
            |plan| plan.projection.variants[0].fields[0].shown = NameId(u32::MAX),
            |plan| {
                plan.projection.variants[0].fields[1].ty.kind = OutputKind::Constant("{".to_owned());
            },
            |plan| match &mut plan.fetches[0].target {
                Target::Root { shape, .. } => shape.0[0].key = NameId(u32::MAX),
                Target::Entities(lookups) => lookups[0].alias = NameId(u32::MAX),
            },
        ];
        for (index, fault) in faults.iter().enumerate() {
            let mut broken = plan.clone();
            fault(&mut broken);
            assert!(!broken.check_sound(subgraphs), "fault {index}");
        }
    }
}
