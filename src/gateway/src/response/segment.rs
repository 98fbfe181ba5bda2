//! One subgraph's answer, read once: its bytes, and flat lists of what the plan looks into.
//!
//! A segment never changes after it was read, so that any number of requests can hold the same one. What a request
//! merges into its objects it notes beside the segment ([`super::tree::Tree`]).

use weir_planner::plan::NameId;

/// A JSON value as far as the plan looks into it. What it points to is in the same segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// `null`.
    Null,
    /// A leaf: its raw JSON text, of whatever type.
    Leaf(Span),
    /// A list of values that the plan looks into.
    List(List),
    /// An object that the plan looks into.
    Object(ObjectId),
    /// A scalar where the plan expects an object or list: the subgraph broke its contract.
    Mismatch,
}

/// A span of raw JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

/// Some values that stand one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct List {
    first: u32,
    len: u32,
}

/// An object's number in its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObjectId(pub(crate) u32);

/// A field of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) key: NameId,
    pub(crate) value: Value,
}

/// The bytes and the values of one answer.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    body: Vec<u8>,
    /// Texts that are not part of the body, whose positions count on from the body's end.
    added: Vec<u8>,
    body_len: usize,
    /// The fields of all objects, those of one object together, in the order of their arrival.
    fields: Vec<Field>,
    objects: Vec<List>,
    items: Vec<Value>,
}

impl Segment {
    /// A segment without values, for an answer of `body_len` bytes that [`Segment::keep`] is going to bring.
    pub(crate) fn new(body_len: usize) -> Segment {
        Segment { body_len, ..Segment::default() }
    }

    /// Takes the answer, when all of it was read.
    pub(crate) fn keep(&mut self, body: Vec<u8>) {
        self.body = body;
    }

    /// All bytes of text kept.
    pub(crate) fn bytes(&self) -> usize {
        self.body_len.saturating_add(self.added.len())
    }

    /// The objects in it.
    pub(crate) fn objects(&self) -> usize {
        self.objects.len()
    }

    /// The raw text of a leaf.
    pub(crate) fn text(&self, span: Span) -> &[u8] {
        let (start, end) = (span.start as usize, span.end as usize);
        let text = match start.checked_sub(self.body_len) {
            None => self.body.get(start..end),
            Some(start) => self.added.get(start..end.saturating_sub(self.body_len)),
        };
        text.unwrap_or(b"null")
    }

    /// The values of a list.
    pub(crate) fn items(&self, list: List) -> &[Value] {
        list.of(&self.items)
    }

    /// The fields of an object.
    pub(crate) fn fields(&self, object: ObjectId) -> &[Field] {
        self.objects.get(object.0 as usize).map_or(&[], |list| list.of(&self.fields))
    }

    /// A field's value. Objects have few fields: a linear search over integers beats hashing.
    pub(crate) fn get(&self, object: ObjectId, key: NameId) -> Option<Value> {
        self.fields(object).iter().find(|field| field.key == key).map(|field| field.value)
    }

    /// The fields of an object, to be changed before the segment is shared.
    pub(crate) fn fields_mut(&mut self, object: ObjectId) -> &mut [Field] {
        match self.objects.get(object.0 as usize) {
            Some(list) => list.of_mut(&mut self.fields),
            None => &mut [],
        }
    }

    /// Adds a text that is not part of the body.
    pub(crate) fn add_text(&mut self, text: &[u8]) -> Span {
        let start = position(self.bytes());
        self.added.extend_from_slice(text);
        Span { start, end: position(self.bytes()) }
    }

    /// Adds an object whose fields are taken from the end of `fields`.
    pub(crate) fn add_object(&mut self, fields: &mut Vec<Field>, from: usize) -> ObjectId {
        let list = List::moved(fields, from, &mut self.fields);
        let id = ObjectId(position(self.objects.len()));
        self.objects.push(list);
        id
    }

    /// Adds a list whose items are taken from the end of `items`.
    pub(crate) fn add_list(&mut self, items: &mut Vec<Value>, from: usize) -> List {
        List::moved(items, from, &mut self.items)
    }
}

impl Span {
    /// From `start` to before `end`, in bytes of the body.
    pub(crate) fn new(start: usize, end: usize) -> Span {
        Span { start: position(start), end: position(end) }
    }

    /// Where it is in the body, unless it was added.
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl List {
    /// Its items.
    pub(crate) fn len(self) -> usize {
        self.len as usize
    }

    fn of<T>(self, all: &[T]) -> &[T] {
        let first = self.first as usize;
        all.get(first..first.saturating_add(self.len())).unwrap_or_default()
    }

    fn of_mut<T>(self, all: &mut [T]) -> &mut [T] {
        let first = self.first as usize;
        all.get_mut(first..first.saturating_add(self.len())).unwrap_or_default()
    }

    fn moved<T: Copy>(source: &mut Vec<T>, from: usize, target: &mut Vec<T>) -> List {
        let first = position(target.len());
        let moved = source.get(from..).unwrap_or_default();
        target.extend_from_slice(moved);
        let len = position(moved.len());
        source.truncate(from);
        List { first, len }
    }
}

/// Bodies are bounded far below 4 GiB, and so is what is read of them.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
