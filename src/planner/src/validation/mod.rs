//! Validation of an operation against the API schema (GraphQL §5), with the messages of graphql-js.
//!
//! One walk over the document does most rules and notes which fragments and variables each definition uses;
//! what depends on whole operations comes after it. The rules of graphql-tools were found to refuse valid
//! operations and to accept invalid ones, and their cost to grow with the square of the document.

mod arguments;
mod definitions;
mod directives;
mod fields;
mod fragments;
mod literals;
mod overlap;
mod print;
mod scope;
mod suggest;
mod variables;

use std::collections::HashMap;

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::{Definition, Document, FragmentDefinition, TypeCondition};
use graphql_tools::static_graphql::schema::TypeDefinition;

use crate::limits::location;
use crate::operation::{OperationError, OperationErrorKind, OperationLimit};
use crate::schema::ApiSchema;
use crate::syntax::{Parsed, Places};
pub(crate) use print::whole;
use scope::Scope;

/// Faults that are reported of one document, at most (as graphql-js does).
const MAX_ERRORS: usize = 100;

/// Steps that validation may take beyond one for each node: a document that needs more is refused. An everyday
/// operation takes some hundred; this many take about ten milliseconds.
const MAX_STEPS: usize = 100_000;

/// All faults of the document, up to [`MAX_ERRORS`]; it must have passed the limits.
///
/// `suggest` says whether messages may name parts of the schema that are like what was not found.
pub(crate) fn validate(
    schema: &ApiSchema,
    parsed: &Parsed,
    suggest: bool,
) -> Result<(), Vec<OperationError>> {
    let mut validation = Validation {
        schema,
        document: &parsed.document,
        places: &parsed.places,
        fragments: HashMap::new(),
        scopes: HashMap::new(),
        errors: Vec::new(),
        steps: 0,
        suggest,
        overlaps: HashMap::new(),
    };
    // A stop is no result of its own: why it came is among the errors.
    let _stopped = validation.run();
    if validation.errors.is_empty() { Ok(()) } else { Err(validation.errors) }
}

/// There are too many faults, or validation would take too long.
struct Stop;

type Checked = Result<(), Stop>;

struct Validation<'a> {
    schema: &'a ApiSchema,
    document: &'a Document,
    places: &'a Places,
    /// The first of each name.
    fragments: HashMap<&'a str, &'a FragmentDefinition>,
    /// What each definition uses, by the definition's place.
    scopes: HashMap<Pos, Scope<'a>>,
    errors: Vec<OperationError>,
    steps: usize,
    suggest: bool,
    /// Whether two types can have an object in common.
    overlaps: HashMap<(&'a str, &'a str), bool>,
}

impl<'a> Validation<'a> {
    fn run(&mut self) -> Checked {
        for definition in &self.document.definitions {
            if let Definition::Fragment(fragment) = definition {
                self.fragments.entry(&fragment.name).or_insert(fragment);
            }
        }
        self.definitions()?;
        for definition in &self.document.definitions {
            match definition {
                Definition::Operation(operation) => self.operation(operation)?,
                Definition::Fragment(fragment) => self.fragment(fragment)?,
            }
        }
        self.fragment_cycles()?;
        self.unused_fragments()?;
        self.variable_uses()?;
        // Conflicts are looked for among fields that exist, with fragments that end.
        if self.errors.is_empty() { self.overlapping_fields() } else { Ok(()) }
    }

    fn fault(&mut self, message: String, places: &[Pos]) -> Checked {
        if self.errors.len() >= MAX_ERRORS {
            let message = "Too many validation errors, error limit reached. Validation aborted.".to_owned();
            self.errors.push(OperationError {
                kind: OperationErrorKind::Validation,
                message,
                locations: Vec::new(),
            });
            return Err(Stop);
        }
        self.errors.push(OperationError {
            kind: OperationErrorKind::Validation,
            message,
            locations: places.iter().copied().map(location).collect(),
        });
        Ok(())
    }

    /// Takes note of work whose amount can grow faster than the document.
    fn spend(&mut self, steps: usize) -> Checked {
        self.steps = self.steps.saturating_add(steps);
        if self.steps <= MAX_STEPS {
            return Ok(());
        }
        self.errors = vec![OperationError {
            kind: OperationErrorKind::Limit(OperationLimit::Nesting),
            message: "The operation is too complex to be validated.".to_owned(),
            locations: Vec::new(),
        }];
        Err(Stop)
    }

    fn type_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.schema.definitions().map(TypeDefinition::name)
    }
}

/// The end of a message that proposes those of `names` that `input` may be a slip of; empty if there are none.
pub fn did_you_mean<'n>(what: &str, input: &str, names: impl Iterator<Item = &'n str>) -> String {
    suggest::did_you_mean(what, &suggest::similar(input, names))
}

/// The name in a type condition.
fn condition_name(condition: &TypeCondition) -> &str {
    let TypeCondition::On(name) = condition;
    name
}

#[cfg(test)]
mod tests;
