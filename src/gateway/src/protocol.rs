//! GraphQL over HTTP: reads a client's request, writes the reply's head.
//!
//! Source: the GraphQL-over-HTTP specification, its draft and its first edition (September 2026). Where they
//! differ in a status, Weir keeps the one that the audits of `graphql-http` ask for: 400, not 422, for an
//! operation that is not valid, and 200, not 294, for data with errors.

mod accept;
mod csrf;
mod get;
mod media_type;
mod parameters;
mod post;
mod reply;

use std::borrow::Cow;

pub(crate) use accept::{Media, negotiate};
pub use csrf::{Csrf, CsrfMode};
pub use reply::error_reply;
pub(crate) use reply::{answer, code_of, refusal_body, refuse, refuse_whole};

use crate::Config;
use crate::error::Code;
use crate::event::HttpRequest;
use crate::executor::Variables;

/// A client's operation, read.
#[derive(Debug)]
pub(crate) struct GraphQlRequest {
    pub(crate) query: String,
    pub(crate) operation_name: Option<String>,
    pub(crate) variables: Variables,
    /// Mutations are refused on GET.
    pub(crate) by_get: bool,
}

/// What an HTTP request asks for.
#[derive(Debug)]
pub(crate) enum Operations {
    One(GraphQlRequest),
    /// A list, in order; never empty. An entry that is no GraphQL request has its own error.
    Batch(Vec<Result<GraphQlRequest, (Code, String)>>),
}

/// Reads the request.
///
/// # Errors
/// Why nothing of it can be executed, with one of the codes whose fault is the client's.
pub(crate) fn read(request: &HttpRequest, config: &Config) -> Result<Operations, (Code, String)> {
    match request.method.as_str() {
        "POST" => post::read(request, config.limits.max_body_bytes, &config.batching),
        "GET" => get::read(request, &config.csrf).map(Operations::One),
        other => Err((Code::MethodNotAllowed, format!("Use POST (or GET for queries), not {other}."))),
    }
}

/// The first value of a header.
fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<Cow<'a, str>> {
    request.headers.iter().find(|(n, _)| n == name).map(|(_, value)| String::from_utf8_lossy(value))
}

// Proptest draws randomness, which wasm32-unknown-unknown has not.
#[cfg(all(test, not(target_arch = "wasm32")))]
mod properties;
