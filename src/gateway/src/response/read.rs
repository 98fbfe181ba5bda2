//! Reads a subgraph's answer into a response tree, as far as the fetch's shape asks for it.
//!
//! One pass over the text finds what the shape asks for and checks all of it. A JSON library read the same in three
//! (nesting, UTF-8, values), which was half of what a request cost: docs/execution-path.md.

use weir_planner::plan::{EntityLookup, ExecutablePlan, NameId, Shape, ShapeField, Target};

use super::quick;
use super::scanner::{Broken, Next, Scanner};
use super::segment::{Class, List, ObjectId, Segment, Text, Value};
use super::slot::Slot;
use super::tree::string_of;

/// A subgraph's GraphQL response.
#[derive(Debug, Default)]
pub(crate) struct SubgraphResponse {
    /// The bytes, and the values that [`SubgraphResponse::data`] consists of.
    pub(crate) segment: Segment,
    /// `data`, read as far as the target asks; `None` if it is absent or null.
    pub(crate) data: Option<Data>,
    /// The raw text of `errors`, if present and not null.
    pub(crate) errors: Option<String>,
    /// Whether the body has `data` at all (null counts).
    pub(crate) has_data: bool,
}

/// `data` of a fetch.
#[derive(Debug)]
pub(crate) enum Data {
    /// Of a root fetch; `None` if it is not an object.
    Root(Option<ObjectId>),
    /// Of an entity fetch: for each lookup its list; `None` where it is absent or not a list.
    Entities(Vec<Option<List>>),
}

/// Reads an answer.
///
/// # Errors
/// What is wrong with it, if it is not a JSON object.
pub(crate) fn read(
    plan: &ExecutablePlan,
    typename: Option<NameId>,
    target: &Target,
    body: Vec<u8>,
) -> Result<SubgraphResponse, String> {
    simdutf8::compat::from_utf8(&body).map_err(|e| e.to_string())?;
    let segment = Segment::new(body.len());
    let scanner = Scanner::new(&body);
    let mut reader =
        Reader { plan, typename, text: &body, scanner, segment, fields: Vec::new(), items: Vec::new() };
    let mut response = reader.response(target).map_err(|Broken| reader.scanner.fault().to_string())?;
    response.segment = reader.segment;
    response.segment.keep(body);
    Ok(response)
}

struct Reader<'a> {
    plan: &'a ExecutablePlan,
    typename: Option<NameId>,
    text: &'a [u8],
    scanner: Scanner<'a>,
    segment: Segment,
    /// Fields of the objects that are being read, the innermost one's last.
    fields: Vec<Slot>,
    /// Items of the lists that are being read, likewise.
    items: Vec<Slot>,
}

impl Reader<'_> {
    /// The response itself: `{data, errors, …}`.
    fn response(&mut self, target: &Target) -> Result<SubgraphResponse, Broken> {
        let mut response = SubgraphResponse::default();
        self.object(|this| {
            if this.scanner.skip_text(b"\"data\":") {
                this.data(target, &mut response)
            } else if this.scanner.skip_text(b"\"errors\":") {
                this.errors(&mut response)
            } else {
                match string_of(this.scanner.key()?).as_deref() {
                    Some("data") => this.data(target, &mut response),
                    Some("errors") => this.errors(&mut response),
                    _ => this.scanner.skip(),
                }
            }
        })?;
        self.scanner.end()?;
        Ok(response)
    }

    /// Reads an object; `field` stands before a key and ends behind its value.
    fn object(&mut self, mut field: impl FnMut(&mut Self) -> Result<(), Broken>) -> Result<(), Broken> {
        if self.scanner.next()? != Next::Object {
            return Err(self.scanner.broken("it is not an object"));
        }
        if !self.scanner.enter()? {
            return self.scanner.leave(b'}');
        }
        loop {
            field(self)?;
            if !self.scanner.more(b'}')? {
                return Ok(());
            }
        }
    }

    fn data(&mut self, target: &Target, response: &mut SubgraphResponse) -> Result<(), Broken> {
        response.has_data = true;
        response.data = match target {
            Target::Root { shape, .. } => match self.value(shape)? {
                Value::Null => None,
                Value::Object(object) => Some(Data::Root(Some(object))),
                Value::Leaf(_) | Value::List(_) | Value::Mismatch => Some(Data::Root(None)),
            },
            Target::Entities(lookups) => self.entities(lookups)?,
        };
        Ok(())
    }

    fn errors(&mut self, response: &mut SubgraphResponse) -> Result<(), Broken> {
        let raw = self.raw()?;
        // An empty list says as little as none.
        let says_nothing = raw == b"null" || raw.iter().all(|b| b"[] \n\r\t".contains(b));
        response.errors = (!says_nothing).then(|| String::from_utf8_lossy(raw).into_owned());
        Ok(())
    }

    /// `data` of an entity fetch: an object with one list per lookup.
    fn entities(&mut self, lookups: &[EntityLookup]) -> Result<Option<Data>, Broken> {
        match self.scanner.next()? {
            Next::Null => return self.scanner.skip().map(|()| None),
            Next::Object => {}
            Next::Array | Next::Scalar => return Err(self.scanner.broken("\"data\" is not an object")),
        }
        let mut lists: Vec<Option<List>> = lookups.iter().map(|_| None).collect();
        let plan = self.plan;
        self.object(|this| {
            let key = string_of(this.scanner.key()?);
            let at = lookups.iter().position(|lookup| key.as_deref() == Some(plan.name(lookup.alias)));
            let Some((lookup, list)) = at.and_then(|at| lookups.get(at).zip(lists.get_mut(at))) else {
                return this.scanner.skip();
            };
            *list = match this.value(&lookup.shape)? {
                Value::List(list) => Some(list),
                _ => None,
            };
            Ok(())
        })?;
        Ok(Some(Data::Entities(lists)))
    }

    /// A value that the shape looks into.
    fn value(&mut self, shape: &Shape) -> Result<Value, Broken> {
        match self.scanner.next()? {
            Next::Null => self.scanner.skip().map(|()| Value::Null),
            Next::Scalar => self.scanner.skip().map(|()| Value::Mismatch),
            Next::Array => {
                let from = self.items.len();
                if self.scanner.enter()? {
                    loop {
                        let item = self.value(shape)?;
                        self.items.push(Slot::item(item));
                        if !self.scanner.more(b']')? {
                            break;
                        }
                    }
                } else {
                    self.scanner.leave(b']')?;
                }
                Ok(Value::List(self.segment.add_list(&mut self.items, from)))
            }
            Next::Object => {
                let from = self.fields.len();
                if self.scanner.enter()? {
                    self.fields_of(shape)?;
                } else {
                    self.scanner.leave(b'}')?;
                }
                Ok(Value::Object(self.segment.add_object(&mut self.fields, from)))
            }
        }
    }

    /// The fields of an object, to its end.
    fn fields_of(&mut self, shape: &Shape) -> Result<(), Broken> {
        let mut expected = 0_usize;
        loop {
            if self.leaves(shape, &mut expected) {
                return Ok(());
            }
            self.field(shape, &mut expected)?;
            if !self.scanner.more(b'}')? {
                return Ok(());
            }
        }
    }

    /// Reads the leaves that stand here as most subgraphs write them: in the order of the selection, without white
    /// space and escapes. True if the object has ended with them; else what comes is anything.
    fn leaves(&mut self, shape: &Shape, expected: &mut usize) -> bool {
        let (names, text) = (&self.plan.names, self.text);
        let (mut at, mut count, mut ended) = (self.scanner.at(), 0_usize, false);
        for field in shape.0.get(*expected..).unwrap_or_default() {
            let ShapeField { key, shape: None } = field else { break };
            let Some(len) = names.key_at_start(*key, text.get(at..).unwrap_or_default()) else { break };
            let start = at.saturating_add(len);
            let Some((value, end)) = quick::leaf(text, start) else { break };
            ended = match text.get(end) {
                Some(b',') => false,
                Some(b'}') => true,
                _ => break,
            };
            let value = match value {
                Some(class) => Value::Leaf(Text::new(start, end, class).keyed(len)),
                None => Value::Null,
            };
            self.fields.push(Slot::field(*key, value));
            count = count.saturating_add(1);
            at = end.saturating_add(1);
            if ended {
                break;
            }
        }
        *expected = expected.saturating_add(count);
        self.scanner.go(at, ended);
        ended
    }

    /// A field of an object. Subgraphs answer in selection order, so the one `expected` is tried first.
    fn field(&mut self, shape: &Shape, expected: &mut usize) -> Result<(), Broken> {
        let plan = self.plan;
        let at = match shape.0.get(*expected) {
            Some(field) if self.scanner.skip_key(plan, field.key) => Some(*expected),
            _ => {
                let key = string_of(self.scanner.key()?);
                shape.0.iter().position(|field| key.as_deref() == Some(plan.name(field.key)))
            }
        };
        let Some((at, field)) = at.and_then(|at| Some((at, shape.0.get(at)?))) else {
            return self.scanner.skip();
        };
        *expected = at.saturating_add(1);
        let value = match &field.shape {
            Some(shape) => self.value(shape)?,
            None => self.leaf(self.typename == Some(field.key))?,
        };
        self.fields.push(Slot::field(field.key, value));
        Ok(())
    }

    fn leaf(&mut self, is_typename: bool) -> Result<Value, Broken> {
        let is_null = self.scanner.next()? == Next::Null;
        let start = self.scanner.at();
        self.scanner.skip()?;
        if is_null {
            return Ok(Value::Null);
        }
        let class = self.text.get(start).map_or(Class::Number, |first| Class::of(*first));
        let text = Text::new(start, self.scanner.at(), class);
        Ok(Value::Leaf(if is_typename { self.plain(text) } else { text }))
    }

    /// The name of a type without escapes that it doesn't need: it is going to be compared as it stands.
    fn plain(&mut self, text: Text) -> Text {
        let raw = self.text.get(text.range()).unwrap_or_default();
        if !raw.contains(&b'\\') {
            return text;
        }
        let plain = string_of(raw).and_then(|name| sonic_rs::to_string(&name).ok());
        plain.map_or(text, |plain| self.segment.add_text(plain.as_bytes(), Class::String))
    }

    /// The raw text of a value.
    fn raw(&mut self) -> Result<&[u8], Broken> {
        self.scanner.next()?;
        let start = self.scanner.at();
        self.scanner.skip()?;
        Ok(self.text.get(start..self.scanner.at()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
