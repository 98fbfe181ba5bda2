//! Merges what a later fetch found into what earlier ones left.

use super::tree::{Object, Value};

/// Adds the fields of `source` to `target`. Fields that both have are merged: objects by field, lists by
/// index; a null never replaces a value; any other value replaces the older one.
pub(crate) fn merge(target: &mut Object, source: Object) {
    if target.0.is_empty() {
        *target = source;
        return;
    }
    for (key, value) in source.0 {
        match target.get_mut(key) {
            Some(old) => merge_value(old, value),
            None => target.0.push((key, value)),
        }
    }
}

fn merge_value(target: &mut Value, source: Value) {
    match (target, source) {
        (_, Value::Null) => {}
        (Value::Object(target), Value::Object(source)) => merge(target, source),
        (Value::List(target), Value::List(source)) => {
            for (target, source) in target.iter_mut().zip(source) {
                merge_value(target, source);
            }
        }
        (target, source) => *target = source,
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;
    use weir_planner::plan::NameId;

    use super::*;

    fn object(fields: &[(u32, Value)]) -> Object {
        Object(fields.iter().map(|(key, value)| (NameId(*key), value.clone())).collect())
    }

    #[test]
    fn objects_merge_by_field_and_lists_by_index() {
        let mut target =
            object(&[(1, Value::List(vec![Value::Object(object(&[(2, Value::Mismatch)])), Value::Null]))]);
        let source = object(&[(
            1,
            Value::List(vec![Value::Object(object(&[(3, Value::Null)])), Value::Object(object(&[]))]),
        )]);
        merge(&mut target, source);
        let expected = object(&[(
            1,
            Value::List(vec![
                Value::Object(object(&[(2, Value::Mismatch), (3, Value::Null)])),
                Value::Object(object(&[])),
            ]),
        )]);
        assert_eq!(target, expected);
    }

    #[test]
    fn null_never_replaces_a_value() {
        let mut target = object(&[(1, Value::Mismatch)]);
        merge(&mut target, object(&[(1, Value::Null), (2, Value::Null)]));
        assert_eq!(target, object(&[(1, Value::Mismatch), (2, Value::Null)]));
    }
}
