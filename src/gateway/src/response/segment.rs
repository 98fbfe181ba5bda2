//! One subgraph's answer, read once: its bytes, and flat lists of what the plan looks into.
//!
//! A segment never changes after it was read, so that any number of requests can hold the same one. What a request
//! merges into its objects it notes beside the segment ([`super::tree::Tree`]).

use weir_planner::plan::NameId;

use super::slot::Slot;

/// A JSON value as far as the plan looks into it. What it points to is in the same segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// `null`.
    Null,
    /// A leaf: its raw JSON text, of whatever type.
    Leaf(Text),
    /// A list of values that the plan looks into.
    List(List),
    /// An object that the plan looks into.
    Object(ObjectId),
    /// A scalar where the plan expects an object or list: the subgraph broke its contract.
    Mismatch,
}

/// Where the raw JSON text of a leaf stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    pub(super) start: u32,
    pub(super) end: u32,
    /// The length of `"key":`, if the key stands right before the value, as a reply would have it, and a comma or a
    /// brace before that; else 0. So what a reply shows of one object's leaves can be copied with their keys, and
    /// neighbours as one piece: [`super::run::Run`].
    pub(super) key: u8,
    pub(crate) class: Class,
}

/// What a leaf is by its text. It was looked at when it was read, so that nobody need look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    String,
    /// A number of nine characters at most, without fraction and exponent.
    SmallInteger,
    Number,
    Boolean,
    /// A list or an object, which the plan doesn't look into.
    Composite,
}

impl Class {
    /// By the first byte of a value; small integers are numbers here.
    pub(crate) fn of(first: u8) -> Class {
        match first {
            b'"' => Class::String,
            b't' | b'f' => Class::Boolean,
            b'{' | b'[' => Class::Composite,
            _ => Class::Number,
        }
    }
}

/// Some values that stand one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct List {
    pub(super) first: u32,
    pub(super) len: u32,
}

/// An object of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObjectId {
    /// Where it begins.
    pub(super) slot: u32,
    /// Counts the objects.
    pub(super) number: u32,
}

/// The bytes and the values of one answer.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    body: Vec<u8>,
    /// Texts that are not part of the body, whose positions count on from the body's end.
    added: Vec<u8>,
    body_len: usize,
    /// The fields of each object together, behind a slot that tells how many they are, and the items of each list.
    slots: Vec<Slot>,
    /// The number of objects.
    objects: u32,
}

impl ObjectId {
    /// The first object of any segment that has one.
    pub(crate) const FIRST: ObjectId = ObjectId { slot: 0, number: 0 };

    /// Its number among the objects of its segment.
    pub(crate) fn index(self) -> usize {
        self.number as usize
    }
}

/// Keys by one bit each; several keys may have the same one.
pub(crate) fn bit(key: NameId) -> u64 {
    1_u64.wrapping_shl(key.0)
}

impl Segment {
    /// A segment without values, for an answer of `body_len` bytes that [`Segment::keep`] is going to bring.
    pub(crate) fn new(body_len: usize) -> Segment {
        // Room for what answers mostly hold: growing by doubling copies it all several times.
        Segment { body_len, slots: Vec::with_capacity(body_len.wrapping_div(16)), ..Segment::default() }
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
        self.objects as usize
    }

    /// The raw text of a leaf.
    pub(crate) fn text(&self, text: Text) -> &[u8] {
        self.between(text.start, text.end)
    }

    /// All text from `start` to `end`, positions of texts.
    pub(super) fn between(&self, start: u32, end: u32) -> &[u8] {
        let (start, end) = (start as usize, end as usize);
        if let Some(text) = self.body.get(start..end) {
            return text;
        }
        let text = start.checked_sub(self.body_len).and_then(|start| {
            let end = end.checked_sub(self.body_len)?;
            self.added.get(start..end)
        });
        text.unwrap_or(b"null")
    }

    /// The values of a list.
    pub(crate) fn items(&self, list: List) -> &[Slot] {
        let first = list.first as usize;
        self.slots.get(first..first.saturating_add(list.len())).unwrap_or_default()
    }

    /// The fields of an object.
    pub(crate) fn fields(&self, object: ObjectId) -> &[Slot] {
        self.fields_and_keys(object).0
    }

    /// The fields of an object, and [`bit`] of all their keys: most lookups of what an object hasn't end there.
    #[inline(always)]
    pub(super) fn fields_and_keys(&self, object: ObjectId) -> (&[Slot], u64) {
        let Some([first, rest @ ..]) = self.slots.get(object.slot as usize..) else { return (&[], 0) };
        let (len, keys) = first.fields_and_keys();
        (rest.get(..len).unwrap_or_default(), keys)
    }

    fn fields_mut(&mut self, object: ObjectId) -> &mut [Slot] {
        let Some([first, rest @ ..]) = self.slots.get_mut(object.slot as usize..) else { return &mut [] };
        rest.get_mut(..first.fields_and_keys().0).unwrap_or_default()
    }

    /// A field's value. Objects have few fields: a linear search over integers beats hashing.
    #[inline]
    pub(crate) fn get(&self, object: ObjectId, key: NameId) -> Option<Value> {
        let (fields, keys) = self.fields_and_keys(object);
        if keys & bit(key) == 0 {
            return None;
        }
        fields.iter().find(|field| field.key() == key).map(|field| field.value())
    }

    /// Gives a field another key, before the segment is shared.
    pub(crate) fn rename(&mut self, object: ObjectId, key: NameId, to: NameId) {
        let (fields, keys) = self.fields_and_keys(object);
        let Some(at) = fields.iter().position(|field| field.key() == key) else { return };
        let header = Slot::object(position(fields.len()), keys | bit(to));
        if let Some(field) = self.fields_mut(object).get_mut(at) {
            let value = match field.value() {
                Value::Leaf(text) => Value::Leaf(text.keyed(0)),
                other => other,
            };
            *field = Slot::field(to, value);
        }
        if let Some(first) = self.slots.get_mut(object.slot as usize) {
            *first = header;
        }
    }

    /// Gives a field another value, before the segment is shared.
    pub(crate) fn put(&mut self, object: ObjectId, key: NameId, value: Value) {
        if let Some(field) = self.fields_mut(object).iter_mut().find(|field| field.key() == key) {
            *field = Slot::field(key, value);
        }
    }

    /// Adds a text that is not part of the body.
    pub(crate) fn add_text(&mut self, text: &[u8], class: Class) -> Text {
        let start = position(self.bytes());
        self.added.extend_from_slice(text);
        Text { start, end: position(self.bytes()), key: 0, class }
    }

    /// Adds an object whose fields are taken from the end of `fields`.
    pub(crate) fn add_object(&mut self, fields: &mut Vec<Slot>, from: usize) -> ObjectId {
        let moved = fields.get(from..).unwrap_or_default();
        let keys = moved.iter().fold(0, |keys, field| keys | bit(field.key()));
        let id = ObjectId { slot: position(self.slots.len()), number: self.objects };
        self.objects = self.objects.saturating_add(1);
        self.slots.push(Slot::object(position(moved.len()), keys));
        self.slots.extend_from_slice(moved);
        fields.truncate(from);
        id
    }

    /// Adds a list whose items are taken from the end of `items`.
    pub(crate) fn add_list(&mut self, items: &mut Vec<Slot>, from: usize) -> List {
        let moved = items.get(from..).unwrap_or_default();
        let list = List { first: position(self.slots.len()), len: position(moved.len()) };
        self.slots.extend_from_slice(moved);
        items.truncate(from);
        list
    }
}

impl Text {
    /// From `start` to before `end`, in bytes of the body.
    pub(crate) fn new(start: usize, end: usize, class: Class) -> Text {
        Text { start: position(start), end: position(end), key: 0, class }
    }

    /// The same, where the `key` bytes before it are its key.
    pub(super) fn keyed(self, key: usize) -> Text {
        Text { key: u8::try_from(key).unwrap_or(0), ..self }
    }

    /// Where it is in the body, unless it was added.
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// From the comma or brace before its key to its end, if its key stands before it.
    pub(super) fn with_key(self) -> Option<(u32, u32)> {
        if self.key == 0 {
            return None;
        }
        let start = self.start.checked_sub(u32::from(self.key))?.checked_sub(1)?;
        Some((start, self.end))
    }
}

impl List {
    /// Its items.
    pub(crate) fn len(self) -> usize {
        self.len as usize
    }
}

/// Bodies are bounded far below 4 GiB, and so is what is read of them.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
