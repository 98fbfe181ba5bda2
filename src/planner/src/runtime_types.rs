//! Which object types can really stand at an abstract position.
//!
//! Subgraphs may know different members of one union, or return something narrower than the supergraph says.
//! The planning library leaves out selections for types that can't occur; that is no fault.

use hive_router_query_planner::state::supergraph_state::{SupergraphDefinition, SupergraphState};

/// Whether `object` can stand wherever `position`, an interface or union, is promised, whichever subgraph answers.
pub(crate) fn always_possible(state: &SupergraphState, position: &str, object: &str) -> bool {
    let Some(definition) = state.definitions.get(position) else { return false };
    let in_all_subgraphs = definition.join_types().iter().all(|join| match definition {
        SupergraphDefinition::Union(union) => {
            union.union_members.iter().any(|member| member.graph == join.graph_id && member.member == object)
        }
        _ => state.definitions.get(object).is_some_and(|definition| {
            definition
                .join_implements()
                .iter()
                .any(|implements| implements.graph_id == join.graph_id && implements.interface == position)
        }),
    });
    in_all_subgraphs && !is_narrowed(state, position)
}

/// Whether some subgraph's field returns a narrower type where the supergraph says `position`.
fn is_narrowed(state: &SupergraphState, position: &str) -> bool {
    state.definitions.values().flat_map(|definition| definition.fields().values()).any(|field| {
        field.field_type.inner_type() == position
            && field
                .join_field
                .iter()
                .any(|join| join.type_in_graph.as_ref().is_some_and(|ty| ty.inner_type() != position))
    })
}
