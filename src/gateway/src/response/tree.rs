//! The response tree of one request: subgraphs' answers as they were read, and how their objects belong together.
//!
//! Nothing is copied when answers are merged. An object of the tree is the object of one answer and, laid over it,
//! those of later answers; which, the tree keeps beside the answers. So an answer can be shared: by all places of one
//! entity in one response, and by the requests that asked for it together.

use std::borrow::Cow;
use std::rc::Rc;

use weir_planner::plan::{ExecutablePlan, NameId, TypeSet};

use super::bytes::equal;
use super::segment::{List, ObjectId, Segment, Text, Value};
use super::slot::Slot;
use super::view::{View, keeps};

/// An object of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    instance: u32,
    object: ObjectId,
}

/// A value of the tree, which belongs to one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) instance: u32,
    pub(crate) value: Value,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Tree {
    instances: Vec<Instance>,
    /// What lies over objects; index 0 stands for nothing.
    layers: Vec<Layer>,
    bytes: usize,
}

/// One answer as this request uses it. The same answer may be there several times: where it is merged at places whose
/// further fetches differ, they must not see each other's data.
#[derive(Debug)]
struct Instance {
    segment: Rc<Segment>,
    /// The first layer over each object; empty as long as none has any.
    heads: Vec<u32>,
    /// Whether its objects are reached from several places.
    shared: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Layer {
    pub(super) node: Node,
    pub(super) next: u32,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its fields are added.
    Over,
    /// Its fields replace those of the same key, lists and objects too.
    Instead,
    /// The whole object is that one.
    Same,
}

impl Tree {
    /// A tree of an object without fields.
    pub(crate) fn new() -> Tree {
        let mut root = Segment::new(0);
        root.add_object(&mut Vec::new(), 0);
        let nothing = Layer { node: Tree::ROOT, next: 0, kind: Kind::Over };
        Tree {
            instances: vec![Instance { segment: Rc::new(root), heads: Vec::new(), shared: false }],
            layers: vec![nothing],
            bytes: 0,
        }
    }

    /// The object that `data` is made of.
    pub(crate) const ROOT: Node = Node { instance: 0, object: ObjectId::FIRST };

    /// Adds an answer that counts for so many bytes: none if it is there already.
    pub(crate) fn add(&mut self, segment: Rc<Segment>, bytes: usize) -> u32 {
        self.bytes = self.bytes.saturating_add(bytes);
        self.instances.push(Instance { segment, heads: Vec::new(), shared: false });
        u32::try_from(self.instances.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// Bytes of all answers, as far as they are this request's.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Notes that an object, and what is below it, is reached from several places.
    pub(crate) fn share(&mut self, node: Node) {
        if let Some(instance) = self.instances.get_mut(node.instance as usize) {
            instance.shared = true;
        }
    }

    /// Whether an object may be reached from several places.
    pub(crate) fn is_shared(&self, node: Node) -> bool {
        self.instances.get(node.instance as usize).is_some_and(|instance| instance.shared)
    }

    /// An instance.
    pub(crate) fn part(&self, instance: u32) -> Option<Part<'_>> {
        let instance = self.instances.get(instance as usize)?;
        Some(Part { segment: &instance.segment, shared: instance.shared, heads: &instance.heads })
    }

    /// The number of objects in an instance; see [`Node::index`].
    pub(crate) fn objects(&self, instance: usize) -> usize {
        self.instances.get(instance).map_or(0, |instance| instance.segment.objects())
    }

    /// The value of a field, all layers considered; `None` if none has it.
    ///
    /// A null never replaces a value; lists and objects are merged, so that the first one stands for all of them; any
    /// other value replaces the older one.
    pub(crate) fn get(&self, node: Node, key: NameId) -> Option<Found> {
        let instance = self.instances.get(node.instance as usize)?;
        let own = instance.segment.get(node.object, key);
        let own = own.map(|value| Found { instance: node.instance, value });
        let head = instance.heads.get(node.object.index()).copied().unwrap_or(0);
        if head == 0 { own } else { self.get_below(own, head, key) }
    }

    pub(super) fn get_below(&self, own: Option<Found>, head: u32, key: NameId) -> Option<Found> {
        let (mut best, mut at) = (own, head);
        while let Some(layer) = self.layer(at) {
            let value = self.segment(layer.node.instance).and_then(|s| s.get(layer.node.object, key));
            if let Some(value) = value {
                let replaces = layer.kind == Kind::Instead;
                if !best.is_some_and(|best| keeps(best.value, value, replaces)) {
                    best = Some(Found { instance: layer.node.instance, value });
                }
            }
            at = layer.next;
        }
        best
    }

    /// The type that a value of `__typename` names.
    pub(crate) fn type_in(&self, found: Found) -> Option<&[u8]> {
        match found.value {
            Value::Leaf(span) => unquoted(self.text(found.instance, span)),
            _ => None,
        }
    }

    /// The fields of an object, to be looked up one after the other.
    #[inline(always)]
    pub(crate) fn view(&self, node: Node) -> View<'_> {
        View::new(self, node)
    }

    /// The object that a value is.
    pub(crate) fn object(&self, found: Found) -> Option<Node> {
        match found.value {
            Value::Object(object) => Some(self.real(Node { instance: found.instance, object })),
            _ => None,
        }
    }

    /// The values of a list.
    pub(crate) fn items(&self, instance: u32, list: List) -> impl ExactSizeIterator<Item = Found> + '_ {
        let items = self.segment(instance).map_or(&[][..], |segment| segment.items(list));
        items.iter().map(move |item| Found { instance, value: item.value() })
    }

    /// The raw text of a leaf.
    pub(crate) fn text(&self, instance: u32, text: Text) -> &[u8] {
        self.segment(instance).map_or(b"null", |segment| segment.text(text))
    }

    /// Lays `source` over `target`.
    pub(crate) fn merge(&mut self, target: Node, source: Node) {
        let Some(segment) = self.instances.get(source.instance as usize).map(|i| Rc::clone(&i.segment))
        else {
            return;
        };
        let (target, mut torn) = (self.real(target), Vec::new());
        if target == source {
            return;
        }
        for field in segment.fields(source.object) {
            let (key, value) = (field.key(), field.value());
            if !matches!(value, Value::Object(_) | Value::List(_)) {
                continue;
            }
            let new = Found { instance: source.instance, value };
            if let Some(old) = self.get(target, key)
                && !self.merge_values(old, new)
            {
                torn.push((key, old, new));
            }
        }
        self.push_layer(target, source, Kind::Over);
        for (key, old, new) in torn {
            let patch = self.patch(key, old, new);
            self.push_layer(target, patch, Kind::Instead);
        }
    }

    /// Merges what is below two values. False if that is more than layers can say: an item of a list is replaced.
    fn merge_values(&mut self, old: Found, new: Found) -> bool {
        match (old.value, new.value) {
            (Value::Object(_), Value::Object(object)) => {
                if let Some(target) = self.object(old) {
                    self.merge(target, Node { instance: new.instance, object });
                }
                true
            }
            (Value::List(a), Value::List(b)) => {
                let pairs: Vec<_> = self.items(old.instance, a).zip(self.items(new.instance, b)).collect();
                let mut whole = true;
                for (old, new) in pairs {
                    whole &= match (old.value, new.value) {
                        (_, Value::Null) => true,
                        (Value::Object(_), Value::Object(_)) | (Value::List(_), Value::List(_)) => {
                            self.merge_values(old, new)
                        }
                        _ => false,
                    };
                }
                whole
            }
            // The lookup sees to it.
            _ => true,
        }
    }

    /// An object with one field, a list that is `new` merged into `old`.
    fn patch(&mut self, key: NameId, old: Found, new: Found) -> Node {
        let mut segment = Segment::new(0);
        let mut same = Vec::new();
        let value = self.copy(&mut segment, &mut same, Some(old), Some(new));
        let object = segment.add_object(&mut vec![Slot::field(key, value)], 0);
        let bytes = segment.bytes();
        let instance = self.add(Rc::new(segment), bytes);
        for (node, object) in same {
            self.forward(node, Node { instance, object });
        }
        Node { instance, object }
    }

    /// Copies two values merged. `same` gets the objects that were copied whole.
    fn copy(
        &self,
        segment: &mut Segment,
        same: &mut Vec<(Node, ObjectId)>,
        old: Option<Found>,
        new: Option<Found>,
    ) -> Value {
        let chosen = match (old, new) {
            (Some(old), Some(new)) => match (old.value, new.value) {
                (_, Value::Null) => old,
                (Value::List(a), Value::List(b)) => {
                    let news: Vec<_> = self.items(new.instance, b).take(a.len()).map(Some).collect();
                    let mut news = news.into_iter().chain(std::iter::repeat(None));
                    let items: Vec<_> = self.items(old.instance, a).collect();
                    let mut copied: Vec<Slot> = items
                        .into_iter()
                        .map(|item| Slot::item(self.copy(segment, same, Some(item), news.next().flatten())))
                        .collect();
                    return Value::List(segment.add_list(&mut copied, 0));
                }
                // These were merged already.
                (Value::Object(_), Value::Object(_)) => old,
                _ => new,
            },
            (Some(found), None) | (None, Some(found)) => found,
            (None, None) => return Value::Null,
        };
        match chosen.value {
            Value::Null | Value::Mismatch => chosen.value,
            Value::Leaf(text) => Value::Leaf(segment.add_text(self.text(chosen.instance, text), text.class)),
            Value::List(list) => {
                let items: Vec<_> = self.items(chosen.instance, list).collect();
                let copied =
                    items.into_iter().map(|item| Slot::item(self.copy(segment, same, Some(item), None)));
                let mut copied: Vec<Slot> = copied.collect();
                Value::List(segment.add_list(&mut copied, 0))
            }
            Value::Object(_) => {
                let Some(node) = self.object(chosen) else { return Value::Null };
                let mut fields: Vec<Slot> = self
                    .keys(node)
                    .into_iter()
                    .map(|key| Slot::field(key, self.copy(segment, same, self.get(node, key), None)))
                    .collect();
                let object = segment.add_object(&mut fields, 0);
                same.push((node, object));
                Value::Object(object)
            }
        }
    }

    /// The keys of an object's fields, all layers considered.
    fn keys(&self, node: Node) -> Vec<NameId> {
        let mut keys: Vec<NameId> = Vec::new();
        for part in self.parts(node) {
            let fields = self.segment(part.instance).map_or(&[][..], |s| s.fields(part.object));
            for field in fields {
                if !keys.contains(&field.key()) {
                    keys.push(field.key());
                }
            }
        }
        keys
    }

    /// The object itself and what lies over it.
    fn parts(&self, node: Node) -> impl Iterator<Item = Node> + '_ {
        let mut at = self.head(node);
        let layers = std::iter::from_fn(move || {
            let layer = self.layer(at)?;
            at = layer.next;
            Some(layer.node)
        });
        std::iter::once(node).chain(layers)
    }

    /// From now on `node` is `other`, an object with the same fields that nothing was merged into separately.
    pub(crate) fn forward(&mut self, node: Node, other: Node) {
        if node != other {
            self.push_layer(node, other, Kind::Same);
        }
    }

    /// Whether two objects of which nothing was merged into the one have the same fields, by key and text.
    pub(crate) fn are_equal(&self, bare: Node, other: Node) -> bool {
        self.head(bare) == 0 && self.head(other) == 0 && {
            let (a, b) = (self.segment(bare.instance), self.segment(other.instance));
            a.zip(b).is_some_and(|(a, b)| self.objects_equal((bare, a), (other, b)))
        }
    }

    fn objects_equal(&self, a: (Node, &Segment), b: (Node, &Segment)) -> bool {
        let (left, right) = (a.1.fields(a.0.object), b.1.fields(b.0.object));
        left.len() == right.len()
            && left.iter().zip(right).all(|(x, y)| {
                x.key() == y.key() && self.values_equal((a.0, a.1, x.value()), (b.0, b.1, y.value()))
            })
    }

    fn values_equal(&self, a: (Node, &Segment, Value), b: (Node, &Segment, Value)) -> bool {
        match (a.2, b.2) {
            (Value::Null, Value::Null) | (Value::Mismatch, Value::Mismatch) => true,
            (Value::Leaf(x), Value::Leaf(y)) => equal(a.1.text(x), b.1.text(y)),
            (Value::List(x), Value::List(y)) => {
                x.len() == y.len()
                    && a.1
                        .items(x)
                        .iter()
                        .zip(b.1.items(y))
                        .all(|(x, y)| self.values_equal((a.0, a.1, x.value()), (b.0, b.1, y.value())))
            }
            (Value::Object(x), Value::Object(y)) => {
                let left = Node { instance: a.0.instance, object: x };
                let right = Node { instance: b.0.instance, object: y };
                self.head(left) == 0 && self.head(right) == 0 && self.objects_equal((left, a.1), (right, b.1))
            }
            _ => false,
        }
    }

    fn push_layer(&mut self, target: Node, node: Node, kind: Kind) {
        let new = u32::try_from(self.layers.len()).unwrap_or(u32::MAX);
        let Some(instance) = self.instances.get_mut(target.instance as usize) else { return };
        if instance.heads.is_empty() {
            instance.heads = vec![0; instance.segment.objects()];
        }
        let Some(head) = instance.heads.get_mut(target.object.index()) else { return };
        if *head == 0 || kind == Kind::Same {
            *head = new;
        } else {
            let mut at = *head;
            while let Some(layer) = self.layers.get_mut(at as usize) {
                if layer.next == 0 {
                    layer.next = new;
                    break;
                }
                at = layer.next;
            }
        }
        self.layers.push(Layer { node, next: 0, kind });
    }

    /// Whether `node`, as it was known once, is `real` today.
    pub(crate) fn is(&self, node: Node, real: Node) -> bool {
        self.real(node) == real
    }

    /// The object that stands for `node`.
    pub(crate) fn real(&self, node: Node) -> Node {
        let mut node = node;
        while let Some(Layer { kind: Kind::Same, node: other, .. }) = self.layer(self.head(node)) {
            node = *other;
        }
        node
    }

    pub(super) fn head(&self, node: Node) -> u32 {
        let instance = self.instances.get(node.instance as usize);
        instance.and_then(|instance| instance.heads.get(node.object.index())).copied().unwrap_or(0)
    }

    pub(super) fn layer(&self, at: u32) -> Option<&Layer> {
        if at == 0 { None } else { self.layers.get(at as usize) }
    }

    pub(super) fn segment(&self, instance: u32) -> Option<&Segment> {
        self.instances.get(instance as usize).map(|instance| &*instance.segment)
    }
}

/// An answer as a request uses it.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) segment: &'a Segment,
    /// Whether its objects are reached from several places.
    pub(crate) shared: bool,
    heads: &'a [u32],
}

impl Part<'_> {
    /// Whether nothing lies over an object.
    pub(crate) fn is_bare(self, object: ObjectId) -> bool {
        self.heads.get(object.index()).is_none_or(|head| *head == 0)
    }
}

impl Node {
    /// An object of an instance.
    pub(crate) fn new(instance: u32, object: ObjectId) -> Node {
        Node { instance, object }
    }

    /// The instance it is in, and itself there.
    pub(super) fn parts(self) -> (u32, ObjectId) {
        (self.instance, self.object)
    }

    /// The instance it is in, and its number there.
    pub(crate) fn index(self) -> (usize, usize) {
        (self.instance as usize, self.object.index())
    }
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

/// What stands between the quotes of a JSON string's raw text; `None` if it is not a string.
pub(crate) fn unquoted(raw: &[u8]) -> Option<&[u8]> {
    match raw {
        [b'"', inner @ .., b'"'] => Some(inner),
        _ => None,
    }
}

/// The runtime type of an object: its `__typename`, whose text has no escapes that it doesn't need.
pub(crate) fn type_of(tree: &Tree, node: Node, typename: Option<NameId>) -> Option<&[u8]> {
    tree.type_in(tree.get(node, typename?)?)
}

/// Whether `name` is in the set.
pub(crate) fn in_set(plan: &ExecutablePlan, set: &TypeSet, name: &[u8]) -> bool {
    set.0.iter().any(|id| equal(plan.name(*id).as_bytes(), name))
}
