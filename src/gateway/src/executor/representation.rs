//! Writes the representation of an entity (Apollo Federation subgraph spec, "Resolving entity fields"):
//! straight to bytes, leaves as they came.

use std::cell::Cell;

use weir_planner::plan::{EntityLookup, ExecutablePlan, NameId, Require, Rewrite, RewriteStep};

use crate::response::segment::Value;
use crate::response::tree::{Found, Node, Tree, View, in_set, unquoted};

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
    let mut view = tree.view(object);
    let own = writer.type_in(&mut view);
    let own_name = own.and_then(unquoted);
    // An @interfaceObject is known to the subgraph under the interface's name.
    let sent = lookup.input_rewrites.iter().find_map(|rewrite| match rewrite {
        Rewrite::SetString { path, value } => match path.as_slice() {
            [RewriteStep::Types(set), RewriteStep::Key(key)]
                if Some(*key) == typename && own_name.is_none_or(|name| in_set(plan, set, name)) =>
            {
                Some(value.as_str())
            }
            _ => None,
        },
        Rewrite::RenameKey { .. } => None,
    });
    let sent = sent.and_then(|name| sonic_rs::to_string(name).ok());
    let Some(shown) = sent.as_deref().map(str::as_bytes).or(own) else {
        // The subgraph broke its contract: nothing can be looked up whose type nobody knows.
        return false;
    };
    let wrote = writer.object(view, own_name, Some(shown), &lookup.requires, out);
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
    /// Writes an object of the type `own`, shown as the type whose JSON text is `shown`.
    fn object(
        &self,
        mut view: View<'_>,
        own: Option<&[u8]>,
        shown: Option<&[u8]>,
        requires: &[Require],
        out: &mut Vec<u8>,
    ) -> bool {
        let start = out.len();
        if let Some(shown) = shown {
            out.extend_from_slice(b"{\"__typename\":");
            out.extend_from_slice(shown);
        }
        let by_type_alone = shown.is_some() && requires.iter().all(|require| self.is_typename(require));
        let wrote = self.fields(&mut view, own, requires, out);
        if !(wrote || by_type_alone) {
            out.truncate(start);
            return false;
        }
        // The first key comes with the comma of a further one.
        if let Some(first) = out.get_mut(start) {
            *first = b'{';
        }
        out.push(b'}');
        true
    }

    fn fields(
        &self,
        view: &mut View<'_>,
        own: Option<&[u8]>,
        requires: &[Require],
        out: &mut Vec<u8>,
    ) -> bool {
        let mut wrote = false;
        for require in requires {
            match require {
                _ if self.is_typename(require) => {}
                Require::Field { name, key, selection } => {
                    let Some(value) = view.get(*name).or_else(|| view.get(*key)) else {
                        self.missing.set(true);
                        continue;
                    };
                    let start = out.len();
                    out.extend_from_slice(self.plan.names.key(*key).as_bytes());
                    if self.value(value, selection, out) {
                        wrote = true;
                    } else {
                        out.truncate(start);
                    }
                }
                Require::On { types, selection } => {
                    if own.is_none_or(|name| in_set(self.plan, types, name)) {
                        wrote |= self.fields(view, own, selection, out);
                    }
                }
            }
        }
        wrote
    }

    /// The raw text of an object's `__typename`, if that is a string.
    fn type_in<'v>(&self, view: &mut View<'v>) -> Option<&'v [u8]> {
        let found = view.get(self.typename?)?;
        view.text(found).filter(|raw| unquoted(raw).is_some())
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
                let Some(object) = self.tree.object(found) else { return false };
                let mut view = self.tree.view(object);
                let own = self.type_in(&mut view);
                return self.object(view, own.and_then(unquoted), own, selection, out);
            }
            Value::Mismatch => return false,
        }
        true
    }

    fn is_typename(&self, require: &Require) -> bool {
        matches!(require, Require::Field { key, .. } if Some(*key) == self.typename)
    }
}
