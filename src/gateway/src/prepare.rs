//! From a GraphQL request to the plan it needs: what is known of its text, or parsed and checked, and its values.

use std::rc::Rc;
use std::time::Duration;

use weir_planner::plan::OperationKind;
use weir_planner::{
    ExecutablePlan, Operation, OperationError, OperationErrorKind, OperationLimits, PlanError, PlanVariables,
    Supergraph,
};

use crate::config::Limits;
use crate::engine::Engine;
use crate::error::Code;
use crate::event::{Level, Output};
use crate::known::{Bound, Known};
use crate::limit::Limit;
use crate::metric::Metric;
use crate::pipeline::Item;
use crate::plans::Plans;
use crate::protocol::GraphQlRequest;
use crate::response::errors::GraphQlError;

/// Why a request has no plan.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) code: Code,
    pub(crate) errors: Vec<GraphQlError>,
}

impl Refused {
    pub(crate) fn one(code: Code, message: impl Into<String>) -> Refused {
        Refused { code, errors: vec![GraphQlError::new(code, message)] }
    }
}

/// An operation that may be executed once its plan is there.
pub(crate) struct Prepared {
    pub(crate) known: Rc<Known>,
    pub(crate) bound: Bound,
    /// The normalised operation, if its text has just been read.
    pub(crate) operation: Option<Operation>,
}

/// Reads a request's operation, unless it is known, and its variables. `note` is told what to count and to log.
///
/// # Errors
/// What is wrong with the operation or its variables.
pub(crate) fn prepare(
    now: Duration,
    engine: &Engine,
    plans: &mut Plans,
    request: &GraphQlRequest,
    note: &mut dyn FnMut(Output),
) -> Result<Prepared, Refused> {
    let (text, name) = (request.query.as_str(), request.operation_name.as_deref());
    let limits = &engine.config.limits.operation;
    let (known, operation) = match plans.known(now, text, name) {
        Some(known) => (known, None),
        None => {
            let operation = parse(&engine.supergraph, limits, request, note)?;
            let normalised = operation.normalise(&engine.supergraph);
            count(note, Metric::TextsRead, 1);
            count(note, Metric::LiteralsKept, normalised.kept_literals);
            let known = Rc::new(Known::new(text, name, &operation, &normalised, engine.environment));
            plans.learn(now, &known);
            (known, Some(normalised.operation))
        }
    };
    if request.by_get && known.kind == OperationKind::Mutation {
        return Err(Refused::one(Code::MutationByGet, "Mutations are refused on GET: use POST."));
    }
    for limit in &known.exceeded {
        count(note, Metric::LimitWarned(*limit), 1);
    }
    let bound = known
        .bind(&request.variables, limits.introspection)
        .map_err(|errors| Refused { code: Code::BadVariables, errors })?;
    Ok(Prepared { known, bound, operation })
}

/// Reads an operation that is to be planned before anybody asks for it. Values of its variables need not be there.
///
/// # Errors
/// Why it can't be planned.
pub(crate) fn prepare_warm_up(
    now: Duration,
    engine: &Engine,
    plans: &mut Plans,
    item: &Item,
) -> Result<Prepared, String> {
    let (text, name) = match item {
        Item::Configured(operation) => (operation.query.as_str(), operation.operation_name.as_deref()),
        Item::Former(planned) => (&*planned.text, None),
    };
    let unlimited = OperationLimits::unlimited();
    let limits = match item {
        Item::Configured(_) => &engine.config.limits.operation,
        // Its client's own text was within the limits.
        Item::Former(_) => &unlimited,
    };
    let operation = Operation::prepare(&engine.supergraph, text, name, limits)
        .map_err(|errors| errors.first().map_or_else(String::new, ToString::to_string))?;
    let normalised = operation.normalise(&engine.supergraph);
    let known = Rc::new(Known::new(text, name, &operation, &normalised, engine.environment));
    let bound = match item {
        Item::Configured(operation) => {
            plans.learn(now, &known);
            let values =
                operation.variables.iter().map(|(name, value)| (name.clone().into(), value.to_string()));
            known.decide(&values.collect())
        }
        Item::Former(planned) => known.decide(&variant_values(&normalised.operation, &planned.variant)),
    };
    Ok(Prepared { known, bound, operation: Some(normalised.operation) })
}

/// The values that a variant stands for; see [`crate::known`].
fn variant_values(operation: &Operation, variant: &str) -> crate::executor::Variables {
    let mut parts = variant.split('\0');
    let bits = parts.next().unwrap_or_default();
    let conditions = operation.conditions().iter().zip(bits.chars()).map(|(condition, bit)| {
        (condition.name.clone().into(), if bit == '1' { "true" } else { "false" }.to_owned())
    });
    let introspection = parts.filter_map(|part| {
        let (name, json) = part.split_once('=')?;
        Some((name.to_owned().into(), json.to_owned()))
    });
    conditions.chain(introspection).collect()
}

/// Makes a plan.
///
/// # Errors
/// Why there is none.
pub(crate) fn plan(
    supergraph: &Supergraph,
    limits: &Limits,
    known: &Known,
    operation: Option<Operation>,
    deciding: &PlanVariables,
    note: &mut dyn FnMut(Output),
) -> Result<ExecutablePlan, Refused> {
    let operation = match operation {
        Some(operation) => operation,
        None => read_again(supergraph, &known.normal)?,
    };
    supergraph.plan(&operation, deciding, Some(limits.max_planning_time)).map_err(|error| {
        count(note, Metric::PlansFailed, 1);
        match error {
            PlanError::Failed(why) => {
                let message = format!("No plan was found for this operation: {why}.");
                note(Output::Log(Level::Error, format!("weir: {message}")));
                Refused::one(Code::PlanningFailed, message)
            }
            PlanError::TooLarge(why) => {
                count(note, Metric::LimitHit(Limit::Complexity), 1);
                Refused::one(Code::LimitExceeded, format!("The operation can't be answered: {why}."))
            }
            PlanError::TimedOut => {
                count(note, Metric::LimitHit(Limit::PlanningTime), 1);
                Refused::one(
                    Code::PlanningTimedOut,
                    "Planning this operation took longer than limits.max_planning_time.",
                )
            }
        }
    })
}

/// The normalised operation of a text that was read before. Its limits were checked then, and by the client's
/// own text.
fn read_again(supergraph: &Supergraph, normal: &str) -> Result<Operation, Refused> {
    Operation::prepare(supergraph, normal, None, &OperationLimits::unlimited()).map_err(|errors| {
        let why = errors.first().map_or("", |error| error.message.as_str());
        Refused::one(Code::PlanningFailed, format!("No plan was found for this operation: {why}"))
    })
}

fn count(note: &mut dyn FnMut(Output), metric: Metric, by: usize) {
    if by > 0 {
        note(Output::Count(metric, i64::try_from(by).unwrap_or(i64::MAX)));
    }
}

/// The bound that an error is about.
pub(crate) fn limit_of(error: &OperationError) -> Option<Limit> {
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
        count(note, Metric::LimitHit(limit.into()), 1);
    }
    let errors = errors.into_iter().map(|error| {
        let mut shown = GraphQlError::new(code, error.message);
        shown.locations = error.locations;
        shown
    });
    Err(Refused { code, errors: errors.collect() })
}
