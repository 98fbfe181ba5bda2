//! The names of a plan, ready to be written as keys.

use serde::{Deserialize, Serialize};

use super::NameId;

/// A plan's interned names: each once, as the JSON text that a reply takes of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct NameTable(Vec<Box<str>>);

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
        self.0.get(id.0 as usize).and_then(|key| inner(key)).unwrap_or_default()
    }

    /// A name as it begins a further field of a JSON object, `,"name":`. GraphQL's names need no escapes.
    pub fn key(&self, id: NameId) -> &str {
        self.0.get(id.0 as usize).map_or(",\"\":", |key| key)
    }

    /// The id of a name.
    pub fn find(&self, name: &str) -> Option<NameId> {
        let at = self.iter().position(|known| known == name)?;
        u32::try_from(at).ok().map(NameId)
    }

    /// All names, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| inner(key).unwrap_or_default())
    }
}

fn inner(key: &str) -> Option<&str> {
    key.get(AROUND.0.len()..key.len().checked_sub(AROUND.1.len())?)
}

impl From<Vec<String>> for NameTable {
    fn from(names: Vec<String>) -> NameTable {
        NameTable(names.iter().map(|name| [AROUND.0, name, AROUND.1].concat().into()).collect())
    }
}

impl From<NameTable> for Vec<String> {
    fn from(table: NameTable) -> Vec<String> {
        table.iter().map(str::to_owned).collect()
    }
}
