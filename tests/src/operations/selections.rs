//! Selection sets: which fields and fragments, under which response keys.

use super::arguments::Values;
use super::merging::Chosen;
use super::random::Random;
use crate::schema::{FieldDef, Kind, Schema, TypeRef, named};

/// A selection.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Field(FieldNode),
    Inline {
        on: Option<String>,
        directives: String,
        children: Vec<Node>,
    },
    /// A named fragment; `children` are those of its definition.
    Spread {
        name: String,
        on: String,
        directives: String,
        children: Vec<Node>,
    },
}

#[derive(Debug, Clone)]
pub(super) struct FieldNode {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) arguments: String,
    pub(super) directives: String,
    pub(super) ty: TypeRef,
    pub(super) children: Vec<Node>,
}

/// A fragment definition.
#[derive(Debug, Clone)]
pub(super) struct Fragment {
    pub(super) name: String,
    pub(super) on: String,
    pub(super) children: Vec<Node>,
}

pub(super) struct Selections<'s> {
    pub(super) schema: &'s Schema,
    pub(super) random: Random,
    pub(super) values: Values<'s>,
    pub(super) fragments: Vec<Fragment>,
    pub(super) chosen: Chosen,
    /// How many more fields may be selected.
    pub(super) budget: usize,
}

/// Response keys that are shared on purpose, so that they meet.
const KEYS: [&str; 6] = ["a", "b", "c", "id", "name", "x"];
const MAX_DEPTH: usize = 7;

impl Selections<'_> {
    /// What is selected of the type `parent` at the response keys `path`; never empty.
    pub(super) fn set(&mut self, parent: &str, path: &mut Vec<String>, depth: usize) -> Vec<Node> {
        let mut nodes = Vec::new();
        for _ in 0..1 + self.random.below(4) {
            match self.random.below(10) {
                0 if self.reuse(parent, path, &mut nodes) => {}
                0 | 1 if depth < MAX_DEPTH => self.inline(parent, path, depth, &mut nodes),
                2..=5 if depth < MAX_DEPTH && self.schema.is_abstract(parent) => {
                    self.inline(parent, path, depth, &mut nodes);
                }
                _ => self.field(parent, path, depth, &mut nodes),
            }
        }
        if nodes.is_empty() || self.random.one_in(6) {
            self.typename(parent, path, &mut nodes);
        }
        if self.random.one_in(8) {
            return vec![self.name(parent, nodes)];
        }
        nodes
    }

    fn typename(&mut self, parent: &str, path: &mut Vec<String>, nodes: &mut Vec<Node>) {
        let ty = TypeRef::NonNullType(Box::new(TypeRef::NamedType("String".to_owned())));
        let mut key = match self.random.below(3) {
            0 => (*self.random.pick(&KEYS).unwrap_or(&"a")).to_owned(),
            _ => "__typename".to_owned(),
        };
        loop {
            path.push(key.clone());
            let taken = self.chosen.take(self.schema, path, parent, "__typename", "", &ty);
            path.pop();
            if taken {
                break;
            }
            key.push('_');
        }
        let directives = self.directives(12);
        nodes.push(Node::Field(FieldNode {
            key,
            name: "__typename".to_owned(),
            arguments: String::new(),
            directives,
            ty,
            children: Vec::new(),
        }));
    }

    fn field(&mut self, parent: &str, path: &mut Vec<String>, depth: usize, nodes: &mut Vec<Node>) {
        let Some(definition) = self.schema.get(parent) else { return };
        let affordable = |field: &&FieldDef| {
            !field.name.starts_with('_')
                && (!self.schema.is_composite(named(&field.ty)) || (depth < MAX_DEPTH && self.budget > 1))
        };
        let fields: Vec<&FieldDef> = definition.fields.iter().filter(affordable).collect();
        if self.budget == 0 || fields.is_empty() {
            return;
        }
        // Away from leaves as long as there is room, else operations stay flat.
        let mut field = fields[self.random.below(fields.len())];
        if !self.schema.is_composite(named(&field.ty)) && self.random.one_in(2) {
            field = fields[self.random.below(fields.len())];
        }
        self.budget -= 1;
        let arguments = self.values.arguments(&mut self.random, &field.arguments);
        let mut key = match self.random.below(5) {
            0 => (*self.random.pick(&KEYS).unwrap_or(&"a")).to_owned(),
            _ => field.name.clone(),
        };
        loop {
            path.push(key.clone());
            if self.chosen.take(self.schema, path, parent, &field.name, &arguments, &field.ty) {
                break;
            }
            path.pop();
            key = format!("{}{}", field.name, self.random.below(100));
        }
        let directives = self.directives(7);
        let children = match self.schema.is_composite(named(&field.ty)) {
            true => self.set(named(&field.ty), path, depth + 1),
            false => Vec::new(),
        };
        path.pop();
        nodes.push(Node::Field(FieldNode {
            key,
            name: field.name.clone(),
            arguments,
            directives,
            ty: field.ty.clone(),
            children,
        }));
    }

    fn inline(&mut self, parent: &str, path: &mut Vec<String>, depth: usize, nodes: &mut Vec<Node>) {
        let conditions = self.conditions(parent);
        let on = match self.random.below(6) {
            0 => None,
            _ => self.random.pick(&conditions).cloned(),
        };
        let inner = on.as_deref().unwrap_or(parent).to_owned();
        let directives = self.directives(6);
        let children = self.set(&inner, path, depth + 1);
        if on.is_some() && self.random.one_in(5) {
            let mut spread = self.name(&inner, children);
            if let Node::Spread { directives: own, .. } = &mut spread {
                *own = directives;
            }
            nodes.push(spread);
            return;
        }
        nodes.push(Node::Inline { on, directives, children });
    }

    /// The type conditions that can be met by an object of type `parent` (GraphQL §5.5.2.3).
    fn conditions(&self, parent: &str) -> Vec<String> {
        let own = self.schema.possible_types(parent);
        let composite = self.schema.types.values().filter(|ty| {
            matches!(ty.kind, Kind::Object | Kind::Interface | Kind::Union) && !ty.name.starts_with("__")
        });
        let overlapping = composite
            .filter(|ty| self.schema.possible_types(&ty.name).iter().any(|possible| own.contains(possible)));
        overlapping.map(|ty| ty.name.clone()).collect()
    }

    /// Makes a named fragment of `children` and a spread of it.
    fn name(&mut self, on: &str, children: Vec<Node>) -> Node {
        let name = format!("F{}", self.fragments.len());
        self.fragments.push(Fragment { name: name.clone(), on: on.to_owned(), children: children.clone() });
        Node::Spread { name, on: on.to_owned(), directives: String::new(), children }
    }

    /// Spreads a fragment that exists already, if one fits here.
    fn reuse(&mut self, parent: &str, path: &mut [String], nodes: &mut Vec<Node>) -> bool {
        let conditions = self.conditions(parent);
        let fitting = self.fragments.iter().filter(|fragment| conditions.contains(&fragment.on));
        let fitting: Vec<Fragment> = fitting.cloned().collect();
        let Some(fragment) = self.random.pick(&fitting) else { return false };
        let cost = size(&fragment.children);
        if cost > self.budget || !self.chosen.take_all(self.schema, path, &fragment.on, &fragment.children) {
            return false;
        }
        self.budget -= cost;
        let directives = self.directives(8);
        nodes.push(Node::Spread {
            name: fragment.name.clone(),
            on: fragment.on.clone(),
            directives,
            children: fragment.children.clone(),
        });
        true
    }

    /// Conditions, once in `n` times.
    fn directives(&mut self, n: usize) -> String {
        if !self.random.one_in(n) {
            return String::new();
        }
        let first = self.values.condition(&mut self.random);
        match self.random.below(5) {
            0 | 1 => format!(" @skip(if: {first})"),
            2 | 3 => format!(" @include(if: {first})"),
            _ => {
                let second = self.values.condition(&mut self.random);
                format!(" @include(if: {first}) @skip(if: {second})")
            }
        }
    }
}

fn size(nodes: &[Node]) -> usize {
    nodes
        .iter()
        .map(|node| match node {
            Node::Field(field) => 1 + size(&field.children),
            Node::Inline { children, .. } | Node::Spread { children, .. } => size(children),
        })
        .sum()
}
