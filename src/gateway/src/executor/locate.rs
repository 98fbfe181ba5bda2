//! Finds the objects that a fetch completes, and remembers where they are.
//!
//! Places are kept as steps from the root, not found again by the path when the answer comes: meanwhile
//! another fetch may have changed a `__typename` that the path's type conditions look at.

use weir_planner::plan::{ExecutablePlan, NameId, PathSegment};

use crate::response::errors::PathItem;
use crate::response::tree::{Bodies, Object, Value, in_set, type_of};

/// One step from the root of the tree towards an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Key(NameId),
    Index(usize),
}

/// The way to one object.
pub(crate) type Place = Vec<Step>;

/// Calls `found` with every object at `path`.
pub(crate) fn locate(
    plan: &ExecutablePlan,
    typename: Option<NameId>,
    bodies: &Bodies,
    root: &Value,
    path: &[PathSegment],
    found: &mut dyn FnMut(&Object, &Place),
) {
    Walk { plan, typename, bodies, found, place: Vec::new() }.walk(root, path);
}

struct Walk<'a> {
    plan: &'a ExecutablePlan,
    typename: Option<NameId>,
    bodies: &'a Bodies,
    found: &'a mut dyn FnMut(&Object, &Place),
    place: Place,
}

impl Walk<'_> {
    fn walk(&mut self, value: &Value, path: &[PathSegment]) {
        match (value, path) {
            // A list is walked into wherever it stands: the planner leaves out the last `List` of a path.
            (Value::List(items), path) => {
                let rest = match path {
                    [PathSegment::List, rest @ ..] => rest,
                    path => path,
                };
                for (index, item) in items.iter().enumerate() {
                    self.place.push(Step::Index(index));
                    self.walk(item, rest);
                    self.place.pop();
                }
            }
            (Value::Object(object), []) => (self.found)(object, &self.place),
            (Value::Object(object), [PathSegment::Field(key), rest @ ..]) => {
                if let Some(value) = object.get(*key) {
                    self.place.push(Step::Key(*key));
                    self.walk(value, rest);
                    self.place.pop();
                }
            }
            (Value::Object(object), [PathSegment::Types(set), rest @ ..]) => {
                if type_of(object, self.typename, self.bodies)
                    .is_none_or(|name| in_set(self.plan, set, &name))
                {
                    self.walk(value, rest);
                }
            }
            (Value::Object(_), [PathSegment::List, ..])
            | (Value::Null | Value::Leaf(_) | Value::Mismatch, _) => {}
        }
    }
}

/// The object at `place`.
pub(crate) fn object_at<'a>(root: &'a mut Value, place: &[Step]) -> Option<&'a mut Object> {
    let mut value = root;
    for step in place {
        value = match (value, step) {
            (Value::Object(object), Step::Key(key)) => object.get_mut(*key)?,
            (Value::List(items), Step::Index(index)) => items.get_mut(*index)?,
            _ => return None,
        };
    }
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// A place as a path of tree keys.
pub(crate) fn tree_path(plan: &ExecutablePlan, place: &[Step]) -> Vec<PathItem> {
    place
        .iter()
        .map(|step| match step {
            Step::Key(key) => PathItem::Key(plan.name(*key).to_owned()),
            Step::Index(index) => PathItem::Index(*index),
        })
        .collect()
}

/// In tree keys, as much of a path as holds for every object at it: the keys before the first list.
pub(crate) fn common_path(plan: &ExecutablePlan, path: &[PathSegment]) -> Vec<PathItem> {
    path.iter()
        .take_while(|segment| !matches!(segment, PathSegment::List))
        .filter_map(|segment| match segment {
            PathSegment::Field(key) => Some(PathItem::Key(plan.name(*key).to_owned())),
            PathSegment::List | PathSegment::Types(_) => None,
        })
        .collect()
}
