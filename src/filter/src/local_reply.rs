//! Replies that the filter gives without the gateway: probes, and what is left to say after a panic.

use std::borrow::Cow;

use weir_gateway::error::Code;
use weir_gateway::event::{Header, Reply};
use weir_gateway::{Progress, Readiness, Route};

/// The answer to a probe; `None` for the routes that are no probes.
pub(crate) fn probe(route: Route, readiness: impl FnOnce() -> Readiness) -> Option<Reply> {
    let (status, body) = match route {
        Route::Health => (200, r#"{"status":"alive"}"#.to_owned()),
        Route::Ready => match readiness() {
            Readiness::Ready => (200, r#"{"status":"ready"}"#.to_owned()),
            Readiness::Missing(subgraphs) => {
                (503, serde_json::json!({"status": "subgraphs are down", "subgraphs": subgraphs}).to_string())
            }
            Readiness::Warming(Progress { total, done, .. }) => {
                (503, format!(r#"{{"status":"warming","planned":{done},"of":{total}}}"#))
            }
        },
        Route::GraphQl | Route::Pass => return None,
    };
    let headers: Vec<Header> = vec![
        (Cow::Borrowed("content-type"), Cow::Borrowed(b"application/json")),
        (Cow::Borrowed("cache-control"), Cow::Borrowed(b"no-store")),
    ];
    Some(Reply { status, headers, body: body.into_bytes().into(), code: None })
}

/// The answer to a request that cannot be served through a fault of Weir's. The place of the fault is for
/// the log alone (invariant 9).
pub(crate) fn internal_error() -> Reply {
    weir_gateway::error_reply(Code::Internal, "The gateway failed to handle this request.")
}
