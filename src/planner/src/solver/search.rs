//! Finds, for every selected field, a subgraph that resolves it and a way there.
//!
//! Depth first with backtracking: an object's fields are taken from the subgraphs that have the object at hand; what
//! remains is looked for in subgraphs that can be entered by one of their keys, nearest first, after the key's
//! fields (and `@requires`) have been found in the same way. A field that none can resolve in full stays over and
//! is looked for by another way to its parent: subgraphs may share a field and know different parts of its value.

use std::collections::BTreeSet;

use hive_router_query_planner::utils::cancellation::CancellationToken;

use super::draft::{Draft, Entity, FetchDraft, FetchIndex, SetId};
use super::entry::Entry;
use super::keys::{Keys, TreeId};
use super::position::Spot;
use super::wants::{Below, Want};
use crate::field_set::Part;
use crate::joins::{ActiveLabels, Joins, Resolution, core_of};
use crate::names::Names;
use crate::plan::{OperationKind, Path, PathSegment};
use crate::provided::Provided;

/// The most subgraphs passed on the way to a field: keys that lead from one to the next.
const MAX_HOPS: usize = 8;

/// Bounds the work: ten times what the largest operations of the tests take.
const MAX_STEPS: usize = 50_000;

pub(super) struct Search<'a, 'n> {
    pub(super) joins: &'a Joins,
    pub(super) labels: ActiveLabels<'a>,
    pub(super) names: &'n mut Names,
    pub(super) keys: Keys,
    pub(super) draft: Draft<'a>,
    token: &'n CancellationToken,
    /// The fetches that gave what was looked for last.
    pub(super) touched: BTreeSet<FetchIndex>,
    steps: usize,
}

/// An object to be completed: all those at a path that have one type.
pub(super) struct Object<'a> {
    pub(super) tree: TreeId,
    pub(super) path: Path,
    /// An object type; or an interface whose objects' types nobody needs to know.
    pub(super) type_name: &'a str,
    /// What must have ended before its path can be walked.
    pub(super) after: BTreeSet<FetchIndex>,
    /// Where its fields can be had without another fetch.
    pub(super) sources: Vec<Source<'a>>,
    /// The entries that are being tried, so that none waits for itself.
    entering: Vec<(&'a str, Vec<&'a str>)>,
}

/// A place in a fetch where fields of an object can be selected.
#[derive(Clone)]
pub(super) struct Source<'a> {
    pub(super) graph: &'a str,
    pub(super) fetch: FetchIndex,
    pub(super) set: SetId,
    /// The type under which the subgraph knows the object.
    pub(super) view: &'a str,
    pub(super) provided: Provided<'a>,
    /// The `@requires` that its representation fulfils.
    pub(super) fulfilled: Vec<&'a str>,
}

impl<'a, 'n> Search<'a, 'n> {
    pub(super) fn new(
        joins: &'a Joins,
        labels: ActiveLabels<'a>,
        names: &'n mut Names,
        keys: Keys,
        token: &'n CancellationToken,
    ) -> Self {
        let (draft, touched) = (Draft::default(), BTreeSet::new());
        Search { joins, labels, names, keys, draft, token, touched, steps: 0 }
    }

    /// Finds fetches for root fields of a query; returns what has none.
    pub(super) fn query(&mut self, root: &mut Object<'a>, wants: Vec<Want<'a>>) -> Vec<Want<'a>> {
        self.object(root, wants, MAX_HOPS).0
    }

    /// Finds the one fetch of a mutation's root field, and those that complete its result.
    pub(super) fn mutation(&mut self, root: &mut Object<'a>, want: Want<'a>) -> Option<Want<'a>> {
        let wants = vec![want];
        for entry in self.entries(root, &wants) {
            let mark = self.draft.mark();
            root.sources.clear();
            if let Some(index) = self.enter(root, &entry, 1)
                && self.select_in(root, index, wants.clone(), MAX_HOPS).0.is_empty()
            {
                return None;
            }
            self.draft.back_to(mark);
        }
        wants.into_iter().next()
    }

    /// Finds a way for as many of an object's fields as possible; returns the others, and whether any was found.
    pub(super) fn object(
        &mut self,
        object: &mut Object<'a>,
        mut wants: Vec<Want<'a>>,
        hops: usize,
    ) -> (Vec<Want<'a>>, bool) {
        let mut moved = false;
        self.steps = self.steps.saturating_add(1);
        if self.is_over() {
            return (wants, moved);
        }
        let mut tried = 0;
        loop {
            // Those at hand, and those entered on the way to others.
            while tried < object.sources.len() {
                let (left, progressed) = self.select_in(object, tried, wants, hops);
                wants = left;
                moved |= progressed;
                tried = tried.saturating_add(1);
            }
            if wants.is_empty() {
                break;
            }
            let Some(left) = self.by_entry(object, &wants, hops) else { break };
            wants = left;
            moved = true;
        }
        (wants, moved)
    }

    /// Whether the budget is spent.
    pub(super) fn is_over(&self) -> bool {
        self.steps > MAX_STEPS || self.token.bail_if_cancelled().is_err()
    }

    /// Enters one more subgraph that gets on with `wants`; returns what is left of them.
    fn by_entry(
        &mut self,
        object: &mut Object<'a>,
        wants: &[Want<'a>],
        hops: usize,
    ) -> Option<Vec<Want<'a>>> {
        let entries = self.entries(object, wants);
        for limit in 1..=hops {
            for entry in &entries {
                let (mark, touched) = (self.draft.mark(), self.touched.clone());
                let known = object.sources.len();
                if let Some(index) = self.enter(object, entry, limit) {
                    let (left, progressed) = self.select_in(object, index, wants.to_vec(), hops);
                    if progressed {
                        return Some(left);
                    }
                }
                object.sources.truncate(known);
                self.draft.back_to(mark);
                self.touched = touched;
            }
            if self.joins.is_root(object.type_name) || self.is_over() {
                return None;
            }
        }
        None
    }

    /// Adds a source by a fetch of its own; returns its index.
    pub(super) fn enter(
        &mut self,
        object: &mut Object<'a>,
        entry: &Entry<'a>,
        limit: usize,
    ) -> Option<usize> {
        if self.joins.is_root(object.type_name) {
            let kind = if object.type_name == self.joins.query_type() {
                OperationKind::Query
            } else {
                OperationKind::Mutation
            };
            let set = self.draft.new_set();
            let fetch = self.draft.new_fetch(FetchDraft {
                graph: entry.graph,
                kind,
                path: object.path.clone(),
                after: object.after.clone(),
                entity: None,
                set,
            });
            return Some(add_source(object, entry, fetch, set));
        }
        let trying = (entry.graph, entry.requires.iter().map(|set| set.text.as_str()).collect::<Vec<_>>());
        if limit == 0 || object.entering.contains(&trying) {
            return None;
        }
        object.entering.push(trying);
        let (_, ty) = self.joins.ty(entry.view)?;
        let keys = ty.joins.iter().filter(|join| join.graph == entry.graph && join.resolvable);
        let mut found = None;
        for key in keys.filter_map(|join| join.key.as_ref()) {
            let (mark, known) = (self.draft.mark(), object.sources.len());
            let touched = std::mem::take(&mut self.touched);
            let parts: Vec<&'a Part> =
                key.parts.iter().chain(entry.requires.iter().flat_map(|set| &set.parts)).collect();
            let below: Vec<Below<'a>> = parts.iter().map(|part| Below::Own(part)).collect();
            let wants = self.collect(object.type_name, object.tree, &below);
            let (left, _) = self.object(object, wants, limit.saturating_sub(1));
            let mut after = std::mem::replace(&mut self.touched, touched);
            if left.is_empty() {
                after.extend(&object.after);
                let requires = self.required(object.tree, &parts);
                let set = self.draft.new_set();
                let fetch = self.draft.new_fetch(FetchDraft {
                    graph: entry.graph,
                    kind: OperationKind::Query,
                    path: object.path.clone(),
                    after,
                    entity: Some(Entity { type_name: entry.view, known_as: object.type_name, requires }),
                    set,
                });
                found = Some(add_source(object, entry, fetch, set));
                break;
            }
            object.sources.truncate(known);
            self.draft.back_to(mark);
        }
        object.entering.pop();
        found
    }

    /// Selects in a source what it has of `wants`; returns the rest, and whether there was anything.
    fn select_in(
        &mut self,
        object: &Object<'a>,
        index: usize,
        wants: Vec<Want<'a>>,
        hops: usize,
    ) -> (Vec<Want<'a>>, bool) {
        let Some(source) = object.sources.get(index) else { return (wants, false) };
        let (mut left, mut progressed) = (Vec::new(), false);
        for want in wants {
            let provided = source.provided.field(self.joins, source.view, want.name);
            let has = match self.resolution(source.graph, source.view, want.name) {
                Some(Resolution::Local) => true,
                Some(Resolution::Requires(set)) => source.fulfilled.contains(&set.text.as_str()),
                Some(Resolution::External) | None => false,
            };
            let ty = self.joins.type_in(source.graph, source.view, want.name);
            let (Some(ty), true) = (ty, has || provided.is_some()) else {
                left.push(want);
                continue;
            };
            let Some((core, _)) = self.joins.ty(core_of(&ty)) else {
                if self.draft.has_conflict(source.set, &want.key, want.name, want.arguments) {
                    left.push(want);
                    continue;
                }
                self.draft.field(source.set, &want.key, want.name, want.arguments, ty, false);
                self.touched.insert(source.fetch);
                progressed = true;
                continue;
            };
            if self.draft.has_conflict(source.set, &want.key, want.name, want.arguments) {
                left.push(want);
                continue;
            }
            let (mark, touched) = (self.draft.mark(), self.touched.clone());
            let lists = ty.matches('[').count();
            let set = self.draft.field(source.set, &want.key, want.name, want.arguments, ty, true);
            let Some(set) = set else {
                left.push(want);
                continue;
            };
            let mut path = object.path.clone();
            path.push(PathSegment::Field(self.names.id(&want.key)));
            path.extend((0..lists).map(|_| PathSegment::List));
            let mut after = object.after.clone();
            after.insert(source.fetch);
            let declared = self.joins.provides(source.graph, source.view, want.name);
            let declared = declared.into_iter().flat_map(|set| &set.parts);
            let spot = Spot {
                tree: self.keys.below(object.tree, &want.key),
                path,
                after,
                graph: source.graph,
                fetch: source.fetch,
                set,
                provided: provided.unwrap_or_default().and(declared),
            };
            self.touched.insert(source.fetch);
            let promised = self.joins.field(source.view, want.name).map_or(core, |(_, field)| field.named());
            if self.joins.is_abstract(promised) {
                self.draft.typename(set);
            }
            let (rest, moved) = self.position(&spot, core, want.below.clone(), hops);
            if moved {
                progressed = true;
                if !rest.is_empty() {
                    left.push(Want { below: rest, ..want });
                }
            } else {
                self.draft.back_to(mark);
                self.touched = touched;
                left.push(want);
            }
        }
        (left, progressed)
    }
}

impl<'a> Object<'a> {
    pub(super) fn new(tree: TreeId, path: Path, type_name: &'a str) -> Self {
        let (after, sources, entering) = (BTreeSet::new(), Vec::new(), Vec::new());
        Object { tree, path, type_name, after, sources, entering }
    }
}

fn add_source<'a>(object: &mut Object<'a>, entry: &Entry<'a>, fetch: FetchIndex, set: SetId) -> usize {
    object.sources.push(Source {
        graph: entry.graph,
        fetch,
        set,
        view: entry.view,
        provided: Provided::default(),
        fulfilled: entry.requires.iter().map(|set| set.text.as_str()).collect(),
    });
    object.sources.len().saturating_sub(1)
}
