//! What a plan's fetches leave at each position of the response tree, for each type that may stand there.

use std::collections::BTreeMap;

use graphql_tools::static_graphql::query::{Field, SelectionSet};

use super::documents::FetchDocument;
use crate::joins::{Joins, core_of};
use crate::names::Names;
use crate::plan::{EntityLookup, Fetch, NameId, PathSegment, Require, Rewrite, RewriteStep, Target};
use crate::provided::Provided;

/// A position: the selections that fetches make there, and the fetches that come to it or go on through it.
#[derive(Clone, Default)]
pub(super) struct Position<'p> {
    pub(super) sources: Vec<Source<'p>>,
    coming: Vec<Coming<'p>>,
}

/// A fetch's selections at a position.
#[derive(Clone)]
pub(super) struct Source<'p> {
    pub(super) fetch: usize,
    pub(super) graph: &'p str,
    /// The position's type in the subgraph; `None` at the root of a fetch.
    pub(super) ty: Option<&'p str>,
    set: &'p SelectionSet,
    renames: Vec<(&'p [RewriteStep], NameId)>,
    provided: Provided<'p>,
    /// It is the answer to a lookup, so that its fields may have `@requires`.
    entity: Option<&'p EntityLookup>,
}

/// A fetch whose objects are at a position or below it.
#[derive(Clone)]
struct Coming<'p> {
    fetch: usize,
    lookup: Option<usize>,
    path: &'p [PathSegment],
}

/// A field that a fetch leaves in an object.
pub(super) struct Written<'p> {
    pub(super) field: &'p Field,
    /// The type under which the subgraph resolves it.
    pub(super) view: &'p str,
    pub(super) by: Source<'p>,
    /// It is provided here, so it need not be one that the subgraph resolves.
    pub(super) is_provided: bool,
}

/// An object of one type at a position.
pub(super) struct Object<'p> {
    /// By response key.
    pub(super) written: BTreeMap<NameId, Vec<Written<'p>>>,
    /// The lookups made with it.
    pub(super) lookups: Vec<(usize, &'p EntityLookup)>,
    coming: Vec<Coming<'p>>,
}

/// All that is needed to walk the tree.
pub(super) struct Tree<'p> {
    pub(super) joins: &'p Joins,
    pub(super) fetches: &'p [Fetch],
    pub(super) documents: &'p [FetchDocument],
}

impl<'p> Tree<'p> {
    pub(super) fn root(&self) -> Position<'p> {
        let mut root = Position::default();
        for (index, fetch) in self.fetches.iter().enumerate() {
            match &fetch.target {
                Target::Root { path, .. } => {
                    root.coming.push(Coming { fetch: index, lookup: None, path });
                }
                Target::Entities(lookups) => {
                    for (lookup, EntityLookup { paths, .. }) in lookups.iter().enumerate() {
                        root.coming.extend(paths.iter().map(|path| Coming {
                            fetch: index,
                            lookup: Some(lookup),
                            path,
                        }));
                    }
                }
            }
        }
        root
    }

    fn graph(&self, fetch: usize) -> &'p str {
        let subgraph = self.fetches.get(fetch).map_or(usize::MAX, |fetch| fetch.subgraph.0 as usize);
        self.joins.graphs().get(subgraph).map_or("", |(graph, _)| graph.as_str())
    }

    /// The types of objects that may stand at a position, going by what its fetches may return.
    pub(super) fn types(&self, position: &Position<'p>) -> Vec<&'p str> {
        let mut types = Vec::new();
        for source in &position.sources {
            let Some(ty) = source.ty else { continue };
            if self.joins.is_interface_object(source.graph, ty) {
                types.extend(self.joins.possible(ty).iter().map(String::as_str));
            } else {
                types.extend(self.joins.possible_in(source.graph, ty));
            }
        }
        types.sort_unstable();
        types.dedup();
        types
    }

    /// What there is of objects of type `object` at a position.
    pub(super) fn object(&self, names: &Names, position: &Position<'p>, object: &str) -> Object<'p> {
        let mut found = Object { written: BTreeMap::new(), lookups: Vec::new(), coming: Vec::new() };
        for source in &position.sources {
            self.write(names, source, object, &mut found);
        }
        for coming in &position.coming {
            let mut path = coming.path;
            let mut reaches = true;
            while let [PathSegment::Types(types), rest @ ..] = path {
                reaches &= types.0.iter().any(|id| names.text(*id) == object);
                path = rest;
            }
            if !reaches {
                continue;
            }
            if !path.is_empty() {
                found.coming.push(Coming { path, ..coming.clone() });
                continue;
            }
            let (Some(fetch), Some(document)) =
                (self.fetches.get(coming.fetch), self.documents.get(coming.fetch))
            else {
                continue;
            };
            let (set, rewrites, entity) = match (&fetch.target, coming.lookup) {
                (Target::Root { output_rewrites, .. }, _) => (document.root(), output_rewrites, None),
                (Target::Entities(lookups), Some(index)) => {
                    let Some(lookup) = lookups.get(index) else { continue };
                    // An object without any part of the representation is not looked up.
                    if !describes(names, &lookup.requires, object) {
                        continue;
                    }
                    let set = document.entities(names.text(lookup.alias));
                    found.lookups.push((coming.fetch, lookup));
                    (set, &lookup.output_rewrites, Some(lookup))
                }
                (Target::Entities(_), None) => continue,
            };
            let Some(set) = set else { continue };
            let renames = rewrites.iter().filter_map(|rewrite| match rewrite {
                Rewrite::RenameKey { path, to } => Some((path.as_slice(), *to)),
                Rewrite::SetString { .. } => None,
            });
            let graph = self.graph(coming.fetch);
            let source = Source {
                fetch: coming.fetch,
                graph,
                ty: None,
                set,
                renames: renames.collect(),
                provided: Provided::default(),
                entity,
            };
            self.write(names, &source, object, &mut found);
        }
        found
    }

    fn write(&self, names: &Names, source: &Source<'p>, object: &str, found: &mut Object<'p>) {
        let Some(document) = self.documents.get(source.fetch) else { return };
        let known = source.ty.filter(|ty| self.joins.is_interface_object(source.graph, ty));
        for (within, field) in
            document.fields(source.set, &|condition| self.joins.satisfies(object, condition))
        {
            let view = self.view(source.graph, within.or(known), object);
            let own = field.alias.as_ref().unwrap_or(&field.name);
            let mut key = own.as_str();
            let mut renames = Vec::new();
            for (path, to) in &source.renames {
                let mut path = *path;
                let mut applies = true;
                while let [RewriteStep::Types(types), rest @ ..] = path {
                    applies &= types.0.iter().any(|id| names.text(*id) == object);
                    path = rest;
                }
                match path {
                    [RewriteStep::Key(step), rest @ ..]
                        if applies && [key, own].contains(&names.text(*step)) =>
                    {
                        if rest.is_empty() {
                            key = names.text(*to);
                        } else {
                            renames.push((rest, *to));
                        }
                    }
                    _ => {}
                }
            }
            let Some(key) = names.find(key) else { continue };
            let view = view.unwrap_or("");
            let ty = self
                .joins
                .type_in(source.graph, view, &field.name)
                .and_then(|ty| self.joins.ty(core_of(&ty)).map(|(name, _)| name));
            let provides = self.joins.provides(source.graph, view, &field.name);
            let provided = source.provided.field(self.joins, object, &field.name);
            let is_provided = provided.is_some();
            let by = Source {
                ty,
                set: &field.selection_set,
                renames,
                provided: provided.unwrap_or_default().and(provides.into_iter().flat_map(|set| &set.parts)),
                ..source.clone()
            };
            found.written.entry(key).or_default().push(Written { field, view, by, is_provided });
        }
    }

    /// The type under which a subgraph resolves fields of `object`.
    fn view(&self, graph: &str, within: Option<&str>, object: &str) -> Option<&'p str> {
        let interface_object = |name: &&str| self.joins.is_interface_object(graph, name);
        if let Some(within) = within.filter(interface_object) {
            return self.joins.ty(within).map(|(name, _)| name);
        }
        if self.joins.has_type(graph, object) {
            return self.joins.ty(object).map(|(name, _)| name);
        }
        let interface = self.joins.interfaces(object).into_iter().find(interface_object)?;
        self.joins.ty(interface).map(|(name, _)| name)
    }
}

fn describes(names: &Names, requires: &[Require], object: &str) -> bool {
    requires.iter().any(|require| match require {
        Require::Field { .. } => true,
        Require::On { types, selection } => {
            types.0.iter().any(|id| names.text(*id) == object) && describes(names, selection, object)
        }
    })
}

impl<'p> Object<'p> {
    /// The position below `key`; with what only some fetches have written if `from` is given.
    pub(super) fn below(&self, key: NameId, from: Option<&dyn Fn(usize) -> bool>) -> Position<'p> {
        let written = self.written.get(&key).into_iter().flatten();
        let sources = written.map(|written| &written.by).filter(|by| from.is_none_or(|from| from(by.fetch)));
        let coming = self.coming.iter().filter_map(|coming| match coming.path {
            [PathSegment::Field(step), rest @ ..] if *step == key => {
                let lists = rest.iter().take_while(|segment| matches!(segment, PathSegment::List)).count();
                Some(Coming { path: rest.get(lists..).unwrap_or_default(), ..coming.clone() })
            }
            _ => None,
        });
        let coming = coming.filter(|coming| from.is_none_or(|from| from(coming.fetch)));
        let sources = sources.map(|source| Source { entity: None, ..source.clone() });
        Position { sources: sources.collect(), coming: coming.collect() }
    }
}

impl<'p> Position<'p> {
    /// What makes two positions the same, for all that is found there.
    pub(super) fn identity(&self) -> Vec<(usize, usize)> {
        let sources =
            self.sources.iter().map(|source| (source.fetch, std::ptr::from_ref(source.set) as usize));
        let coming = self.coming.iter().map(|coming| (coming.fetch, coming.path.as_ptr() as usize));
        sources.chain(coming).collect()
    }
}

impl<'p> Source<'p> {
    /// The lookup that the selection is the answer to.
    pub(super) fn lookup(&self) -> Option<&'p EntityLookup> {
        self.entity
    }
}
