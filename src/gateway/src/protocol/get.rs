//! GraphQL by GET: the parameters stand in the URL (GraphQL over HTTP, "GET").

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::GraphQlRequest;
use super::csrf::{self, Csrf};
use super::parameters::{complete, guarded, read_extensions, read_variables};
use crate::error::Code;
use crate::event::HttpRequest;

/// Reads a GET request.
///
/// # Errors
/// Why it is no GraphQL request, or that it may be forged.
pub(super) fn read(request: &HttpRequest, csrf: &Csrf) -> Result<GraphQlRequest, (Code, String)> {
    csrf::check(csrf, request)?;
    let query_string = request.path.split_once('?').map_or("", |(_, query)| query);
    let (mut query, mut name, mut variables, mut extensions) = (None, None, None, None);
    for pair in query_string.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Ok(key) = decode(key) else { continue };
        let slot = match &*key {
            "query" => &mut query,
            "operationName" => &mut name,
            "variables" => &mut variables,
            "extensions" => &mut extensions,
            _ => continue,
        };
        let value = decode(value)
            .map_err(|_| (Code::BadRequest, format!("The \"{key}\" parameter of the URL is not UTF-8.")))?;
        // A cache or a firewall may look at the other one.
        if slot.replace(value.into_owned()).is_some() {
            return Err((Code::BadRequest, format!("The URL has two \"{key}\" parameters.")));
        }
    }
    let Some(query) = query else {
        return Err((Code::BadRequest, "The URL has no \"query\" parameter.".to_owned()));
    };
    // An empty parameter counts as none, and so does a JSON null.
    let json =
        |parameter: Option<String>| parameter.filter(|json| !json.trim().is_empty() && json.trim() != "null");
    let (variables, extensions) = (json(variables), json(extensions));
    if let Some(json) = &extensions {
        guarded(json, "The \"extensions\" parameter")?;
        complete(json, "extensions")?;
        read_extensions(json)?;
    }
    let variables = match variables {
        Some(json) => {
            guarded(&json, "The \"variables\" parameter")?;
            read_variables(&json)?
        }
        None => Vec::new(),
    };
    Ok(GraphQlRequest {
        query,
        operation_name: name.filter(|name| !name.is_empty()),
        variables,
        by_get: true,
    })
}

/// Decodes `application/x-www-form-urlencoded` text.
fn decode(text: &str) -> Result<Cow<'_, str>, std::str::Utf8Error> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Ok(Cow::Owned(percent_decode_str(&spaced).decode_utf8()?.into_owned()));
    }
    percent_decode_str(text).decode_utf8()
}
