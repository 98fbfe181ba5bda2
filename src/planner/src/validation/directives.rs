//! Directives (§5.7): those that exist, where they may stand, each once unless it is repeatable.

use std::collections::HashMap;

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::Directive;

use super::arguments::missing;
use super::{Checked, Validation};

impl<'a> Validation<'a> {
    /// The directives at one place of the definition at `scope`.
    pub(super) fn directives(&mut self, scope: Pos, directives: &'a [Directive], location: &str) -> Checked {
        let schema = self.schema;
        let mut seen = HashMap::new();
        for directive in directives {
            let name = &directive.name;
            let definition = schema.directive(name);
            match definition {
                None => self.fault(format!("Unknown directive \"@{name}\"."), &[directive.position])?,
                Some(definition) => {
                    if !definition.locations.iter().any(|allowed| allowed.as_str() == location) {
                        let message = format!("Directive \"@{name}\" may not be used on {location}.");
                        self.fault(message, &[directive.position])?;
                    }
                    if !definition.repeatable {
                        let first = *seen.entry(name.as_str()).or_insert(directive.position);
                        if first != directive.position {
                            let message =
                                format!("The directive \"@{name}\" can only be used once at this location.");
                            self.fault(message, &[first, directive.position])?;
                        }
                    }
                    let declared = &definition.arguments;
                    self.known_arguments(directive.position, &directive.arguments, declared, &|argument| {
                        format!("Unknown argument \"{argument}\" on directive \"@{name}\".")
                    })?;
                    for missing in missing(declared, &directive.arguments) {
                        let message = format!(
                            "Directive \"@{name}\" argument \"{}\" of type \"{}\" is required, but it was not provided.",
                            missing.name, missing.value_type
                        );
                        self.fault(message, &[directive.position])?;
                    }
                }
            }
            self.unique_arguments(directive.position, &directive.arguments)?;
            let declared = definition.map(|definition| &*definition.arguments);
            self.argument_values(scope, directive.position, &directive.arguments, declared)?;
        }
        Ok(())
    }
}
