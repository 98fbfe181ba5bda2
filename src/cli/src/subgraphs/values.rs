//! Value types that several demo subgraphs share: scalars, enums and value objects.

use async_graphql::{
    Enum, InputObject, InputValueError, InputValueResult, Number, Scalar, ScalarType, SimpleObject, Value,
};

/// An amount in euro, held in cents. On the wire it is a JSON number with at most two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Money(pub(crate) i64);

/// A whole number that may exceed what a double can hold: on the wire a JSON number of up to 20 digits,
/// so a gateway that reads numbers as doubles shows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BigInt(pub(crate) u64);

/// A point in time, RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DateTime(pub(crate) String);

/// How loyal a customer is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    /// Has an account.
    Basic,
    /// Has bought for more than 500 euro.
    Silver,
    /// Has bought for more than 5,000 euro.
    Gold,
}

/// What a thing is called by those who make it.
#[derive(SimpleObject, Clone, Debug, PartialEq, Eq, Hash)]
#[graphql(shareable)]
pub(crate) struct Sku {
    /// Three letters.
    pub(crate) vendor: String,
    /// Unique for the vendor.
    pub(crate) code: String,
}

/// The key form of [`Sku`].
#[derive(InputObject, Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SkuKey {
    pub(crate) vendor: String,
    pub(crate) code: String,
}

impl From<SkuKey> for Sku {
    fn from(key: SkuKey) -> Self {
        Self { vendor: key.vendor, code: key.code }
    }
}

/// Outer size in millimetres.
#[derive(SimpleObject, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(shareable)]
pub(crate) struct Dimensions {
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) depth: i32,
}

/// [`Dimensions`] as `@requires` hands them over.
#[derive(InputObject, Clone, Copy, Debug)]
pub(crate) struct RequiredDimensions {
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) depth: i32,
}

impl From<RequiredDimensions> for Dimensions {
    fn from(required: RequiredDimensions) -> Self {
        Self { width: required.width, height: required.height, depth: required.depth }
    }
}

/// An amount in euro: a JSON number with at most two decimals.
#[Scalar]
impl ScalarType for Money {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number
                .as_f64()
                .map(|euro| Self((euro * 100.0).round() as i64))
                .ok_or_else(|| InputValueError::custom("not an amount")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        // A whole amount goes out as an integer, as JSON writers in most languages do.
        if self.0 % 100 == 0 {
            return Value::Number((self.0 / 100).into());
        }
        Number::from_f64(self.0 as f64 / 100.0).map_or(Value::Null, Value::Number)
    }
}

/// A whole number of up to 64 bits, as a JSON number.
#[Scalar]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => {
                number.as_u64().map(Self).ok_or_else(|| InputValueError::custom("not a whole number"))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}

/// A point in time, RFC 3339 in UTC.
#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) if text.len() >= 20 => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}
