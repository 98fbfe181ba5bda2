//! The requests that still wait for their reply: the guard of "exactly one".

use std::collections::HashMap;

use weir_gateway::RequestId;

/// How far a request has come that has no reply yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The filter is still reading it; the gateway has not heard of it.
    Reading,
    /// The gateway has it, and owes a reply.
    HandedOver,
}

/// Every stream that Weir may still answer. Bounded by the streams that Envoy holds open.
#[derive(Debug, Default)]
pub(crate) struct RequestTable {
    waiting: HashMap<RequestId, Stage>,
}

impl RequestTable {
    /// A stream has begun.
    pub(crate) fn open(&mut self, id: RequestId) {
        self.waiting.insert(id, Stage::Reading);
    }

    /// Its request goes to the gateway.
    pub(crate) fn hand_over(&mut self, id: RequestId) {
        self.waiting.insert(id, Stage::HandedOver);
    }

    /// Its reply goes out now, or it needs none any more. `None` if that was so before: whoever gets `None`
    /// must not answer.
    pub(crate) fn close(&mut self, id: RequestId) -> Option<Stage> {
        self.waiting.remove(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_closed_once() {
        let mut table = RequestTable::default();
        table.open(RequestId(1));
        table.hand_over(RequestId(1));
        assert_eq!(table.close(RequestId(1)), Some(Stage::HandedOver));
        assert_eq!(table.close(RequestId(1)), None);
    }
}
