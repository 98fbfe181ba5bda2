//! The response tree of one request, and the subgraph bodies its leaves are spans of.

use std::borrow::Cow;

use weir_planner::plan::{ExecutablePlan, NameId, TypeSet};

/// A JSON value as far as the plan looks into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// `null`.
    Null,
    /// A leaf: its raw JSON text, of whatever type.
    Leaf(Text),
    /// A list of values that the plan looks into.
    List(Vec<Value>),
    /// An object that the plan looks into.
    Object(Object),
    /// A scalar where the plan expects an object or list: the subgraph broke its contract.
    Mismatch,
}

/// The fields of an object, in the order of their arrival. Objects have few fields: a linear search over
/// integers beats hashing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Object(pub(crate) Vec<(NameId, Value)>);

impl Object {
    pub(crate) fn get(&self, key: NameId) -> Option<&Value> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| v)
    }

    pub(crate) fn get_mut(&mut self, key: NameId) -> Option<&mut Value> {
        self.0.iter_mut().find(|(k, _)| *k == key).map(|(_, v)| v)
    }
}

/// A span of raw JSON text in one of the request's [`Bodies`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    body: u32,
    start: u32,
    end: u32,
}

/// Marks a [`Text`] as a place-holder: no request has that many bodies.
const PLACEHOLDER: u32 = u32::MAX;

impl Text {
    /// Stands for the text number `index` that is yet to be kept.
    pub(crate) fn new_placeholder(index: usize) -> Text {
        Text { body: PLACEHOLDER, start: u32::try_from(index).unwrap_or(u32::MAX), end: 0 }
    }

    /// The number given to [`Text::new_placeholder`].
    pub(crate) fn placeholder(self) -> Option<usize> {
        (self.body == PLACEHOLDER).then_some(self.start as usize)
    }
}

/// The subgraph bodies of one request. They live as long as the request, so that leaves need no copies.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    bodies: Vec<Vec<u8>>,
    bytes: usize,
}

impl Bodies {
    /// Keeps a body; the index names it in [`Bodies::span`].
    pub(crate) fn push(&mut self, body: Vec<u8>) -> u32 {
        self.bytes = self.bytes.saturating_add(body.len());
        self.bodies.push(body);
        u32::try_from(self.bodies.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// Keeps a text that is not part of any body.
    pub(crate) fn constant(&mut self, text: String) -> Text {
        let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        Text { body: self.push(text.into_bytes()), start: 0, end }
    }

    /// A whole body; empty for an index that was never given.
    pub(crate) fn body(&self, index: u32) -> &[u8] {
        self.bodies.get(index as usize).map_or(&[], Vec::as_slice)
    }

    /// The text of a leaf.
    pub(crate) fn text(&self, text: Text) -> &[u8] {
        self.body(text.body).get(text.start as usize..text.end as usize).unwrap_or(b"null")
    }

    /// All bytes kept.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The span of `part` within `whole`, which is body number `body`; `None` if it lies elsewhere.
pub(crate) fn span_of(body: u32, whole: &[u8], part: &str) -> Option<Text> {
    // Only addresses are compared; nothing is read through them.
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    if end > whole.len() {
        return None;
    }
    Some(Text { body, start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? })
}

/// The content of a JSON string's raw text; `None` if it is not a string.
pub(crate) fn string_of(raw: &[u8]) -> Option<Cow<'_, str>> {
    let raw = std::str::from_utf8(raw).ok()?;
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        sonic_rs::from_str::<String>(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// The runtime type of an object: its `__typename`.
pub(crate) fn type_of<'a>(
    object: &Object,
    typename: Option<NameId>,
    bodies: &'a Bodies,
) -> Option<Cow<'a, str>> {
    match object.get(typename?)? {
        Value::Leaf(text) => string_of(bodies.text(*text)),
        _ => None,
    }
}

/// Whether `name` is in the set.
pub(crate) fn in_set(plan: &ExecutablePlan, set: &TypeSet, name: &str) -> bool {
    set.0.iter().any(|id| plan.name(*id) == name)
}

/// The id under which this plan interned `__typename`, if it uses it at all.
pub(crate) fn typename_id(plan: &ExecutablePlan) -> Option<NameId> {
    plan.names.iter().position(|name| name == "__typename").and_then(|at| u32::try_from(at).ok()).map(NameId)
}
