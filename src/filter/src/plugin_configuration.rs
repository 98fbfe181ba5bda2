//! The text of the plugin's configuration, in whichever of its two forms it comes.
//!
//! Envoy hands a `google.protobuf.StringValue` or `BytesValue` over as the text itself, and a
//! `google.protobuf.Struct`, the form that can be written as YAML, as the bytes of its message.

use prost::Message;
use prost_types::value::Kind;
use prost_types::{Struct, Value};
use serde_json::{Map, Number, Value as Json};

/// The largest whole number up to which a double has every one.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// The JSON text of a configuration; `{}` for one that is empty.
///
/// # Errors
/// What is wrong with it, if it is neither a `Struct` nor text.
pub(crate) fn json_text(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.is_empty() {
        return Ok("{}".to_owned());
    }
    if is_struct(&bytes) {
        let message = Struct::decode(bytes.as_slice())
            .map_err(|error| format!("it is a broken google.protobuf.Struct: {error}"))?;
        return Ok(object(message).to_string());
    }
    String::from_utf8(bytes)
        .map_err(|error| format!("it is neither text nor a google.protobuf.Struct: {error}"))
}

/// Tells a `Struct` from JSON. A `Struct` that is not empty begins with the tag of its first entry and has
/// the tag of that entry's value in it; JSON has no such byte, since it allows no control characters but
/// white space.
fn is_struct(bytes: &[u8]) -> bool {
    const ENTRY: u8 = 0x0a;
    const VALUE: u8 = 0x12;
    bytes.first() == Some(&ENTRY) && bytes.contains(&VALUE)
}

fn object(message: Struct) -> Json {
    Json::Object(message.fields.into_iter().map(|(key, value)| (key, json(value))).collect::<Map<_, _>>())
}

/// A `Struct` is at most 100 deep, or it is not decoded: the recursion is bounded.
fn json(value: Value) -> Json {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(flag)) => Json::Bool(flag),
        Some(Kind::StringValue(text)) => Json::String(text),
        Some(Kind::NumberValue(number)) => json_number(number),
        Some(Kind::StructValue(message)) => object(message),
        Some(Kind::ListValue(list)) => Json::Array(list.values.into_iter().map(json).collect()),
    }
}

/// A `Struct` has doubles only; what was written without a fraction is to be read so.
#[expect(clippy::cast_possible_truncation, reason = "a whole number within what a double holds exactly")]
fn json_number(number: f64) -> Json {
    if number.fract() == 0.0 && number.abs() <= MAX_WHOLE {
        Json::Number(Number::from(number as i64))
    } else {
        Number::from_f64(number).map_or(Json::Null, Json::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: Kind) -> Value {
        Value { kind: Some(kind) }
    }

    #[test]
    fn a_struct_becomes_the_json_it_was_written_as() {
        let limits = Struct { fields: [("max_depth".to_owned(), value(Kind::NumberValue(30.0)))].into() };
        let list = prost_types::ListValue {
            values: vec![value(Kind::NumberValue(0.5)), value(Kind::BoolValue(true))],
        };
        let fields = [
            ("a".to_owned(), value(Kind::StringValue("x\n\u{12}".to_owned()))),
            ("limits".to_owned(), value(Kind::StructValue(limits))),
            ("list".to_owned(), value(Kind::ListValue(list))),
            ("none".to_owned(), value(Kind::NullValue(0))),
        ];
        let bytes = Struct { fields: fields.into() }.encode_to_vec();
        let text = json_text(bytes).unwrap();
        assert_eq!(text, r#"{"a":"x\n\u0012","limits":{"max_depth":30},"list":[0.5,true],"none":null}"#);
    }

    #[test]
    fn the_smallest_struct_is_one() {
        // As Envoy writes it: an entry has its key and its value, even if both are empty.
        assert_eq!(json_text(vec![0x0a, 4, 0x0a, 0, 0x12, 0]).unwrap(), r#"{"":null}"#);
    }

    #[test]
    fn text_is_taken_as_it_is() {
        for text in ["{\"path\": \"/graphql\"}", "\n{\n  \"a\": 1\n}", "nonsense"] {
            assert_eq!(json_text(text.as_bytes().to_vec()).unwrap(), text);
        }
        assert_eq!(json_text(Vec::new()).unwrap(), "{}");
    }

    #[test]
    fn what_is_neither_is_refused() {
        assert!(json_text(vec![0xff, 0xfe]).is_err());
        assert!(json_text(vec![0x0a, 0xff, 0x12]).is_err());
    }
}
