//! Writes the representation of an entity (Apollo Federation subgraph spec, "Resolving entity fields"):
//! straight to bytes, leaves as they came.

use weir_planner::plan::{EntityLookup, ExecutablePlan, NameId, Require, Rewrite, RewriteStep};

use crate::response::bytes::equal;
use crate::response::run::Run;
use crate::response::segment::{Class, Text, Value};
use crate::response::tree::{Found, Node, Tree, in_set, unquoted};
use crate::response::view::{Seen, View};

/// Writes the representations of one lookup.
pub(crate) struct Representations<'a> {
    writer: Writer<'a>,
    lookup: &'a EntityLookup,
    /// Whether an object without all that is required is left out: a fetch before has failed, and half a key or half of
    /// a `@requires` would find wrong data.
    all: bool,
    /// Of the type of the last object: most have the same.
    last: Option<Form<'a>>,
}

/// What the representations of one type have in common.
struct Form<'a> {
    /// The raw text of the objects' `__typename`.
    own: Option<&'a [u8]>,
    /// That of the representations', if it is another one.
    sent: Option<String>,
    /// What is required of this type, without type conditions.
    requires: Vec<(NameId, NameId, &'a [Require])>,
    /// Whether the type alone is a representation.
    by_type_alone: bool,
}

impl<'a> Representations<'a> {
    /// With `all`, of objects that have all that is required only.
    pub(crate) fn new(
        plan: &'a ExecutablePlan,
        typename: Option<NameId>,
        tree: &'a Tree,
        lookup: &'a EntityLookup,
        all: bool,
    ) -> Representations<'a> {
        Representations { writer: Writer { plan, typename, tree, missing: false }, lookup, all, last: None }
    }

    /// Appends the representation of `object` to `out`. False, and nothing appended, if the object has none of what the
    /// lookup requires, or no type: there is nothing to look it up by.
    pub(crate) fn write(&mut self, object: Node, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let mut view = self.writer.tree.view(object);
        let typename = self.writer.type_in(&mut view);
        let own = typename.map(|(_, _, raw)| raw);
        let is_last = |form: &Form<'_>| match (form.own, own) {
            (Some(a), Some(b)) => equal(a, b),
            (a, b) => a == b,
        };
        let form = match self.last.take() {
            Some(form) if is_last(&form) => form,
            _ => self.form(own),
        };
        let form = &*self.last.insert(form);
        let mut run = Run::default();
        match (&form.sent, typename) {
            (None, Some((own, text, _))) if run.add(own.segment, text, out) => {}
            (sent, own) => {
                let Some(shown) = sent.as_deref().map(str::as_bytes).or(own.map(|(_, _, raw)| raw)) else {
                    // The subgraph broke its contract: nothing can be looked up whose type nobody knows.
                    return false;
                };
                out.extend_from_slice(b"{\"__typename\":");
                out.extend_from_slice(shown);
            }
        }
        self.writer.missing = false;
        let mut wrote = form.by_type_alone;
        for (name, key, selection) in &form.requires {
            wrote |= self.writer.field(&mut view, (*name, *key, selection), &mut run, out);
        }
        if !wrote || (self.all && self.writer.missing) {
            out.truncate(start);
            return false;
        }
        run.flush(out);
        // The first key comes with the comma of a further one.
        if let Some(first) = out.get_mut(start) {
            *first = b'{';
        }
        out.push(b'}');
        true
    }

    fn form(&self, own: Option<&'a [u8]>) -> Form<'a> {
        let Writer { plan, typename, .. } = self.writer;
        let name = own.and_then(unquoted);
        // An @interfaceObject is known to the subgraph under the interface's name.
        let sent = self.lookup.input_rewrites.iter().find_map(|rewrite| match rewrite {
            Rewrite::SetString { path, value } => match path.as_slice() {
                [RewriteStep::Types(set), RewriteStep::Key(key)]
                    if Some(*key) == typename && name.is_none_or(|name| in_set(plan, set, name)) =>
                {
                    Some(value.as_str())
                }
                _ => None,
            },
            Rewrite::RenameKey { .. } => None,
        });
        let mut requires = Vec::new();
        self.writer.flatten(name, &self.lookup.requires, &mut requires);
        Form {
            own,
            sent: sent.and_then(|name| sonic_rs::to_string(name).ok()),
            requires,
            by_type_alone: self.lookup.requires.iter().all(|require| self.writer.is_typename(require)),
        }
    }
}

struct Writer<'a> {
    plan: &'a ExecutablePlan,
    typename: Option<NameId>,
    tree: &'a Tree,
    /// Whether a required field was not there.
    missing: bool,
}

impl<'a> Writer<'a> {
    /// What is required of objects of a type.
    fn flatten(
        &self,
        own: Option<&[u8]>,
        requires: &'a [Require],
        out: &mut Vec<(NameId, NameId, &'a [Require])>,
    ) {
        for require in requires {
            match require {
                _ if self.is_typename(require) => {}
                Require::Field { name, key, selection } => out.push((*name, *key, selection)),
                Require::On { types, selection } => {
                    if own.is_none_or(|name| in_set(self.plan, types, name)) {
                        self.flatten(own, selection, out);
                    }
                }
            }
        }
    }

    /// Writes a field of an object. False, and nothing is written, if there is none, or no value that can be sent.
    fn field(
        &mut self,
        view: &mut View<'a>,
        (name, key, selection): (NameId, NameId, &[Require]),
        run: &mut Run<'a>,
        out: &mut Vec<u8>,
    ) -> bool {
        let own = view.get(name);
        if let Some(own) = own
            && let Value::Leaf(text) = own.value()
            && name == key
            && run.add(own.segment, text, out)
        {
            return true;
        }
        let Some(value) = own.or_else(|| view.get(key)) else {
            self.missing = true;
            return false;
        };
        run.flush(out);
        let start = out.len();
        out.extend_from_slice(self.plan.names.key(key).as_bytes());
        let wrote = self.value(value.found(), selection, out);
        if !wrote {
            out.truncate(start);
        }
        wrote
    }

    /// Writes an object within a representation.
    fn object(&mut self, object: Node, requires: &[Require], out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let mut view = self.tree.view(object);
        let own = self.type_in(&mut view).map(|(_, _, raw)| raw);
        if let Some(shown) = own {
            out.extend_from_slice(b"{\"__typename\":");
            out.extend_from_slice(shown);
        }
        let by_type_alone = own.is_some() && requires.iter().all(|require| self.is_typename(require));
        let mut run = Run::default();
        let wrote = self.fields(&mut view, own.and_then(unquoted), requires, &mut run, out);
        if !(wrote || by_type_alone) {
            out.truncate(start);
            return false;
        }
        run.flush(out);
        if let Some(first) = out.get_mut(start) {
            *first = b'{';
        }
        out.push(b'}');
        true
    }

    fn fields(
        &mut self,
        view: &mut View<'a>,
        own: Option<&[u8]>,
        requires: &[Require],
        run: &mut Run<'a>,
        out: &mut Vec<u8>,
    ) -> bool {
        let mut wrote = false;
        for require in requires {
            match require {
                _ if self.is_typename(require) => {}
                Require::Field { name, key, selection } => {
                    wrote |= self.field(view, (*name, *key, selection), run, out);
                }
                Require::On { types, selection } => {
                    if own.is_none_or(|name| in_set(self.plan, types, name)) {
                        wrote |= self.fields(view, own, selection, run, out);
                    }
                }
            }
        }
        wrote
    }

    /// An object's `__typename` and its raw text, if that is a string.
    fn type_in(&self, view: &mut View<'a>) -> Option<(Seen<'a>, Text, &'a [u8])> {
        let seen = view.get(self.typename?)?;
        let Value::Leaf(text) = seen.value() else { return None };
        (text.class == Class::String).then(|| (seen, text, seen.text(text)))
    }

    fn value(&mut self, found: Found, selection: &[Require], out: &mut Vec<u8>) -> bool {
        match found.value {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Leaf(span) => out.extend_from_slice(self.tree.text(found.instance, span)),
            Value::List(list) => {
                out.push(b'[');
                let tree = self.tree;
                for (i, item) in tree.items(found.instance, list).enumerate() {
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
                return self.object(object, selection, out);
            }
            Value::Mismatch => return false,
        }
        true
    }

    fn is_typename(&self, require: &Require) -> bool {
        matches!(require, Require::Field { key, .. } if Some(*key) == self.typename)
    }
}
