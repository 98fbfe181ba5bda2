//! Interning of a plan's names.

use std::collections::HashMap;

use crate::plan::NameId;

/// Gives each distinct name of one plan a number.
#[derive(Debug, Default)]
pub(crate) struct Names {
    ids: HashMap<String, NameId>,
    list: Vec<String>,
}

impl Names {
    pub(crate) fn id(&mut self, name: &str) -> NameId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = NameId(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        self.ids.insert(name.to_owned(), id);
        self.list.push(name.to_owned());
        id
    }

    /// The number of a name, if it has one.
    pub(crate) fn find(&self, name: &str) -> Option<NameId> {
        self.ids.get(name).copied()
    }

    pub(crate) fn text(&self, id: NameId) -> &str {
        self.list.get(id.0 as usize).map_or("", String::as_str)
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn into_list(self) -> Vec<String> {
        self.list
    }
}
