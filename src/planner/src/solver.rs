//! A second planner: asked where the planning library finds no plan, or none that holds (DESIGN §6).
//!
//! It needs nothing of the library, spells selections out for every object type and makes no attempt at the fewest
//! calls; what it is for is to find a plan wherever the subgraphs can answer at all.

mod draft;
mod entry;
mod keys;
mod position;
mod search;
mod wants;
mod write;

use hive_router_query_planner::utils::cancellation::CancellationToken;

use crate::joins::{ActiveLabels, Joins};
use crate::names::Names;
use crate::operation::Operation;
use crate::plan::{Fetch, OperationKind};
use crate::selection::Node;
use keys::{Keys, ROOT};
use search::{Object, Search};
use wants::{Below, Want};

/// Plans what `nodes` select on the type `root`.
///
/// # Errors
/// Names a field for which no way was found.
pub(crate) fn solve(
    joins: &Joins,
    labels: ActiveLabels<'_>,
    operation: &Operation,
    root: &str,
    nodes: &[Node],
    token: &CancellationToken,
    names: &mut Names,
) -> Result<Vec<Fetch>, String> {
    let (root, _) = joins.ty(root).ok_or("the supergraph lacks the root type")?;
    let mut search = Search::new(joins, labels, names, Keys::new(nodes), token);
    let below: Vec<Below<'_>> = nodes.iter().map(Below::Client).collect();
    let wants = search.collect(root, ROOT, &below);
    let mut left = Vec::new();
    match operation.kind() {
        OperationKind::Query => left = search.query(&mut Object::new(ROOT, Vec::new(), root), wants),
        OperationKind::Mutation => {
            for want in wants {
                let mut object = Object::new(ROOT, Vec::new(), root);
                // Root fields run in series (GraphQL §6.2.2), each with all that completes it.
                object.after = (0..search.draft.fetches.len()).collect();
                left.extend(search.mutation(&mut object, want));
            }
        }
    }
    if search.is_over() {
        return Err("it has too many ways to be planned".to_owned());
    }
    if let (OperationKind::Mutation, Some(want)) = (operation.kind(), left.first()) {
        return Err(format!(
            "no single subgraph leads to all that is selected of the mutation {}, and it must not run in two",
            want.key
        ));
    }
    if let Some(want) = left.first() {
        let mut path = vec![want.key.as_str()];
        name_left(&want.below, &mut path);
        return Err(format!("no subgraph was found for {}", path.join(".")));
    }
    let Search { draft, names, .. } = search;
    Ok(write::write(&draft, joins, names, operation.variable_definitions()))
}

fn name_left<'w>(below: &'w [Below<'_>], path: &mut Vec<&'w str>) {
    for below in below {
        if let Below::Left(_, wants) = below
            && let Some(Want { key, below, .. }) = wants.first()
        {
            path.push(key);
            return name_left(below, path);
        }
    }
}
