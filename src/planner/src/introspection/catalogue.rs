//! What introspection shows of the schema: everything but the machinery of federation.

use std::collections::HashSet;

use graphql_tools::static_graphql::schema::{
    Definition, Directive, DirectiveDefinition, TypeDefinition, Value,
};

use super::Introspection;

/// Prefixes of names that linked specifications bring into a supergraph.
const INTERNAL: [&str; 11] = [
    "join__",
    "link__",
    "core__",
    "federation__",
    "inaccessible__",
    "tag__",
    "authenticated__",
    "requiresScopes__",
    "policy__",
    "context__",
    "connect__",
];

/// Directives of federation that have no prefix.
const INTERNAL_DIRECTIVES: [&str; 11] = [
    "link",
    "core",
    "inaccessible",
    "tag",
    "authenticated",
    "requiresScopes",
    "policy",
    "context",
    "fromContext",
    "connect",
    "source",
];

fn is_internal(name: &str) -> bool {
    INTERNAL.iter().any(|prefix| name.starts_with(prefix))
}

impl<'a> Introspection<'a> {
    /// The types that clients see, each once.
    pub(super) fn types(&self) -> Vec<&'a TypeDefinition> {
        let mut seen = HashSet::new();
        self.schema
            .definitions()
            .filter(|definition| !is_internal(definition.name()) && seen.insert(definition.name()))
            .collect()
    }

    pub(super) fn visible(&self, name: &str) -> Option<&'a TypeDefinition> {
        if is_internal(name) { None } else { self.schema.definition(name) }
    }

    /// The directives that clients see, each once.
    pub(super) fn directives(&self) -> Vec<&'a DirectiveDefinition> {
        let mut seen = HashSet::new();
        self.schema
            .document()
            .definitions
            .iter()
            .filter_map(|definition| match definition {
                Definition::DirectiveDefinition(directive) => Some(directive),
                _ => None,
            })
            .filter(|directive| {
                !is_internal(&directive.name) && !INTERNAL_DIRECTIVES.contains(&directive.name.as_str())
            })
            .filter(|directive| seen.insert(directive.name.as_str()))
            .collect()
    }
}

/// Why something is deprecated, if it is.
pub(super) fn deprecation(directives: &[Directive]) -> Option<&str> {
    let directive = directives.iter().find(|directive| directive.name == "deprecated")?;
    Some(text_argument(directive, "reason").unwrap_or("No longer supported"))
}

/// A string argument of the directive `name`.
pub(super) fn directive_text<'a>(directives: &'a [Directive], name: &str, argument: &str) -> Option<&'a str> {
    text_argument(directives.iter().find(|directive| directive.name == name)?, argument)
}

fn text_argument<'a>(directive: &'a Directive, argument: &str) -> Option<&'a str> {
    directive.arguments.iter().find_map(|(name, value)| match value {
        Value::String(text) if name == argument => Some(text.as_str()),
        _ => None,
    })
}
