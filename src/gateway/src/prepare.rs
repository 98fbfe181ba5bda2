//! From a GraphQL request to its plan: from the cache, or parsed, checked and planned.

use std::rc::Rc;

use weir_planner::plan::OperationKind;
use weir_planner::{
    ExecutablePlan, Operation, OperationError, OperationErrorKind, OperationLimits, PlanError, PlanVariables,
    Supergraph,
};

use crate::coerce;
use crate::config::Limits;
use crate::error::Code;
use crate::event::{Level, Output};
use crate::executor::Variables;
use crate::limit::Limit;
use crate::metric::Metric;
use crate::plans::{Known, Plans};
use crate::protocol::GraphQlRequest;
use crate::response::errors::GraphQlError;

/// Why a request has no plan.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) code: Code,
    pub(crate) errors: Vec<GraphQlError>,
}

impl Refused {
    pub(crate) fn one(code: Code, message: impl Into<String>) -> Refused {
        Refused { code, errors: vec![GraphQlError::new(code, message)] }
    }
}

/// The plan for a request. `note` is told what to count and to log.
///
/// # Errors
/// What is wrong with the operation or its variables, or why it could not be planned.
pub(crate) fn prepare(
    supergraph: &Supergraph,
    limits: &Limits,
    plans: &mut Plans,
    request: &GraphQlRequest,
    note: &mut dyn FnMut(Output),
) -> Result<Rc<ExecutablePlan>, Refused> {
    let (text, name) = (request.query.as_str(), request.operation_name.as_deref());
    let suggest = limits.operation.introspection;
    if let Some(known) = plans.known(text, name) {
        let variables = check(&known, request, suggest, note)?;
        if let Some(plan) = plans.plan(text, name, &variant(&variables)) {
            count(note, Metric::PlanCacheHits);
            return Ok(plan);
        }
    }
    let operation = parse(supergraph, &limits.operation, request, note)?;
    let known = Rc::new(Known {
        kind: operation.kind(),
        variables: operation.variables().clone(),
        conditions: operation.conditions().to_vec(),
        introspection: operation.introspection_variables().to_vec(),
        exceeded: operation.exceeded().iter().filter_map(limit_of).collect(),
    });
    let variables = check(&known, request, suggest, note)?;
    let planned = supergraph.plan(&operation, &variables, Some(limits.max_planning_time));
    let plan = Rc::new(planned.map_err(|error| {
        count(note, Metric::PlansFailed);
        match error {
            PlanError::Failed(why) => {
                Refused::one(Code::PlanningFailed, format!("No plan was found for this operation: {why}."))
            }
            PlanError::TooLarge(why) => {
                count(note, Metric::LimitHit(Limit::Complexity));
                Refused::one(Code::LimitExceeded, format!("The operation can't be answered: {why}."))
            }
            PlanError::TimedOut => {
                count(note, Metric::LimitHit(Limit::PlanningTime));
                Refused::one(
                    Code::PlanningTimedOut,
                    "Planning this operation took longer than limits.max_planning_time.",
                )
            }
        }
    })?);
    count(note, Metric::PlansMade);
    if plans.insert(text, name, &known, variant(&variables), &plan) {
        count(note, Metric::PlanCacheEvictions);
    }
    Ok(plan)
}

fn count(note: &mut dyn FnMut(Output), metric: Metric) {
    note(Output::Count(metric, 1));
}

/// The bound that an error is about.
fn limit_of(error: &OperationError) -> Option<Limit> {
    match error.kind {
        OperationErrorKind::Limit(limit) => Some(Limit::from(limit)),
        _ => None,
    }
}

fn parse(
    supergraph: &Supergraph,
    limits: &OperationLimits,
    request: &GraphQlRequest,
    note: &mut dyn FnMut(Output),
) -> Result<Operation, Refused> {
    let prepared = Operation::prepare(supergraph, &request.query, request.operation_name.as_deref(), limits);
    let errors = match prepared {
        Ok(operation) => {
            for error in operation.exceeded() {
                let name = operation.name().unwrap_or("anonymous");
                let line = format!("weir: served although over a limit: operation {name}: {error}");
                note(Output::Log(Level::Warn, line));
            }
            return Ok(operation);
        }
        Err(errors) => errors,
    };
    let kind = errors.first().map_or(OperationErrorKind::Validation, |error| error.kind);
    let code = match kind {
        OperationErrorKind::Parse => Code::ParseFailed,
        OperationErrorKind::Validation => Code::ValidationFailed,
        OperationErrorKind::UnknownOperation => Code::UnknownOperation,
        OperationErrorKind::Limit(_) => Code::LimitExceeded,
        OperationErrorKind::Introspection => Code::IntrospectionDisabled,
        OperationErrorKind::Unsupported => Code::UnsupportedOperation,
    };
    if let OperationErrorKind::Limit(limit) = kind {
        count(note, Metric::LimitHit(limit.into()));
    }
    let errors = errors.into_iter().map(|error| {
        let mut shown = GraphQlError::new(code, error.message);
        shown.locations = error.locations;
        shown
    });
    Err(Refused { code, errors: errors.collect() })
}

/// Checks the request's variables, and collects the values that the plan depends on.
fn check(
    known: &Known,
    request: &GraphQlRequest,
    suggest: bool,
    note: &mut dyn FnMut(Output),
) -> Result<PlanVariables, Refused> {
    if request.by_get && known.kind == OperationKind::Mutation {
        return Err(Refused::one(Code::MutationByGet, "Mutations are refused on GET: use POST."));
    }
    for limit in &known.exceeded {
        count(note, Metric::LimitWarned(*limit));
    }
    let mut errors = coerce::check(&known.variables, &request.variables, suggest);
    let mut variables = PlanVariables::default();
    for condition in &known.conditions {
        let name = &condition.name;
        let value = match value(&request.variables, name) {
            Some("true") => true,
            Some("false") => false,
            None => condition.default.unwrap_or(false),
            Some(json) => {
                // Null is a value of a nullable variable with a default, and of no condition (§5.8.5); what else
                // is wrong has been said.
                if json == "null" && errors.is_empty() {
                    let message =
                        format!("Variable \"${name}\" must not be null: @skip or @include looks at it.");
                    let mut error = GraphQlError::new(Code::BadVariables, message);
                    error.locations.extend(known.variables.get(name).map(|variable| variable.location));
                    errors.push(error);
                }
                false
            }
        };
        variables.conditions.push((name.clone(), value));
    }
    if !errors.is_empty() {
        return Err(Refused { code: Code::BadVariables, errors });
    }
    for name in &known.introspection {
        if let Some(json) = value(&request.variables, name) {
            variables.introspection.push((name.clone(), json.to_owned()));
        }
    }
    Ok(variables)
}

fn value<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    variables.iter().find(|(n, _)| n == name).map(|(_, json)| json.as_str())
}

/// What tells the plans of one operation apart.
fn variant(variables: &PlanVariables) -> String {
    let mut variant: String =
        variables.conditions.iter().map(|(_, value)| if *value { '1' } else { '0' }).collect();
    for (name, json) in &variables.introspection {
        variant.push('\0');
        variant.push_str(name);
        variant.push('=');
        variant.push_str(json);
    }
    variant
}
