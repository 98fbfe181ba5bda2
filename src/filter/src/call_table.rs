//! Which of the gateway's calls an answer of Envoy belongs to.

use std::collections::HashMap;

use weir_gateway::RequestId;
use weir_gateway::event::CallId;

/// A call in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InFlight {
    /// The gateway's name for it.
    pub(crate) call: CallId,
    /// The client's request it is made for, if any.
    pub(crate) request: Option<RequestId>,
    /// The context that dispatched it, and that the SDK will give its answer to.
    pub(crate) owner: u32,
}

/// Envoy's tokens of the calls in flight.
///
/// The SDK drops an answer silently when the stream that dispatched the call is gone: [`CallTable::forget`]
/// then drops its tokens, so the table never outgrows the calls that can still be answered. A call for
/// another request than the one whose callback is running is never dispatched there, but from the root
/// (see [`crate::worker::Worker::postpone`]), which is never gone while it has requests.
#[derive(Debug, Default)]
pub(crate) struct CallTable {
    by_token: HashMap<u32, InFlight>,
}

impl CallTable {
    /// A call was sent.
    pub(crate) fn insert(&mut self, token: u32, call: InFlight) {
        self.by_token.insert(token, call);
    }

    /// The request that a call is made for.
    pub(crate) fn request_of(&self, token: u32) -> Option<RequestId> {
        self.by_token.get(&token).and_then(|call| call.request)
    }

    /// Its answer has come.
    pub(crate) fn take(&mut self, token: u32) -> Option<InFlight> {
        self.by_token.remove(&token)
    }

    /// The stream `owner` has ended; no answer of its calls will come.
    pub(crate) fn forget(&mut self, owner: u32) {
        self.by_token.retain(|_, call| call.owner != owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_takes_its_own_tokens_with_it() {
        let call = |owner| InFlight { call: CallId(1), request: Some(RequestId(owner)), owner };
        let mut table = CallTable::default();
        table.insert(7, call(1));
        table.insert(8, call(2));
        table.forget(1);
        assert_eq!(table.take(7), None);
        assert_eq!(table.take(8), Some(call(2)));
        assert_eq!(table.take(8), None);
    }
}
