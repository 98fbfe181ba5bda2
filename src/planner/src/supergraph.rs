//! The supergraph: parsed and checked once, then asked for plans.

use std::fmt;
use std::time::Duration;

use graphql_tools::parser::Pos;
use graphql_tools::parser::schema::parse_schema;
use graphql_tools::static_graphql::schema::{Definition, Document, EnumType, TypeDefinition, Value};
use hive_router_query_planner::planner::Planner;
use xxhash_rust::xxh3::xxh3_64;

use crate::contain::contain;
use crate::joins::Joins;
use crate::operation::Operation;
use crate::plan::ExecutablePlan;
use crate::planning;
use crate::schema::ApiSchema;
use crate::spec_versions;

/// A composed supergraph and all that planning needs of it.
pub struct Supergraph {
    planner: Planner,
    joins: Joins,
    schema: ApiSchema,
    subgraphs: Vec<Subgraph>,
    notes: Vec<SupergraphProblem>,
    active_labels: Vec<String>,
    second_planner_alone: bool,
    hash: u64,
}

/// A service that the supergraph is composed of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subgraph {
    /// Its name, as given to composition.
    pub name: String,
    /// Its routing URL as given to composition; may be empty or nonsense, for configuration may override it.
    pub url: String,
}

/// Something that is wrong (or worth a note) about a supergraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupergraphProblem {
    /// What it is and how to mend it.
    pub message: String,
    /// Line and column in the SDL, both from 1.
    pub location: Option<(u32, u32)>,
}

/// The values that a plan depends on, beside the operation: one plan per combination.
///
/// Values of other variables only travel in the requests to subgraphs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PlanVariables {
    /// Values of [`Operation::conditions`]. One that is missing has its default, or counts as false.
    pub conditions: Vec<(String, bool)>,
    /// Values of [`Operation::introspection_variables`] as JSON text. One that is missing has its default, or
    /// counts as not given.
    pub introspection: Vec<(String, String)>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The operation can't be planned for this supergraph; the text says why.
    #[error("{0}")]
    Failed(String),
    /// The answer to introspection would be too large; the text says what the bound is.
    #[error("{0}")]
    TooLarge(String),
    /// Planning took longer than its budget.
    #[error("planning took longer than its budget")]
    TimedOut,
}

impl SupergraphProblem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), location: None }
    }

    pub(crate) fn at(position: Pos, message: impl Into<String>) -> Self {
        Self { message: message.into(), location: Some(crate::limits::location(position)) }
    }
}

impl fmt::Display for SupergraphProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.location {
            Some((line, column)) => write!(f, "{line}:{column}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl fmt::Debug for Supergraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supergraph")
            .field("subgraphs", &self.subgraphs)
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

impl Supergraph {
    /// Parses and checks a supergraph SDL (Federation 2: join v0.2 or later).
    ///
    /// # Errors
    /// All problems that make it unfit to be served, each with its place where one is known.
    pub fn parse(sdl: &str) -> Result<Self, Vec<SupergraphProblem>> {
        let document = parse_document(sdl).map_err(|problem| vec![problem])?;
        let graphs = graph_enum(&document).map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        let subgraphs = subgraphs(graphs, &mut problems);
        let mut findings = spec_versions::check(&document);
        problems.append(&mut findings.problems);
        if document.definitions.iter().any(|definition| matches!(definition, Definition::TypeExtension(_))) {
            problems.push(SupergraphProblem::new(
                "The supergraph holds type extensions (`extend …`), which composition never writes: was it edited?",
            ));
        }
        if !has_query_type(&document) {
            problems.push(SupergraphProblem::new(
                "The supergraph has no query type: `type Query` or `schema { query: … }` is missing.",
            ));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let planner = contain(|| Planner::new_from_supergraph(&document, Default::default()))
            .map_err(|panic| vec![unusable(&panic)])?
            .map_err(|error| vec![unusable(&error.to_string())])?;
        let schema = ApiSchema::new(&planner.consumer_schema.document)
            .ok_or_else(|| vec![unusable("the API schema has no query type")])?;
        let joins = Joins::new(&document).ok_or_else(|| vec![unusable("it has no query type")])?;
        let hash = xxh3_64(sdl.as_bytes());
        Ok(Self {
            planner,
            joins,
            schema,
            subgraphs,
            notes: findings.notes,
            active_labels: Vec::new(),
            second_planner_alone: false,
            hash,
        })
    }

    /// The subgraphs, sorted by name; [`crate::plan::SubgraphId`] is an index into them.
    pub fn subgraphs(&self) -> &[Subgraph] {
        &self.subgraphs
    }

    /// What the operator should know about this supergraph though it can be served.
    pub fn notes(&self) -> &[SupergraphProblem] {
        &self.notes
    }

    /// The names of labels in `@override(label:)`, sorted; those in percent have none.
    pub fn override_labels(&self) -> Vec<&str> {
        self.joins.labels()
    }

    /// The same with these labels active, and no others: their fields come from the subgraph that overrides.
    #[must_use]
    pub fn with_active_labels(self, labels: Vec<String>) -> Self {
        Self { active_labels: labels, ..self }
    }

    pub(crate) fn active_labels(&self) -> &[String] {
        &self.active_labels
    }

    /// xxh3 of the SDL: equal for equal text.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Plans `operation`, within `budget` if one is given (it needs a clock, as the platform has one).
    ///
    /// # Errors
    /// No plan exists, the planning library failed, its plan didn't pass the check, or the time was up.
    pub fn plan(
        &self,
        operation: &Operation,
        variables: &PlanVariables,
        budget: Option<Duration>,
    ) -> Result<ExecutablePlan, PlanError> {
        planning::plan(self, operation, variables, budget)
    }

    /// The same, planned by the second planner alone: for tests that hold one against the other.
    #[must_use]
    pub fn without_library(self) -> Self {
        Self { second_planner_alone: true, ..self }
    }

    pub(crate) fn is_without_library(&self) -> bool {
        self.second_planner_alone
    }

    pub(crate) fn schema(&self) -> &ApiSchema {
        &self.schema
    }

    pub(crate) fn joins(&self) -> &Joins {
        &self.joins
    }

    pub(crate) fn planner(&self) -> &Planner {
        &self.planner
    }
}

fn unusable(reason: &str) -> SupergraphProblem {
    SupergraphProblem::new(format!(
        "The supergraph can't be read by the planner: {reason}. Was it composed by a Federation 2 composition?"
    ))
}

fn parse_document(sdl: &str) -> Result<Document, SupergraphProblem> {
    if sdl.trim().is_empty() {
        return Err(SupergraphProblem::new(
            "The supergraph is empty. Give the SDL that composition printed (`rover supergraph compose`).",
        ));
    }
    let parsed = contain(|| {
        parse_schema::<String>(sdl).map(|document| document.into_static()).map_err(|error| error.to_string())
    });
    match parsed {
        Ok(Ok(document)) => Ok(document),
        Ok(Err(message)) | Err(message) => Err(syntax_problem(&message)),
    }
}

/// The parser's text is `schema parse error: Parse error at LINE:COLUMN`, then one finding per line.
fn syntax_problem(text: &str) -> SupergraphProblem {
    let (head, rest) = text.split_once('\n').unwrap_or((text, ""));
    let location = head.rsplit_once(" at ").and_then(|(_, place)| {
        let (line, column) = place.trim().split_once(':')?;
        Some((line.parse().ok()?, column.parse().ok()?))
    });
    let findings = rest.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    let message =
        format!("The supergraph is not GraphQL SDL: {}", if findings.is_empty() { head } else { &findings });
    SupergraphProblem { message, location }
}

fn graph_enum(document: &Document) -> Result<&EnumType, SupergraphProblem> {
    let types = || {
        document.definitions.iter().filter_map(|definition| match definition {
            Definition::TypeDefinition(definition) => Some(definition),
            _ => None,
        })
    };
    let found = types().find_map(|definition| match definition {
        TypeDefinition::Enum(enumeration) if enumeration.name == "join__Graph" => Some(enumeration),
        _ => None,
    });
    found.ok_or_else(|| {
        let is_subgraph = document.definitions.iter().any(|definition| match definition {
            Definition::TypeExtension(_) => true,
            Definition::SchemaDefinition(schema) => schema.directives.iter().any(|link| {
                link.arguments.iter().any(|(_, value)| matches!(value, Value::String(url) if url.contains("/federation/v")))
            }),
            Definition::TypeDefinition(TypeDefinition::Object(object)) => {
                object.directives.iter().any(|directive| directive.name == "key")
            }
            _ => false,
        });
        SupergraphProblem::new(if is_subgraph {
            "This is the SDL of one subgraph, not a supergraph (no enum join__Graph). Compose your subgraphs \
             first, for example with `rover supergraph compose`."
        } else {
            "This is not a supergraph (no enum join__Graph); it may be an API schema, which doesn't say which \
             subgraph has which field. Give the SDL that composition printed (`rover supergraph compose`)."
        })
    })
}

fn subgraphs(graphs: &EnumType, problems: &mut Vec<SupergraphProblem>) -> Vec<Subgraph> {
    let mut subgraphs: Vec<Subgraph> = Vec::new();
    for value in &graphs.values {
        let Some(directive) = value.directives.iter().find(|directive| directive.name == "join__graph")
        else {
            problems.push(SupergraphProblem::at(
                value.position,
                format!("join__Graph.{} has no @join__graph(name:, url:).", value.name),
            ));
            continue;
        };
        let argument = |key: &str| {
            directive.arguments.iter().find_map(|(name, value)| match value {
                Value::String(text) if name == key => Some(text.trim().to_owned()),
                _ => None,
            })
        };
        let Some(name) = argument("name").filter(|name| !name.is_empty()) else {
            problems.push(SupergraphProblem::at(
                directive.position,
                format!("@join__graph of join__Graph.{} has no name.", value.name),
            ));
            continue;
        };
        if subgraphs.iter().any(|known| known.name == name) {
            problems.push(SupergraphProblem::at(
                directive.position,
                format!("Two subgraphs are named \"{name}\"."),
            ));
            continue;
        }
        subgraphs.push(Subgraph { name, url: argument("url").unwrap_or_default() });
    }
    if graphs.values.is_empty() {
        problems.push(SupergraphProblem::at(graphs.position, "The supergraph has no subgraphs."));
    }
    subgraphs.sort_by(|a, b| a.name.cmp(&b.name));
    subgraphs
}

fn has_query_type(document: &Document) -> bool {
    let Some(name) = document.query_type_name() else { return false };
    document.definitions.iter().any(|definition| {
        matches!(definition, Definition::TypeDefinition(TypeDefinition::Object(object)) if &object.name == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const SHOP: &str = include_str!("../../../tests/fixtures/shop.graphql");

    fn problems(sdl: &str) -> String {
        let problems = Supergraph::parse(sdl).expect_err("problems");
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn knows_its_subgraphs() {
        let supergraph = Supergraph::parse(SHOP).expect("fixture");
        let names: Vec<&str> = supergraph.subgraphs().iter().map(|subgraph| subgraph.name.as_str()).collect();
        assert_eq!(names, ["accounts", "inventory", "products", "reviews"]);
        assert_eq!(supergraph.subgraphs()[0].url, "http://127.0.0.1:4101/graphql");
        assert_eq!(supergraph.hash(), Supergraph::parse(SHOP).expect("fixture").hash());
        assert!(supergraph.notes().is_empty());
    }

    #[test]
    fn says_what_it_was_given_instead() {
        assert!(problems("  \n").contains("is empty"));
        assert!(problems("type Query {\n  a: }").contains("2:"), "{}", problems("type Query {\n  a: }"));
        assert!(problems("type Query { a: Int }").contains("API schema"));
        assert!(
            problems("type Query { a: Int } type A @key(fields: \"id\") { id: ID }").contains("one subgraph")
        );
        assert!(problems("extend type Query { a: Int }").contains("one subgraph"));
    }

    #[test]
    fn reports_all_problems_at_once() {
        let sdl = SHOP
            .replace("@join__graph(name: \"accounts\", url: \"http://127.0.0.1:4101/graphql\")", "")
            .replace("name: \"inventory\"", "name: \"\"")
            .replace("name: \"products\"", "name: \"reviews\"")
            + "extend type User { more: Int }";
        let text = problems(&sdl);
        for part in ["no @join__graph", "has no name", "Two subgraphs", "type extensions"] {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
    }

    #[test]
    fn versions_and_unenforced_access_control() {
        let old = SHOP.replace("join/v0.5", "join/v0.1");
        assert!(problems(&old).contains("Federation 1"));
        let new = Supergraph::parse(&SHOP.replace("join/v0.5", "join/v0.9")).expect("newer is tolerated");
        assert_eq!(new.notes().len(), 1);
        let link = "@link(url: \"https://specs.apollo.dev/authenticated/v0.1\", for: SECURITY)\n  @link(url: \"https://specs.apollo.dev/inaccessible";
        let linked = SHOP.replace("@link(url: \"https://specs.apollo.dev/inaccessible", link);
        assert!(Supergraph::parse(&linked).is_ok(), "linked but not used");
        let used = linked.replace("me: User @join__field", "me: User @authenticated @join__field");
        assert!(problems(&used).contains("@authenticated restricts access"));
    }
}
