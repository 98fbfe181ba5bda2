//! Paths of errors, from a subgraph's terms to the tree's and from there to the client's.

use weir_planner::plan::{ExecutablePlan, NameId, OutputKind, OutputType, Rewrite, RewriteStep, Selection};

use crate::response::errors::PathItem;
use crate::response::rewrite::type_in;
use crate::response::segment::{Segment, Value};
use crate::response::tree::in_set;

/// A subgraph's path with the keys that its data gets by `rewrites`. `value` is that data as it was sent.
pub(super) fn renamed(
    plan: &ExecutablePlan,
    typename: Option<NameId>,
    segment: &Segment,
    rewrites: &[Rewrite],
    value: Option<Value>,
    mut path: Vec<PathItem>,
) -> Vec<PathItem> {
    let sent = path.clone();
    for rewrite in rewrites {
        let Rewrite::RenameKey { path: steps, to } = rewrite else { continue };
        let on_path = Walk { plan, typename, segment, sent: &sent }.find(steps, value, &path);
        if let Some(item) = on_path.and_then(|at| path.get_mut(at)) {
            *item = PathItem::Key(plan.name(*to).to_owned());
        }
    }
    path
}

struct Walk<'a> {
    plan: &'a ExecutablePlan,
    typename: Option<NameId>,
    segment: &'a Segment,
    /// The path by which `value` is walked.
    sent: &'a [PathItem],
}

impl Walk<'_> {
    /// Where on `path` the key at the end of `steps` stands.
    fn find(&self, steps: &[RewriteStep], value: Option<Value>, path: &[PathItem]) -> Option<usize> {
        let (mut value, mut steps) = (value, steps);
        for (at, item) in path.iter().enumerate() {
            if let PathItem::Key(key) = item {
                while let [RewriteStep::Types(set), rest @ ..] = steps {
                    let own = match value {
                        Some(Value::Object(object)) => type_in(self.segment, object, self.typename),
                        _ => None,
                    };
                    if own.is_some_and(|name| !in_set(self.plan, set, name)) {
                        return None;
                    }
                    steps = rest;
                }
                match steps {
                    [RewriteStep::Key(step), rest @ ..] if self.plan.name(*step) == key => {
                        if rest.is_empty() {
                            return Some(at);
                        }
                        steps = rest;
                    }
                    _ => return None,
                }
            }
            value = self.sent.get(at).and_then(|item| self.below(value?, item));
        }
        None
    }

    fn below(&self, value: Value, item: &PathItem) -> Option<Value> {
        match (value, item) {
            (Value::Object(object), PathItem::Key(key)) => {
                let fields = self.segment.fields(object);
                fields.iter().find(|field| self.plan.name(field.key()) == key).map(|field| field.value())
            }
            (Value::List(list), PathItem::Index(index)) => {
                self.segment.items(list).get(*index).map(|item| item.value())
            }
            _ => None,
        }
    }
}

/// A path of tree keys as the client knows it: with the client's keys, and only as far as the client selected what
/// it leads to. Fields that only a key or `@requires` needs are not part of the response.
pub(super) fn shown(plan: &ExecutablePlan, path: &[PathItem]) -> Vec<PathItem> {
    let mut here = vec![&plan.projection];
    let mut out = Vec::with_capacity(path.len());
    for item in path {
        let PathItem::Key(key) = item else {
            out.push(item.clone());
            continue;
        };
        let fields =
            here.iter().flat_map(|selection| &selection.variants).flat_map(|variant| &variant.fields);
        let fields: Vec<_> = fields.filter(|field| plan.name(field.key) == key).collect();
        let Some(field) = fields.first() else { break };
        out.push(PathItem::Key(plan.name(field.shown).to_owned()));
        here = fields.iter().filter_map(|field| composite(&field.ty)).collect();
    }
    out
}

fn composite(ty: &OutputType) -> Option<&Selection> {
    match &ty.kind {
        OutputKind::List(items) => composite(items),
        OutputKind::Composite(selection) => Some(selection),
        OutputKind::Leaf(_) | OutputKind::Typename | OutputKind::Constant(_) => None,
    }
}
