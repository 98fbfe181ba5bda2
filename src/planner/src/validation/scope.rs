//! What one operation or fragment uses, for the rules that look at whole operations.

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::schema::Type;

/// What stands in the selections of one operation or fragment.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    pub(super) spreads: Vec<(&'a str, Pos)>,
    pub(super) uses: Vec<VariableUse<'a>>,
}

/// A variable where a value is expected.
#[derive(Debug, Clone, Copy)]
pub(super) struct VariableUse<'a> {
    pub(super) name: &'a str,
    pub(super) at: Pos,
    /// The type expected there; `None` where anything may stand (within a custom scalar).
    pub(super) expected: Option<&'a Type>,
    /// Whether the argument or input field has a default of its own.
    pub(super) has_default: bool,
    /// The input object of which exactly one field must be given, if it is a field of one.
    pub(super) one_of: Option<&'a str>,
}
