//! Query planning: supergraph and operation in, executable plan out.
//!
//! The planning library is named in this crate alone, and only behind [`Supergraph`]; the rest of Weir sees
//! [`ExecutablePlan`] (DESIGN §6).

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod adapter;
mod check;
mod contain;
pub mod display;
mod environment;
mod field_set;
mod introspection;
mod joins;
mod library_operation;
mod limits;
mod literal;
mod names;
mod normal;
mod operation;
pub mod plan;
mod plan_size;
mod planning;
#[cfg(test)]
mod planning_tests;
mod projection;
mod provided;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod random_operations;
mod schema;
mod selection;
mod solver;
mod spec_versions;
mod supergraph;
mod syntax;
mod tree_keys;
mod validation;
mod variable_types;

pub use environment::planner_version;
pub use limits::{OperationLimit, OperationLimits};
pub use normal::{Normalised, VariableSource};
pub use operation::{ConditionVariable, Operation, OperationError, OperationErrorKind};
pub use plan::ExecutablePlan;
pub use supergraph::{PlanError, PlanVariables, Subgraph, Supergraph, SupergraphProblem};
pub use validation::did_you_mean;
pub use variable_types::{InputEnum, InputField, InputObject, InputType, Variable, VariableTypes};
