//! Numbers and sizes whose default is another setting's value.

use serde_json::Value;

use super::shape::{Bytes, Complaint, Count, Shape};

/// A number of things.
#[derive(Debug, Clone, Copy)]
pub(super) struct InheritedCount {
    pub(super) least: u32,
    pub(super) most: u32,
    /// Where the value comes from if the document has none.
    pub(super) unset: &'static str,
}

/// A size in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct InheritedBytes {
    pub(super) least: u32,
    pub(super) most: u32,
    /// Where the value comes from if the document has none.
    pub(super) unset: &'static str,
}

impl InheritedCount {
    const fn own(&self) -> Count {
        Count { default: self.least, least: self.least, most: self.most }
    }
}

impl InheritedBytes {
    const fn own(&self) -> Bytes {
        Bytes { default: self.least, least: self.least, most: self.most }
    }
}

macro_rules! inherit {
    ($shape:ty) => {
        impl Shape for $shape {
            type Value = usize;

            fn read(&self, json: &Value) -> Result<usize, Complaint> {
                self.own().read(json)
            }

            fn default(&self) -> Option<usize> {
                None
            }

            fn kind(&self) -> &'static str {
                self.own().kind()
            }

            fn default_text(&self) -> String {
                self.unset.to_owned()
            }

            fn bounds(&self) -> Option<(String, String)> {
                self.own().bounds()
            }
        }
    };
}

inherit!(InheritedCount);
inherit!(InheritedBytes);
