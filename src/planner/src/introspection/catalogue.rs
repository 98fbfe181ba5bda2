//! What introspection shows of the schema: everything but the machinery of federation.

use graphql_tools::static_graphql::schema::{Directive, TypeDefinition, Value};

use super::Introspection;

impl<'a> Introspection<'a> {
    pub(super) fn visible(&self, name: &str) -> Option<&'a TypeDefinition> {
        self.schema.definition(name)
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
