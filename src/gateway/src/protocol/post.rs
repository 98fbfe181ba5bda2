//! GraphQL by POST: a JSON body with one operation, or with a list of them (GraphQL over HTTP, "POST" and the
//! appendix on request batching).

use super::media_type::MediaType;
use super::parameters::{self, guarded, no_json};
use super::{Operations, header};
use crate::config::Batching;
use crate::error::Code;
use crate::event::HttpRequest;

/// Reads a POST request.
///
/// # Errors
/// Why it is no GraphQL request. An entry of a list that is none is refused alone.
pub(super) fn read(
    request: &HttpRequest,
    max_body_bytes: usize,
    batching: &Batching,
) -> Result<Operations, (Code, String)> {
    let declared = header(request, "content-length").and_then(|length| length.trim().parse::<usize>().ok());
    if request.body.len() > max_body_bytes || declared.is_some_and(|length| length > max_body_bytes) {
        return Err((
            Code::BodyTooLarge,
            format!("The body is larger than {max_body_bytes} bytes (limits.max_body_bytes)."),
        ));
    }
    check_content_type(request)?;
    let text = std::str::from_utf8(&request.body)
        .map_err(|_| (Code::BadRequest, "The body is not UTF-8.".to_owned()))?;
    let is_list = match text.trim_start().as_bytes().first() {
        Some(b'{') => false,
        Some(b'[') => true,
        _ => return Err((Code::BadRequest, "The body is not a JSON object.".to_owned())),
    };
    if is_list && !batching.enabled {
        let message = "Send one operation: this gateway takes no lists of operations (batching.enabled).";
        return Err((Code::BadRequest, message.to_owned()));
    }
    guarded(text, "The body")?;
    if is_list {
        read_list(text, batching.max_operations)
    } else {
        parameters::read(text).map(Operations::One)
    }
}

fn check_content_type(request: &HttpRequest) -> Result<(), (Code, String)> {
    let value = header(request, "content-type").unwrap_or_default();
    let media = MediaType::parse(&value);
    let refused = |message: &str| Err((Code::UnsupportedMediaType, message.to_owned()));
    if !media.is("application/json") {
        return refused("Send the body as \"content-type: application/json\".");
    }
    if !media.is_utf8() {
        return refused("Send the body as UTF-8.");
    }
    let coded = header(request, "content-encoding");
    if coded.is_some_and(|coding| !matches!(coding.trim().to_ascii_lowercase().as_str(), "" | "identity")) {
        return refused("Send the body without a content-encoding: this gateway decodes none.");
    }
    Ok(())
}

fn read_list(text: &str, max: usize) -> Result<Operations, (Code, String)> {
    // Counted before anything is kept of it: a body of a megabyte holds half a million entries.
    if sonic_rs::to_array_iter(text).take(max.saturating_add(1)).count() > max {
        let message = format!("The list holds more than {max} operations (batching.max_operations).");
        return Err((Code::LimitExceeded, message));
    }
    let entries: Vec<sonic_rs::LazyValue<'_>> = sonic_rs::from_str(text).map_err(|error| no_json(&error))?;
    if entries.is_empty() {
        return Err((Code::BadRequest, "The list of operations is empty.".to_owned()));
    }
    if !entries.iter().all(|entry| entry.as_raw_str().starts_with('{')) {
        let message = "The list of operations has an entry that is not a JSON object.";
        return Err((Code::BadRequest, message.to_owned()));
    }
    Ok(Operations::Batch(entries.iter().map(|entry| parameters::read(entry.as_raw_str())).collect()))
}
