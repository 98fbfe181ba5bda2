//! Writes the representation of an entity (Apollo Federation subgraph spec, "Resolving entity fields"):
//! straight to bytes, leaves as they came.

use std::cell::Cell;

use weir_planner::plan::{EntityLookup, ExecutablePlan, NameId, Require, Rewrite, RewriteStep};

use crate::response::segment::Value;
use crate::response::tree::{Found, Node, Tree, in_set, type_of};

/// Appends the representation of `object` to `out`. False, and nothing appended, if the object has none of
/// what `lookup` requires, or no type: there is nothing to look it up by. With `all`, also if any required field is
/// missing: a fetch before has failed, and half a key or half of a `@requires` would find wrong data.
pub(crate) fn write_representation(
    plan: &ExecutablePlan,
    typename: Option<NameId>,
    tree: &Tree,
    lookup: &EntityLookup,
    object: Node,
    all: bool,
    out: &mut Vec<u8>,
) -> bool {
    let start = out.len();
    let writer = Writer { plan, typename, tree, missing: Cell::new(false) };
    let own = type_of(tree, object, typename);
    // An @interfaceObject is known to the subgraph under the interface's name.
    let sent = lookup.input_rewrites.iter().find_map(|rewrite| match rewrite {
        Rewrite::SetString { path, value } => match path.as_slice() {
            [RewriteStep::Types(set), RewriteStep::Key(key)]
                if plan.name(*key) == "__typename"
                    && own.as_deref().is_none_or(|name| in_set(plan, set, name)) =>
            {
                Some(value.as_str())
            }
            _ => None,
        },
        Rewrite::RenameKey { .. } => None,
    });
    if sent.is_none() && own.is_none() {
        // The subgraph broke its contract: nothing can be looked up whose type nobody knows.
        return false;
    }
    let wrote = writer.object(object, &lookup.requires, sent, out);
    if all && writer.missing.get() {
        out.truncate(start);
        return false;
    }
    wrote
}

struct Writer<'a> {
    plan: &'a ExecutablePlan,
    typename: Option<NameId>,
    tree: &'a Tree,
    /// Whether a required field was not there.
    missing: Cell<bool>,
}

impl Writer<'_> {
    fn object(
        &self,
        object: Node,
        requires: &[Require],
        sent_as: Option<&str>,
        out: &mut Vec<u8>,
    ) -> bool {
        let start = out.len();
        out.push(b'{');
        let own = type_of(self.tree, object, self.typename);
        let mut empty = true;
        if let Some(name) = sent_as.or(own.as_deref()) {
            out.extend_from_slice(b"\"__typename\":");
            // A subgraph's word: it may hold anything.
            let _ = sonic_rs::to_writer(&mut *out, name);
            empty = false;
        }
        let by_type_alone = !empty && requires.iter().all(|require| self.is_typename(require));
        let wrote = self.fields(object, own.as_deref(), requires, &mut empty, out);
        if wrote || by_type_alone {
            out.push(b'}');
            return true;
        }
        out.truncate(start);
        false
    }

    fn fields(
        &self,
        object: Node,
        own: Option<&str>,
        requires: &[Require],
        empty: &mut bool,
        out: &mut Vec<u8>,
    ) -> bool {
        let mut wrote = false;
        for require in requires {
            match require {
                _ if self.is_typename(require) => {}
                Require::Field { name, key, selection } => {
                    let Some(value) = self.tree.get(object, *name).or_else(|| self.tree.get(object, *key)) else {
                        self.missing.set(true);
                        continue;
                    };
                    let start = out.len();
                    if !*empty {
                        out.push(b',');
                    }
                    out.push(b'"');
                    out.extend_from_slice(self.plan.name(*key).as_bytes());
                    out.extend_from_slice(b"\":");
                    if self.value(value, selection, out) {
                        *empty = false;
                        wrote = true;
                    } else {
                        out.truncate(start);
                    }
                }
                Require::On { types, selection } => {
                    if own.is_none_or(|name| in_set(self.plan, types, name)) {
                        wrote |= self.fields(object, own, selection, empty, out);
                    }
                }
            }
        }
        wrote
    }

    fn value(&self, found: Found, selection: &[Require], out: &mut Vec<u8>) -> bool {
        match found.value {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Leaf(span) => out.extend_from_slice(self.tree.text(found.instance, span)),
            Value::List(list) => {
                out.push(b'[');
                for (i, item) in self.tree.items(found.instance, list).enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    if !self.value(item, selection, out) {
                        out.extend_from_slice(b"null");
                    }
                }
                out.push(b']');
            }
            Value::Object(_) => {
                let object = self.tree.object(found);
                return object.is_some_and(|object| self.object(object, selection, None, out));
            }
            Value::Mismatch => return false,
        }
        true
    }

    fn is_typename(&self, require: &Require) -> bool {
        matches!(require, Require::Field { key, .. } if self.plan.name(*key) == "__typename")
    }
}
