//! How large an operation is once its fragments are spread.

use std::collections::HashMap;

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::{
    Definition, Document, FragmentDefinition, Selection, SelectionSet,
};

use super::{MAX_EXPANDED_FIELDS, Measured, OperationLimit, OperationLimits, exceeded};
use crate::operation::{OperationError, directives, selections};

/// What a selection set holds once its fragments are spread.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    depth: usize,
    nesting: usize,
    fields: usize,
    /// Fields of the set itself.
    direct: usize,
    aliases: usize,
    directives: usize,
    /// Lists of introspection within each other.
    lists: usize,
}

impl Size {
    /// Adds what stands beside.
    fn add(&mut self, other: Size) {
        self.depth = self.depth.max(other.depth);
        self.nesting = self.nesting.max(other.nesting.saturating_add(1));
        self.fields = self.fields.saturating_add(other.fields);
        self.direct = self.direct.saturating_add(other.direct);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.lists = self.lists.max(other.lists);
    }
}

pub(super) struct Walk<'a> {
    fragments: HashMap<&'a str, &'a FragmentDefinition>,
    /// `None` while the fragment is being measured.
    sizes: HashMap<&'a str, Option<Size>>,
    limits: &'a OperationLimits,
    max_nesting: usize,
    measured: Measured,
}

impl<'a> Walk<'a> {
    pub(super) fn new(document: &'a Document, limits: &'a OperationLimits) -> Self {
        let mut fragments = HashMap::new();
        for definition in &document.definitions {
            if let Definition::Fragment(fragment) = definition {
                // A second fragment of the same name is reported by validation.
                fragments.entry(fragment.name.as_str()).or_insert(fragment);
            }
        }
        let max_nesting = limits.max_nesting();
        Walk { fragments, sizes: HashMap::new(), limits, max_nesting, measured: Measured::default() }
    }

    pub(super) fn into_measured(self) -> Measured {
        self.measured
    }

    pub(super) fn document(&mut self, document: &'a Document) -> Result<(), OperationError> {
        let mut all = 0_usize;
        for definition in &document.definitions {
            match definition {
                Definition::Operation(operation) => {
                    let set = selections(operation);
                    let at = set.span.0;
                    let mut size = self.set(set, at, 0, 0)?;
                    size.directives = size.directives.saturating_add(directives(operation).len());
                    all = all.saturating_add(size.fields);
                    if all > MAX_EXPANDED_FIELDS {
                        return Err(too_many_fields(at));
                    }
                    self.whole(size, at)?;
                }
                Definition::Fragment(fragment) => {
                    self.fragment(&fragment.name, fragment.position, 0, 0)?;
                }
            }
        }
        Ok(())
    }

    /// The limits on an operation as a whole.
    fn whole(&mut self, size: Size, at: Pos) -> Result<(), OperationError> {
        let limits = self.limits;
        let checks = [
            (OperationLimit::Height, size.fields, limits.max_height, "fields"),
            (OperationLimit::Aliases, size.aliases, limits.max_aliases, "aliases"),
            (OperationLimit::RootFields, size.direct, limits.max_root_fields, "root fields"),
            (OperationLimit::Directives, size.directives, limits.max_directives, "directives"),
        ];
        for (limit, count, max, what) in checks {
            if count > max {
                let message = format!(
                    "The operation has {count} {what}, counting fragments as often as they are spread; {max} are allowed."
                );
                self.exceed(limit, message, Some(at))?;
            }
        }
        Ok(())
    }

    /// Refuses, or takes note where the limit is only warned of.
    pub(super) fn exceed(
        &mut self,
        limit: OperationLimit,
        message: String,
        at: Option<Pos>,
    ) -> Result<(), OperationError> {
        let error = exceeded(limit, message, at);
        if !self.limits.warns_only(limit) {
            return Err(error);
        }
        if !self.measured.exceeded.iter().any(|known| known.kind == error.kind) {
            self.measured.exceeded.push(error);
        }
        Ok(())
    }

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
            let (mut inner, position, directives) = match selection {
                Selection::Field(field) => {
                    let below = depth.saturating_add(1);
                    let mut inner = Size::default();
                    if field.selection_set.items.is_empty() {
                        self.within(field.position, below, nesting, inner)?;
                    } else {
                        inner = self.set(&field.selection_set, field.position, below, inner_nesting)?;
                    }
                    match &*field.name {
                        "__schema" | "__type" => self.introspection(inner, field.position)?,
                        "fields" | "inputFields" | "interfaces" | "possibleTypes" => {
                            inner.lists = inner.lists.saturating_add(1);
                        }
                        _ => {}
                    }
                    inner.depth = inner.depth.saturating_add(1);
                    inner.fields = inner.fields.saturating_add(1);
                    inner.direct = 1;
                    inner.aliases = inner.aliases.saturating_add(usize::from(field.alias.is_some()));
                    (inner, field.position, &field.directives)
                }
                Selection::InlineFragment(inline) => {
                    let inner = self.set(&inline.selection_set, inline.position, depth, inner_nesting)?;
                    (inner, inline.position, &inline.directives)
                }
                Selection::FragmentSpread(spread) => {
                    let inner =
                        self.fragment(&spread.fragment_name, spread.position, depth, inner_nesting)?;
                    (inner, spread.position, &spread.directives)
                }
            };
            inner.directives = inner.directives.saturating_add(directives.len());
            size.add(inner);
            self.within(position, depth, nesting, size)?;
        }
        Ok(size)
    }

    fn introspection(&mut self, below: Size, at: Pos) -> Result<(), OperationError> {
        self.measured.introspection.get_or_insert(at);
        let max = self.limits.max_introspection_depth;
        if below.lists > max {
            let message = format!(
                "Introspection nests more than {max} of fields, inputFields, interfaces and possibleTypes within each other."
            );
            self.exceed(OperationLimit::IntrospectionDepth, message, Some(at))?;
        }
        Ok(())
    }

    fn fragment(
        &mut self,
        name: &str,
        position: Pos,
        depth: usize,
        nesting: usize,
    ) -> Result<Size, OperationError> {
        // A name that isn't defined, and a cycle, are reported by validation.
        let Some((&name, &fragment)) = self.fragments.get_key_value(name) else { return Ok(Size::default()) };
        match self.sizes.get(name) {
            Some(Some(size)) => {
                let size = *size;
                self.within(position, depth, nesting, size)?;
                Ok(size)
            }
            Some(None) => Ok(Size::default()),
            None => {
                self.sizes.insert(name, None);
                let mut size = self.set(&fragment.selection_set, fragment.position, depth, nesting)?;
                size.directives = size.directives.saturating_add(fragment.directives.len());
                self.sizes.insert(name, Some(size));
                Ok(size)
            }
        }
    }

    fn within(&mut self, at: Pos, depth: usize, nesting: usize, size: Size) -> Result<(), OperationError> {
        if nesting.saturating_add(size.nesting) > self.max_nesting {
            let message =
                format!("Operation nests more than {} selection sets within each other.", self.max_nesting);
            return Err(exceeded(OperationLimit::Nesting, message, Some(at)));
        }
        if size.fields > MAX_EXPANDED_FIELDS {
            return Err(too_many_fields(at));
        }
        let max = self.limits.max_depth;
        if depth.saturating_add(size.depth) > max {
            self.exceed(
                OperationLimit::Depth,
                format!("Operation is nested deeper than {max} levels."),
                Some(at),
            )?;
        }
        Ok(())
    }
}

fn too_many_fields(at: Pos) -> OperationError {
    let message =
        format!("Operation selects more than {MAX_EXPANDED_FIELDS} fields after spreading its fragments.");
    exceeded(OperationLimit::Nesting, message, Some(at))
}
