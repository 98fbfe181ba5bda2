//! Changes that the plan asks for in a subgraph's data before it is merged: internal aliases get their
//! response keys back.

use weir_planner::plan::{ExecutablePlan, NameId, Rewrite, RewriteStep};

use super::tree::{Bodies, Value, in_set, type_of};

/// Applies `rewrites` in order to `value`. A step that does not match leaves the value as it is.
pub(crate) fn rewrite(
    plan: &ExecutablePlan,
    typename: Option<NameId>,
    bodies: &mut Bodies,
    rewrites: &[Rewrite],
    value: &mut Value,
) {
    for rewrite in rewrites {
        match rewrite {
            Rewrite::RenameKey { path, to } => {
                walk(plan, typename, bodies, path, value, &mut |object, key| {
                    if let Some((name, _)) = object.0.iter_mut().find(|(name, _)| *name == key) {
                        *name = *to;
                    }
                });
            }
            Rewrite::SetString { path, value: new } => {
                let text = bodies.constant(sonic_rs::to_string(new).unwrap_or_default());
                walk(plan, typename, bodies, path, value, &mut |object, key| {
                    if let Some(value) = object.get_mut(key) {
                        *value = Value::Leaf(text);
                    }
                });
            }
        }
    }
}

fn walk(
    plan: &ExecutablePlan,
    typename: Option<NameId>,
    bodies: &Bodies,
    path: &[RewriteStep],
    value: &mut Value,
    change: &mut dyn FnMut(&mut super::tree::Object, NameId),
) {
    match (value, path) {
        (Value::List(items), _) => {
            for item in items {
                walk(plan, typename, bodies, path, item, change);
            }
        }
        (Value::Object(object), [RewriteStep::Key(key)]) => change(object, *key),
        (Value::Object(object), [RewriteStep::Key(key), rest @ ..]) => {
            if let Some(value) = object.get_mut(*key) {
                walk(plan, typename, bodies, rest, value, change);
            }
        }
        (value @ Value::Object(_), [RewriteStep::Types(set), rest @ ..]) => {
            let Value::Object(object) = &*value else { return };
            if type_of(object, typename, bodies).is_none_or(|name| in_set(plan, set, &name)) {
                walk(plan, typename, bodies, rest, value, change);
            }
        }
        (Value::Null | Value::Leaf(_) | Value::Mismatch, _) | (_, []) => {}
    }
}
