//! The objects that a lookup has found, kept for a later one with the same paths: walking to them again would meet nothing
//! new, but most of an answer that the processor's caches have lost meanwhile.

use std::rc::Rc;

use weir_planner::plan::{EntityLookup, ExecutablePlan, Path, PathSegment, Rewrite, Shape, Target};

use super::execution::Place;
use crate::response::segment::bit;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Walks(Vec<Walk>);

#[derive(Debug)]
struct Walk {
    /// The lookup whose paths were walked: numbers of its fetch and in that.
    of: (usize, usize),
    /// [`bit`] of each key on the way.
    keys: u64,
    places: Rc<Vec<Place>>,
}

impl Walks {
    /// What was found at the paths of a lookup, if they were walked and lead nowhere else since.
    pub(super) fn find(&self, plan: &ExecutablePlan, lookup: &EntityLookup) -> Option<Rc<Vec<Place>>> {
        let walk = self.0.iter().find(|walk| paths_of(plan, walk.of).is_some_and(|p| *p == lookup.paths))?;
        Some(Rc::clone(&walk.places))
    }

    /// Keeps what was found at the paths of lookup `of`, if a fetch behind it has some with the same.
    pub(super) fn keep(&mut self, plan: &ExecutablePlan, of: (usize, usize), places: &Rc<Vec<Place>>) {
        let Some(paths) = paths_of(plan, of) else { return };
        let has_same = |target: &Target| match target {
            Target::Entities(lookups) => lookups.iter().any(|lookup| lookup.paths == *paths),
            Target::Root { .. } => false,
        };
        let known = self.0.iter().any(|walk| paths_of(plan, walk.of) == Some(paths));
        if !known && plan.fetches.iter().skip(of.0.saturating_add(1)).any(|fetch| has_same(&fetch.target)) {
            let keys = paths.iter().flatten().fold(0, |keys, segment| match segment {
                PathSegment::Field(key) => keys | bit(*key),
                PathSegment::List | PathSegment::Types(_) => keys,
            });
            self.0.push(Walk { of, keys, places: Rc::clone(places) });
        }
    }

    /// An answer to a fetch is merged: what lies at its keys may be something else from now on.
    pub(super) fn forget(&mut self, target: &Target) {
        if self.0.is_empty() {
            return;
        }
        let keys = match target {
            Target::Root { shape, output_rewrites, .. } => keys_of(shape) | renamed(output_rewrites),
            Target::Entities(lookups) => lookups
                .iter()
                .fold(0, |keys, lookup| keys | keys_of(&lookup.shape) | renamed(&lookup.output_rewrites)),
        };
        self.0.retain(|walk| walk.keys & keys == 0);
    }
}

fn paths_of(plan: &ExecutablePlan, (fetch, lookup): (usize, usize)) -> Option<&Vec<Path>> {
    match &plan.fetches.get(fetch)?.target {
        Target::Entities(lookups) => Some(&lookups.get(lookup)?.paths),
        Target::Root { .. } => None,
    }
}

fn keys_of(shape: &Shape) -> u64 {
    let below = |shape: &Option<Shape>| shape.as_ref().map_or(0, keys_of);
    shape.0.iter().fold(0, |keys, field| keys | bit(field.key) | below(&field.shape))
}

/// The keys that fields get in stead of those they were asked by.
fn renamed(rewrites: &[Rewrite]) -> u64 {
    rewrites.iter().fold(0, |keys, rewrite| match rewrite {
        Rewrite::RenameKey { to, .. } => keys | bit(*to),
        Rewrite::SetString { .. } => keys,
    })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;
    use weir_planner::plan::{Fetch, NameId, OperationKind, Selection, ShapeField, SubgraphId};

    use super::*;
    use crate::response::tree::Tree;

    const USERS: u32 = 0;
    const PRODUCT: u32 = 1;
    const NAME: u32 = 2;
    const FRIENDS: u32 = 3;

    fn target(path: &[u32], key: u32) -> Target {
        let path = path.iter().map(|key| PathSegment::Field(NameId(*key))).collect();
        Target::Entities(vec![EntityLookup {
            alias: NameId(NAME),
            variable: "representations".to_owned(),
            paths: vec![path],
            requires: Vec::new(),
            input_rewrites: Vec::new(),
            output_rewrites: Vec::new(),
            shape: Shape(vec![ShapeField { key: NameId(key), shape: None }]),
        }])
    }

    fn plan(targets: Vec<Target>) -> ExecutablePlan {
        let fetch = |target| Fetch {
            subgraph: SubgraphId(0),
            kind: OperationKind::Query,
            document: String::new(),
            name_position: 0,
            variables: Vec::new(),
            target,
            after: Vec::new(),
            when: Vec::new(),
        };
        ExecutablePlan {
            kind: OperationKind::Query,
            names: ["users", "product", "name", "friends"].map(str::to_owned).to_vec().into(),
            fetches: targets.into_iter().map(fetch).collect(),
            projection: Selection { type_name: NameId(0), is_abstract: false, variants: Vec::new() },
        }
    }

    fn lookup(plan: &ExecutablePlan, fetch: usize) -> &EntityLookup {
        match &plan.fetches[fetch].target {
            Target::Entities(lookups) => &lookups[0],
            Target::Root { .. } => panic!("it is for entities"),
        }
    }

    #[test]
    fn what_was_found_serves_a_later_lookup_with_the_same_paths() {
        let plan = plan(vec![
            target(&[USERS, PRODUCT], NAME),
            target(&[USERS], NAME),
            target(&[USERS, PRODUCT], NAME),
        ]);
        let places = Rc::new(vec![Place { key: 0, path: 0, node: Tree::ROOT }]);
        let mut walks = Walks::default();
        walks.keep(&plan, (0, 0), &places);
        walks.keep(&plan, (1, 0), &Rc::new(Vec::new()));
        assert!(walks.find(&plan, lookup(&plan, 2)).is_some_and(|found| Rc::ptr_eq(&found, &places)));
        assert!(walks.find(&plan, lookup(&plan, 1)).is_none(), "nobody needs it later");
    }

    #[test]
    fn an_answer_that_may_lie_on_the_way_makes_it_walk_anew() {
        let paths = [USERS, PRODUCT];
        let plan = plan(vec![target(&paths, NAME), target(&paths, NAME)]);
        let mut walks = Walks::default();
        walks.keep(&plan, (0, 0), &Rc::default());
        walks.forget(&target(&[], NAME));
        walks.forget(&target(&paths, FRIENDS));
        assert!(walks.find(&plan, lookup(&plan, 1)).is_some(), "beside the way");
        walks.forget(&target(&[], PRODUCT));
        assert!(walks.find(&plan, lookup(&plan, 1)).is_none());
        walks.keep(&plan, (0, 0), &Rc::default());
        let Target::Entities(mut renaming) = target(&[], NAME) else { panic!("it is for entities") };
        renaming[0].output_rewrites = vec![Rewrite::RenameKey { path: Vec::new(), to: NameId(USERS) }];
        walks.forget(&Target::Entities(renaming));
        assert!(walks.find(&plan, lookup(&plan, 1)).is_none());
    }
}
