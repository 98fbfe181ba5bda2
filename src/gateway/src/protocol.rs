//! GraphQL over HTTP: reads a client's request, writes the reply's head.
//!
//! Source: the GraphQL-over-HTTP specification (working draft), §4 to §6. A well-formed request is answered
//! with 200 where the client takes `application/json`, whatever its errors are, since old clients read a
//! body only then; with `application/graphql-response+json` the status tells the error's class (§6.4).

use std::borrow::Cow;

use serde::Deserialize;

use crate::error::{Code, Source};
use crate::event::{HttpRequest, Reply};
use crate::executor::Variables;
use crate::guard;
use crate::response::errors::{self, GraphQlError};

/// A client's request, read.
#[derive(Debug)]
pub(crate) struct GraphQlRequest {
    pub(crate) query: String,
    pub(crate) operation_name: Option<String>,
    pub(crate) variables: Variables,
    /// Mutations are refused on GET.
    pub(crate) by_get: bool,
}

/// The media type of the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`: also where the client does not say.
    Json,
    /// `application/graphql-response+json`.
    Response,
}

/// The reply to a request that was not executed.
pub(crate) fn refuse(media: Media, errors: &[GraphQlError], code: Code) -> Reply {
    let mut body = b"{".to_vec();
    errors::write(errors, &mut body);
    body.push(b'}');
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
    let mut reply = Reply { status, headers: headers(media), body, code: Some(code) };
    if status == 405 {
        let allow = if code == Code::MutationByGet { "POST" } else { "GET, POST" };
        reply.headers.push(("allow", allow.to_owned()));
    }
    reply
}

/// The reply to an executed request. Partial data is a success: 200.
pub(crate) fn answer(media: Media, body: Vec<u8>, errors: &[GraphQlError]) -> Reply {
    let code = errors.first().map(|first| {
        Code::ALL.iter().copied().find(|code| code.text() == first.code).unwrap_or(Code::SubgraphError)
    });
    Reply { status: 200, headers: headers(media), body, code }
}

fn headers(media: Media) -> Vec<(&'static str, String)> {
    let value = match media {
        Media::Json => "application/json; charset=utf-8",
        Media::Response => "application/graphql-response+json; charset=utf-8",
    };
    vec![("content-type", value.to_owned())]
}

/// Which media type the client takes (RFC 9110 §12.5.1).
///
/// # Errors
/// [`Code::NotAcceptable`].
pub(crate) fn negotiate(request: &HttpRequest) -> Result<Media, (Code, String)> {
    let Some(accept) = header(request, "accept") else { return Ok(Media::Json) };
    let mut best: Option<(f32, Media)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let media = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "*/*" | "application/*" | "application/json" => Media::Json,
            "application/graphql-response+json" => Media::Response,
            _ => continue,
        };
        let weight = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0));
        if weight > 0.0 && best.is_none_or(|(other, _)| weight > other) {
            best = Some((weight, media));
        }
    }
    best.map(|(_, media)| media).ok_or_else(|| {
        let message = "This endpoint answers with application/graphql-response+json or application/json; \
                       the request's Accept header takes neither.";
        (Code::NotAcceptable, message.to_owned())
    })
}

/// Reads the request.
///
/// # Errors
/// Why it is not a GraphQL request, with one of the codes whose fault is the client's.
pub(crate) fn read(request: &HttpRequest, max_body_bytes: usize) -> Result<GraphQlRequest, (Code, String)> {
    match request.method.as_str() {
        "POST" => read_post(request, max_body_bytes),
        "GET" => read_get(request),
        other => Err((Code::MethodNotAllowed, format!("Use POST (or GET for queries), not {other}."))),
    }
}

fn read_post(request: &HttpRequest, max_body_bytes: usize) -> Result<GraphQlRequest, (Code, String)> {
    let declared = header(request, "content-length").and_then(|length| length.trim().parse::<usize>().ok());
    if request.body.len() > max_body_bytes || declared.is_some_and(|length| length > max_body_bytes) {
        return Err((
            Code::BodyTooLarge,
            format!("The body is larger than {max_body_bytes} bytes (limits.max_body_bytes)."),
        ));
    }
    let content_type = header(request, "content-type").unwrap_or_default().to_ascii_lowercase();
    let mut parts = content_type.split(';').map(str::trim);
    if parts.next() != Some("application/json") {
        return Err((
            Code::UnsupportedMediaType,
            "Send the body as \"content-type: application/json\".".to_owned(),
        ));
    }
    if parts.any(|part| part.strip_prefix("charset=").is_some_and(|c| c.trim_matches('"') != "utf-8")) {
        return Err((Code::UnsupportedMediaType, "Send the body as UTF-8.".to_owned()));
    }
    let text = std::str::from_utf8(&request.body)
        .map_err(|_| (Code::BadRequest, "The body is not UTF-8.".to_owned()))?;
    match text.trim_start().as_bytes().first() {
        Some(b'{') => {}
        Some(b'[') => {
            return Err((
                Code::BadRequest,
                "Send one operation: batches of operations are not served.".to_owned(),
            ));
        }
        _ => return Err((Code::BadRequest, "The body is not a JSON object.".to_owned())),
    }
    guarded(text, "The body")?;
    let params: Params<'_> = sonic_rs::from_str(text).map_err(|error| {
        let what = error.to_string();
        (
            Code::BadRequest,
            format!("The body is not valid JSON: {}.", what.lines().next().unwrap_or_default()),
        )
    })?;
    params.into_request(false)
}

fn read_get(request: &HttpRequest) -> Result<GraphQlRequest, (Code, String)> {
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    let parameter = |name: &str| -> Option<String> {
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let Some(text) = parameter("query") else {
        return Err((Code::BadRequest, "The URL has no \"query\" parameter.".to_owned()));
    };
    let variables = parameter("variables").filter(|json| !json.trim().is_empty());
    guarded(variables.as_deref().unwrap_or_default(), "The \"variables\" parameter")?;
    Ok(GraphQlRequest {
        query: text,
        operation_name: parameter("operationName").filter(|name| !name.is_empty()),
        variables: variables.map_or_else(|| Ok(Vec::new()), |json| read_variables(&json))?,
        by_get: true,
    })
}

fn guarded(json: &str, what: &str) -> Result<(), (Code, String)> {
    guard::check(json.as_bytes()).map_err(|why| (Code::BadRequest, format!("{what} can't be read: {why}.")))
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    query: Option<sonic_rs::LazyValue<'a>>,
    #[serde(borrow, rename = "operationName")]
    operation_name: Option<sonic_rs::LazyValue<'a>>,
    #[serde(borrow)]
    variables: Option<sonic_rs::LazyValue<'a>>,
    #[serde(borrow)]
    extensions: Option<sonic_rs::LazyValue<'a>>,
}

impl Params<'_> {
    fn into_request(self, by_get: bool) -> Result<GraphQlRequest, (Code, String)> {
        let Some(query) = string(self.query.as_ref(), "query")? else {
            return Err((Code::BadRequest, "The body has no \"query\".".to_owned()));
        };
        let extensions = raw(self.extensions.as_ref());
        if extensions.is_some_and(|json| !json.starts_with('{')) {
            return Err((Code::BadRequest, "\"extensions\" must be an object.".to_owned()));
        }
        Ok(GraphQlRequest {
            query,
            operation_name: string(self.operation_name.as_ref(), "operationName")?
                .filter(|name| !name.is_empty()),
            variables: raw(self.variables.as_ref()).map_or_else(|| Ok(Vec::new()), read_variables)?,
            by_get,
        })
    }
}

/// The raw text of a parameter that is there and not null.
fn raw<'a>(value: Option<&'a sonic_rs::LazyValue<'_>>) -> Option<&'a str> {
    value.map(sonic_rs::LazyValue::as_raw_str).filter(|json| *json != "null")
}

fn string(value: Option<&sonic_rs::LazyValue<'_>>, name: &str) -> Result<Option<String>, (Code, String)> {
    let Some(json) = raw(value) else { return Ok(None) };
    sonic_rs::from_str::<String>(json)
        .map(Some)
        .map_err(|_| (Code::BadRequest, format!("\"{name}\" must be a string.")))
}

fn read_variables(json: &str) -> Result<Variables, (Code, String)> {
    let wrong = || (Code::BadRequest, "\"variables\" must be an object.".to_owned());
    if !json.trim_start().starts_with('{') {
        return Err(wrong());
    }
    sonic_rs::to_object_iter(json)
        .map(|entry| {
            let (name, value) = entry.map_err(|_| wrong())?;
            Ok((name.to_string(), value.as_raw_str().to_owned()))
        })
        .collect()
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<Cow<'a, str>> {
    request.headers.iter().find(|(n, _)| n == name).map(|(_, value)| String::from_utf8_lossy(value))
}

/// A reply that carries one error of Weir's own, for a host that could not get further.
pub fn error_reply(code: Code, message: &str) -> Reply {
    debug_assert!(code.source() != Source::Subgraph, "a subgraph's error belongs to a response");
    refuse(Media::Json, &[GraphQlError::new(code, message)], code)
}
