//! Bounds on an operation, checked before anything else walks it (invariant 5).

use std::collections::HashMap;

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::{
    Definition, Document, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
};

use crate::operation::{OperationError, OperationErrorKind};

/// Bounds on the text of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationLimits {
    /// Lexical tokens of the whole document, at most.
    pub max_tokens: usize,
    /// Levels of nested fields, at most; fragments count where they are spread.
    pub max_depth: usize,
}

impl Default for OperationLimits {
    /// 20,000 tokens, 50 levels.
    fn default() -> Self {
        Self { max_tokens: 20_000, max_depth: 50 }
    }
}

/// Fields after fragments are spread, at most: a chain of fragments that each spread the next one twice doubles
/// the work at every link, so a bound on tokens alone is none.
const MAX_EXPANDED_FIELDS: usize = 50_000;

/// Pairs of fields with the same response key in one document, at most: validation compares each with each
/// (GraphQL §5.3.2), and keeps a conflict for each pair. Six hundred times `id` are within it.
const MAX_SAME_KEY_PAIRS: usize = 400_000;

/// Selection sets (of fields and fragments) within each other, at most, per level of `max_depth`: fragments
/// that only spread others cost stack without adding a level.
const NESTING_PER_LEVEL: usize = 3;

/// Checks depth, expanded size and cycles of every definition of `document`; work and stack are bounded by the
/// document's size and the limits, whatever the fragments do.
pub(crate) fn check(document: &Document, limits: &OperationLimits) -> Result<(), OperationError> {
    let mut fragments = HashMap::new();
    for definition in &document.definitions {
        if let Definition::Fragment(fragment) = definition {
            // A second fragment of the same name is reported by validation.
            fragments.entry(fragment.name.as_str()).or_insert(fragment);
        }
    }
    let mut walk = Walk {
        fragments,
        measured: HashMap::new(),
        max_depth: limits.max_depth,
        max_nesting: limits.max_depth.saturating_mul(NESTING_PER_LEVEL).saturating_add(1),
    };
    for definition in &document.definitions {
        match definition {
            Definition::Operation(operation) => {
                walk.set(selections(operation), Pos::default(), 0, 0)?;
            }
            Definition::Fragment(fragment) => {
                walk.fragment(&fragment.name, fragment.position, 0, 0)?;
            }
        }
    }
    check_same_keys(document)
}

fn check_same_keys(document: &Document) -> Result<(), OperationError> {
    let mut counts = HashMap::new();
    for definition in &document.definitions {
        match definition {
            Definition::Operation(operation) => count_keys(selections(operation), &mut counts),
            Definition::Fragment(fragment) => count_keys(&fragment.selection_set, &mut counts),
        }
    }
    let pairs = counts.values().fold(0_usize, |sum, count| sum.saturating_add(count.saturating_mul(*count)));
    if pairs <= MAX_SAME_KEY_PAIRS {
        return Ok(());
    }
    let (key, count) = counts.into_iter().max_by_key(|(_, count)| *count).unwrap_or_default();
    let message = format!("The operation selects \"{key}\" {count} times: that is more than is validated.");
    Err(OperationError { kind: OperationErrorKind::Limit, message, locations: Vec::new() })
}

/// Counts the fields of each response key. Called when the nesting is known to be bounded.
fn count_keys<'a>(set: &'a SelectionSet, counts: &mut HashMap<&'a str, usize>) {
    for selection in &set.items {
        match selection {
            Selection::Field(field) => {
                let count = counts.entry(field.alias.as_deref().unwrap_or(&field.name)).or_default();
                *count = count.saturating_add(1);
                count_keys(&field.selection_set, counts);
            }
            Selection::InlineFragment(inline) => count_keys(&inline.selection_set, counts),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn selections(operation: &OperationDefinition) -> &SelectionSet {
    match operation {
        OperationDefinition::SelectionSet(set) => set,
        OperationDefinition::Query(query) => &query.selection_set,
        OperationDefinition::Mutation(mutation) => &mutation.selection_set,
        OperationDefinition::Subscription(subscription) => &subscription.selection_set,
    }
}

/// What a selection set holds once its fragments are spread.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    depth: usize,
    nesting: usize,
    fields: usize,
}

struct Walk<'a> {
    fragments: HashMap<&'a str, &'a FragmentDefinition>,
    /// `None` while the fragment is being measured.
    measured: HashMap<&'a str, Option<Size>>,
    max_depth: usize,
    max_nesting: usize,
}

impl<'a> Walk<'a> {
    /// Measures `set`, which lies under `depth` fields and `nesting` selection sets.
    fn set(
        &mut self,
        set: &'a SelectionSet,
        position: Pos,
        depth: usize,
        nesting: usize,
    ) -> Result<Size, OperationError> {
        let mut size = Size::default();
        self.within(position, depth, nesting, size)?;
        let inner_nesting = nesting.saturating_add(1);
        for selection in &set.items {
            let (inner, position) = match selection {
                Selection::Field(field) => {
                    let mut inner = Size::default();
                    let below = depth.saturating_add(1);
                    if field.selection_set.items.is_empty() {
                        self.within(field.position, below, nesting, inner)?;
                    } else {
                        inner = self.set(&field.selection_set, field.position, below, inner_nesting)?;
                    }
                    inner.depth = inner.depth.saturating_add(1);
                    inner.fields = inner.fields.saturating_add(1);
                    (inner, field.position)
                }
                Selection::InlineFragment(inline) => {
                    (self.set(&inline.selection_set, inline.position, depth, inner_nesting)?, inline.position)
                }
                Selection::FragmentSpread(spread) => (
                    self.fragment(&spread.fragment_name, spread.position, depth, inner_nesting)?,
                    spread.position,
                ),
            };
            size.depth = size.depth.max(inner.depth);
            size.nesting = size.nesting.max(inner.nesting.saturating_add(1));
            size.fields = size.fields.saturating_add(inner.fields);
            self.within(position, depth, nesting, size)?;
        }
        Ok(size)
    }

    fn fragment(
        &mut self,
        name: &str,
        position: Pos,
        depth: usize,
        nesting: usize,
    ) -> Result<Size, OperationError> {
        // A name that isn't defined is reported by validation.
        let Some((&name, &fragment)) = self.fragments.get_key_value(name) else { return Ok(Size::default()) };
        match self.measured.get(name) {
            Some(Some(size)) => {
                let size = *size;
                self.within(position, depth, nesting, size)?;
                Ok(size)
            }
            Some(None) => Err(OperationError {
                kind: OperationErrorKind::Validation,
                message: format!("Cannot spread fragment \"{name}\" within itself."),
                locations: vec![location(position)],
            }),
            None => {
                self.measured.insert(name, None);
                let size = self.set(&fragment.selection_set, fragment.position, depth, nesting)?;
                self.measured.insert(name, Some(size));
                Ok(size)
            }
        }
    }

    fn within(&self, at: Pos, depth: usize, nesting: usize, size: Size) -> Result<(), OperationError> {
        let message = if depth.saturating_add(size.depth) > self.max_depth {
            format!("Operation is nested deeper than {} levels.", self.max_depth)
        } else if nesting.saturating_add(size.nesting) > self.max_nesting {
            format!("Operation nests more than {} selection sets within each other.", self.max_nesting)
        } else if size.fields > MAX_EXPANDED_FIELDS {
            format!("Operation selects more than {MAX_EXPANDED_FIELDS} fields after spreading its fragments.")
        } else {
            return Ok(());
        };
        Err(OperationError { kind: OperationErrorKind::Limit, message, locations: vec![location(at)] })
    }
}

/// Line and column, both from 1.
pub(crate) fn location(position: Pos) -> (u32, u32) {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (number(position.line), number(position.column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use graphql_tools::parser::parse_query;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn checked(text: &str, max_depth: usize) -> Result<(), OperationError> {
        let document = parse_query::<String>(text).expect("test operation").into_static();
        check(&document, &OperationLimits { max_tokens: 1000, max_depth })
    }

    #[test]
    fn depth_counts_fields_not_fragments() {
        let text = "{ a { ... { ...F } } } fragment F on T { b { c } }";
        assert!(checked(text, 3).is_ok());
        let error = checked(text, 2).expect_err("too deep");
        assert_eq!(error.kind, OperationErrorKind::Limit);
        assert!(error.message.contains("deeper than 2"), "{}", error.message);
    }

    #[test]
    fn a_fragment_measured_once_still_counts_where_it_is_spread_deeper() {
        let text = "{ ...F a { b { ...F } } } fragment F on T { x { y } }";
        assert!(checked(text, 4).is_ok());
        assert!(checked(text, 3).is_err());
    }

    #[test]
    fn cycles_are_found_from_any_definition() {
        for text in [
            "{ ...A } fragment A on T { ...B } fragment B on T { x { ...A } }",
            "{ x } fragment A on T { ...A }",
        ] {
            let error = checked(text, 10).expect_err("cycle");
            assert_eq!(error.kind, OperationErrorKind::Validation);
            assert!(error.message.contains("within itself"), "{}", error.message);
        }
    }

    #[test]
    fn doubling_fragments_are_refused_quickly() {
        let mut text = "{ ...F0 }".to_owned();
        for link in 0..40 {
            text.push_str(&format!(" fragment F{link} on T {{ ...F{} ...F{} }}", link + 1, link + 1));
        }
        text.push_str(" fragment F40 on T { x }");
        let error = checked(&text, 50).expect_err("2^40 fields");
        assert!(error.message.contains("fields after spreading"), "{}", error.message);
    }

    #[test]
    fn long_chains_of_fragments_are_refused_before_the_stack_ends() {
        let mut text = "{ ...F0 }".to_owned();
        for link in 0..20_000 {
            text.push_str(&format!(" fragment F{link} on T {{ ...F{} }}", link + 1));
        }
        text.push_str(" fragment F20000 on T { x }");
        let error = checked(&text, 50).expect_err("too nested");
        assert!(error.message.contains("selection sets"), "{}", error.message);
    }
}
