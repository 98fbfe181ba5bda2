//! What a subgraph provides at a position (`@provides`): fields that it knows there though they are external to it.

use crate::field_set::Part;
use crate::joins::Joins;

/// Provided fields at a position, for whatever types.
#[derive(Debug, Clone, Default)]
pub(crate) struct Provided<'a>(Vec<&'a Part>);

impl<'a> Provided<'a> {
    /// What is provided below `field` of objects of type `view`, if the field itself is; the types' conditions decide.
    pub(crate) fn field(&self, joins: &Joins, view: &str, field: &str) -> Option<Provided<'a>> {
        let mut found = None;
        for part in &self.0 {
            find(joins, view, field, part, &mut found);
        }
        found
    }

    /// The same and what `parts` say.
    #[must_use]
    pub(crate) fn and(mut self, parts: impl IntoIterator<Item = &'a Part>) -> Provided<'a> {
        self.0.extend(parts);
        self
    }
}

fn find<'a>(joins: &Joins, view: &str, wanted: &str, part: &'a Part, found: &mut Option<Provided<'a>>) {
    match part {
        Part::Field { name, parts, .. } => {
            if name == wanted {
                found.get_or_insert_default().0.extend(parts);
            }
        }
        Part::On { condition, parts } => {
            if joins.satisfies(view, condition) {
                for part in parts {
                    find(joins, view, wanted, part, found);
                }
            }
        }
    }
}
