//! Number literals, digit by digit as the client wrote them.

use graphql_tools::parser::query::Number;
use graphql_tools::static_graphql::query::Value;

/// A number literal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Numeral<'a> {
    /// Without fraction and exponent, within 32 bits.
    Int(i64),
    /// Without fraction and exponent, beyond 32 bits (or `-0`).
    BigInt(&'a str),
    /// With fraction or exponent.
    Float(&'a str),
}

/// The value of a number literal.
///
/// The tree has 64-bit integers and floats, so a literal beyond the Int of §3.5.1 would lose digits on its way
/// to the subgraph. The tree's printers write an enum value as it is, and no name begins with a digit or a minus
/// sign: such a literal travels as one.
pub(super) fn value(text: &str, float: bool) -> Value {
    match text.parse::<i32>() {
        Ok(number) if !float && text != "-0" => Value::Int(Number::from(number)),
        _ => Value::Enum(text.to_owned()),
    }
}

/// The number that `value` is, if it is one.
pub(crate) fn numeral(value: &Value) -> Option<Numeral<'_>> {
    match value {
        Value::Int(number) => number.as_i64().map(Numeral::Int),
        Value::Enum(text) if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            Some(if text.contains(['.', 'e', 'E']) { Numeral::Float(text) } else { Numeral::BigInt(text) })
        }
        _ => None,
    }
}
