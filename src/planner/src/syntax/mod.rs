//! GraphQL text of operations (GraphQL §2), read into the syntax tree of graphql-tools.
//!
//! That library's own parser refuses valid documents (`1e9`, numbers beyond 64 bits, directives on variables,
//! descriptions, `\u{…}` and surrogate pairs), changes others (`\b`, the digits of a float), leaves strings out
//! of its limit on tokens, and gives no place for arguments and values.

mod grammar;
mod lexer;
mod number;
mod places;
mod string;

use graphql_tools::static_graphql::query::Document;

pub(crate) use number::{Numeral, numeral};
pub(crate) use places::{Places, ValuePlace};

use crate::operation::OperationError;

/// A document and what its tree does not hold.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) document: Document,
    pub(crate) places: Places,
    /// Lexical tokens.
    pub(crate) tokens: usize,
}

/// Bounds that keep the reader's time and stack within what a worker has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Lexical tokens, at most.
    pub(crate) tokens: usize,
    /// Selection sets within each other, at most.
    pub(crate) nesting: usize,
}

/// Reads an executable document.
///
/// # Errors
/// The first fault: of syntax, a definition that is not executable (§5.1.1), or a bound.
pub(crate) fn parse(text: &str, bounds: Bounds) -> Result<Parsed, OperationError> {
    grammar::document(text, bounds)
}

#[cfg(test)]
mod tests;
