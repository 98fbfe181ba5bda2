//! One operation of a client's document: parsed, within its limits, valid against the API schema.

use std::collections::BTreeSet;
use std::fmt;

use graphql_tools::parser::query::{
    Definition, OperationDefinition, ParseError, parse_query_with_token_limit,
};
use graphql_tools::static_graphql::query::{
    Directive, Document, Selection, SelectionSet, TypeCondition, Value, VariableDefinition,
};

use crate::contain::contain;
use crate::limits::{self, OperationLimits};
use crate::plan::OperationKind;
use crate::supergraph::Supergraph;

/// An operation that can be planned.
///
/// It belongs to the supergraph it was prepared for: another one may not hold its fields.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The chosen operation and the fragments; other operations are gone.
    pub(crate) document: Document,
    kind: OperationKind,
    name: Option<String>,
    variables: Vec<OperationVariable>,
    conditions: Vec<ConditionVariable>,
    introspection: Vec<String>,
}

/// A declared variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationVariable {
    /// Its name, without `$`.
    pub name: String,
    /// Its type as GraphQL text, e.g. `[ID!]!`.
    pub ty: String,
    /// Whether the type ends in `!`.
    pub non_null: bool,
    /// Whether it has a default value.
    pub has_default: bool,
}

/// A variable that `@skip` or `@include` looks at; the plan depends on its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionVariable {
    /// Its name, without `$`.
    pub name: String,
    /// The declared default.
    pub default: Option<bool>,
}

/// Why an operation can't be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationError {
    /// What went wrong.
    pub kind: OperationErrorKind,
    /// For the client.
    pub message: String,
    /// Line and column in the operation's text, both from 1.
    pub locations: Vec<(u32, u32)>,
}

/// What is wrong with an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationErrorKind {
    /// Not GraphQL.
    Parse,
    /// GraphQL, but not for this schema.
    Validation,
    /// No operation of the given name, or several and no name.
    UnknownOperation,
    /// Over one of [`OperationLimits`].
    Limit,
    /// A feature that Weir doesn't have (subscriptions).
    Unsupported,
}

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (line, column) in &self.locations {
            write!(f, " ({line}:{column})")?;
        }
        Ok(())
    }
}

impl std::error::Error for OperationError {}

impl Operation {
    /// Parses `text`, chooses the operation `name` (needed only if there are several; GraphQL §6.1), checks
    /// `limits` and validates.
    ///
    /// # Errors
    /// All validation errors; else the first error of the step that failed.
    pub fn prepare(
        supergraph: &Supergraph,
        text: &str,
        name: Option<&str>,
        limits: &OperationLimits,
    ) -> Result<Self, Vec<OperationError>> {
        let mut document = parse(text, limits).map_err(|error| vec![error])?;
        limits::check(&document, limits).map_err(|error| vec![error])?;
        let chosen = choose(&document, name).map_err(|error| vec![error])?;
        supergraph.validate(&document)?;
        refuse_reserved_aliases(&document).map_err(|error| vec![error])?;
        let mut index = 0_usize;
        document.definitions.retain(|definition| {
            let keep = index == chosen || matches!(definition, Definition::Fragment(_));
            index = index.saturating_add(1);
            keep
        });
        Self::of_document(document, supergraph).map_err(|error| vec![error])
    }

    fn of_document(document: Document, supergraph: &Supergraph) -> Result<Self, OperationError> {
        let (kind, name, definitions) = document
            .definitions
            .iter()
            .find_map(|definition| match definition {
                Definition::Operation(operation) => Some(parts(operation)),
                Definition::Fragment(_) => None,
            })
            .ok_or_else(|| error(OperationErrorKind::UnknownOperation, "The document holds no operation."))?;
        let kind = kind?;
        let root = match kind {
            OperationKind::Query => Some(supergraph.schema().query_type()),
            OperationKind::Mutation => supergraph.schema().mutation_type(),
        };
        if root.is_none() {
            return Err(error(OperationErrorKind::Validation, "The schema has no mutations."));
        }
        let name = name.map(ToOwned::to_owned);
        let variables = definitions.iter().map(variable).collect();
        let mut names = BTreeSet::new();
        let mut introspection = BTreeSet::new();
        for definition in &document.definitions {
            let (set, meta) = match definition {
                Definition::Operation(operation) => (selections(operation), false),
                Definition::Fragment(fragment) => {
                    (&fragment.selection_set, on_meta_type(&fragment.type_condition))
                }
            };
            collect_conditions(set, &mut names);
            collect_introspection(set, meta, &mut introspection);
        }
        let conditions = names
            .into_iter()
            .map(|name| ConditionVariable { default: default_of(definitions, &name), name })
            .collect();
        let introspection = introspection.into_iter().collect();
        Ok(Self { kind, name, variables, conditions, introspection, document })
    }

    /// Query or mutation.
    pub fn kind(&self) -> OperationKind {
        self.kind
    }

    /// The chosen operation's name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The declared variables, in the order of their declaration.
    pub fn variables(&self) -> &[OperationVariable] {
        &self.variables
    }

    /// The variables that `@skip` and `@include` look at, sorted by name.
    pub fn conditions(&self) -> &[ConditionVariable] {
        &self.conditions
    }

    /// The variables used by the arguments of `__schema` and `__type` or within them, sorted; their values are
    /// needed for planning, because introspection is answered by the plan itself.
    pub fn introspection_variables(&self) -> &[String] {
        &self.introspection
    }

    /// The chosen operation's selections.
    pub(crate) fn selections(&self) -> Option<&SelectionSet> {
        self.definition().map(selections)
    }

    /// The declarations of variables, as written.
    pub(crate) fn variable_definitions(&self) -> &[VariableDefinition] {
        self.definition().map_or(&[], |operation| parts(operation).2)
    }

    fn definition(&self) -> Option<&OperationDefinition<'static, String>> {
        self.document.definitions.iter().find_map(|definition| match definition {
            Definition::Operation(operation) => Some(operation),
            Definition::Fragment(_) => None,
        })
    }
}

fn error(kind: OperationErrorKind, message: impl Into<String>) -> OperationError {
    OperationError { kind, message: message.into(), locations: Vec::new() }
}

fn parse(text: &str, limits: &OperationLimits) -> Result<Document, OperationError> {
    let parsed = contain(|| {
        parse_query_with_token_limit::<String>(text, limits.max_tokens)
            .map(|document| document.into_static())
            .map_err(|error| parse_error(&error))
    });
    match parsed {
        Ok(Ok(document)) if document.definitions.is_empty() => {
            Err(error(OperationErrorKind::Parse, "Syntax error: the document is empty."))
        }
        Ok(result) => result,
        Err(panic) => Err(error(OperationErrorKind::Parse, format!("Syntax error: {panic}"))),
    }
}

fn parse_error(found: &ParseError) -> OperationError {
    let text = found.to_string();
    // The parser's text begins `Parse error at LINE:COLUMN` and has one finding per line.
    let mut lines = text.lines();
    lines.next();
    let findings = lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    let over_limit =
        ["Token limit exceeded", "Recursion limit exceeded"].iter().any(|part| text.contains(part));
    let kind = if over_limit { OperationErrorKind::Limit } else { OperationErrorKind::Parse };
    let message = format!("Syntax error: {}", if findings.is_empty() { text.as_str() } else { &findings });
    OperationError { kind, message, locations: vec![limits::location(found.0.position)] }
}

/// The index of the chosen operation among the document's definitions.
fn choose(document: &Document, name: Option<&str>) -> Result<usize, OperationError> {
    let mut operations =
        document.definitions.iter().enumerate().filter_map(|(index, definition)| match definition {
            Definition::Operation(operation) => Some((index, parts(operation).1)),
            Definition::Fragment(_) => None,
        });
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        return operations
            .find(|(_, candidate)| *candidate == Some(name))
            .map(|(index, _)| index)
            .ok_or_else(|| {
                error(OperationErrorKind::UnknownOperation, format!("Unknown operation named \"{name}\"."))
            });
    }
    match (operations.next(), operations.next()) {
        (Some((index, _)), None) => Ok(index),
        (None, _) => Err(error(OperationErrorKind::UnknownOperation, "The document holds no operation.")),
        (Some(_), Some(_)) => Err(error(
            OperationErrorKind::UnknownOperation,
            "Must provide operation name if query contains multiple operations.",
        )),
    }
}

type Parts<'a> = (Result<OperationKind, OperationError>, Option<&'a str>, &'a [VariableDefinition]);

fn parts<'a>(operation: &'a OperationDefinition<'static, String>) -> Parts<'a> {
    match operation {
        OperationDefinition::SelectionSet(_) => (Ok(OperationKind::Query), None, &[]),
        OperationDefinition::Query(query) => {
            (Ok(OperationKind::Query), query.name.as_deref(), &query.variable_definitions)
        }
        OperationDefinition::Mutation(mutation) => {
            (Ok(OperationKind::Mutation), mutation.name.as_deref(), &mutation.variable_definitions)
        }
        OperationDefinition::Subscription(subscription) => (
            Err(OperationError {
                kind: OperationErrorKind::Unsupported,
                message: "Subscriptions are not supported.".to_owned(),
                locations: vec![limits::location(subscription.position)],
            }),
            subscription.name.as_deref(),
            &subscription.variable_definitions,
        ),
    }
}

pub(crate) fn selections<'a>(operation: &'a OperationDefinition<'static, String>) -> &'a SelectionSet {
    match operation {
        OperationDefinition::SelectionSet(set) => set,
        OperationDefinition::Query(query) => &query.selection_set,
        OperationDefinition::Mutation(mutation) => &mutation.selection_set,
        OperationDefinition::Subscription(subscription) => &subscription.selection_set,
    }
}

fn variable(definition: &VariableDefinition) -> OperationVariable {
    OperationVariable {
        name: definition.name.clone(),
        ty: definition.var_type.to_string(),
        non_null: definition.var_type.is_non_null(),
        has_default: definition.default_value.is_some(),
    }
}

fn default_of(definitions: &[VariableDefinition], name: &str) -> Option<bool> {
    match definitions.iter().find(|definition| definition.name == name)?.default_value {
        Some(Value::Boolean(value)) => Some(value),
        _ => None,
    }
}

/// `__typename` as the alias of another field would hide the runtime type that execution reads under this key
/// (names that begin with `__` are reserved, GraphQL §2.1.9).
fn refuse_reserved_aliases(document: &Document) -> Result<(), OperationError> {
    document.definitions.iter().try_for_each(|definition| {
        refuse_reserved_aliases_in(match definition {
            Definition::Operation(operation) => selections(operation),
            Definition::Fragment(fragment) => &fragment.selection_set,
        })
    })
}

fn refuse_reserved_aliases_in(set: &SelectionSet) -> Result<(), OperationError> {
    for selection in &set.items {
        match selection {
            Selection::Field(field) => {
                if field.alias.as_deref() == Some("__typename") && field.name != "__typename" {
                    return Err(OperationError {
                        kind: OperationErrorKind::Validation,
                        message: "\"__typename\" is reserved and can't be the alias of another field."
                            .to_owned(),
                        locations: vec![limits::location(field.position)],
                    });
                }
                refuse_reserved_aliases_in(&field.selection_set)?;
            }
            Selection::InlineFragment(inline) => refuse_reserved_aliases_in(&inline.selection_set)?,
            Selection::FragmentSpread(_) => {}
        }
    }
    Ok(())
}

fn collect_conditions(set: &SelectionSet, names: &mut BTreeSet<String>) {
    let mut of = |directives: &[Directive]| {
        for directive in directives.iter().filter(|directive| matches!(&*directive.name, "skip" | "include"))
        {
            for (_, value) in &directive.arguments {
                if let Value::Variable(name) = value {
                    names.insert(name.clone());
                }
            }
        }
    };
    for selection in &set.items {
        match selection {
            Selection::Field(field) => of(&field.directives),
            Selection::InlineFragment(inline) => of(&inline.directives),
            Selection::FragmentSpread(spread) => of(&spread.directives),
        }
    }
    for selection in &set.items {
        match selection {
            Selection::Field(field) => collect_conditions(&field.selection_set, names),
            Selection::InlineFragment(inline) => collect_conditions(&inline.selection_set, names),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// Variables in arguments of `__schema` and `__type` and of what lies under them.
fn collect_introspection(set: &SelectionSet, inside: bool, names: &mut BTreeSet<String>) {
    for selection in &set.items {
        match selection {
            Selection::Field(field) => {
                let inside = inside || matches!(&*field.name, "__schema" | "__type");
                if inside {
                    for (_, value) in &field.arguments {
                        if let Value::Variable(name) = value {
                            names.insert(name.clone());
                        }
                    }
                }
                collect_introspection(&field.selection_set, inside, names);
            }
            Selection::InlineFragment(inline) => collect_introspection(&inline.selection_set, inside, names),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// Whether the fragment's type belongs to introspection, so that all its fields do.
fn on_meta_type(condition: &TypeCondition) -> bool {
    let TypeCondition::On(name) = condition;
    name.starts_with("__")
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn prepare(text: &str, name: Option<&str>) -> Result<Operation, Vec<OperationError>> {
        let sdl = include_str!("../../../tests/fixtures/shop.graphql");
        let supergraph = Supergraph::parse(sdl).expect("fixture");
        Operation::prepare(&supergraph, text, name, &OperationLimits { max_tokens: 200, max_depth: 6 })
    }

    fn error(text: &str, name: Option<&str>) -> OperationError {
        prepare(text, name).expect_err("an error").remove(0)
    }

    #[test]
    fn tells_what_the_plan_depends_on() {
        let text = "query Q($a: Boolean = true, $b: Boolean!, $t: String!, $z: ID!) {
            me @include(if: $a) { ...F }
            __type(name: $t) { ...T }
            item(id: $z) { id }
        }
        fragment F on User { name @skip(if: $b) }
        fragment T on __Type { fields(includeDeprecated: $b) { name } }";
        let operation = prepare(text, None).expect("valid");
        assert_eq!(operation.name(), Some("Q"));
        let conditions: Vec<_> =
            operation.conditions().iter().map(|c| (c.name.as_str(), c.default)).collect();
        assert_eq!(conditions, [("a", Some(true)), ("b", None)]);
        assert_eq!(operation.introspection_variables(), ["b", "t"]);
        let z = &operation.variables()[3];
        assert_eq!((z.ty.as_str(), z.non_null, z.has_default), ("ID!", true, false));
    }

    #[test]
    fn chooses_by_name() {
        let text = "query A { status } mutation B { rename(name: \"x\") { id } }";
        assert_eq!(prepare(text, Some("B")).expect("valid").kind(), OperationKind::Mutation);
        assert_eq!(error(text, None).kind, OperationErrorKind::UnknownOperation);
        assert_eq!(error(text, Some("C")).kind, OperationErrorKind::UnknownOperation);
    }

    #[test]
    fn each_fault_has_its_kind_and_place() {
        let syntax = error("{ me {", None);
        assert_eq!((syntax.kind, syntax.locations.len()), (OperationErrorKind::Parse, 1));
        assert_eq!(error("", None).kind, OperationErrorKind::Parse);
        let unknown = error("{\n  nothing }", None);
        assert_eq!(
            (unknown.kind, unknown.locations.as_slice()),
            (OperationErrorKind::Validation, &[(2, 3)][..])
        );
        assert_eq!(error("{ me { __typename: name } }", None).kind, OperationErrorKind::Validation);
        assert_eq!(error("{ me { secret } }", None).kind, OperationErrorKind::Validation);
        let tokens = format!("{{ {} }}", "status ".repeat(300));
        assert_eq!(error(&tokens, None).kind, OperationErrorKind::Limit);
        assert_eq!(
            error("{ latest { author { ...F } } } fragment F on User { ...F }", None).kind,
            OperationErrorKind::Validation
        );
    }
}
