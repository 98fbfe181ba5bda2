//! From a GraphQL request to its plan: from the cache, or parsed, checked and planned.

use std::rc::Rc;

use weir_planner::plan::OperationKind;
use weir_planner::{
    ExecutablePlan, Operation, OperationErrorKind, OperationLimits, PlanError, PlanVariables, Supergraph,
};

use crate::config::Limits;
use crate::error::Code;
use crate::executor::Variables;
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

/// The plan for a request. `count` is told what happened.
///
/// # Errors
/// What is wrong with the operation or its variables, or why it could not be planned.
pub(crate) fn prepare(
    supergraph: &Supergraph,
    limits: &Limits,
    plans: &mut Plans,
    request: &GraphQlRequest,
    count: &mut dyn FnMut(Metric),
) -> Result<Rc<ExecutablePlan>, Refused> {
    let (text, name) = (request.query.as_str(), request.operation_name.as_deref());
    if let Some(known) = plans.known(text, name) {
        let variables = check(&known, request)?;
        if let Some(plan) = plans.plan(text, name, &variant(&variables)) {
            count(Metric::PlanCacheHits);
            return Ok(plan);
        }
    }
    let operation = parse(supergraph, limits, request, count)?;
    let known = Rc::new(Known {
        kind: operation.kind(),
        variables: operation.variables().to_vec(),
        conditions: operation.conditions().to_vec(),
        introspection: operation.introspection_variables().to_vec(),
    });
    let variables = check(&known, request)?;
    let planned = supergraph.plan(&operation, &variables, Some(limits.max_planning_time));
    let plan = Rc::new(planned.map_err(|error| {
        count(Metric::PlansFailed);
        match error {
            PlanError::Failed(why) => {
                Refused::one(Code::PlanningFailed, format!("No plan was found for this operation: {why}."))
            }
            PlanError::TimedOut => {
                count(Metric::LimitsHit);
                Refused::one(
                    Code::PlanningTimedOut,
                    "Planning this operation took longer than limits.max_planning_time.",
                )
            }
        }
    })?);
    count(Metric::PlansMade);
    if plans.insert(text, name, &known, variant(&variables), &plan) {
        count(Metric::PlanCacheEvictions);
    }
    Ok(plan)
}

fn parse(
    supergraph: &Supergraph,
    limits: &Limits,
    request: &GraphQlRequest,
    count: &mut dyn FnMut(Metric),
) -> Result<Operation, Refused> {
    let limits = OperationLimits { max_tokens: limits.max_tokens, max_depth: limits.max_depth };
    Operation::prepare(supergraph, &request.query, request.operation_name.as_deref(), &limits).map_err(
        |errors| {
            let kind = errors.first().map_or(OperationErrorKind::Validation, |error| error.kind);
            let code = match kind {
                OperationErrorKind::Parse => Code::ParseFailed,
                OperationErrorKind::Validation => Code::ValidationFailed,
                OperationErrorKind::UnknownOperation => Code::UnknownOperation,
                OperationErrorKind::Limit => Code::LimitExceeded,
                OperationErrorKind::Unsupported => Code::UnsupportedOperation,
            };
            if code == Code::LimitExceeded {
                count(Metric::LimitsHit);
            }
            let errors = errors.into_iter().map(|error| {
                let mut shown = GraphQlError::new(code, error.message);
                shown.locations = error.locations;
                shown
            });
            Refused { code, errors: errors.collect() }
        },
    )
}

/// Checks the request's variables as far as Weir itself reads them (the subgraphs check the rest), and
/// collects the values that the plan depends on.
fn check(known: &Known, request: &GraphQlRequest) -> Result<PlanVariables, Refused> {
    if request.by_get && known.kind == OperationKind::Mutation {
        return Err(Refused::one(Code::MutationByGet, "Mutations are refused on GET: use POST."));
    }
    for variable in &known.variables {
        let (name, ty) = (&variable.name, &variable.ty);
        match value(&request.variables, name) {
            None if variable.non_null && !variable.has_default => {
                let message = format!("Variable \"${name}\" of required type \"{ty}\" was not provided.");
                return Err(Refused::one(Code::BadVariables, message));
            }
            Some("null") if variable.non_null => {
                let message = format!("Variable \"${name}\" of non-null type \"{ty}\" must not be null.");
                return Err(Refused::one(Code::BadVariables, message));
            }
            _ => {}
        }
    }
    let mut variables = PlanVariables::default();
    for condition in &known.conditions {
        let name = &condition.name;
        let value = match value(&request.variables, name) {
            Some("true") => true,
            Some("false") => false,
            None => condition.default.unwrap_or(false),
            Some(_) => {
                let message =
                    format!("Variable \"${name}\" must be a boolean: @skip or @include looks at it.");
                return Err(Refused::one(Code::BadVariables, message));
            }
        };
        variables.conditions.push((name.clone(), value));
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
