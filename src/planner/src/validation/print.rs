//! Values as messages and introspection show them.

use std::fmt::Write as _;

use graphql_tools::static_graphql::query::Value;

/// Bytes of a value that a message shows.
const MAX_SHOWN: usize = 200;

/// The value as GraphQL text, its start if it is long.
pub(crate) fn shown(value: &Value) -> String {
    let mut text = String::new();
    write(value, MAX_SHOWN, &mut text);
    if text.len() > MAX_SHOWN {
        let end = (0..=MAX_SHOWN).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The whole value as GraphQL text.
pub(crate) fn whole(value: &Value) -> String {
    let mut text = String::new();
    write(value, usize::MAX, &mut text);
    text
}

/// Writes at least the first `enough` bytes.
fn write(value: &Value, enough: usize, out: &mut String) {
    if out.len() > enough {
        return;
    }
    match value {
        Value::Variable(name) => {
            out.push('$');
            out.push_str(name);
        }
        Value::Int(number) => {
            let _ = write!(out, "{}", number.as_i64().unwrap_or_default());
        }
        // Only the schema's values are floats; those of operations keep their text.
        Value::Float(number) => {
            let _ = write!(out, "{number}");
        }
        Value::String(text) => quote(text, out),
        Value::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Null => out.push_str("null"),
        Value::Enum(name) => out.push_str(name),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write(item, enough, out);
                if out.len() > enough {
                    return;
                }
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (index, (name, field)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                out.push_str(name);
                out.push_str(": ");
                write(field, enough, out);
                if out.len() > enough {
                    return;
                }
            }
            out.push('}');
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{C}' => out.push_str("\\f"),
            char if char.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(char));
            }
            char => out.push(char),
        }
    }
    out.push('"');
}
