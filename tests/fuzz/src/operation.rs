//! The text of an operation, from parsing to planning, against the demo's supergraph.

use weir_planner::display::PlanDisplay;
use weir_planner::{Operation, OperationLimits, PlanVariables, Supergraph};

use crate::{Target, demo};

/// Whatever the text is: an operation is refused with at least one error that has a message, or it is planned
/// with all its conditions true and all false, and its plan can be printed.
pub const TARGET: Target = Target { name: "operation", check };

thread_local! {
    static SUPERGRAPH: Supergraph = match Supergraph::parse(demo::SUPERGRAPH) {
        Ok(supergraph) => supergraph,
        Err(problems) => panic!("{problems:?}"),
    };
}

fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    SUPERGRAPH.with(|supergraph| {
        let operation = match Operation::prepare(supergraph, text, None, &OperationLimits::default()) {
            Ok(operation) => operation,
            Err(errors) => {
                assert!(
                    !errors.is_empty() && errors.iter().all(|error| !error.message.is_empty()),
                    "{errors:?}"
                );
                return;
            }
        };
        for value in [true, false] {
            let conditions = operation.conditions().iter().map(|condition| (condition.name.clone(), value));
            let introspection = operation.introspection_variables().iter();
            let variables = PlanVariables {
                conditions: conditions.collect(),
                introspection: introspection.map(|name| (name.clone(), format!("{value}"))).collect(),
            };
            // One that can't be planned says so; the panics of the planning library are contained in Weir.
            if let Ok(plan) = supergraph.plan(&operation, &variables, None) {
                assert!(plan.fetches.len() <= 1_000, "{} fetches", plan.fetches.len());
                assert!(!format!("{:#}", PlanDisplay { plan: &plan, supergraph }).is_empty());
            }
        }
    });
}
