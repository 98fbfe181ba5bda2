//! The executable plan: all that execution needs, and nothing of the library that planned it.
//!
//! A plan is plain data: serialisable, without pointers into the supergraph or the operation, so that it
//! can be cached, shared between workers and printed. Names are interned once per plan ([`NameId`]), so
//! that execution compares integers where a naive executor compares strings.

mod bytes;
mod name_table;
mod sound;

pub use name_table::NameTable;

use serde::{Deserialize, Serialize};

/// What one operation needs from the subgraphs, in which order, and how the answer is shaped.
///
/// `fetches` is a flat list in an order that respects every `after`; a fetch may start as soon as the
/// fetches it names in `after` have ended (well or badly).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutablePlan {
    /// Query or mutation (subscriptions are refused before planning).
    pub kind: OperationKind,
    /// The interned names; a [`NameId`] is an index into this table.
    pub names: NameTable,
    /// The fetches; a [`FetchId`] is an index into this list.
    pub fetches: Vec<Fetch>,
    /// How the reply's `data` is written from the merged response tree.
    pub projection: Selection,
}

impl ExecutablePlan {
    /// The text of an interned name; the empty string for an id that is not of this plan.
    pub fn name(&self, id: NameId) -> &str {
        self.names.name(id)
    }
}

impl ExecutablePlan {
    /// About how many bytes of memory the plan takes: what is counted grows with it, to the factor of two.
    pub fn weight(&self) -> usize {
        const NODE: usize = 64;
        fn selection(selection: &Selection) -> usize {
            selection.variants.iter().fold(NODE, |sum, variant| {
                let fields = variant.fields.iter().fold(NODE, |sum, field| sum.saturating_add(ty(&field.ty)));
                sum.saturating_add(fields).saturating_add(variant.types.0.len().saturating_mul(4))
            })
        }
        fn ty(output: &OutputType) -> usize {
            let below = match &output.kind {
                OutputKind::List(item) => ty(item),
                OutputKind::Composite(inner) => selection(inner),
                OutputKind::Constant(json) => json.len(),
                OutputKind::Leaf(Leaf::Enum(names)) => names.len().saturating_mul(4),
                OutputKind::Leaf(_) | OutputKind::Typename => 0,
            };
            below.saturating_add(NODE)
        }
        let names =
            self.names.iter().fold(0_usize, |sum, name| sum.saturating_add(name.len()).saturating_add(NODE));
        // A fetch's shape and requires are about as large as its text.
        let fetches = self.fetches.iter().fold(0_usize, |sum, fetch| {
            sum.saturating_add(fetch.document.len().saturating_mul(8)).saturating_add(NODE)
        });
        names.saturating_add(fetches).saturating_add(selection(&self.projection))
    }
}

/// Index into [`ExecutablePlan::names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NameId(pub u32);

impl NameId {
    /// The names that a plan may have: who runs it keeps an id in 20 bits.
    pub const MOST: usize = 1 << 20;
}

/// Index into [`ExecutablePlan::fetches`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FetchId(pub u32);

/// Index into [`crate::Supergraph::subgraphs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SubgraphId(pub u32);

/// The kind of an operation (GraphQL §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OperationKind {
    /// Free of side effects: may be retried, joined and batched.
    Query,
    /// Root fields run in series; never retried, joined or batched across requests.
    Mutation,
}

/// One call to one subgraph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// The subgraph that answers.
    pub subgraph: SubgraphId,
    /// Whether the call has side effects.
    pub kind: OperationKind,
    /// The fetches whose results this one reads, or (for mutations) must not overtake.
    pub after: Vec<FetchId>,
    /// All must hold, else the fetch is skipped and counts as ended.
    pub when: Vec<Condition>,
    /// The operation sent to the subgraph, minified and anonymous.
    pub document: String,
    /// Byte offset in `document` at which ` Name` may be spliced in; 0 where the short form `{…}` is used
    /// (then `query Name` goes in front).
    pub name_position: u32,
    /// The client's variables that `document` uses.
    pub variables: Vec<String>,
    /// Where the answer goes.
    pub target: Target,
}

/// A variable of type Boolean that must have the value `is` (from `@skip`/`@include`, GraphQL §3.13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The variable's name, without `$`.
    pub variable: String,
    /// The value that lets the fetch run.
    pub is: bool,
}

/// Where a fetch's answer is merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// `data` is merged into every object at `path` (the root where empty; elsewhere when a root type is
    /// reachable again from within the tree).
    Root {
        /// The objects that receive `data`.
        path: Path,
        /// What to read of `data`.
        shape: Shape,
        /// Changes to `data` before it is merged.
        output_rewrites: Vec<Rewrite>,
    },
    /// `data` holds one list of entities per lookup.
    Entities(Vec<EntityLookup>),
}

/// One `_entities` field of a fetch: which objects it completes and with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityLookup {
    /// The response key of the field: `_entities`, or its alias in a batched fetch.
    pub alias: NameId,
    /// The variable that carries the representations.
    pub variable: String,
    /// The objects to complete; more than one path in a batched fetch.
    pub paths: Vec<Path>,
    /// What a representation is made of, besides `__typename`.
    pub requires: Vec<Require>,
    /// Changes to each representation before it is sent.
    pub input_rewrites: Vec<Rewrite>,
    /// Changes to each entity before it is merged.
    pub output_rewrites: Vec<Rewrite>,
    /// What to read of each entity.
    pub shape: Shape,
}

/// A way from the root of the response tree to some of its objects.
pub type Path = Vec<PathSegment>;

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PathSegment {
    /// Into the field with this response key.
    Field(NameId),
    /// Into each item of a list.
    List,
    /// Only objects whose `__typename` is in the set, or is not known.
    Types(TypeSet),
}

/// Names of types that satisfy a type condition: the type itself, its possible types, and whatever else the
/// planner found to be equivalent. Expanded at planning time so that execution needs no schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeSet(pub Vec<NameId>);

/// A part of a representation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Require {
    /// Copy a field. `__typename` is always written first if it is known and is never listed here, except
    /// where it is the only key.
    Field {
        /// The key under which the response tree holds it.
        name: NameId,
        /// The key under which the representation carries it.
        key: NameId,
        /// Parts of a composite field; empty for a leaf.
        #[serde(deserialize_with = "bytes::nested")]
        selection: Vec<Require>,
    },
    /// Only if the object's `__typename` is in the set, or is not known.
    On {
        /// The types the parts belong to.
        types: TypeSet,
        /// The parts.
        #[serde(deserialize_with = "bytes::nested")]
        selection: Vec<Require>,
    },
}

/// A change to a JSON tree, found by walking `path` (lists are walked through).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rewrite {
    /// Put the string `value` at `path`.
    SetString {
        /// Where.
        path: Vec<RewriteStep>,
        /// The new value.
        value: String,
    },
    /// Rename the key at the end of `path`.
    RenameKey {
        /// Where; the last step is the key to rename.
        path: Vec<RewriteStep>,
        /// The new key.
        to: NameId,
    },
}

/// One step of a [`Rewrite`]'s path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RewriteStep {
    /// Into the field with this key.
    Key(NameId),
    /// Only if the object's `__typename` is in the set, or is not known.
    Types(TypeSet),
}

/// What to read of a subgraph's answer; anything else in it is skipped unread.
///
/// Leaves are kept as the raw JSON text that the subgraph sent, so numbers, custom scalars and escapes pass
/// through byte for byte.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape(pub Vec<ShapeField>);

/// One field of a [`Shape`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShapeField {
    /// Its response key.
    pub key: NameId,
    /// Its parts; `None` for a leaf (scalar, enum, or list of them).
    #[serde(deserialize_with = "bytes::nested")]
    pub shape: Option<Shape>,
}

/// What the reply shows of an object (CollectFields of GraphQL §6.3.2, done at planning time for every
/// possible runtime type).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// The named type of the position. Where it is an object type, it is the runtime type.
    pub type_name: NameId,
    /// Whether the runtime type must be read from `__typename`. False also for an interface or union of which all
    /// objects show the same fields: its `__typename` may not have been fetched, and its one variant applies.
    pub is_abstract: bool,
    /// The first variant whose `types` hold the runtime type applies; exactly one where `is_abstract` is false.
    pub variants: Vec<Variant>,
}

/// The fields of a [`Selection`] for some runtime types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Concrete type names.
    pub types: TypeSet,
    /// The fields in the order in which the reply shows them.
    pub fields: Vec<OutputField>,
}

/// One field of the reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputField {
    /// Its key in the response tree.
    pub key: NameId,
    /// Its response key: the same, except where the client's alias would stand in the way of another field.
    pub shown: NameId,
    /// The type that the API schema promises.
    pub ty: OutputType,
}

/// The type of a position in the reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputType {
    /// Whether null here makes the parent null (GraphQL §6.4.4).
    pub non_null: bool,
    /// What may stand here.
    pub kind: OutputKind,
}

/// What may stand at a position of the reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutputKind {
    /// A list of positions of one type.
    List(#[serde(deserialize_with = "bytes::nested")] Box<OutputType>),
    /// A scalar or enum.
    Leaf(Leaf),
    /// An object, interface or union.
    Composite(#[serde(deserialize_with = "bytes::nested")] Box<Selection>),
    /// The runtime type's name (`__typename` under any alias).
    Typename,
    /// Ready JSON text, known at planning time (introspection).
    Constant(String),
}

/// Kinds of leaf values, as far as results are checked (GraphQL §3.5, §3.9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Leaf {
    /// A signed 32-bit integer.
    Int,
    /// Any JSON number.
    Float,
    /// A JSON string.
    String,
    /// `true` or `false`.
    Boolean,
    /// A JSON string or an integer.
    Id,
    /// One of these names, as a JSON string.
    Enum(Vec<NameId>),
    /// A custom scalar: any JSON value, passed through unchanged.
    Custom,
}
