//! One operation of a client's document: parsed, within its limits, valid against the API schema.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use graphql_tools::static_graphql::query::{
    Definition, Directive, Document, OperationDefinition, Selection, SelectionSet, TypeCondition, Value,
    VariableDefinition,
};
use xxhash_rust::xxh3::xxh3_64;

pub(crate) use crate::limits::OperationLimit;
use crate::limits::{self, OperationLimits};
use crate::plan::OperationKind;
use crate::schema::ApiSchema;
use crate::supergraph::Supergraph;
use crate::syntax::{self, Bounds};
use crate::validation;
use crate::variable_types::VariableTypes;

/// An operation that can be planned.
///
/// It belongs to the supergraph it was prepared for: another one may not hold its fields.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The chosen operation and the fragments; other operations are gone.
    pub(crate) document: Document,
    kind: OperationKind,
    name: Option<String>,
    variables: VariableTypes,
    conditions: Vec<ConditionVariable>,
    introspection: Vec<String>,
    exceeded: Vec<OperationError>,
    /// xxh3 of the canonical text, if it is in its normal form.
    canonical: Option<u64>,
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
    Limit(OperationLimit),
    /// Introspection, which is switched off.
    Introspection,
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
    /// Parses `text`, checks `limits`, validates, and chooses the operation `name` (needed only if there are
    /// several; GraphQL §6.1; an empty name is none).
    ///
    /// # Errors
    /// All validation errors; else the first error of the step that failed.
    pub fn prepare(
        supergraph: &Supergraph,
        text: &str,
        name: Option<&str>,
        limits: &OperationLimits,
    ) -> Result<Self, Vec<OperationError>> {
        let bounds = Bounds { tokens: limits.tokens_read(), nesting: limits.max_nesting() };
        let mut parsed = syntax::parse(text, bounds).map_err(|error| vec![error])?;
        let measured = limits::check(&parsed, limits).map_err(|error| vec![error])?;
        if let Some(place) = measured.introspection.filter(|_| !limits.introspection) {
            return Err(vec![OperationError {
                kind: OperationErrorKind::Introspection,
                message: "Introspection is switched off: __schema and __type are not answered.".to_owned(),
                locations: vec![limits::location(place)],
            }]);
        }
        validation::validate(supergraph.schema(), &parsed, limits.introspection)?;
        let document = &mut parsed.document;
        refuse_reserved_aliases(document).map_err(|error| vec![error])?;
        let chosen = choose(document, name).map_err(|error| vec![error])?;
        keep_only(document, chosen);
        Self::of_document(parsed.document, supergraph.schema(), measured.exceeded)
            .map_err(|error| vec![error])
    }

    /// An operation that is valid, the only one of its document.
    pub(crate) fn of_document(
        document: Document,
        schema: &ApiSchema,
        exceeded: Vec<OperationError>,
    ) -> Result<Self, OperationError> {
        let (kind, name, definitions) = document
            .definitions
            .iter()
            .find_map(|definition| match definition {
                Definition::Operation(operation) => Some(parts(operation)),
                Definition::Fragment(_) => None,
            })
            .ok_or_else(no_operation)?;
        let kind = kind?;
        let name = name.map(ToOwned::to_owned);
        let variables = VariableTypes::new(schema, definitions);
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
        Ok(Self { kind, name, variables, conditions, introspection, exceeded, document, canonical: None })
    }

    /// An operation in its normal form, of which `text` is the text.
    pub(crate) fn canonical(
        kind: OperationKind,
        variables: VariableTypes,
        conditions: Vec<ConditionVariable>,
        introspection: Vec<String>,
        document: Document,
        text: &str,
    ) -> Self {
        let canonical = Some(xxh3_64(text.as_bytes()));
        Self {
            kind,
            name: None,
            variables,
            conditions,
            introspection,
            exceeded: Vec::new(),
            document,
            canonical,
        }
    }

    /// The hash of the canonical text: equal for all operations that share a plan.
    pub(crate) fn canonical_hash(&self, supergraph: &Supergraph) -> u64 {
        self.canonical.unwrap_or_else(|| xxh3_64(self.normalise(supergraph).text.as_bytes()))
    }

    /// Query or mutation.
    pub fn kind(&self) -> OperationKind {
        self.kind
    }

    /// The chosen operation's name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The declared variables, and what values they take.
    pub fn variables(&self) -> &VariableTypes {
        &self.variables
    }

    /// The limits that the document exceeds though they are only warned of.
    pub fn exceeded(&self) -> &[OperationError] {
        &self.exceeded
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

    fn definition(&self) -> Option<&OperationDefinition> {
        self.document.definitions.iter().find_map(|definition| match definition {
            Definition::Operation(operation) => Some(operation),
            Definition::Fragment(_) => None,
        })
    }
}

fn error(kind: OperationErrorKind, message: impl Into<String>) -> OperationError {
    OperationError { kind, message: message.into(), locations: Vec::new() }
}

fn no_operation() -> OperationError {
    error(OperationErrorKind::UnknownOperation, "The document holds no operation.")
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
        (None, _) => Err(no_operation()),
        (Some(_), Some(_)) => Err(error(
            OperationErrorKind::UnknownOperation,
            "Must provide operation name if query contains multiple operations.",
        )),
    }
}

/// Drops the other operations, and the fragments that are theirs alone: they may use variables of the same
/// names in other ways.
fn keep_only(document: &mut Document, chosen: usize) {
    let fragments: HashMap<&str, &SelectionSet> = document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            Definition::Fragment(fragment) => Some((fragment.name.as_str(), &fragment.selection_set)),
            Definition::Operation(_) => None,
        })
        .collect();
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut open = Vec::new();
    if let Some(Definition::Operation(operation)) = document.definitions.get(chosen) {
        spreads(selections(operation), &mut open);
    }
    while let Some(name) = open.pop() {
        if let Some(set) = fragments.get(name.as_str())
            && reached.insert(name)
        {
            spreads(set, &mut open);
        }
    }
    let mut index = 0_usize;
    document.definitions.retain(|definition| {
        let keep = match definition {
            Definition::Operation(_) => index == chosen,
            Definition::Fragment(fragment) => reached.contains(&fragment.name),
        };
        index = index.saturating_add(1);
        keep
    });
}

/// The names of the fragments spread in `set`. Recursion is bounded: the document passed the limits.
fn spreads(set: &SelectionSet, names: &mut Vec<String>) {
    for selection in &set.items {
        match selection {
            Selection::Field(field) => spreads(&field.selection_set, names),
            Selection::InlineFragment(inline) => spreads(&inline.selection_set, names),
            Selection::FragmentSpread(spread) => names.push(spread.fragment_name.clone()),
        }
    }
}

type Parts<'a> = (Result<OperationKind, OperationError>, Option<&'a str>, &'a [VariableDefinition]);

fn parts<'a>(operation: &'a OperationDefinition) -> Parts<'a> {
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

pub(crate) fn selections(operation: &OperationDefinition) -> &SelectionSet {
    match operation {
        OperationDefinition::SelectionSet(set) => set,
        OperationDefinition::Query(query) => &query.selection_set,
        OperationDefinition::Mutation(mutation) => &mutation.selection_set,
        OperationDefinition::Subscription(subscription) => &subscription.selection_set,
    }
}

/// The directives of the operation itself.
pub(crate) fn directives(operation: &OperationDefinition) -> &[Directive] {
    match operation {
        OperationDefinition::SelectionSet(_) => &[],
        OperationDefinition::Query(query) => &query.directives,
        OperationDefinition::Mutation(mutation) => &mutation.directives,
        OperationDefinition::Subscription(subscription) => &subscription.directives,
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
        Operation::prepare(
            &supergraph,
            text,
            name,
            &OperationLimits { max_tokens: 200, max_depth: 6, ..OperationLimits::default() },
        )
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
        assert_eq!(error(&tokens, None).kind, OperationErrorKind::Limit(OperationLimit::Tokens));
        assert_eq!(
            error("{ latest { author { ...F } } } fragment F on User { ...F }", None).kind,
            OperationErrorKind::Validation
        );
    }
}
