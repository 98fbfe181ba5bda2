//! JSON read by another parser than Weir's: in the order of its keys.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// The value of a key of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Tree> {
        match self {
            Tree::Object(fields) => fields.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    fn assert_distinct_keys(&self) {
        let Tree::Object(fields) = self else { return };
        let mut seen = HashSet::new();
        assert!(fields.iter().all(|(key, _)| seen.insert(key)), "a key is there twice: {self:?}");
    }
}

/// Reads `bytes`; `None` where they are JSON that Rust's own types don't hold (1e999, half a surrogate pair).
///
/// # Panics
/// If they are not JSON.
pub(crate) fn read(bytes: &[u8], what: &str) -> Option<Tree> {
    let shown = || String::from_utf8_lossy(bytes).into_owned();
    let text = std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{what} is not UTF-8: {}", shown()));
    // Checks the grammar alone, without recursion.
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        panic!("{what} is not JSON: {error}: {}", shown());
    }
    serde_json::from_str(text).ok()
}

/// Reads the body of a call.
///
/// # Panics
/// If it is not a GraphQL request, or an object that Weir wrote has a key twice (scalars pass through as they
/// are).
pub(crate) fn read_call(bytes: &[u8]) -> Option<Tree> {
    let call = read(bytes, "a call's body")?;
    assert!(matches!(call.get("query"), Some(Tree::Text(_))), "a call without a query: {call:?}");
    call.assert_distinct_keys();
    if let Some(Tree::Object(variables)) = call.get("variables") {
        for (name, value) in variables {
            assert_eq!(variables.iter().filter(|(other, _)| other == name).count(), 1, "${name}: {call:?}");
            if let (true, Tree::List(representations)) = (name.starts_with("representations"), value) {
                representations.iter().for_each(Tree::assert_distinct_keys);
            }
        }
    }
    Some(call)
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        Ok(Tree::Object(fields))
    }
}
