//! Which fields of an operation may be merged (GraphQL §5.3.2), so that their literals become the same variables.

use std::collections::{HashMap, HashSet};

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::{
    Definition, Document, Field, FragmentDefinition, Selection, SelectionSet, Value,
};

/// Fields with literals that stand under one response key at the same place of the response, in classes. Which
/// types they are selected on is of no matter: equal literals of one key share a variable on different types as well,
/// so that planning sees the arguments of the one and the other as equal, as they were.
#[derive(Debug, Default)]
pub(super) struct Merging {
    /// By the field's place.
    known: HashMap<Pos, usize>,
    /// Union-find: the index of another member, or of itself.
    parents: Vec<usize>,
}

type Fragments<'a> = HashMap<&'a str, &'a FragmentDefinition>;

impl Merging {
    /// Looks at places only if there is a response key that two fields with literals share.
    ///
    /// The walk is that of the operation with its fragments spread, which limits bound.
    pub(super) fn new(document: &Document, fragments: &Fragments<'_>, operation: &SelectionSet) -> Self {
        let mut merging = Self::default();
        let mut keys = HashSet::new();
        let repeated = document.definitions.iter().any(|definition| match definition {
            Definition::Operation(_) => repeats_a_key(operation, &mut keys),
            Definition::Fragment(fragment) => repeats_a_key(&fragment.selection_set, &mut keys),
        });
        if repeated {
            merging.place(&[operation], fragments);
        }
        merging
    }

    /// The class of a field; `None` if it merges with no other.
    pub(super) fn class(&self, field: &Field) -> Option<usize> {
        self.known.get(&field.position).map(|index| self.root(*index))
    }

    /// The fields of several sets at one place, and all below.
    fn place<'a>(&mut self, sets: &[&'a SelectionSet], fragments: &Fragments<'a>) {
        let mut gathered = Gathered::default();
        for set in sets {
            gathered.add(set, fragments);
        }
        for fields in gathered.groups {
            let mut with_literals = fields.iter().filter(|field| has_literal(field));
            if let Some(first) = with_literals.next() {
                for other in with_literals {
                    self.unite(first.position, other.position);
                }
            }
            let below: Vec<&SelectionSet> =
                fields.iter().map(|field| &field.selection_set).filter(|set| !set.items.is_empty()).collect();
            if !below.is_empty() {
                self.place(&below, fragments);
            }
        }
    }

    fn unite(&mut self, a: Pos, b: Pos) {
        if a == b {
            return;
        }
        let (a, b) = (self.member(a), self.member(b));
        let (a, b) = (self.root(a), self.root(b));
        if let Some(parent) = self.parents.get_mut(b) {
            *parent = a;
        }
    }

    fn member(&mut self, place: Pos) -> usize {
        let next = self.parents.len();
        let index = *self.known.entry(place).or_insert(next);
        if index == next {
            self.parents.push(next);
        }
        index
    }

    fn root(&self, mut index: usize) -> usize {
        while let Some(parent) = self.parents.get(index)
            && *parent != index
        {
            index = *parent;
        }
        index
    }
}

/// The fields at one place, by response key in the order of the first.
#[derive(Default)]
struct Gathered<'a> {
    groups: Vec<Vec<&'a Field>>,
    index: HashMap<&'a str, usize>,
    spread: HashSet<&'a str>,
}

impl<'a> Gathered<'a> {
    fn add(&mut self, set: &'a SelectionSet, fragments: &Fragments<'a>) {
        for selection in &set.items {
            match selection {
                Selection::Field(field) => {
                    let index = *self.index.entry(key(field)).or_insert(self.groups.len());
                    match self.groups.get_mut(index) {
                        Some(group) => group.push(field),
                        None => self.groups.push(vec![field]),
                    }
                }
                Selection::InlineFragment(inline) => self.add(&inline.selection_set, fragments),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = fragments.get(spread.fragment_name.as_str())
                        && self.spread.insert(&fragment.name)
                    {
                        self.add(&fragment.selection_set, fragments);
                    }
                }
            }
        }
    }
}

fn repeats_a_key<'a>(set: &'a SelectionSet, keys: &mut HashSet<&'a str>) -> bool {
    set.items.iter().any(|selection| match selection {
        Selection::Field(field) => {
            (has_literal(field) && !keys.insert(key(field))) || repeats_a_key(&field.selection_set, keys)
        }
        Selection::InlineFragment(inline) => repeats_a_key(&inline.selection_set, keys),
        Selection::FragmentSpread(_) => false,
    })
}

fn has_literal(field: &Field) -> bool {
    field.arguments.iter().any(|(_, value)| !matches!(value, Value::Variable(_)))
}

fn key(field: &Field) -> &str {
    field.alias.as_deref().unwrap_or(&field.name)
}
