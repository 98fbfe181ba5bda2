//! Fields of one response key must be mergeable (§5.3.2).
//!
//! "Same name and arguments" and "same shape" are equivalences, so it is enough to hold each field of a key
//! against the first one, and then to look at the subfields of all of them together. A set of fields that was
//! looked at is not looked at again, by whatever path it is reached. So the cost is about that of spreading the
//! fragments, where comparing each with each grows with the square.

use std::collections::HashSet;

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::{Definition, Field, Selection, SelectionSet, Value};
use graphql_tools::static_graphql::schema::Type;

use super::definitions::parts;
use super::{Checked, Validation, condition_name};
use crate::operation::selections;
use crate::schema::named;

/// A field in a merged set.
#[derive(Clone, Copy)]
struct Entry<'a> {
    field: &'a Field,
    parent: &'a str,
    ty: &'a Type,
    /// The field of the set above in whose selections it stands.
    above: usize,
}

/// A merged set and the sets above it.
struct Frame<'f, 'a> {
    entries: &'f [Entry<'a>],
    above: Option<&'f Frame<'f, 'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Fields whose parents can be one object: same name, same arguments.
    Names,
    /// All fields of a key, whatever their parents: the same shape (SameResponseShape).
    Shapes,
}

/// The sets that were looked at, each as the places of its fields.
type Seen = HashSet<Vec<Pos>>;

impl<'a> Validation<'a> {
    pub(super) fn overlapping_fields(&mut self) -> Checked {
        let (mut names, mut shapes, mut reported) = (Seen::new(), Seen::new(), HashSet::new());
        for pass in [Pass::Names, Pass::Shapes] {
            let seen = if pass == Pass::Names { &mut names } else { &mut shapes };
            for definition in &self.document.definitions {
                let Definition::Operation(operation) = definition else { continue };
                let root = match parts(operation).keyword {
                    "query" => Some(self.schema.query_type()),
                    "mutation" => self.schema.mutation_type(),
                    _ => self.schema.subscription_type(),
                };
                let Some(root) = root else { continue };
                let mut merged = Merged::default();
                self.merge(root, selections(operation), 0, &mut merged)?;
                self.conflicts(pass, &merged.entries, None, seen, &mut reported)?;
            }
            if !self.errors.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Recursion is bounded: the operation passed the limits.
    fn conflicts(
        &mut self,
        pass: Pass,
        entries: &[Entry<'a>],
        above: Option<&Frame<'_, 'a>>,
        seen: &mut Seen,
        reported: &mut HashSet<(Pos, Pos)>,
    ) -> Checked {
        let mut places: Vec<Pos> = entries.iter().map(|entry| entry.field.position).collect();
        places.sort_unstable();
        if !seen.insert(places) {
            return Ok(());
        }
        self.spend(entries.len())?;
        let frame = Frame { entries, above };
        let mut order: Vec<usize> = (0..entries.len()).collect();
        // Stable: within a key the order of the document stays.
        order.sort_by_key(|index| entries.get(*index).map(|entry| key(entry.field)));
        let groups = order.chunk_by(|a, b| match (entries.get(*a), entries.get(*b)) {
            (Some(a), Some(b)) => key(a.field) == key(b.field),
            _ => false,
        });
        for group in groups {
            for part in self.partitions(pass, entries, group)? {
                let Some((first, rest)) = part.split_first() else { continue };
                for other in rest {
                    self.compare(pass, &frame, *first, *other, reported)?;
                }
                let mut merged = Merged::default();
                for index in part {
                    let Some(entry) = entries.get(index) else { continue };
                    if !entry.field.selection_set.items.is_empty() {
                        merged.fragments.clear();
                        self.merge(named(entry.ty), &entry.field.selection_set, index, &mut merged)?;
                    }
                }
                if merged.entries.len() > 1
                    || merged.entries.iter().any(|e| !e.field.selection_set.items.is_empty())
                {
                    self.conflicts(pass, &merged.entries, Some(&frame), seen, reported)?;
                }
            }
        }
        Ok(())
    }

    /// The parts of a key's fields within which each two are compared.
    fn partitions(
        &mut self,
        pass: Pass,
        entries: &[Entry<'a>],
        group: &[usize],
    ) -> Result<Vec<Vec<usize>>, super::Stop> {
        let parent = |index: usize| entries.get(index).map_or("", |entry| entry.parent);
        let mut objects: Vec<&str> = Vec::new();
        if pass == Pass::Names && group.len() > 1 {
            objects = group
                .iter()
                .map(|index| parent(*index))
                .filter(|name| !self.schema.is_abstract(name))
                .collect();
            objects.sort_unstable();
            objects.dedup();
        }
        if objects.len() < 2 {
            return Ok(vec![group.to_vec()]);
        }
        // Fields of different object types never meet in one object; those of an interface meet all.
        self.spend(objects.len().saturating_mul(group.len()))?;
        let parts = objects.into_iter().map(|object| {
            let meets = |name: &str| name == object || self.schema.is_abstract(name);
            group.iter().copied().filter(|index| meets(parent(*index))).collect()
        });
        Ok(parts.collect())
    }

    fn compare(
        &mut self,
        pass: Pass,
        frame: &Frame<'_, 'a>,
        first: usize,
        other: usize,
        reported: &mut HashSet<(Pos, Pos)>,
    ) -> Checked {
        let (Some(a), Some(b)) = (frame.entries.get(first), frame.entries.get(other)) else { return Ok(()) };
        let mut reason = if pass == Pass::Names && a.field.name != b.field.name {
            format!("\"{}\" and \"{}\" are different fields", a.field.name, b.field.name)
        } else if pass == Pass::Names && !same_arguments(&a.field.arguments, &b.field.arguments) {
            "they have differing arguments".to_owned()
        } else if self.differ(a.ty, b.ty) {
            format!("they return conflicting types \"{}\" and \"{}\"", a.ty, b.ty)
        } else {
            return Ok(());
        };
        if !reported.insert((a.field.position, b.field.position)) {
            return Ok(());
        }
        // The conflict is told from the first fields on that stand side by side.
        let (mut name, mut left, mut right) = (key(a.field), vec![a.field.position], vec![b.field.position]);
        let (mut a, mut b, mut up) = (a.above, b.above, frame.above);
        while let Some(frame) = up
            && a != b
            && let (Some(one), Some(two)) = (frame.entries.get(a), frame.entries.get(b))
        {
            reason = format!("subfields \"{name}\" conflict because {reason}");
            name = key(one.field);
            left.insert(0, one.field.position);
            right.insert(0, two.field.position);
            (a, b, up) = (one.above, two.above, frame.above);
        }
        left.append(&mut right);
        let message = format!(
            "Fields \"{name}\" conflict because {reason}. Use different aliases on the fields to fetch both if this was intentional."
        );
        self.fault(message, &left)
    }

    /// Whether results of the two types look different (SameResponseShape, without subfields).
    fn differ(&self, a: &Type, b: &Type) -> bool {
        match (a, b) {
            (Type::ListType(a), Type::ListType(b)) | (Type::NonNullType(a), Type::NonNullType(b)) => {
                self.differ(a, b)
            }
            (Type::NamedType(a), Type::NamedType(b)) => {
                a != b && !(self.schema.is_composite(a) && self.schema.is_composite(b))
            }
            _ => true,
        }
    }

    /// Adds the fields of `set`, its fragments spread, to `merged`; each field of the document once.
    fn merge(
        &mut self,
        parent: &'a str,
        set: &'a SelectionSet,
        above: usize,
        merged: &mut Merged<'a>,
    ) -> Checked {
        self.spend(set.items.len())?;
        let schema = self.schema;
        for selection in &set.items {
            match selection {
                Selection::Field(field) => {
                    if let Some(definition) = schema.selectable(parent, &field.name)
                        && merged.places.insert(field.position)
                    {
                        merged.entries.push(Entry { field, parent, ty: &definition.field_type, above });
                    }
                }
                Selection::InlineFragment(inline) => {
                    let parent = inline.type_condition.as_ref().map_or(parent, condition_name);
                    self.merge(parent, &inline.selection_set, above, merged)?;
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.fragments.get(spread.fragment_name.as_str()).copied() else {
                        continue;
                    };
                    if merged.fragments.insert(&fragment.name) {
                        let parent = condition_name(&fragment.type_condition);
                        self.merge(parent, &fragment.selection_set, above, merged)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// A set of fields being merged.
#[derive(Default)]
struct Merged<'a> {
    entries: Vec<Entry<'a>>,
    places: HashSet<Pos>,
    fragments: HashSet<&'a str>,
}

fn key(field: &Field) -> &str {
    field.alias.as_deref().unwrap_or(&field.name)
}

fn same_arguments(a: &[(String, Value)], b: &[(String, Value)]) -> bool {
    a.len() == b.len()
        && a.iter().all(|(name, value)| {
            b.iter().any(|(other, other_value)| name == other && same_value(value, other_value))
        })
}

/// Equality but for the order of an object's fields.
fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let sorted = |fields: &[(String, Value)]| {
                let mut names: Vec<usize> = (0..fields.len()).collect();
                names.sort_by(|x, y| fields.get(*x).map(|f| &f.0).cmp(&fields.get(*y).map(|f| &f.0)));
                names
            };
            a.len() == b.len()
                && sorted(a).into_iter().zip(sorted(b)).all(|(x, y)| match (a.get(x), b.get(y)) {
                    (Some((one, value)), Some((other, other_value))) => {
                        one == other && same_value(value, other_value)
                    }
                    _ => false,
                })
        }
        (a, b) => a == b,
    }
}
