//! What clients read where Envoy answers and the filter doesn't.

use serde::Serialize;
use weir_gateway::error::Code;

/// The body for every path that is none of Weir's.
pub(super) const NOT_FOUND: &str = r#"{"errors":[{"message":"There is nothing at this path."}]}"#;

/// One kind of reply that Envoy gives by itself.
#[derive(Debug, Serialize)]
pub(super) struct LocalReply {
    /// A CEL expression over the reply.
    when: &'static str,
    /// In place of Envoy's own.
    status: Option<u16>,
    message: &'static str,
    code: &'static str,
}

/// The kinds, in the order in which they are tried. None fits the filter's own replies, whose details are
/// empty, nor the direct responses, which have their bodies.
pub(super) fn replies() -> Vec<LocalReply> {
    let reply = |when, code: Code, message| LocalReply { when, status: None, message, code: code.text() };
    vec![
        reply(
            "response.code_details == 'request_payload_too_large'",
            Code::BodyTooLarge,
            "The request's body is too large.",
        ),
        LocalReply {
            // Envoy says 408, which clients would take for their own fault and repeat.
            status: Some(Code::DeadlineExceeded.status()),
            ..reply(
                "response.code_details in ['stream_idle_timeout', 'request_overall_timeout']",
                Code::DeadlineExceeded,
                "The request took too long.",
            )
        },
        reply(
            "!(response.code_details in ['', 'direct_response']) && response.code >= 500",
            Code::Overloaded,
            "The gateway can't answer at present.",
        ),
        reply(
            "!(response.code_details in ['', 'direct_response'])",
            Code::BadRequest,
            "The request was refused.",
        ),
    ]
}
