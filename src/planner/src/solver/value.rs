//! Values as GraphQL text. The parser's own printing writes what lies beyond `\u{FFFF}` as decimal escapes, and text
//! with line breaks as block strings, which don't keep all indents.

use std::fmt::Write as _;

use graphql_tools::static_graphql::query::Value;

/// Appends `value` as it may stand in a document (GraphQL §2.9).
pub(super) fn write(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => string(text, out),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (index, (name, value)) in fields.iter().enumerate() {
                let _ = write!(out, "{}{name}:", if index > 0 { "," } else { "" });
                write(value, out);
            }
            out.push('}');
        }
        Value::Variable(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Null
        | Value::Enum(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

/// Everything but quotes, backslashes and control characters may stand in a string as it is (§2.9.4).
fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' || c == '\u{7f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use graphql_tools::parser::query::parse_query;
    use graphql_tools::static_graphql::query::{Definition, OperationDefinition, Selection};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn reread(text: &str) -> Value {
        let query = format!("{{a(v:{text})}}");
        let document = parse_query::<String>(&query).expect("a document").into_static();
        match &document.definitions[0] {
            Definition::Operation(OperationDefinition::SelectionSet(set)) => match &set.items[0] {
                Selection::Field(field) => field.arguments[0].1.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_written_reads_as_what_it_was() {
        for text in ["", "é漢🙂", "a \"b\" \\ c", "line\n  indented\r\n\ttab", "\u{1}\u{7f}\u{2028}"] {
            let value = Value::List(vec![Value::String(text.to_owned()), Value::Null, Value::Float(-0.5)]);
            let mut out = String::new();
            write(&value, &mut out);
            assert_eq!(reread(&out), value, "{out}");
        }
    }
}
