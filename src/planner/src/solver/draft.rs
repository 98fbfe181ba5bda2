//! Fetches while they are being planned: trees of selections that can still grow, and be cut back.

use std::collections::BTreeSet;

use graphql_tools::static_graphql::query::Value;

use crate::plan::{OperationKind, Path};

/// Index of a selection set in [`Draft`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SetId(usize);

/// Index of a fetch in [`Draft`].
pub(super) type FetchIndex = usize;

/// A selection.
#[derive(Debug)]
pub(super) enum Item<'a> {
    /// `__typename`.
    Typename,
    Field(FieldItem<'a>),
    /// `... on type`.
    On(&'a str, SetId),
}

/// A field.
#[derive(Debug, Clone)]
pub(super) struct FieldItem<'a> {
    /// Its key in the response tree.
    pub(super) key: String,
    pub(super) name: &'a str,
    pub(super) arguments: &'a [(String, Value)],
    /// Its type in the subgraph.
    pub(super) ty: String,
    /// Its selections; `None` for a leaf.
    pub(super) set: Option<SetId>,
}

/// A fetch.
#[derive(Debug)]
pub(super) struct FetchDraft<'a> {
    /// Value of join__Graph.
    pub(super) graph: &'a str,
    pub(super) kind: OperationKind,
    /// The objects it completes.
    pub(super) path: Path,
    pub(super) after: BTreeSet<FetchIndex>,
    /// How its objects are looked up; `None` for a fetch of root fields.
    pub(super) entity: Option<Entity<'a>>,
    pub(super) set: SetId,
}

/// How an entity fetch finds its objects.
#[derive(Debug)]
pub(super) struct Entity<'a> {
    /// The type it is known by in the subgraph.
    pub(super) type_name: &'a str,
    /// The type it may go by in the response tree.
    pub(super) known_as: &'a str,
    pub(super) requires: Vec<Required>,
}

/// A part of a representation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Required {
    /// Tree key, name in the representation, parts of it.
    Field(String, String, Vec<Required>),
    On(String, Vec<Required>),
}

/// The fetches of a plan in the making.
#[derive(Default)]
pub(super) struct Draft<'a> {
    pub(super) fetches: Vec<FetchDraft<'a>>,
    sets: Vec<Vec<Item<'a>>>,
    done: Vec<Step>,
}

/// What was done, to be undone.
enum Step {
    Item(SetId),
    Set,
    Fetch,
}

/// A state of a [`Draft`] to go back to.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

impl<'a> Draft<'a> {
    pub(super) fn mark(&self) -> Mark {
        Mark(self.done.len())
    }

    /// Undoes all that was done since `mark`.
    pub(super) fn back_to(&mut self, mark: Mark) {
        while self.done.len() > mark.0 {
            match self.done.pop() {
                Some(Step::Item(set)) => {
                    if let Some(items) = self.sets.get_mut(set.0) {
                        items.pop();
                    }
                }
                Some(Step::Set) => {
                    self.sets.pop();
                }
                Some(Step::Fetch) => {
                    self.fetches.pop();
                }
                None => return,
            }
        }
    }

    pub(super) fn items(&self, set: SetId) -> &[Item<'a>] {
        self.sets.get(set.0).map_or(&[], Vec::as_slice)
    }

    pub(super) fn new_set(&mut self) -> SetId {
        self.sets.push(Vec::new());
        self.done.push(Step::Set);
        SetId(self.sets.len().saturating_sub(1))
    }

    pub(super) fn new_fetch(&mut self, fetch: FetchDraft<'a>) -> FetchIndex {
        self.fetches.push(fetch);
        self.done.push(Step::Fetch);
        self.fetches.len().saturating_sub(1)
    }

    fn push(&mut self, set: SetId, item: Item<'a>) {
        if let Some(items) = self.sets.get_mut(set.0) {
            items.push(item);
            self.done.push(Step::Item(set));
        }
    }

    pub(super) fn typename(&mut self, set: SetId) {
        if !self.items(set).iter().any(|item| matches!(item, Item::Typename)) {
            self.push(set, Item::Typename);
        }
    }

    /// The selections for objects of a type within `set`.
    pub(super) fn on(&mut self, set: SetId, type_name: &'a str) -> SetId {
        let known = self.items(set).iter().find_map(|item| match item {
            Item::On(name, below) if *name == type_name => Some(*below),
            _ => None,
        });
        known.unwrap_or_else(|| {
            let below = self.new_set();
            self.push(set, Item::On(type_name, below));
            below
        })
    }

    /// Whether a key of the set already stands for another field.
    pub(super) fn has_conflict(
        &self,
        set: SetId,
        key: &str,
        name: &str,
        arguments: &[(String, Value)],
    ) -> bool {
        self.items(set).iter().any(|item| {
            matches!(item, Item::Field(field)
                if field.key == key && (field.name != name || field.arguments != arguments))
        })
    }

    /// Adds a field or finds it; returns its selections.
    pub(super) fn field(
        &mut self,
        set: SetId,
        key: &str,
        name: &'a str,
        arguments: &'a [(String, Value)],
        ty: String,
        composite: bool,
    ) -> Option<SetId> {
        let known = self.items(set).iter().find_map(|item| match item {
            Item::Field(field) if field.key == key => Some(field.set),
            _ => None,
        });
        known.unwrap_or_else(|| {
            let below = composite.then(|| self.new_set());
            self.push(set, Item::Field(FieldItem { key: key.to_owned(), name, arguments, ty, set: below }));
            below
        })
    }
}
