//! Validation of an operation against the API schema (GraphQL §5), by the rules of graphql-tools.

use graphql_tools::static_graphql::{query, schema};
use graphql_tools::validation::rules::default_rules_validation_plan;
use graphql_tools::validation::validate::{ValidationPlan, validate};

use crate::contain::contain;
use crate::limits::location;
use crate::operation::{OperationError, OperationErrorKind};

/// The rules, built once per supergraph.
pub(crate) struct Rules(ValidationPlan);

impl Rules {
    pub(crate) fn new() -> Self {
        Self(default_rules_validation_plan())
    }

    /// All faults of `operation`; it must have passed the limits.
    pub(crate) fn check(
        &self,
        schema: &schema::Document,
        operation: &query::Document,
    ) -> Result<(), Vec<OperationError>> {
        let found = contain(|| validate(schema, operation, &self.0)).map_err(|panic| {
            vec![OperationError {
                kind: OperationErrorKind::Validation,
                message: format!("Operation can't be validated: {panic}"),
                locations: Vec::new(),
            }]
        })?;
        if found.is_empty() {
            return Ok(());
        }
        Err(found
            .into_iter()
            .map(|error| OperationError {
                kind: OperationErrorKind::Validation,
                message: error.message,
                locations: error.locations.into_iter().map(location).collect(),
            })
            .collect())
    }
}
