//! What is known of an operation without parsing it again.

use std::borrow::Cow;
use std::rc::Rc;

use weir_cache::Key;
use weir_planner::plan::OperationKind;
use weir_planner::{Normalised, Operation, PlanVariables, VariableSource, VariableTypes};
use xxhash_rust::xxh3::xxh3_128;

use crate::coerce;
use crate::error::Code;
use crate::executor::Variables;
use crate::limit::Limit;
use crate::response::errors::GraphQlError;

/// One operation of a client's text.
pub(crate) struct Known {
    /// As the client sent it.
    pub(crate) text: Box<str>,
    /// Which of the text's operations.
    pub(crate) name: Option<Box<str>>,
    pub(crate) kind: OperationKind,
    /// What values its variables take, by the client's names.
    pub(crate) types: VariableTypes,
    /// The limits that it exceeds though they are only warned of.
    pub(crate) exceeded: Vec<Limit>,
    /// The normalised operation: all that are equal in this share plans.
    pub(crate) normal: Rc<str>,
    /// Whether it has literals that no variable could stand for.
    pub(crate) keeps_literals: bool,
    /// The key of its plan where no value decides which plan serves.
    key: Key,
    /// Where the normalised operation's variables have their values from.
    sources: Vec<(Cow<'static, str>, VariableSource)>,
    /// The variables that `@skip` and `@include` look at.
    conditions: Vec<Condition>,
    /// The variables whose values are part of an introspection result: normalised name and place in `sources`.
    introspection: Vec<(String, usize)>,
}

struct Condition {
    name: String,
    default: Option<bool>,
    /// Its place in `sources`.
    source: usize,
}

/// The values of one request.
pub(crate) struct Bound {
    /// Those that the plan depends on.
    pub(crate) deciding: PlanVariables,
    /// The same as text.
    pub(crate) variant: String,
    /// The key of the plan.
    pub(crate) key: Key,
}

impl Known {
    /// What is to be known of `operation`, which was read from `text`, in the environment that plans depend on.
    pub(crate) fn new(
        text: &str,
        name: Option<&str>,
        operation: &Operation,
        normalised: &Normalised,
        environment: u64,
    ) -> Known {
        let sources: Vec<_> = normalised
            .sources
            .iter()
            .enumerate()
            .map(|(index, source)| (variable_name(index), source.clone()))
            .collect();
        let place = |name: &str| sources.iter().position(|(known, _)| known == name).unwrap_or(usize::MAX);
        let conditions = normalised.operation.conditions().iter().map(|condition| Condition {
            source: place(&condition.name),
            name: condition.name.clone(),
            default: condition.default,
        });
        let introspection =
            normalised.operation.introspection_variables().iter().map(|name| (name.clone(), place(name)));
        let mut hashed = Vec::with_capacity(normalised.text.len().saturating_add(8));
        hashed.extend_from_slice(&environment.to_le_bytes());
        hashed.extend_from_slice(normalised.text.as_bytes());
        Known {
            text: text.into(),
            name: name.map(Into::into),
            kind: operation.kind(),
            types: operation.variables().clone(),
            exceeded: operation.exceeded().iter().filter_map(crate::prepare::limit_of).collect(),
            keeps_literals: normalised.kept_literals > 0,
            normal: normalised.text.as_str().into(),
            key: Key(xxh3_128(&hashed)),
            conditions: conditions.collect(),
            introspection: introspection.collect(),
            sources,
        }
    }

    /// Checks the client's variables, and picks out the values that the plan depends on.
    ///
    /// # Errors
    /// All that is wrong with them. `suggest` says whether messages may name parts of the schema.
    pub(crate) fn bind(&self, variables: &Variables, suggest: bool) -> Result<Bound, Vec<GraphQlError>> {
        let mut errors = coerce::check(&self.types, variables, suggest);
        let bound = self.decide_noting(variables, &mut errors);
        if errors.is_empty() { Ok(bound) } else { Err(errors) }
    }

    /// Picks out the values that the plan depends on; what is not there has its default, or counts as false.
    pub(crate) fn decide(&self, variables: &Variables) -> Bound {
        self.decide_noting(variables, &mut Vec::new())
    }

    fn decide_noting(&self, variables: &Variables, errors: &mut Vec<GraphQlError>) -> Bound {
        let mut deciding = PlanVariables::default();
        for condition in &self.conditions {
            let value = match self.value(condition.source, variables) {
                Some("true") => true,
                Some("false") => false,
                None => condition.default.unwrap_or(false),
                Some(json) => {
                    // Null is a value of a nullable variable with a default, and of no condition (§5.8.5); what
                    // else is wrong has been said.
                    if json == "null"
                        && errors.is_empty()
                        && let Some((_, VariableSource::Client(name))) = self.sources.get(condition.source)
                    {
                        let message =
                            format!("Variable \"${name}\" must not be null: @skip or @include looks at it.");
                        let mut error = GraphQlError::new(Code::BadVariables, message);
                        error.locations.extend(self.types.get(name).map(|variable| variable.location));
                        errors.push(error);
                    }
                    false
                }
            };
            deciding.conditions.push((condition.name.clone(), value));
        }
        for (name, source) in &self.introspection {
            if let Some(json) = self.value(*source, variables) {
                deciding.introspection.push((name.clone(), json.to_owned()));
            }
        }
        let variant = variant(&deciding);
        let key = if variant.is_empty() {
            self.key
        } else {
            let mut hashed = self.key.0.to_le_bytes().to_vec();
            hashed.extend_from_slice(variant.as_bytes());
            Key(xxh3_128(&hashed))
        };
        Bound { deciding, variant, key }
    }

    /// The values by the names of the normalised operation. Those that are not given are left out: the operation
    /// declares their defaults.
    pub(crate) fn rename(&self, mut variables: Variables) -> Variables {
        let values = self.sources.iter().filter_map(|(name, source)| {
            let json = match source {
                VariableSource::Literal(json) => json.clone(),
                VariableSource::Client(client) => {
                    let (_, json) = variables.iter_mut().find(|(known, _)| known == client)?;
                    std::mem::take(json)
                }
            };
            Some((name.clone(), json))
        });
        values.collect()
    }

    fn value<'a>(&'a self, source: usize, variables: &'a Variables) -> Option<&'a str> {
        match self.sources.get(source)? {
            (_, VariableSource::Literal(json)) => Some(json),
            (_, VariableSource::Client(name)) => {
                variables.iter().find(|(known, _)| known == name).map(|(_, json)| json.as_str())
            }
        }
    }

    /// About what it takes of memory.
    pub(crate) fn weight(&self) -> usize {
        const NODE: usize = 96;
        let sources = self.sources.iter().fold(0_usize, |sum, (_, source)| {
            let text = match source {
                VariableSource::Client(text) | VariableSource::Literal(text) => text.len(),
            };
            sum.saturating_add(text).saturating_add(NODE)
        });
        let texts = self.text.len().saturating_add(self.normal.len());
        sources.saturating_add(texts).saturating_add(self.types.weight())
    }
}

/// What tells the plans of one operation apart.
fn variant(deciding: &PlanVariables) -> String {
    let mut variant: String =
        deciding.conditions.iter().map(|(_, value)| if *value { '1' } else { '0' }).collect();
    for (name, json) in &deciding.introspection {
        variant.push('\0');
        variant.push_str(name);
        variant.push('=');
        variant.push_str(json);
    }
    variant
}

/// The names of normalised variables: those of everyday operations without a copy.
fn variable_name(index: usize) -> Cow<'static, str> {
    const NAMES: [&str; 24] = [
        "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
        "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
    ];
    NAMES.get(index).map_or_else(|| Cow::Owned(format!("v{index}")), |name| Cow::Borrowed(*name))
}
