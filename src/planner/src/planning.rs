//! From a prepared operation to its executable plan.

use std::collections::HashSet;
use std::time::Duration;

use graphql_tools::static_graphql::query::Document;
use hive_router_query_planner::ast::normalization::normalize_operation;
use hive_router_query_planner::graph::PlannerOverrideContext;
use hive_router_query_planner::planner::PlannerError;
use hive_router_query_planner::planner::plan_nodes::QueryPlan;
use hive_router_query_planner::utils::cancellation::{CancellationError, CancellationToken};

use crate::check::Promise;
use crate::contain::contain;
use crate::introspection::Introspection;
use crate::joins::{ActiveLabels, LOT_SCALE};
use crate::names::Names;
use crate::operation::Operation;
use crate::plan::{ExecutablePlan, Fetch, NameId, OperationKind};
use crate::plan_size::Form;
use crate::projection::Projector;
use crate::selection::{Node, fold};
use crate::supergraph::{PlanError, PlanVariables, Supergraph};
use crate::{adapter, check, library_operation, plan_size, solver, tree_keys};

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
    let mut nodes = fold(operation, variables);
    let types = &supergraph.planner().supergraph.definitions;
    tree_keys::keep_apart(&mut nodes, |name| types.values().any(|ty| ty.fields().contains_key(name)));
    let node_refs: Vec<&Node> = nodes.iter().collect();
    let mut names = Names::default();
    let introspection = Introspection::new(schema, operation.variable_definitions(), variables);
    let mut projector = Projector::new(schema, introspection);
    let projection = projector
        .selection(&mut names, root, &node_refs)
        .map_err(|why| if projector.is_too_large() { PlanError::TooLarge(why) } else { failed(why) })?;
    let token = budget.map_or_else(CancellationToken::new, CancellationToken::with_timeout);
    let lot = lot(supergraph, operation);
    let labels = ActiveLabels { custom: supergraph.active_labels(), lot };
    let mut failure = failed("no plan was tried");
    let attempts: &[Attempt] = if supergraph.is_without_library() {
        &[Attempt::Second]
    } else {
        &[Attempt::Library, Attempt::Second]
    };
    for attempt in attempts {
        let form = match attempt {
            Attempt::Library => Form::AsWritten,
            Attempt::Second => Form::PerObjectType,
        };
        if let Err(why) = plan_size::check(schema, &supergraph.planner().supergraph, root, &nodes, form) {
            failure = PlanError::TooLarge(why);
            continue;
        }
        let fetches = match attempt {
            Attempt::Library => {
                let document =
                    library_operation::write(schema, &mut projector, &mut names, operation, root, &nodes)
                        .map_err(failed)?;
                match document {
                    None => Ok(Vec::new()),
                    Some(document) => fetches(supergraph, kind, &document, labels, &token, &mut names),
                }
            }
            Attempt::Second => {
                solver::solve(supergraph.joins(), labels, operation, root, &nodes, &token, &mut names)
                    .map_err(failed)
            }
        };
        let promise = Promise {
            kind,
            root,
            nodes: &nodes,
            variables: operation.variable_definitions(),
            projection: &projection,
            schema,
            joins: supergraph.joins(),
            labels: &labels,
        };
        let checked = fetches.and_then(|fetches| {
            check::check(&promise, &fetches, &mut names).map(|()| fetches).map_err(failed)
        });
        match checked {
            Ok(fetches) => {
                if names.len() > NameId::MOST {
                    let most = NameId::MOST;
                    return Err(PlanError::TooLarge(format!("its plan has more than {most} names")));
                }
                return Ok(ExecutablePlan { kind, names: names.into_list().into(), fetches, projection });
            }
            Err(PlanError::TimedOut) => return Err(PlanError::TimedOut),
            Err(error) => failure = error,
        }
        if token.bail_if_cancelled().is_err() {
            return Err(PlanError::TimedOut);
        }
    }
    Err(failure)
}

/// A way to come by a plan.
enum Attempt {
    Library,
    Second,
}

/// Asks the library for a plan and turns it into ours.
fn fetches(
    supergraph: &Supergraph,
    kind: OperationKind,
    document: &Document,
    labels: ActiveLabels<'_>,
    token: &CancellationToken,
    names: &mut Names,
) -> Result<Vec<Fetch>, PlanError> {
    let planner = supergraph.planner();
    let active: HashSet<String> = labels.custom.iter().cloned().collect();
    let overrides = PlannerOverrideContext::new(active, labels.lot);
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
/// operation, by the hash of its canonical text, and the same everywhere. Custom labels are active by
/// configuration.
fn lot(supergraph: &Supergraph, operation: &Operation) -> u64 {
    let full = LOT_SCALE.saturating_mul(100);
    operation.canonical_hash(supergraph).checked_rem(full).unwrap_or(0)
}
