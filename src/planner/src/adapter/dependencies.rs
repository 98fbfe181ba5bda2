//! Which fetch reads what which other fetch writes.
//!
//! The library orders fetches in waves; a fetch that waits for its own inputs only starts earlier. Its order
//! stays the bound: a fetch never depends on one that the library doesn't complete before it.

use std::collections::{BTreeMap, BTreeSet};

use crate::names::Names;
use crate::plan::{
    EntityLookup, Fetch, NameId, OperationKind, Path, PathSegment, Require, Rewrite, RewriteStep, Shape,
    Target,
};

/// A tree of response keys; lists and type conditions are left out.
#[derive(Debug, Clone, Default)]
struct Keys {
    /// Whether the fetch answers with this key itself, and doesn't only go through it to its objects.
    written: bool,
    below: BTreeMap<NameId, Keys>,
}

impl Keys {
    fn writes(&self, path: &[NameId]) -> bool {
        path.iter().try_fold(self, |keys, key| keys.below.get(key)).is_some_and(|keys| keys.written)
    }

    fn insert(&mut self, path: &[NameId], below: Keys) {
        let node = path.iter().fold(self, |keys, key| keys.below.entry(*key).or_default());
        node.merge(below);
    }

    fn merge(&mut self, other: Keys) {
        self.written |= other.written;
        for (key, below) in other.below {
            self.below.entry(key).or_default().merge(below);
        }
    }
}

/// For each fetch the indices of those it comes after (ascending, without those that follow from others).
///
/// Also settles under which of its two keys the response tree holds an aliased requirement.
pub(super) fn find(
    fetches: &mut [Fetch],
    earlier: &[Vec<usize>],
    interface_objects: bool,
    names: &mut Names,
) -> Vec<Vec<usize>> {
    let typename = names.id("__typename");
    let writes: Vec<Keys> = fetches.iter().map(written).collect();
    let mut after: Vec<Vec<usize>> = Vec::with_capacity(fetches.len());
    // Everything each fetch waits for, directly or not.
    let mut closure: Vec<BTreeSet<usize>> = Vec::with_capacity(fetches.len());
    let mut last_root_mutation: Option<usize> = None;
    for (index, (fetch, earlier)) in fetches.iter_mut().zip(earlier).enumerate() {
        let earlier_writes: Vec<(usize, &Keys)> =
            earlier.iter().filter_map(|index| Some((*index, writes.get(*index)?))).collect();
        settle_names(fetch, &earlier_writes);
        let reads = read(fetch, typename);
        let mut needed = if fetch.kind == OperationKind::Mutation {
            // Root fields of a mutation run in series.
            last_root_mutation.into_iter().collect()
        } else {
            sources(&reads, &earlier_writes, typename, interface_objects)
                .unwrap_or_else(|| earlier.iter().copied().collect())
        };
        if fetch.kind == OperationKind::Mutation {
            last_root_mutation = Some(index);
        }
        let implied: BTreeSet<usize> =
            needed.iter().filter_map(|index| closure.get(*index)).flatten().copied().collect();
        needed.retain(|index| !implied.contains(index));
        closure.push(needed.iter().copied().chain(implied).collect());
        after.push(needed.into_iter().collect());
    }
    after
}

/// The fetches that write what is read; `None` if something is read that none of them writes.
fn sources(
    reads: &[Vec<NameId>],
    earlier: &[(usize, &Keys)],
    typename: NameId,
    interface_objects: bool,
) -> Option<BTreeSet<usize>> {
    let mut found = BTreeSet::new();
    for path in reads {
        let mut writers: Vec<usize> =
            earlier.iter().filter(|(_, keys)| keys.writes(path)).map(|(index, _)| *index).collect();
        if let Some((last, object)) = path.split_last()
            && *last == typename
        {
            // Many fetches ask again for the type of an object they complete. It doesn't change, unless the
            // object was first known by its interface only.
            let creator = writers.iter().copied().find(|_| !interface_objects);
            if let Some(creator) = creator {
                writers = vec![creator];
            }
            // An object without `__typename` passes every type condition, as in the library's own executor.
            if writers.is_empty() && earlier.iter().any(|(_, keys)| object.is_empty() || keys.writes(object))
            {
                continue;
            }
        }
        if writers.is_empty() {
            return None;
        }
        found.extend(writers);
    }
    Some(found)
}

fn written(fetch: &Fetch) -> Keys {
    let mut keys = Keys::default();
    match &fetch.target {
        Target::Root { path, shape, output_rewrites } => {
            keys.insert(&fields(path), renamed(shape, output_rewrites));
        }
        Target::Entities(lookups) => {
            for EntityLookup { paths, shape, output_rewrites, .. } in lookups {
                let below = renamed(shape, output_rewrites);
                for path in paths {
                    keys.insert(&fields(path), below.clone());
                }
            }
        }
    }
    keys
}

fn fields(path: &Path) -> Vec<NameId> {
    path.iter()
        .filter_map(|segment| match segment {
            PathSegment::Field(key) => Some(*key),
            PathSegment::List | PathSegment::Types(_) => None,
        })
        .collect()
}

fn renamed(shape: &Shape, rewrites: &[Rewrite]) -> Keys {
    let mut keys = of_shape(shape);
    for rewrite in rewrites {
        let Rewrite::RenameKey { path, to } = rewrite else { continue };
        let path: Vec<NameId> = path
            .iter()
            .filter_map(|step| match step {
                RewriteStep::Key(key) => Some(*key),
                RewriteStep::Types(_) => None,
            })
            .collect();
        let Some((last, parents)) = path.split_last() else { continue };
        let parent = parents.iter().try_fold(&mut keys, |keys, key| keys.below.get_mut(key));
        if let Some(parent) = parent
            && let Some(below) = parent.below.remove(last)
        {
            parent.below.entry(*to).or_default().merge(below);
        }
    }
    keys
}

fn of_shape(shape: &Shape) -> Keys {
    let below = shape.0.iter().map(|field| {
        let below = field.shape.as_ref().map(of_shape).unwrap_or_default();
        (field.key, Keys { written: true, ..below })
    });
    Keys { written: false, below: below.collect() }
}

/// The paths that `fetch` reads: the objects it completes, their types, and what its representations hold.
fn read(fetch: &Fetch, typename: NameId) -> Vec<Vec<NameId>> {
    let mut reads = BTreeSet::new();
    match &fetch.target {
        Target::Root { path, .. } => {
            read_path(path, typename, &mut reads);
        }
        Target::Entities(lookups) => {
            for lookup in lookups {
                for path in &lookup.paths {
                    let object = read_path(path, typename, &mut reads);
                    let mut leaves = Vec::new();
                    leaves_of(&lookup.requires, &object, &mut leaves);
                    reads.extend(leaves);
                    let mut of_type = object;
                    of_type.push(typename);
                    reads.insert(of_type);
                }
            }
        }
    }
    reads.into_iter().collect()
}

/// Reads the objects on the way; the way itself without lists and types is returned.
fn read_path(path: &Path, typename: NameId, reads: &mut BTreeSet<Vec<NameId>>) -> Vec<NameId> {
    let mut keys = Vec::new();
    for segment in path {
        match segment {
            PathSegment::Field(key) => {
                keys.push(*key);
                reads.insert(keys.clone());
            }
            PathSegment::Types(_) => {
                let mut of_type = keys.clone();
                of_type.push(typename);
                reads.insert(of_type);
            }
            PathSegment::List => {}
        }
    }
    keys
}

fn leaves_of(requires: &[Require], object: &[NameId], leaves: &mut Vec<Vec<NameId>>) {
    for require in requires {
        match require {
            Require::Field { name, selection, .. } => {
                let mut path = object.to_vec();
                path.push(*name);
                leaves_of(selection, &path, leaves);
                leaves.push(path);
            }
            Require::On { selection, .. } => leaves_of(selection, object, leaves),
        }
    }
}

/// The library aliases a requirement where its own key is taken. Whether the tree then holds it under the name
/// or under the alias shows only in what the earlier fetches write.
fn settle_names(fetch: &mut Fetch, earlier: &[(usize, &Keys)]) {
    let Target::Entities(lookups) = &mut fetch.target else { return };
    for lookup in lookups {
        let objects: Vec<Vec<NameId>> = lookup.paths.iter().map(fields).collect();
        settle(&mut lookup.requires, &objects, earlier);
    }
}

fn settle(requires: &mut [Require], objects: &[Vec<NameId>], earlier: &[(usize, &Keys)]) {
    for require in requires {
        match require {
            Require::On { selection, .. } => settle(selection, objects, earlier),
            Require::Field { name, key, selection } => {
                let below = |name: NameId| {
                    objects
                        .iter()
                        .map(|object| object.iter().copied().chain([name]).collect::<Vec<_>>())
                        .collect::<Vec<_>>()
                };
                let is_written = |name: NameId| {
                    below(name).iter().any(|path| earlier.iter().any(|(_, keys)| keys.writes(path)))
                };
                if name != key && !is_written(*name) && is_written(*key) {
                    *name = *key;
                }
                let objects = below(*name);
                settle(selection, &objects, earlier);
            }
        }
    }
}
