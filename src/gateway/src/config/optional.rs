//! Settings that may be left open.

use serde_json::Value;

use super::shape::{Complaint, Shape};
use super::writable::Writable;

/// A setting of some shape that need not have a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Optional<S> {
    /// How it is read; its default is not used.
    pub(super) shape: S,
    /// What holds where nothing is said.
    pub(super) unset: &'static str,
}

impl<S: Shape> Shape for Optional<S> {
    type Value = Option<S::Value>;

    fn read(&self, json: &Value) -> Result<Option<S::Value>, Complaint> {
        self.shape.read(json).map(Some)
    }

    fn default(&self) -> Option<Option<S::Value>> {
        Some(None)
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

impl<S: Writable> Writable for Optional<S> {
    fn written(&self, value: &Option<S::Value>) -> Value {
        value.as_ref().map_or(Value::Null, |value| self.shape.written(value))
    }
}
