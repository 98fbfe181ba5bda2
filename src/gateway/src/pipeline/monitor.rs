//! What the gateway watches of itself: the plan cache's rates, alerts, and who asks for what.

use weir_cache::Key;

use super::Gateway;
use crate::event::Timestamp;

#[derive(Default)]
pub(super) struct Monitor {}

impl Monitor {
    pub(super) fn asked(&mut self, _key: Key, _text_was_new: bool) {}
}

impl Gateway {
    pub(super) fn watch(&mut self, _now: Timestamp) {}
    pub(super) fn counters_read(&mut self, _now: Timestamp, _values: &[u64]) {}
    pub(super) fn administer(
        &mut self,
        _now: Timestamp,
        _id: crate::RequestId,
        _request: &crate::event::HttpRequest,
    ) {
    }
}
