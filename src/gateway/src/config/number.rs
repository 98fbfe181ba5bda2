//! Numbers of things in 32 bits, as the controls of traffic take them.

use serde_json::Value;

use super::shape::{Complaint, Count, Shape};

/// A number of things, or a percentage.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(Count);

impl Number {
    /// `default` where nothing is said, from `least` to `most`.
    pub(super) const fn new(default: u32, least: u32, most: u32) -> Number {
        Number(Count { default, least, most })
    }
}

impl Shape for Number {
    type Value = u32;

    fn read(&self, json: &Value) -> Result<u32, Complaint> {
        // It is within bounds that are of 32 bits.
        self.0.read(json).map(|value| u32::try_from(value).unwrap_or(self.0.most))
    }

    fn default(&self) -> Option<u32> {
        Some(self.0.default)
    }

    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn default_text(&self) -> String {
        self.0.default_text()
    }

    fn bounds(&self) -> Option<(String, String)> {
        self.0.bounds()
    }
}
