//! Finds the objects that a fetch completes, and where in the response an object stands.
//!
//! Objects are kept, not found again by the path when the answer comes: meanwhile another fetch may have changed a
//! `__typename` that the path's type conditions look at.

use weir_planner::plan::{ExecutablePlan, NameId, PathSegment};

use crate::response::errors::PathItem;
use crate::response::segment::{ObjectId, Value};
use crate::response::tree::{Found, Node, Part, Tree, in_set, type_of};

const fn root() -> Found {
    Found { instance: 0, value: Value::Object(ObjectId::FIRST) }
}

/// Calls `found` with every object at `path`, once with each.
pub(crate) fn locate(
    plan: &ExecutablePlan,
    typename: Option<NameId>,
    tree: &Tree,
    path: &[PathSegment],
    found: &mut dyn FnMut(Node),
) {
    Walk { plan, typename, tree, found, seen: Vec::new() }.walk(root(), path);
}

struct Walk<'a> {
    plan: &'a ExecutablePlan,
    typename: Option<NameId>,
    tree: &'a Tree,
    found: &'a mut dyn FnMut(Node),
    /// Which shared objects were met, by instance.
    seen: Vec<Vec<bool>>,
}

impl Walk<'_> {
    fn walk(&mut self, found: Found, path: &[PathSegment]) {
        if let Some(part) = self.tree.part(found.instance) {
            self.walk_in(part, found.instance, found.value, path);
        }
    }

    /// The same with the answer found already: most of what is below a value is in the same one.
    fn walk_in(&mut self, part: Part<'_>, instance: u32, value: Value, path: &[PathSegment]) {
        match (value, path) {
            // A list is walked into wherever it stands: the planner leaves out the last `List` of a path.
            (Value::List(list), [PathSegment::List, path @ ..]) | (Value::List(list), path) => {
                for item in part.segment.items(list) {
                    self.walk_in(part, instance, item.value(), path);
                }
            }
            (Value::Object(object), path) => {
                let node = Node::new(instance, object);
                if !part.is_bare(object) {
                    let object = self.tree.real(node);
                    if !(self.tree.is_shared(object) && self.meet(object)) {
                        self.walk_object(object, path);
                    }
                } else if !(part.shared && self.meet(node)) {
                    match path {
                        [PathSegment::Field(key), rest @ ..] => {
                            if let Some(value) = part.segment.get(object, *key) {
                                self.walk_in(part, instance, value, rest);
                            }
                        }
                        _ => self.walk_object(node, path),
                    }
                }
            }
            (Value::Null | Value::Leaf(_) | Value::Mismatch, _) => {}
        }
    }

    fn walk_object(&mut self, object: Node, path: &[PathSegment]) {
        match path {
            [] => (self.found)(object),
            [PathSegment::Field(key), rest @ ..] => {
                if let Some(value) = self.tree.get(object, *key) {
                    self.walk(value, rest);
                }
            }
            [PathSegment::Types(set), rest @ ..] => {
                if type_of(self.tree, object, self.typename).is_none_or(|name| in_set(self.plan, set, name)) {
                    self.walk_object(object, rest);
                }
            }
            [PathSegment::List, ..] => {}
        }
    }

    /// Whether a shared object was met before.
    fn meet(&mut self, object: Node) -> bool {
        let (instance, index) = object.index();
        if self.seen.len() <= instance {
            self.seen.resize_with(instance.saturating_add(1), Vec::new);
        }
        let Some(seen) = self.seen.get_mut(instance) else { return false };
        if seen.is_empty() {
            seen.resize(self.tree.objects(instance), false);
        }
        seen.get_mut(index).is_some_and(|seen| std::mem::replace(seen, true))
    }
}

/// The most values looked at to find the places of one object.
const MAX_STEPS: usize = 1_000_000;

/// Where at `path` the objects stand that `wanted` knows, in keys of the tree; `most` places at most. Type conditions
/// of the path are passed over.
pub(crate) fn places(
    plan: &ExecutablePlan,
    tree: &Tree,
    path: &[PathSegment],
    most: usize,
    wanted: &dyn Fn(Node) -> bool,
) -> Vec<Vec<PathItem>> {
    let mut search = Search { plan, tree, wanted, most, steps: 0, at: Vec::new(), places: Vec::new() };
    search.walk(root(), path);
    search.places
}

struct Search<'a> {
    plan: &'a ExecutablePlan,
    tree: &'a Tree,
    wanted: &'a dyn Fn(Node) -> bool,
    most: usize,
    steps: usize,
    at: Vec<PathItem>,
    places: Vec<Vec<PathItem>>,
}

impl Search<'_> {
    fn walk(&mut self, found: Found, path: &[PathSegment]) {
        self.steps = self.steps.saturating_add(1);
        if self.steps > MAX_STEPS || self.places.len() >= self.most {
            return;
        }
        match (found.value, path) {
            (_, [PathSegment::Types(_), rest @ ..]) => self.walk(found, rest),
            (Value::List(list), path) => {
                let rest = match path {
                    [PathSegment::List, rest @ ..] => rest,
                    path => path,
                };
                let tree = self.tree;
                for (index, item) in tree.items(found.instance, list).enumerate() {
                    self.at.push(PathItem::Index(index));
                    self.walk(item, rest);
                    self.at.pop();
                }
            }
            (Value::Object(_), path) => {
                let Some(object) = self.tree.object(found) else { return };
                match path {
                    [] if (self.wanted)(object) => self.places.push(self.at.clone()),
                    [PathSegment::Field(key), rest @ ..] => {
                        if let Some(value) = self.tree.get(object, *key) {
                            self.at.push(PathItem::Key(self.plan.name(*key).to_owned()));
                            self.walk(value, rest);
                            self.at.pop();
                        }
                    }
                    _ => {}
                }
            }
            (Value::Null | Value::Leaf(_) | Value::Mismatch, _) => {}
        }
    }
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
