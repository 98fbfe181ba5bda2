//! Replies: status, media type and body (GraphQL over HTTP, "Response").
//!
//! A well-formed request is answered with 200 where the client takes `application/json`, whatever its errors
//! are, since old clients read a body only then; with `application/graphql-response+json` the status tells the
//! error's class. Data with errors has 200 in both: it is a success in part.

use std::borrow::Cow;

use super::Media;
use crate::error::{Code, Source};
use crate::event::{Header, Reply};
use crate::response::errors::{self, GraphQlError};

/// The reply to a request that was not executed.
pub(crate) fn refuse(media: Media, errors: &[GraphQlError], code: Code) -> Reply {
    let spoken_of_graphql = matches!(
        code,
        Code::ParseFailed
            | Code::ValidationFailed
            | Code::UnknownOperation
            | Code::BadVariables
            | Code::UnsupportedOperation
            | Code::IntrospectionDisabled
            | Code::LimitExceeded
    );
    let status = if media == Media::Json && spoken_of_graphql { 200 } else { code.status() };
    refuse_with(status, media, errors, code)
}

/// The reply to a request of which no operation was looked at: the status is the code's for every client.
pub(crate) fn refuse_whole(media: Media, errors: &[GraphQlError], code: Code) -> Reply {
    refuse_with(code.status(), media, errors, code)
}

fn refuse_with(status: u16, media: Media, errors: &[GraphQlError], code: Code) -> Reply {
    let mut reply =
        Reply { status, headers: headers(media), body: refusal_body(errors).into(), code: Some(code) };
    if status == 405 {
        let allow = if code == Code::MutationByGet { "POST" } else { "GET, POST" };
        reply.headers.push((Cow::Borrowed("allow"), Cow::Borrowed(allow.as_bytes())));
    }
    reply
}

/// The response to an operation that was not executed.
pub(crate) fn refusal_body(errors: &[GraphQlError]) -> Vec<u8> {
    let mut body = b"{".to_vec();
    errors::write(errors, &mut body);
    body.push(b'}');
    body
}

/// The reply to an executed request, whose first error has `code`.
pub(crate) fn answer(media: Media, body: Vec<u8>, code: Option<Code>) -> Reply {
    Reply { status: 200, headers: headers(media), body: body.into(), code }
}

/// The catalogue's code of the first error; a code of a subgraph's own counts as the subgraph's error.
pub(crate) fn code_of(errors: &[GraphQlError]) -> Option<Code> {
    errors.first().map(|first| {
        Code::ALL.iter().copied().find(|code| code.text() == first.code).unwrap_or(Code::SubgraphError)
    })
}

fn headers(media: Media) -> Vec<Header> {
    let value: &'static str = match media {
        Media::Json => "application/json; charset=utf-8",
        Media::Response => "application/graphql-response+json; charset=utf-8",
    };
    vec![(Cow::Borrowed("content-type"), Cow::Borrowed(value.as_bytes()))]
}

/// A reply that carries one error of Weir's own, for a host that could not get further.
pub fn error_reply(code: Code, message: &str) -> Reply {
    debug_assert!(code.source() != Source::Subgraph, "a subgraph's error belongs to a response");
    refuse(Media::Json, &[GraphQlError::new(code, message)], code)
}
