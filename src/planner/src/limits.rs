//! Bounds on an operation, checked before anything else walks it (invariant 5).

mod measure;

use graphql_tools::parser::Pos;

use crate::operation::{OperationError, OperationErrorKind};
use crate::syntax::Parsed;
use measure::Walk;

/// A bound on operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationLimit {
    /// Lexical tokens of the whole document.
    Tokens,
    /// Levels of fields.
    Depth,
    /// Fields after fragments are spread.
    Height,
    /// Aliases after fragments are spread.
    Aliases,
    /// Fields of the root after fragments are spread.
    RootFields,
    /// Directives after fragments are spread.
    Directives,
    /// Lists of introspection within each other.
    IntrospectionDepth,
    /// Bounds that keep the sandbox from harm and can't be set.
    Nesting,
}

impl OperationLimit {
    /// The bounds that can be set, in the order of the docs.
    pub const ALL: [OperationLimit; 7] = [
        OperationLimit::Tokens,
        OperationLimit::Depth,
        OperationLimit::Height,
        OperationLimit::Aliases,
        OperationLimit::RootFields,
        OperationLimit::Directives,
        OperationLimit::IntrospectionDepth,
    ];
}

/// Bounds on an operation, and whether introspection is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationLimits {
    /// Lexical tokens of the whole document, at most.
    pub max_tokens: usize,
    /// Levels of nested fields, at most; fragments count where they are spread.
    pub max_depth: usize,
    /// Fields of an operation, at most; here and below fragments count as often as they are spread.
    pub max_height: usize,
    /// Aliases of an operation, at most.
    pub max_aliases: usize,
    /// Fields at an operation's root, at most.
    pub max_root_fields: usize,
    /// Directives of an operation, at most.
    pub max_directives: usize,
    /// `fields`, `inputFields`, `interfaces` and `possibleTypes` within each other below `__schema` or `__type`,
    /// at most: each multiplies the size of the answer by that of the schema.
    pub max_introspection_depth: usize,
    /// The limits that are only reported ([`crate::Operation::exceeded`]).
    pub warn_only: Vec<OperationLimit>,
    /// Whether `__schema` and `__type` are answered. If not, no message names a part of the schema that the
    /// client didn't name.
    pub introspection: bool,
}

impl Default for OperationLimits {
    fn default() -> Self {
        Self {
            max_tokens: 20_000,
            max_depth: 50,
            max_height: 10_000,
            max_aliases: 200,
            max_root_fields: 100,
            max_directives: 500,
            max_introspection_depth: 2,
            warn_only: Vec::new(),
            introspection: true,
        }
    }
}

impl OperationLimits {
    /// No bounds: for operations that were within theirs before, and are read again.
    pub fn unlimited() -> Self {
        let most = usize::MAX / 4;
        Self {
            max_tokens: most,
            max_depth: most,
            max_height: most,
            max_aliases: most,
            max_root_fields: most,
            max_directives: most,
            max_introspection_depth: most,
            warn_only: Vec::new(),
            introspection: true,
        }
    }

    pub(crate) fn warns_only(&self, limit: OperationLimit) -> bool {
        self.warn_only.contains(&limit)
    }

    /// Selection sets (of fields and fragments) within each other, at most: fragments that only spread others
    /// cost stack without adding a level of depth.
    pub(crate) fn max_nesting(&self) -> usize {
        let depth = if self.warns_only(OperationLimit::Depth) { MAX_WARNED_DEPTH } else { self.max_depth };
        depth.max(MIN_DEPTH).saturating_mul(NESTING_PER_LEVEL).saturating_add(1).min(MAX_NESTING)
    }

    /// Tokens that are read at all.
    pub(crate) fn tokens_read(&self) -> usize {
        if self.warns_only(OperationLimit::Tokens) { MAX_WARNED_TOKENS } else { self.max_tokens }
    }
}

/// Fields of all operations of a document after fragments are spread, at most: a chain of fragments that each
/// spread the next one twice doubles the work at every link, so a bound on tokens alone is none.
pub(crate) const MAX_EXPANDED_FIELDS: usize = 50_000;

/// Nesting for each level of depth.
const NESTING_PER_LEVEL: usize = 3;

/// The depth for which nesting is always allowed, so that a small `max_depth` is reported as such.
const MIN_DEPTH: usize = 20;

/// Nesting that the sandbox's stack has room for, whatever is configured.
const MAX_NESTING: usize = 301;

/// Depth up to which an operation passes that is only warned of.
const MAX_WARNED_DEPTH: usize = 100;

/// Tokens up to which an operation passes that is only warned of.
const MAX_WARNED_TOKENS: usize = 200_000;

/// What [`check`] found.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// The limits that are exceeded and only warned of, each once.
    pub(crate) exceeded: Vec<OperationError>,
    /// Where introspection is asked for first.
    pub(crate) introspection: Option<Pos>,
}

/// Measures every definition of the document; work and stack are bounded by its size and the limits, whatever
/// the fragments do.
///
/// # Errors
/// The first limit that is exceeded and not only warned of.
pub(crate) fn check(parsed: &Parsed, limits: &OperationLimits) -> Result<Measured, OperationError> {
    let mut walk = Walk::new(&parsed.document, limits);
    if parsed.tokens > limits.max_tokens {
        let message = format!("The operation's text has more than {} tokens.", limits.max_tokens);
        walk.exceed(OperationLimit::Tokens, message, None)?;
    }
    walk.document(&parsed.document)?;
    Ok(walk.into_measured())
}

pub(crate) fn exceeded(limit: OperationLimit, message: String, at: Option<Pos>) -> OperationError {
    let locations = at.map(location).into_iter().collect();
    OperationError { kind: OperationErrorKind::Limit(limit), message, locations }
}

/// Line and column, both from 1.
pub(crate) fn location(position: Pos) -> (u32, u32) {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (number(position.line), number(position.column))
}

#[cfg(test)]
mod tests;
