//! A stream of a root that has no configuration.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use weir_gateway::RequestId;

use crate::host;
use crate::local_reply;
use crate::panic::guard;

/// Answers every request with an internal error.
///
/// Envoy does not start with a configuration that was refused, so this is not expected to be made; but the
/// SDK panics when a root makes no context at all.
#[derive(Debug)]
pub(crate) struct Unconfigured {
    /// The stream's context id.
    pub(crate) id: u32,
}

impl Context for Unconfigured {}

impl HttpContext for Unconfigured {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let id = RequestId(self.id);
        let _ = guard(|| host::send(id, self.id, &local_reply::internal_error()));
        Action::Pause
    }
}
