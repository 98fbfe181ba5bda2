//! Whether a plan can be run and fetches all it promises, before anyone caches it.
//!
//! The planning library has faults (DESIGN §6); an error that names the field is better than a null that nobody
//! can explain.

use std::collections::HashSet;

use hive_router_query_planner::state::supergraph_state::SupergraphState;

use crate::adapter::{Keys, response_keys};
use crate::names::Names;
use crate::plan::{
    Fetch, NameId, OperationKind, OutputField, OutputKind, OutputType, PathSegment, Require, Selection,
    Shape, Target, Variant,
};
use crate::runtime_types::always_possible;

/// Checks `fetches` and `projection`, whose names are in `names`.
pub(crate) fn check(
    kind: OperationKind,
    fetches: &[Fetch],
    projection: &Selection,
    names: &mut Names,
    state: &SupergraphState,
) -> Result<(), String> {
    let typename = names.id("__typename");
    let mut written = Keys::default();
    for (index, fetch) in fetches.iter().enumerate() {
        check_fetch(index, fetch, names)?;
        written.merge(response_keys(fetch));
    }
    if kind == OperationKind::Mutation {
        mutations_run_once(fetches, names)?;
        mutations_are_completed_in_turn(fetches, names)?;
    }
    let mut walk = Walk { state, names, typename, seen: HashSet::new(), path: Vec::new() };
    walk.selection(projection, &written)
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

/// A mutation's result is complete before the next one runs (GraphQL §6.2.2): of several that one call runs, only
/// the last may need more calls.
fn mutations_are_completed_in_turn(fetches: &[Fetch], names: &Names) -> Result<(), String> {
    let completed: HashSet<NameId> = fetches
        .iter()
        .flat_map(|fetch| match &fetch.target {
            Target::Root { path, .. } => vec![path],
            Target::Entities(lookups) => lookups.iter().flat_map(|lookup| &lookup.paths).collect(),
        })
        .filter_map(|path| path.first())
        .filter_map(|segment| if let PathSegment::Field(key) = segment { Some(*key) } else { None })
        .collect();
    for fetch in fetches.iter().filter(|fetch| fetch.kind == OperationKind::Mutation) {
        let Target::Root { shape, .. } = &fetch.target else { continue };
        let Some((_, earlier)) = shape.0.split_last() else { continue };
        if let Some(field) = earlier.iter().find(|field| completed.contains(&field.key)) {
            return Err(format!(
                "the planner would complete the result of the mutation {} after later ones have run",
                names.text(field.key)
            ));
        }
    }
    Ok(())
}

struct Walk<'a> {
    state: &'a SupergraphState,
    names: &'a Names,
    typename: NameId,
    /// Pairs that have been walked: sub-projections repeat for each variant above them.
    seen: HashSet<(*const Selection, *const Keys)>,
    path: Vec<NameId>,
}

impl Walk<'_> {
    /// Every field must be written by some fetch, unless it belongs to types that may not occur at its place.
    fn selection(&mut self, selection: &Selection, written: &Keys) -> Result<(), String> {
        if !self.seen.insert((selection, written)) {
            return Ok(());
        }
        if selection.is_abstract && written.get(self.typename).is_none() {
            self.path.push(self.typename);
            return Err(self.missing());
        }
        for variant in &selection.variants {
            let depth = self.path.len();
            let fetched = variant.fields.iter().try_for_each(|field| self.field(field, written));
            if fetched.is_err() && selection.is_abstract && !self.occurs(selection, variant) {
                self.path.truncate(depth);
                continue;
            }
            fetched?;
        }
        Ok(())
    }

    fn occurs(&self, selection: &Selection, variant: &Variant) -> bool {
        let position = self.names.text(selection.type_name);
        variant.types.0.iter().any(|id| always_possible(self.state, position, self.names.text(*id)))
    }

    fn field(&mut self, field: &OutputField, written: &Keys) -> Result<(), String> {
        let composite = match inner(&field.ty) {
            OutputKind::Typename | OutputKind::Constant(_) => return Ok(()),
            OutputKind::Composite(selection) => Some(selection.as_ref()),
            OutputKind::Leaf(_) | OutputKind::List(_) => None,
        };
        self.path.push(field.key);
        let below = written.get(field.key).ok_or_else(|| self.missing())?;
        if let Some(selection) = composite {
            self.selection(selection, below)?;
        }
        self.path.pop();
        Ok(())
    }

    fn missing(&self) -> String {
        let path: Vec<&str> = self.path.iter().map(|key| self.names.text(*key)).collect();
        format!("the planner found no fetch for {}", path.join("."))
    }
}

fn inner(ty: &OutputType) -> &OutputKind {
    match &ty.kind {
        OutputKind::List(items) => inner(items),
        kind => kind,
    }
}
