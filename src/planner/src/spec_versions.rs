//! Which specifications a supergraph links, and which of them Weir can't honour.

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::schema::{Definition, Directive, Document, TypeDefinition, Value};

use crate::supergraph::SupergraphProblem;

/// What the links mean for us.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The supergraph must not be served.
    pub(crate) problems: Vec<SupergraphProblem>,
    /// It can be, but the operator should know.
    pub(crate) notes: Vec<SupergraphProblem>,
}

/// Newest version of the join spec that the planning library was written for.
const NEWEST_JOIN: (u32, u32) = (0, 5);

/// Directives that restrict who may see what, and the spec each comes from. Serving a supergraph without
/// enforcing them would publish what its owners protect.
const ACCESS_CONTROL: [&str; 3] = ["authenticated", "requiresScopes", "policy"];

/// Checks the `@link`s (or Federation 1's `@core`s) of `document`.
pub(crate) fn check(document: &Document) -> Findings {
    let mut findings = Findings::default();
    let links = document.definitions.iter().filter_map(|definition| match definition {
        Definition::SchemaDefinition(schema) => Some(schema.directives.iter()),
        _ => None,
    });
    for directive in links.flatten() {
        let key = match directive.name.as_str() {
            "link" => "url",
            "core" => "feature",
            _ => continue,
        };
        if let Some(url) = text(directive, key) {
            check_link(url, directive, document, &mut findings);
        }
    }
    if let Some(position) = context_argument(document) {
        findings.problems.push(SupergraphProblem::at(
            position,
            "An argument is set from context (@fromContext), which Weir's planner doesn't support; \
             make it an ordinary argument or a @requires.",
        ));
    }
    findings
}

fn check_link(url: &str, directive: &Directive, document: &Document, findings: &mut Findings) {
    let Some((identity, version)) = split(url) else { return };
    let name = identity.rsplit('/').next().unwrap_or_default();
    if name == "join" {
        if version < (0, 2) {
            findings.problems.push(SupergraphProblem::at(
                directive.position,
                format!(
                    "This is a Federation 1 supergraph (join v{}.{}). Compose the same subgraphs with Federation 2 \
                     (for example `rover supergraph compose` with `federation_version: 2`); they need no change.",
                    version.0, version.1
                ),
            ));
        } else if version > NEWEST_JOIN {
            findings.notes.push(SupergraphProblem::at(
                directive.position,
                format!(
                    "join v{}.{} is newer than v{}.{}, the newest that Weir was written for; directives it added \
                     are ignored.",
                    version.0, version.1, NEWEST_JOIN.0, NEWEST_JOIN.1
                ),
            ));
        }
        return;
    }
    let local = text(directive, "as").unwrap_or(name);
    if ACCESS_CONTROL.contains(&name) {
        if let Some(position) = first_use(document, local) {
            findings.problems.push(SupergraphProblem::at(
                position,
                format!(
                    "@{local} restricts access, and Weir doesn't enforce it: serving this supergraph would publish \
                     what it protects. Enforce access in the subgraphs or in Envoy and compose without it."
                ),
            ));
        }
        return;
    }
    let known = ["link", "core", "join", "inaccessible", "tag", "cost", "listSize", "context", "federation"];
    if text(directive, "for") == Some("SECURITY") && !known.contains(&name) {
        findings.problems.push(SupergraphProblem::at(
            directive.position,
            format!("The supergraph links {url} for SECURITY, and Weir doesn't know this feature."),
        ));
    }
}

/// `https://specs.apollo.dev/join/v0.3` -> (`https://specs.apollo.dev/join`, (0, 3)).
fn split(url: &str) -> Option<(&str, (u32, u32))> {
    let (identity, version) = url.trim_end_matches('/').rsplit_once("/v")?;
    let (major, minor) = version.split_once('.')?;
    Some((identity, (major.parse().ok()?, minor.parse().ok()?)))
}

fn text<'a>(directive: &'a Directive, key: &str) -> Option<&'a str> {
    directive.arguments.iter().find_map(|(name, value)| match value {
        Value::String(text) | Value::Enum(text) if name == key => Some(text.as_str()),
        _ => None,
    })
}

/// Where the directive is first applied to a type, field, argument or value.
fn first_use(document: &Document, name: &str) -> Option<Pos> {
    find_directive(document, &|directive| directive.name == name)
}

fn context_argument(document: &Document) -> Option<Pos> {
    find_directive(document, &|directive| {
        directive.name == "join__field"
            && directive.arguments.iter().any(|(name, value)| {
                name == "contextArguments" && matches!(value, Value::List(items) if !items.is_empty())
            })
    })
}

fn find_directive(document: &Document, wanted: &dyn Fn(&Directive) -> bool) -> Option<Pos> {
    let among = |directives: &[Directive]| {
        directives.iter().find(|directive| wanted(directive)).map(|found| found.position)
    };
    document.definitions.iter().find_map(|definition| {
        let Definition::TypeDefinition(definition) = definition else { return None };
        let (own, fields) = match definition {
            TypeDefinition::Scalar(scalar) => (&scalar.directives, None),
            TypeDefinition::Object(object) => (&object.directives, Some(&object.fields)),
            TypeDefinition::Interface(interface) => (&interface.directives, Some(&interface.fields)),
            TypeDefinition::Union(union) => (&union.directives, None),
            TypeDefinition::Enum(enumeration) => (&enumeration.directives, None),
            TypeDefinition::InputObject(input) => (&input.directives, None),
        };
        among(own).or_else(|| fields?.iter().find_map(|field| among(&field.directives)))
    })
}
