//! Writes `data` from the merged tree: fields in selection order, leaves as the subgraph sent them, nulls
//! propagated (GraphQL §6.4.4), results checked against the API schema's types (§6.4.3).

use weir_planner::plan::{ExecutablePlan, Leaf, NameId, OutputField, OutputKind, OutputType, Selection};

use super::bytes::equal;
use super::errors::{GraphQlError, PathItem};
use super::run::Run;
use super::segment::{Class, Text, Value};
use super::tree::{Found, Node, Tree, in_set, string_of, unquoted};
use super::view::Seen;
use crate::error::Code;

/// Appends the JSON of `data` to `out` and any broken promise of the subgraphs to `errors`. If that takes more
/// than `max_bytes`, it appends null and says so.
pub(crate) fn project(
    plan: &ExecutablePlan,
    typename: Option<NameId>,
    tree: &Tree,
    max_bytes: usize,
    errors: &mut Vec<GraphQlError>,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    let end = start.saturating_add(max_bytes);
    let mut projector = Projector {
        plan,
        typename,
        tree,
        errors,
        out,
        path: Vec::new(),
        end,
        overrun: false,
        written: Vec::new(),
        cuts: 0,
    };
    let nulled = projector.object(Tree::ROOT, &plan.projection).is_err();
    let overrun = projector.overrun;
    if nulled || overrun {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
    if overrun {
        let message =
            format!("The answer would be larger than {max_bytes} bytes (limits.max_response_bytes).");
        errors.insert(0, GraphQlError::new(Code::ResponseTooLarge, message));
    }
}

/// The most errors kept while projecting: more would make [`Projector::explained`] slow and nobody reads them.
const MAX_RECORDED: usize = 1000;

/// A null reached a position that must not be null: the parent becomes null.
struct Nulled;

/// Where an object stands in the reply that other places show too.
#[derive(Clone, Copy, Default)]
struct Written {
    /// The address of the selection it was written by; 0: it was not.
    selection: usize,
    start: usize,
    end: usize,
    /// [`Projector::cuts`] at that time.
    cuts: usize,
}

enum Step {
    Key(NameId),
    Index(usize),
}

struct Projector<'a> {
    plan: &'a ExecutablePlan,
    typename: Option<NameId>,
    tree: &'a Tree,
    errors: &'a mut Vec<GraphQlError>,
    out: &'a mut Vec<u8>,
    path: Vec<Step>,
    /// The length that `out` may have.
    end: usize,
    overrun: bool,
    /// What was written of shared objects, by instance and object: it is copied from there, not written again.
    written: Vec<Vec<Written>>,
    /// How often something that was written has been taken back.
    cuts: usize,
}

impl Projector<'_> {
    fn object(&mut self, object: Node, selection: &Selection) -> Result<(), Nulled> {
        self.bounded()?;
        if !self.tree.is_shared(object) {
            return self.fields(object, selection);
        }
        let address = std::ptr::from_ref(selection).addr();
        let known = self.slot(object).copied().unwrap_or_default();
        if known.selection == address && known.cuts == self.cuts {
            self.out.extend_from_within(known.start..known.end);
            return Ok(());
        }
        let (start, cuts, errors) = (self.out.len(), self.cuts, self.errors.len());
        self.fields(object, selection)?;
        // Where a null has travelled, it depended on the place what became of it.
        if (cuts, errors) == (self.cuts, self.errors.len()) {
            let written = Written { selection: address, start, end: self.out.len(), cuts };
            if let Some(slot) = self.slot(object) {
                *slot = written;
            }
        }
        Ok(())
    }

    fn slot(&mut self, object: Node) -> Option<&mut Written> {
        let (instance, index) = object.index();
        if self.written.len() <= instance {
            self.written.resize_with(instance.saturating_add(1), Vec::new);
        }
        let slots = self.written.get_mut(instance)?;
        if slots.is_empty() {
            slots.resize(self.tree.objects(instance), Written::default());
        }
        slots.get_mut(index)
    }

    fn fields(&mut self, object: Node, selection: &Selection) -> Result<(), Nulled> {
        let tree = self.tree;
        let mut view = tree.view(object);
        let (fields, type_name): (&[OutputField], &[u8]) = if selection.is_abstract {
            let Some(name) = self.typename.and_then(|key| tree.type_in(view.get(key)?.found())) else {
                self.broken("has no __typename");
                return Err(Nulled);
            };
            let Some(variant) = selection.variants.iter().find(|v| in_set(self.plan, &v.types, name)) else {
                self.broken(&format!(
                    "has the type \"{}\", which is not a possible type of \"{}\"",
                    String::from_utf8_lossy(name),
                    self.plan.name(selection.type_name)
                ));
                return Err(Nulled);
            };
            (&variant.fields, name)
        } else {
            let fields = selection.variants.first().map_or(&[][..], |variant| &variant.fields);
            (fields, self.plan.name(selection.type_name).as_bytes())
        };
        let start = self.out.len();
        if fields.is_empty() {
            self.out.push(b'{');
        }
        let mut run = Run::default();
        for field in fields {
            let value = match &field.ty.kind {
                OutputKind::Typename | OutputKind::Constant(_) => None,
                _ => view.get(field.key),
            };
            if let (Some(seen), OutputKind::Leaf(leaf)) = (value, &field.ty.kind)
                && let Value::Leaf(text) = seen.value()
                && field.shown == field.key
                && self.is_plain(seen, text, leaf)
                && run.add(seen.segment, text, self.out)
            {
                continue;
            }
            run.flush(self.out);
            self.out.extend_from_slice(self.plan.names.key(field.shown).as_bytes());
            match &field.ty.kind {
                OutputKind::Typename => {
                    self.out.push(b'"');
                    self.out.extend_from_slice(type_name);
                    self.out.push(b'"');
                }
                OutputKind::Constant(json) => self.out.extend_from_slice(json.as_bytes()),
                _ => {
                    self.path.push(Step::Key(field.shown));
                    let written = self.position(value.map(Seen::found), &field.ty);
                    self.path.pop();
                    written?;
                }
            }
        }
        run.flush(self.out);
        // The first key came with the comma of a further one.
        if let Some(first) = self.out.get_mut(start) {
            *first = b'{';
        }
        self.out.push(b'}');
        self.bounded()
    }

    /// Whether a leaf is of its type and shown as it stands.
    fn is_plain(&self, seen: Seen<'_>, text: Text, leaf: &Leaf) -> bool {
        match (leaf, text.class) {
            (Leaf::Custom, _)
            | (Leaf::String | Leaf::Id, Class::String)
            | (Leaf::Int, Class::SmallInteger)
            | (Leaf::Float, Class::SmallInteger | Class::Number)
            | (Leaf::Boolean, Class::Boolean) => true,
            (Leaf::Enum(names), Class::String) => unquoted(seen.text(text))
                .is_some_and(|value| names.iter().any(|name| equal(self.plan.name(*name).as_bytes(), value))),
            // Whatever else it may be, it is looked at more closely.
            _ => false,
        }
    }

    /// Writes one position; on `Err` what it wrote is taken back by whoever turns into null.
    fn position(&mut self, value: Option<Found>, ty: &OutputType) -> Result<(), Nulled> {
        let start = self.out.len();
        let written = match value {
            None | Some(Found { value: Value::Null, .. }) if !ty.non_null => {
                self.out.extend_from_slice(b"null");
                return Ok(());
            }
            None | Some(Found { value: Value::Null, .. }) => {
                if !self.explained() {
                    let what = if value.is_none() { "is missing" } else { "is null" };
                    self.broken(&format!("{what}, but its type is not nullable"));
                }
                Err(Nulled)
            }
            Some(value) => self.non_null(value, &ty.kind),
        };
        match written {
            Err(Nulled) if !ty.non_null => {
                self.cuts = self.cuts.saturating_add(1);
                self.out.truncate(start);
                self.out.extend_from_slice(b"null");
                Ok(())
            }
            other => other,
        }
    }

    fn non_null(&mut self, found: Found, kind: &OutputKind) -> Result<(), Nulled> {
        let tree = self.tree;
        match (kind, found.value) {
            (OutputKind::Composite(selection), Value::Object(_)) => match tree.object(found) {
                Some(object) => self.object(object, selection),
                None => self.mismatch("is not an object"),
            },
            (OutputKind::List(item), Value::List(list)) => {
                let items = tree.items(found.instance, list);
                self.list(items, |this, value| this.position(Some(value), item))
            }
            (OutputKind::List(item), Value::Leaf(span)) => {
                self.raw_list(tree.text(found.instance, span), item)
            }
            (OutputKind::Leaf(leaf), Value::Leaf(span)) => self.leaf(tree.text(found.instance, span), leaf),
            (OutputKind::Composite(_), _) => self.mismatch("is not an object"),
            (OutputKind::List(_), _) => self.mismatch("is not a list"),
            (OutputKind::Leaf(_) | OutputKind::Typename | OutputKind::Constant(_), _) => {
                self.mismatch("is not a scalar")
            }
        }
    }

    fn list<T>(
        &mut self,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Result<(), Nulled>,
    ) -> Result<(), Nulled> {
        self.out.push(b'[');
        for (i, item) in items.enumerate() {
            if i > 0 {
                self.out.push(b',');
            }
            self.path.push(Step::Index(i));
            let written = write(self, item);
            self.path.pop();
            written?;
        }
        self.out.push(b']');
        Ok(())
    }

    /// A list of leaves, kept as text: its items are looked at one by one, and copied as they are.
    #[inline(never)]
    fn raw_list(&mut self, raw: &[u8], item: &OutputType) -> Result<(), Nulled> {
        let Ok(text) = std::str::from_utf8(raw) else { return self.mismatch("is not a list") };
        if !text.starts_with('[') {
            return self.mismatch("is not a list");
        }
        self.list(sonic_rs::to_array_iter(text), |this, element| {
            let Ok(element) = element else { return this.mismatch("is not JSON") };
            let raw = element.as_raw_str();
            let start = this.out.len();
            let written = match (&item.kind, raw) {
                (_, "null") => {
                    if item.non_null && !this.explained() {
                        this.broken("is null, but its type is not nullable");
                    }
                    Err(Nulled)
                }
                (OutputKind::Leaf(leaf), _) => this.leaf(raw.as_bytes(), leaf),
                (OutputKind::List(inner), _) => this.raw_list(raw.as_bytes(), inner),
                _ => this.mismatch("is not an object"),
            };
            match written {
                Err(Nulled) if !item.non_null => {
                    this.cuts = this.cuts.saturating_add(1);
                    this.out.truncate(start);
                    this.out.extend_from_slice(b"null");
                    Ok(())
                }
                other => other,
            }
        })
    }

    #[inline(never)]
    fn leaf(&mut self, raw: &[u8], leaf: &Leaf) -> Result<(), Nulled> {
        let wanted = match leaf {
            Leaf::Int if !is_int(raw) => "a 32-bit integer",
            Leaf::Float if !is_number(raw) => "a number",
            Leaf::String if raw.first() != Some(&b'"') => "a string",
            Leaf::Boolean if raw != b"true" && raw != b"false" => "a boolean",
            Leaf::Id if raw.first() != Some(&b'"') && !is_integer(raw) => "an ID",
            Leaf::Enum(names) if !self.is_one_of(raw, names) => "a value of its enum",
            // An ID is a string to clients, whatever a subgraph takes it for (§3.5.5).
            Leaf::Id if raw.first() != Some(&b'"') => {
                self.out.push(b'"');
                self.out.extend_from_slice(raw);
                self.out.push(b'"');
                return self.bounded();
            }
            _ => {
                self.out.extend_from_slice(raw);
                return self.bounded();
            }
        };
        self.mismatch(&format!("is not {wanted}"))
    }

    fn is_one_of(&self, raw: &[u8], names: &[NameId]) -> bool {
        string_of(raw).is_some_and(|value| names.iter().any(|name| self.plan.name(*name) == value))
    }

    /// Once the answer is too large, everything becomes null, which ends the writing soon.
    fn bounded(&mut self) -> Result<(), Nulled> {
        self.overrun |= self.out.len() > self.end;
        if self.overrun { Err(Nulled) } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    fn mismatch(&mut self, what: &str) -> Result<(), Nulled> {
        self.broken(what);
        Err(Nulled)
    }

    /// Records that the subgraphs broke the schema's promise here.
    #[cold]
    #[inline(never)]
    fn broken(&mut self, what: &str) {
        if self.errors.len() >= MAX_RECORDED {
            return;
        }
        let path = self.client_path();
        let error =
            GraphQlError::new(Code::InvalidValue, format!("The value that the subgraphs sent {what}."));
        self.errors.push(error.at(path));
    }

    /// Whether an error that is already known accounts for a null here: it lies on the way to this position
    /// or below it.
    fn explained(&self) -> bool {
        self.errors.iter().any(|error| {
            error.path.iter().zip(&self.path).all(|(item, step)| match (item, step) {
                (PathItem::Key(key), Step::Key(name)) => self.plan.name(*name) == key,
                (PathItem::Index(index), Step::Index(at)) => index == at,
                _ => false,
            })
        })
    }

    fn client_path(&self) -> Vec<PathItem> {
        self.path
            .iter()
            .map(|step| match step {
                Step::Key(name) => PathItem::Key(self.plan.name(*name).to_owned()),
                Step::Index(index) => PathItem::Index(*index),
            })
            .collect()
    }
}

fn is_number(raw: &[u8]) -> bool {
    matches!(raw.first(), Some(b'-' | b'0'..=b'9'))
}

fn is_integer(raw: &[u8]) -> bool {
    let digits = raw.strip_prefix(b"-").unwrap_or(raw);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// Integers as the spec has them (§3.5.1); a float without a fraction (`1.0`) is one too (§6.4.3).
fn is_int(raw: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(raw) else { return false };
    if is_integer(raw) {
        return text.parse::<i32>().is_ok();
    }
    is_number(raw)
        && text
            .parse::<f64>()
            .is_ok_and(|n| n.fract() == 0.0 && n >= f64::from(i32::MIN) && n <= f64::from(i32::MAX))
}
