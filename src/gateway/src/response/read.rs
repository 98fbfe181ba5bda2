//! Reads a subgraph's answer into a response tree, as far as the fetch's shape asks for it.
//!
//! The JSON parser is sonic-rs; this module tells it where to look into the text and where to skip. Bodies
//! that are nested too deep are refused beforehand, so a hostile one cannot exhaust the worker's stack.

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use weir_planner::plan::{EntityLookup, ExecutablePlan, NameId, Shape, Target};

use super::segment::{Field, List, ObjectId, Segment, Span, Value};
use crate::guard;

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
    target: &Target,
    body: Vec<u8>,
) -> Result<SubgraphResponse, String> {
    let text = std::str::from_utf8(&body).map_err(|e| e.to_string())?;
    guard::check(&body)?;
    let segment = Segment::new(body.len());
    let mut reader = Reader { plan, bytes: &body, segment, fields: Vec::new(), items: Vec::new() };
    let mut json = sonic_rs::Deserializer::from_str(text);
    let mut response = ResponseSeed { reader: &mut reader, target }
        .deserialize(&mut json)
        .map_err(|e| first_line(&e))?;
    json.end().map_err(|e| first_line(&e))?;
    response.segment = reader.segment;
    response.segment.keep(body);
    Ok(response)
}

fn first_line(error: &sonic_rs::Error) -> String {
    // The rest of sonic-rs' message quotes the body.
    error.to_string().lines().next().unwrap_or("not JSON").to_owned()
}

struct Reader<'a> {
    plan: &'a ExecutablePlan,
    bytes: &'a [u8],
    segment: Segment,
    /// Fields of the objects that are being read, the innermost one's last.
    fields: Vec<Field>,
    /// Items of the lists that are being read, likewise.
    items: Vec<Value>,
}

impl Reader<'_> {
    fn leaf(&mut self, raw: &str) -> Value {
        if raw == "null" {
            return Value::Null;
        }
        // sonic-rs hands out strings with escapes as copies.
        let span = Span::within(self.bytes, raw);
        Value::Leaf(span.unwrap_or_else(|| self.segment.add_text(raw.as_bytes())))
    }
}

/// The response itself: `{data, errors, …}`.
struct ResponseSeed<'r, 'a> {
    reader: &'r mut Reader<'a>,
    target: &'r Target,
}

impl<'de> DeserializeSeed<'de> for ResponseSeed<'_, '_> {
    type Value = SubgraphResponse;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<SubgraphResponse, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ResponseSeed<'_, '_> {
    type Value = SubgraphResponse;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a GraphQL response object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<SubgraphResponse, M::Error> {
        let mut response = SubgraphResponse::default();
        while let Some(key) = map.next_key_seed(KeySeed(&["data", "errors"]))? {
            match key {
                Some(0) => {
                    response.has_data = true;
                    response.data = match self.target {
                        Target::Root { shape, .. } => {
                            match map.next_value_seed(ValueSeed { reader: self.reader, shape })? {
                                Value::Null => None,
                                Value::Object(object) => Some(Data::Root(Some(object))),
                                _ => Some(Data::Root(None)),
                            }
                        }
                        Target::Entities(lookups) => {
                            map.next_value_seed(EntitiesSeed { reader: self.reader, lookups })?
                        }
                    };
                }
                Some(1) => {
                    let raw = map.next_value::<sonic_rs::LazyValue<'_>>()?;
                    let raw = raw.as_raw_str();
                    // An empty list says as little as none.
                    let says_nothing = raw == "null" || raw.bytes().all(|b| b"[] \n\r\t".contains(&b));
                    response.errors = (!says_nothing).then(|| raw.to_owned());
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(response)
    }
}

/// `data` of an entity fetch: an object with one list per lookup.
struct EntitiesSeed<'r, 'a> {
    reader: &'r mut Reader<'a>,
    lookups: &'r [EntityLookup],
}

impl<'de> DeserializeSeed<'de> for EntitiesSeed<'_, '_> {
    type Value = Option<Data>;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Option<Data>, D::Error> {
        json.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for EntitiesSeed<'_, '_> {
    type Value = Option<Data>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null in `data`")
    }

    fn visit_none<E>(self) -> Result<Option<Data>, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Option<Data>, E> {
        Ok(None)
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, json: D) -> Result<Option<Data>, D::Error> {
        json.deserialize_map(self)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Option<Data>, M::Error> {
        let mut lists: Vec<Option<List>> = self.lookups.iter().map(|_| None).collect();
        let plan = self.reader.plan;
        let names: Vec<&str> = self.lookups.iter().map(|lookup| plan.name(lookup.alias)).collect();
        while let Some(key) = map.next_key_seed(KeySeed(&names))? {
            let Some((lookup, list)) = key.and_then(|i| Some((self.lookups.get(i)?, lists.get_mut(i)?)))
            else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value_seed(ValueSeed { reader: &mut *self.reader, shape: &lookup.shape })?;
            *list = match value {
                Value::List(list) => Some(list),
                _ => None,
            };
        }
        Ok(Some(Data::Entities(lists)))
    }
}

/// A value that the shape looks into.
struct ValueSeed<'r, 'a> {
    reader: &'r mut Reader<'a>,
    shape: &'r Shape,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, '_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Mismatch)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Mismatch)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Mismatch)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Mismatch)
    }

    fn visit_str<E>(self, _: &str) -> Result<Value, E> {
        Ok(Value::Mismatch)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Value, S::Error> {
        let from = self.reader.items.len();
        while let Some(item) =
            seq.next_element_seed(ValueSeed { reader: &mut *self.reader, shape: self.shape })?
        {
            self.reader.items.push(item);
        }
        let Reader { segment, items, .. } = self.reader;
        Ok(Value::List(segment.add_list(items, from)))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Value, M::Error> {
        let from = self.reader.fields.len();
        let mut expected = 0_usize;
        let plan = self.reader.plan;
        while let Some(at) = map.next_key_seed(ShapeKeySeed { plan, shape: self.shape, expected })? {
            let Some((at, field)) = at.and_then(|at| Some((at, self.shape.0.get(at)?))) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            expected = at.saturating_add(1);
            let value = match &field.shape {
                Some(shape) => map.next_value_seed(ValueSeed { reader: &mut *self.reader, shape })?,
                None => {
                    let raw = map.next_value::<sonic_rs::LazyValue<'de>>()?;
                    self.reader.leaf(raw.as_raw_str())
                }
            };
            self.reader.fields.push(Field { key: field.key, value });
        }
        let Reader { segment, fields, .. } = self.reader;
        Ok(Value::Object(segment.add_object(fields, from)))
    }
}

/// Finds a key in a list of names.
struct KeySeed<'r, 'n>(&'r [&'n str]);

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_> {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Option<usize>, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_, '_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|name| *name == key))
    }
}

/// Finds a key in a shape. Subgraphs answer in selection order, so the field after the last one is tried
/// first.
struct ShapeKeySeed<'r> {
    plan: &'r ExecutablePlan,
    shape: &'r Shape,
    expected: usize,
}

impl ShapeKeySeed<'_> {
    fn is(&self, key: NameId, text: &str) -> bool {
        self.plan.name(key) == text
    }
}

impl<'de> DeserializeSeed<'de> for ShapeKeySeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Option<usize>, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for ShapeKeySeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        if self.shape.0.get(self.expected).is_some_and(|field| self.is(field.key, key)) {
            return Ok(Some(self.expected));
        }
        Ok(self.shape.0.iter().position(|field| self.is(field.key, key)))
    }
}

#[cfg(test)]
mod tests;
