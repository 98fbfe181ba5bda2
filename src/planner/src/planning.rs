//! From a prepared operation to its executable plan.

use std::collections::HashSet;
use std::time::Duration;

use graphql_tools::static_graphql::query::Document;
use hive_router_query_planner::ast::normalization::normalize_operation;
use hive_router_query_planner::graph::{PERCENTAGE_SCALE_FACTOR, PlannerOverrideContext};
use hive_router_query_planner::planner::PlannerError;
use hive_router_query_planner::planner::plan_nodes::QueryPlan;
use hive_router_query_planner::utils::cancellation::{CancellationError, CancellationToken};
use xxhash_rust::xxh3::xxh3_64;

use crate::contain::contain;
use crate::introspection::Introspection;
use crate::library_operation::Form;
use crate::names::Names;
use crate::operation::Operation;
use crate::plan::{ExecutablePlan, Fetch, OperationKind};
use crate::projection::Projector;
use crate::selection::{Node, fold};
use crate::supergraph::{PlanError, PlanVariables, Supergraph};
use crate::{adapter, check, library_operation, plan_size};

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
    let introspection = Introspection::new(schema, operation.variable_definitions(), variables);
    let mut projector = Projector::new(schema, introspection);
    let projection = projector
        .selection(&mut names, root, &node_refs)
        .map_err(|why| if projector.is_too_large() { PlanError::TooLarge(why) } else { failed(why) })?;
    let token = budget.map_or_else(CancellationToken::new, CancellationToken::with_timeout);
    let mut first_failure = None;
    for form in [Form::AsWritten, Form::PerObjectType] {
        if let Err(why) = plan_size::check(schema, &supergraph.planner().supergraph, root, &nodes, form) {
            first_failure.get_or_insert(PlanError::TooLarge(why));
            continue;
        }
        let document =
            library_operation::write(schema, &mut projector, &mut names, operation, root, &nodes, form)
                .map_err(failed)?;
        let fetches = match document {
            None => Ok(Vec::new()),
            Some(document) => fetches(supergraph, kind, &document, &token, &mut names),
        };
        let checked = fetches.and_then(|fetches| {
            check::check(kind, &fetches, &projection, &mut names, &supergraph.planner().supergraph)
                .map(|()| fetches)
                .map_err(failed)
        });
        match checked {
            Ok(fetches) => return Ok(ExecutablePlan { kind, names: names.into_list(), fetches, projection }),
            Err(PlanError::TimedOut) => return Err(PlanError::TimedOut),
            Err(failure) => {
                first_failure.get_or_insert(failure);
            }
        }
    }
    Err(first_failure.unwrap_or_else(|| failed("no plan was tried")))
}

/// Asks the library for a plan and turns it into ours.
fn fetches(
    supergraph: &Supergraph,
    kind: OperationKind,
    document: &Document,
    token: &CancellationToken,
    names: &mut Names,
) -> Result<Vec<Fetch>, PlanError> {
    let planner = supergraph.planner();
    let overrides = overrides(&document.to_string());
    let planned = contain(|| -> Result<QueryPlan, PlanError> {
        let normalized = normalize_operation(&planner.supergraph, document, None)
            .map_err(|error| failed(error.to_string()))?;
        planner
            .plan_from_normalized_operation(normalized.executable_operation(), overrides, token)
            .map_err(library_error)
    });
    let planned = planned.map_err(|panic| failed(format!("the planner broke down: {panic}")))??;
    adapter::adapt(planned, kind, &planner.supergraph, supergraph.subgraphs(), names).map_err(failed)
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
