//! The names of a plan, ready to be written as keys.

use serde::{Deserialize, Serialize};

use super::NameId;

/// A plan's interned names: each once, as the JSON text that a reply takes of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct NameTable(Vec<Name>);

/// One of them, as it begins a further field of a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    key: Box<str>,
    /// The text of the key without its comma, and which bits of it count; none if it is longer.
    word: u128,
    mask: u128,
}

impl Name {
    fn new(name: &str) -> Name {
        let key = [AROUND.0, name, AROUND.1].concat();
        let text = key.as_bytes().get(1..).unwrap_or_default();
        let (mut word, mut mask) = ([0; 16], [0; 16]);
        if text.len() <= word.len() {
            for ((byte, word), mask) in text.iter().zip(&mut word).zip(&mut mask) {
                (*word, *mask) = (*byte, u8::MAX);
            }
        }
        Name { word: u128::from_le_bytes(word), mask: u128::from_le_bytes(mask), key: key.into() }
    }
}

/// What stands before and behind a name in [`NameTable::key`].
const AROUND: (&str, &str) = (",\"", "\":");

impl NameTable {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A name; the empty string for an id that is not of this table.
    pub fn name(&self, id: NameId) -> &str {
        self.0.get(id.0 as usize).and_then(|name| inner(&name.key)).unwrap_or_default()
    }

    /// A name as it begins a further field of a JSON object, `,"name":`. GraphQL's names need no escapes.
    #[inline]
    pub fn key(&self, id: NameId) -> &str {
        self.0.get(id.0 as usize).map_or(",\"\":", |name| &name.key)
    }

    /// The length of the key of this name, `"name":`, if `text` begins with that.
    #[inline(always)]
    pub fn key_at_start(&self, id: NameId, text: &[u8]) -> Option<usize> {
        let name = self.0.get(id.0 as usize)?;
        let len = name.key.len().wrapping_sub(1);
        let is = match text.first_chunk::<16>() {
            Some(start) if name.mask != 0 => u128::from_le_bytes(*start) & name.mask == name.word,
            _ => text.starts_with(name.key.as_bytes().get(1..)?),
        };
        is.then_some(len)
    }

    /// The id of a name.
    pub fn find(&self, name: &str) -> Option<NameId> {
        let at = self.iter().position(|known| known == name)?;
        u32::try_from(at).ok().map(NameId)
    }

    /// All names, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| inner(&name.key).unwrap_or_default())
    }
}

fn inner(key: &str) -> Option<&str> {
    key.get(AROUND.0.len()..key.len().checked_sub(AROUND.1.len())?)
}

impl From<Vec<String>> for NameTable {
    fn from(names: Vec<String>) -> NameTable {
        NameTable(names.iter().map(|name| Name::new(name)).collect())
    }
}

impl From<NameTable> for Vec<String> {
    fn from(table: NameTable) -> Vec<String> {
        table.iter().map(str::to_owned).collect()
    }
}
