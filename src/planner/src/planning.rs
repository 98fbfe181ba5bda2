//! From a prepared operation to its executable plan.

use std::collections::HashSet;
use std::time::Duration;

use hive_router_query_planner::ast::normalization::normalize_operation;
use hive_router_query_planner::graph::{PERCENTAGE_SCALE_FACTOR, PlannerOverrideContext};
use hive_router_query_planner::planner::PlannerError;
use hive_router_query_planner::planner::plan_nodes::QueryPlan;
use hive_router_query_planner::utils::cancellation::{CancellationError, CancellationToken};
use xxhash_rust::xxh3::xxh3_64;

use crate::contain::contain;
use crate::introspection::Introspection;
use crate::names::Names;
use crate::operation::Operation;
use crate::plan::{ExecutablePlan, OperationKind};
use crate::projection::Projector;
use crate::selection::{Node, fold};
use crate::supergraph::{PlanError, PlanVariables, Supergraph};
use crate::{adapter, check, library_operation};

pub(crate) fn plan(
    supergraph: &Supergraph,
    operation: &Operation,
    variables: &PlanVariables,
    budget: Option<Duration>,
) -> Result<ExecutablePlan, PlanError> {
    let schema = supergraph.schema();
    let kind = operation.kind();
    let root = match kind {
        OperationKind::Query => schema.query_type(),
        OperationKind::Mutation => {
            schema.mutation_type().ok_or_else(|| failed("the schema has no mutations"))?
        }
    };
    let nodes = fold(operation, variables);
    let node_refs: Vec<&Node> = nodes.iter().collect();
    let mut names = Names::default();
    let introspection = Introspection::new(schema, operation, variables);
    let mut projector = Projector::new(schema, introspection);
    let projection = projector.selection(&mut names, root, &node_refs).map_err(failed)?;
    let document = library_operation::write(schema, &mut projector, &mut names, operation, root, &nodes)
        .map_err(failed)?;
    let fetches = match document {
        None => Vec::new(),
        Some(document) => {
            let overrides = overrides(&document.to_string());
            let token = budget.map_or_else(CancellationToken::new, CancellationToken::with_timeout);
            let planner = supergraph.planner();
            let planned = contain(|| -> Result<QueryPlan, PlanError> {
                let normalized = normalize_operation(&planner.supergraph, &document, None)
                    .map_err(|error| failed(error.to_string()))?;
                planner
                    .plan_from_normalized_operation(normalized.executable_operation(), overrides, &token)
                    .map_err(library_error)
            });
            let planned = planned.map_err(|panic| failed(format!("the planner broke down: {panic}")))??;
            adapter::adapt(planned, kind, &planner.supergraph, supergraph.subgraphs(), &mut names)
                .map_err(failed)?
        }
    };
    check::check(kind, &fetches, &projection, &mut names, &supergraph.planner().supergraph)
        .map_err(failed)?;
    Ok(ExecutablePlan { kind, names: names.into_list(), fetches, projection })
}

fn failed(reason: impl Into<String>) -> PlanError {
    PlanError::Failed(reason.into())
}

fn library_error(error: PlannerError) -> PlanError {
    match error {
        PlannerError::CancellationError(CancellationError::TimedOut) => PlanError::TimedOut,
        other => {
            // The token's error may come wrapped by the stage that met it.
            let text = other.to_string();
            if text.ends_with("timed out") { PlanError::TimedOut } else { failed(text) }
        }
    }
}

/// `@override(label: "percent(x)")` moves x percent of the load. A plan is cached and shared, so the lot falls per
/// operation, by the hash of its text, and the same everywhere. Custom labels are never active.
fn overrides(document: &str) -> PlannerOverrideContext {
    let full = PERCENTAGE_SCALE_FACTOR.saturating_mul(100);
    let lot = xxh3_64(document.as_bytes()).checked_rem(full).unwrap_or(0);
    PlannerOverrideContext::new(HashSet::new(), lot)
}
