//! Changes that the plan asks for in a subgraph's data before it is merged: internal aliases get their
//! response keys back.

use weir_planner::plan::{ExecutablePlan, NameId, Rewrite, RewriteStep};

use super::segment::{Class, ObjectId, Segment, Value};
use super::tree::{in_set, unquoted};

/// Applies `rewrites` in order to `value`. A step that does not match leaves the value as it is.
pub(crate) fn rewrite(
    plan: &ExecutablePlan,
    typename: Option<NameId>,
    segment: &mut Segment,
    rewrites: &[Rewrite],
    value: Value,
) {
    for rewrite in rewrites {
        match rewrite {
            Rewrite::RenameKey { path, to } => {
                walk(plan, typename, segment, path, value, &mut |segment, object, key| {
                    segment.rename(object, key, *to);
                });
            }
            Rewrite::SetString { path, value: new } => {
                let text = sonic_rs::to_string(new).unwrap_or_default();
                let text = segment.add_text(text.as_bytes(), Class::String);
                walk(plan, typename, segment, path, value, &mut |segment, object, key| {
                    segment.put(object, key, Value::Leaf(text));
                });
            }
        }
    }
}

fn walk(
    plan: &ExecutablePlan,
    typename: Option<NameId>,
    segment: &mut Segment,
    path: &[RewriteStep],
    value: Value,
    change: &mut dyn FnMut(&mut Segment, ObjectId, NameId),
) {
    match (value, path) {
        (Value::List(list), _) => {
            for at in 0..list.len() {
                if let Some(item) = segment.items(list).get(at).copied() {
                    walk(plan, typename, segment, path, item.value(), change);
                }
            }
        }
        (Value::Object(object), [RewriteStep::Key(key)]) => change(segment, object, *key),
        (Value::Object(object), [RewriteStep::Key(key), rest @ ..]) => {
            if let Some(value) = segment.get(object, *key) {
                walk(plan, typename, segment, rest, value, change);
            }
        }
        (Value::Object(object), [RewriteStep::Types(set), rest @ ..]) => {
            if type_in(segment, object, typename).is_none_or(|name| in_set(plan, set, name)) {
                walk(plan, typename, segment, rest, value, change);
            }
        }
        (Value::Null | Value::Leaf(_) | Value::Mismatch, _) | (_, []) => {}
    }
}

/// The runtime type of an object as its own answer tells it.
pub(crate) fn type_in(segment: &Segment, object: ObjectId, typename: Option<NameId>) -> Option<&[u8]> {
    match segment.get(object, typename?)? {
        Value::Leaf(span) => unquoted(segment.text(span)),
        _ => None,
    }
}
