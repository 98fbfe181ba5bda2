//! Values of settings, written back as a document has them.

use std::time::Duration;

use serde_json::{Value, json};

use super::choice::{Choice, List, Switch};
use super::number::Number;
use super::shape::{Count, Shape, Span, span_text};
use super::words::Words;

/// A shape whose values can be written so that they read as themselves.
pub(super) trait Writable: Shape {
    /// The value in a document; null where the document would have none.
    fn written(&self, value: &Self::Value) -> Value;
}

impl Writable for Span {
    fn written(&self, value: &Duration) -> Value {
        Value::from(span_text(*value))
    }
}

impl Writable for Count {
    fn written(&self, value: &usize) -> Value {
        json!(value)
    }
}

impl Writable for Number {
    fn written(&self, value: &u32) -> Value {
        json!(value)
    }
}

impl Writable for Switch {
    fn written(&self, value: &bool) -> Value {
        json!(value)
    }
}

impl Writable for List {
    fn written(&self, value: &Vec<String>) -> Value {
        json!(value)
    }
}

impl<T: Copy + PartialEq> Writable for Choice<T> {
    fn written(&self, value: &T) -> Value {
        json!(self.word(*value))
    }
}

impl<T: Copy + PartialEq> Writable for Words<T> {
    fn written(&self, value: &Vec<T>) -> Value {
        json!(self.texts(value))
    }
}
