//! Replies that the filter gives without the gateway: probes, and what is left to say after a panic.

use std::borrow::Cow;

use weir_gateway::Route;
use weir_gateway::error::Code;
use weir_gateway::event::{Header, Reply};

/// The answer to a probe; `None` for the routes that are no probes.
pub(crate) fn probe(route: Route) -> Option<Reply> {
    let body = match route {
        Route::Health => r#"{"status":"alive"}"#,
        Route::Ready => r#"{"status":"ready"}"#,
        Route::GraphQl | Route::Pass => return None,
    };
    let headers: Vec<Header> = vec![
        (Cow::Borrowed("content-type"), Cow::Borrowed(b"application/json")),
        (Cow::Borrowed("cache-control"), Cow::Borrowed(b"no-store")),
    ];
    Some(Reply { status: 200, headers, body: body.as_bytes().to_vec(), code: None })
}

/// The answer to a request that cannot be served through a fault of Weir's. The place of the fault is for
/// the log alone (invariant 9).
pub(crate) fn internal_error() -> Reply {
    weir_gateway::error_reply(Code::Internal, "The gateway failed to handle this request.")
}
