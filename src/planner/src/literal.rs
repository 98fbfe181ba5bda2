//! Literal values as text. (The library's own printer breaks characters beyond U+FFFF.)

use std::fmt::Write as _;

use graphql_tools::static_graphql::query::Value;

/// Appends `value` as GraphQL text (§2.9).
pub(crate) fn write(value: &Value, out: &mut String) {
    match value {
        // JSON's escapes are GraphQL's.
        Value::String(text) => out.push_str(&serde_json::Value::from(text.as_str()).to_string()),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, out);
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (index, (name, value)) in fields.iter().enumerate() {
                separate(index, out);
                let _ = write!(out, "{name}:");
                write(value, out);
            }
            out.push('}');
        }
        // Always with a point or an exponent: a custom scalar may tell 1.0 from 1.
        Value::Float(number) => {
            let _ = write!(out, "{number:?}");
        }
        Value::Variable(_) | Value::Int(_) | Value::Boolean(_) | Value::Null | Value::Enum(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

fn separate(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

#[cfg(test)]
mod tests {
    use graphql_tools::parser::query::parse_query;
    use graphql_tools::static_graphql::query::{Definition, OperationDefinition, Selection};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn argument(text: &str) -> Value {
        let document = parse_query::<String>(&format!("{{f(a: {text})}}")).expect("a query").into_static();
        let Definition::Operation(OperationDefinition::SelectionSet(set)) = &document.definitions[0] else {
            panic!("a query")
        };
        let Selection::Field(field) = &set.items[0] else { panic!("a field") };
        field.arguments[0].1.clone()
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for text in [
            r#""é漢🙂 \" \\ \n \u0007""#,
            r#""""block "quoted" \n""""#,
            "[1, -2.5e10, null, [true], ENUM]",
            r#"{a: {b: ["x"]}, c: $v}"#,
            "100000000000000000000.5",
        ] {
            let value = argument(text);
            let mut written = String::new();
            write(&value, &mut written);
            assert_eq!(argument(&written), value, "{text} was written as {written}");
        }
    }
}
