//! What may stand below a field: an object, one of several types, or an interface object whose type is yet to be found.

use std::collections::BTreeSet;

use super::draft::{FetchIndex, SetId};
use super::entry::Entry;
use super::keys::TreeId;
use super::search::{Object, Search, Source};
use super::wants::{Below, needs_types};
use crate::plan::{Path, PathSegment, TypeSet};
use crate::provided::Provided;

/// A position below a field of a source.
pub(super) struct Spot<'a> {
    pub(super) tree: TreeId,
    pub(super) path: Path,
    pub(super) after: BTreeSet<FetchIndex>,
    pub(super) graph: &'a str,
    pub(super) fetch: FetchIndex,
    pub(super) set: SetId,
    pub(super) provided: Provided<'a>,
}

impl<'a> Search<'a, '_> {
    /// Completes the objects at a position; returns what couldn't be had, and whether anything could.
    pub(super) fn position(
        &mut self,
        spot: &Spot<'a>,
        core: &'a str,
        below: Vec<Below<'a>>,
        hops: usize,
    ) -> (Vec<Below<'a>>, bool) {
        if self.joins.is_interface_object(spot.graph, core) {
            return self.interface_object(spot, core, below, hops);
        }
        let is_abstract = self.joins.is_abstract(core);
        let (mut left, mut moved, mut asked) = (Vec::new(), false, false);
        for object_type in self.joins.possible_in(spot.graph, core) {
            let wants = self.collect(object_type, spot.tree, &below);
            if wants.is_empty() {
                continue;
            }
            asked = true;
            let mut path = spot.path.clone();
            let mut set = spot.set;
            if is_abstract {
                path.push(self.only(object_type));
                set = self.draft.on(spot.set, object_type);
            }
            let mut object = self.object_at(spot, object_type, spot.after.clone());
            object.path = path;
            object.sources.push(spot.source(object_type, set));
            let (rest, progressed) = self.object(&mut object, wants, hops);
            moved |= progressed;
            if !rest.is_empty() {
                left.push(Below::Left(object_type, rest));
            }
        }
        (left, moved || !asked)
    }

    /// Completes objects of which the subgraph knows no more than the interface.
    pub(super) fn interface_object(
        &mut self,
        spot: &Spot<'a>,
        interface: &'a str,
        mut below: Vec<Below<'a>>,
        hops: usize,
    ) -> (Vec<Below<'a>>, bool) {
        let own = spot.source(interface, spot.set);
        let mut moved = false;
        if !needs_types(self.joins, interface, &below) {
            let wants = self.collect(interface, spot.tree, &below);
            let mut object = self.object_at(spot, interface, spot.after.clone());
            object.sources.push(own.clone());
            let (left, progressed) = self.object(&mut object, wants, hops);
            if left.is_empty() {
                return (Vec::new(), true);
            }
            moved = progressed;
            below = vec![Below::Left(interface, left)];
        }
        // The objects' types are needed: some subgraph knows the interface as what it is.
        for limit in 1..=hops {
            for (graph, _) in self.joins.graphs() {
                if self.joins.is_interface_object(graph, interface) || !self.can_enter(graph, interface) {
                    continue;
                }
                let (mark, touched) = (self.draft.mark(), self.touched.clone());
                let mut known = self.object_at(spot, interface, spot.after.clone());
                known.sources.push(own.clone());
                let entry = Entry { graph, view: interface, requires: Vec::new(), score: 0 };
                let entered = self.enter(&mut known, &entry, limit);
                let Some(typed) = entered.and_then(|index| known.sources.get(index)).cloned() else {
                    self.draft.back_to(mark);
                    self.touched = touched;
                    continue;
                };
                self.draft.typename(typed.set);
                self.touched.insert(typed.fetch);
                let mut left = Vec::new();
                for object_type in self.joins.possible_in(graph, interface) {
                    let wants = self.collect(object_type, spot.tree, &below);
                    if wants.is_empty() {
                        continue;
                    }
                    let mut after = spot.after.clone();
                    after.insert(typed.fetch);
                    let mut object = self.object_at(spot, object_type, after);
                    object.path.push(self.only(object_type));
                    object.sources.push(own.clone());
                    let set = self.draft.on(typed.set, object_type);
                    object.sources.push(Source { set, view: object_type, ..typed.clone() });
                    let (rest, _) = self.object(&mut object, wants, hops);
                    if !rest.is_empty() {
                        left.push(Below::Left(object_type, rest));
                    }
                }
                return (left, true);
            }
        }
        (below, moved)
    }

    pub(super) fn object_at(
        &self,
        spot: &Spot<'a>,
        type_name: &'a str,
        after: BTreeSet<FetchIndex>,
    ) -> Object<'a> {
        let mut object = Object::new(spot.tree, spot.path.clone(), type_name);
        object.after = after;
        object
    }

    pub(super) fn only(&mut self, object_type: &str) -> PathSegment {
        PathSegment::Types(TypeSet(vec![self.names.id(object_type)]))
    }
}

impl<'a> Spot<'a> {
    fn source(&self, view: &'a str, set: SetId) -> Source<'a> {
        let provided = self.provided.clone();
        Source { graph: self.graph, fetch: self.fetch, set, view, provided, fulfilled: Vec::new() }
    }
}
