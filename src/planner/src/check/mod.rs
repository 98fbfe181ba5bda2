//! Whether a plan can be run, asks each subgraph only for what it has, and fetches all it promises; before anyone
//! caches it.
//!
//! The planning library has faults (DESIGN §6). The plan is run on types instead of data: at each position of the
//! response tree, for each type of object that the fetches may return there, it is known which fields they leave.

mod coverage;
mod documents;
mod representations;
mod shapes;
mod tree;

use std::collections::{HashMap, HashSet};

use graphql_tools::static_graphql::query::VariableDefinition;

use crate::joins::{ActiveLabels, Joins};
use crate::names::Names;
use crate::plan::{Fetch, NameId, OperationKind, PathSegment, Require, Selection, Shape, Target};
use crate::schema::ApiSchema;
use crate::selection::Node;
use coverage::Coverage;
use documents::FetchDocument;

/// What a plan is for.
pub(crate) struct Promise<'a> {
    pub(crate) kind: OperationKind,
    /// The name of the root type.
    pub(crate) root: &'a str,
    pub(crate) nodes: &'a [Node],
    pub(crate) variables: &'a [VariableDefinition],
    pub(crate) projection: &'a Selection,
    pub(crate) schema: &'a ApiSchema,
    pub(crate) joins: &'a Joins,
    pub(crate) labels: &'a ActiveLabels<'a>,
}

/// Checks that `fetches`, whose names are in `names`, keep the promise.
pub(crate) fn check(promise: &Promise<'_>, fetches: &[Fetch], names: &mut Names) -> Result<(), String> {
    names.id("__typename");
    let mut documents = Vec::with_capacity(fetches.len());
    for (index, fetch) in fetches.iter().enumerate() {
        check_fetch(index, fetch, names)?;
        let document = FetchDocument::parse(fetch)
            .map_err(|error| format!("fetch {index} has no usable document: {error}"))?;
        if let Some(name) = document.other_variable(promise.variables, &fetch.variables) {
            return Err(format!(
                "fetch {index} declares the variable ${name} in another way than the client"
            ));
        }
        let graph = promise.joins.graphs().get(fetch.subgraph.0 as usize).map_or("", |(graph, _)| graph);
        let root = match fetch.kind {
            OperationKind::Query => promise.joins.query_type(),
            OperationKind::Mutation => promise.root,
        };
        shapes::check(promise.joins, graph, root, &document)
            .map_err(|error| format!("fetch {index} {error}"))?;
        documents.push(document);
    }
    if promise.kind == OperationKind::Mutation {
        mutations_run_once(fetches, names)?;
        mutations_are_completed_in_turn(fetches, names)?;
    }
    Coverage::new(promise, fetches, &documents, names).check()
}

fn check_fetch(index: usize, fetch: &Fetch, names: &Names) -> Result<(), String> {
    if fetch.after.iter().any(|id| id.0 as usize >= index) {
        return Err(format!("fetch {index} would wait for a fetch that comes later"));
    }
    if fetch.document.is_empty() || fetch.document.get(fetch.name_position as usize..).is_none() {
        return Err(format!("fetch {index} has no usable document"));
    }
    let (shapes, paths): (Vec<&Shape>, Vec<_>) = match &fetch.target {
        Target::Root { shape, path, .. } => (vec![shape], vec![path]),
        Target::Entities(lookups) => {
            if let Some(key) = lookups.iter().find_map(|lookup| named_twice(&lookup.requires)) {
                return Err(format!(
                    "fetch {index} would look up by two values of {}: fields that require it with different arguments \
                     need a fetch each",
                    names.text(key)
                ));
            }
            if lookups.is_empty()
                || lookups.iter().any(|lookup| lookup.requires.is_empty() || lookup.paths.is_empty())
            {
                return Err(format!("fetch {index} looks entities up by nothing or for nothing"));
            }
            (
                lookups.iter().map(|lookup| &lookup.shape).collect(),
                lookups.iter().flat_map(|lookup| &lookup.paths).collect(),
            )
        }
    };
    for shape in shapes {
        not_empty(shape, names).map_err(|at| format!("fetch {index} selects nothing of {at}"))?;
    }
    let empty_types = paths.into_iter().flatten().any(|segment| match segment {
        PathSegment::Types(types) => types.0.is_empty(),
        PathSegment::Field(_) | PathSegment::List => false,
    });
    if empty_types {
        return Err(format!("fetch {index} goes to no type"));
    }
    Ok(())
}

/// The name of the first composite field without selections, if there is one.
fn not_empty(shape: &Shape, names: &Names) -> Result<(), String> {
    if shape.0.is_empty() {
        return Err("its object".to_owned());
    }
    for field in &shape.0 {
        if let Some(below) = &field.shape {
            if below.0.is_empty() {
                return Err(names.text(field.key).to_owned());
            }
            not_empty(below, names)?;
        }
    }
    Ok(())
}

/// Side effects must happen once: no root field of a mutation may be asked of two subgraphs.
fn mutations_run_once(fetches: &[Fetch], names: &Names) -> Result<(), String> {
    let mut seen = HashSet::new();
    for fetch in fetches.iter().filter(|fetch| fetch.kind == OperationKind::Mutation) {
        let Target::Root { shape, .. } = &fetch.target else { continue };
        for field in &shape.0 {
            if names.text(field.key) != "__typename" && !seen.insert(field.key) {
                return Err(format!(
                    "the planner would run the mutation {} more than once; its result is spread over subgraphs in a \
                     way it can't plan",
                    names.text(field.key)
                ));
            }
        }
    }
    Ok(())
}

/// A key that a representation would hold twice, from different fields of the tree.
fn named_twice(requires: &[Require]) -> Option<NameId> {
    fn find(requires: &[Require], known: &mut Vec<(NameId, NameId)>) -> Option<NameId> {
        for require in requires {
            match require {
                Require::Field { name, key, selection } => {
                    if known.iter().any(|(other, of)| of == key && other != name) {
                        return Some(*key);
                    }
                    known.push((*name, *key));
                    if let Some(key) = named_twice(selection) {
                        return Some(key);
                    }
                }
                Require::On { selection, .. } => {
                    // Other types' parts may use the key again.
                    let mut own = known.clone();
                    if let Some(key) = find(selection, &mut own) {
                        return Some(key);
                    }
                }
            }
        }
        None
    }
    find(requires, &mut Vec::new())
}

/// A mutation's result is complete before the next one runs (GraphQL §6.2.2): whatever a fetch adds to the result of
/// a root field must have ended before any later root field is run. So of several that one call runs, only the last
/// may need more calls.
fn mutations_are_completed_in_turn(fetches: &[Fetch], names: &Names) -> Result<(), String> {
    // For each root field the fetch that runs it, and its place among those of that fetch.
    let mut runs: HashMap<NameId, (usize, usize)> = HashMap::new();
    let mut before: Vec<HashSet<usize>> = Vec::with_capacity(fetches.len());
    for (index, fetch) in fetches.iter().enumerate() {
        let direct = fetch.after.iter().map(|id| id.0 as usize);
        let implied = fetch.after.iter().filter_map(|id| before.get(id.0 as usize)).flatten().copied();
        before.push(direct.chain(implied).collect());
        if let (OperationKind::Mutation, Target::Root { shape, .. }) = (fetch.kind, &fetch.target) {
            runs.extend(shape.0.iter().enumerate().map(|(place, field)| (field.key, (index, place))));
        }
    }
    for (index, fetch) in fetches.iter().enumerate() {
        let paths: Vec<_> = match &fetch.target {
            Target::Root { path, .. } => vec![path],
            Target::Entities(lookups) => lookups.iter().flat_map(|lookup| &lookup.paths).collect(),
        };
        for path in paths {
            let Some(PathSegment::Field(key)) = path.first() else { continue };
            let Some((by, place)) = runs.get(key).copied() else { continue };
            let late = runs.values().any(|(other, other_place)| {
                let is_later = (*other, *other_place) > (by, place);
                is_later
                    && (*other == by || !before.get(*other).is_some_and(|before| before.contains(&index)))
            });
            if late {
                return Err(format!(
                    "the planner would complete the result of the mutation {} after later ones have run",
                    names.text(*key)
                ));
            }
        }
    }
    Ok(())
}
