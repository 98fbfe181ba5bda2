//! One object of the tree and what lies over it, to be looked into field after field.

use weir_planner::plan::NameId;

use super::segment::{Segment, Text, Value, bit};
use super::slot::Slot;
use super::tree::{Found, Kind, Node, Tree};

/// More than that are looked up in the tree.
const LAYERS: usize = 2;

/// The fields of an object. Subgraphs send them in the order of the selection, and so they are asked for mostly.
pub(crate) struct View<'a> {
    tree: &'a Tree,
    own: Part<'a>,
    layers: [Part<'a>; LAYERS],
    count: usize,
    /// [`bit`] of each key that the layers may have.
    over: u64,
    /// The first of the layers that have no room here.
    rest: u32,
}

/// The fields that one answer has of an object.
#[derive(Clone, Copy)]
struct Part<'a> {
    segment: Option<&'a Segment>,
    fields: &'a [Slot],
    keys: u64,
    instance: u32,
    /// Which of the fields is likely to be asked for next.
    next: u32,
    replaces: bool,
}

/// A value, and the answer it is in.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    slot: Slot,
    pub(crate) segment: &'a Segment,
    instance: u32,
}

impl<'a> Seen<'a> {
    /// The value.
    #[inline(always)]
    pub(crate) fn value(self) -> Value {
        self.slot.value()
    }

    /// The same without the answer.
    pub(crate) fn found(self) -> Found {
        Found { instance: self.instance, value: self.value() }
    }

    /// The raw text of a leaf that it is.
    pub(crate) fn text(self, text: Text) -> &'a [u8] {
        self.segment.text(text)
    }
}

impl<'a> View<'a> {
    #[inline(always)]
    pub(super) fn new(tree: &'a Tree, node: Node) -> View<'a> {
        let mut view = View {
            tree,
            own: Part::of(tree, node, false),
            layers: [Part { segment: None, fields: &[], keys: 0, instance: 0, next: 0, replaces: false };
                LAYERS],
            count: 0,
            over: 0,
            rest: tree.head(node),
        };
        if view.rest != 0 {
            view.add_layers();
        }
        view
    }

    fn add_layers(&mut self) {
        for slot in &mut self.layers {
            let Some(layer) = self.tree.layer(self.rest) else { break };
            *slot = Part::of(self.tree, layer.node, layer.kind == Kind::Instead);
            self.over |= slot.keys;
            self.rest = layer.next;
            self.count = self.count.saturating_add(1);
        }
        if self.rest != 0 {
            self.over = u64::MAX;
        }
    }

    /// As [`Tree::get`].
    #[inline(always)]
    pub(crate) fn get(&mut self, key: NameId) -> Option<Seen<'a>> {
        if self.over & bit(key) == 0 { self.own.get(key) } else { self.get_in_layers(key) }
    }

    #[inline(never)]
    fn get_in_layers(&mut self, key: NameId) -> Option<Seen<'a>> {
        let mut best = self.own.get(key);
        for layer in self.layers.iter_mut().take(self.count) {
            if let Some(new) = layer.get(key)
                && !best.is_some_and(|old| keeps(old.value(), new.value(), layer.replaces))
            {
                best = Some(new);
            }
        }
        if self.rest == 0 { best } else { self.get_in_rest(best, key) }
    }

    #[cold]
    fn get_in_rest(&self, best: Option<Seen<'a>>, key: NameId) -> Option<Seen<'a>> {
        let found = self.tree.get_below(best.map(Seen::found), self.rest, key)?;
        let segment = self.tree.segment(found.instance)?;
        Some(Seen { slot: Slot::field(key, found.value), segment, instance: found.instance })
    }
}

/// Whether a value stays when another one is laid over it: a null never replaces one, and lists and objects are merged.
pub(super) fn keeps(old: Value, new: Value, replaces: bool) -> bool {
    match (old, new) {
        (_, Value::Null) => true,
        (Value::Object(_), Value::Object(_)) | (Value::List(_), Value::List(_)) => !replaces,
        _ => false,
    }
}

impl<'a> Part<'a> {
    #[inline]
    fn of(tree: &'a Tree, node: Node, replaces: bool) -> Part<'a> {
        let (instance, object) = node.parts();
        let segment = tree.segment(instance);
        let (fields, keys) = segment.map_or((&[][..], 0), |segment| segment.fields_and_keys(object));
        Part { segment, fields, keys, instance, next: 0, replaces }
    }

    #[inline(always)]
    fn get(&mut self, key: NameId) -> Option<Seen<'a>> {
        if self.keys & bit(key) == 0 {
            return None;
        }
        let slot = match self.fields.get(self.next as usize) {
            Some(field) if field.key() == key => {
                self.next = self.next.wrapping_add(1);
                *field
            }
            _ => self.search(key)?,
        };
        Some(Seen { slot, segment: self.segment?, instance: self.instance })
    }

    #[inline(never)]
    fn search(&mut self, key: NameId) -> Option<Slot> {
        let at = self.fields.iter().position(|field| field.key() == key)?;
        self.next = u32::try_from(at).unwrap_or(0).wrapping_add(1);
        self.fields.get(at).copied()
    }
}
