//! Settings whose default is another setting's value.

use serde_json::Value;

use super::shape::{Complaint, Shape};

/// A setting of some shape that has no default of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inherited<S> {
    /// How it is read; its default is not used.
    pub(super) shape: S,
    /// Where the value comes from if the document has none.
    pub(super) unset: &'static str,
}

impl<S: Shape> Shape for Inherited<S> {
    type Value = S::Value;

    fn read(&self, json: &Value) -> Result<S::Value, Complaint> {
        self.shape.read(json)
    }

    fn default(&self) -> Option<S::Value> {
        None
    }

    fn kind(&self) -> &'static str {
        self.shape.kind()
    }

    fn default_text(&self) -> String {
        self.unset.to_owned()
    }

    fn bounds(&self) -> Option<(String, String)> {
        self.shape.bounds()
    }
}
