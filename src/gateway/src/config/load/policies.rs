//! Reads the settings of what passes between clients and subgraphs: requests, headers, errors.

use super::super::catalogue as c;
use super::super::document::Document;
use super::super::{Batching, Csrf, ErrorMode, ErrorPolicy, HeaderRules};

pub(super) fn csrf(document: &mut Document) -> Option<Csrf> {
    let mode = document.read(&c::CSRF_MODE, "");
    let required_headers = document.read(&c::CSRF_REQUIRED_HEADERS, "");
    Some(Csrf { mode: mode?, required_headers: required_headers? })
}

pub(super) fn batching(document: &mut Document) -> Option<Batching> {
    let enabled = document.read(&c::BATCHING_ENABLED, "");
    let max_operations = document.read(&c::BATCHING_MAX_OPERATIONS, "");
    Some(Batching { enabled: enabled?, max_operations: max_operations? })
}

pub(super) fn headers(document: &mut Document) -> Option<HeaderRules> {
    let request = document.read(&c::HEADERS_REQUEST, "");
    let response = document.read(&c::HEADERS_RESPONSE, "");
    Some(HeaderRules { request: request?, response: response? })
}

/// What is refused is among the document's problems, so that an empty list in its stead is never used.
pub(super) fn subgraph_headers(document: &mut Document, name: &str) -> HeaderRules {
    HeaderRules {
        request: document.read(&c::SUBGRAPH_HEADERS_REQUEST, name).unwrap_or_default(),
        response: document.read(&c::SUBGRAPH_HEADERS_RESPONSE, name).unwrap_or_default(),
    }
}

pub(super) fn errors(document: &mut Document) -> Option<ErrorPolicy> {
    let mode = document.read(&c::ERRORS_MODE, "");
    let message = document.read(&c::ERRORS_MESSAGE, "");
    let expose_code = document.read(&c::ERRORS_EXPOSE_CODE, "");
    let expose_service = document.read(&c::ERRORS_EXPOSE_SERVICE, "");
    let allow_codes = document.read(&c::ERRORS_ALLOW_CODES, "");
    let allow_extensions = document.read(&c::ERRORS_ALLOW_EXTENSIONS, "");
    Some(ErrorPolicy {
        mode: mode?,
        message: message?,
        expose_code: expose_code?,
        expose_service: expose_service?,
        allow_codes: allow_codes?,
        allow_extensions: allow_extensions?,
    })
}

/// What a subgraph says of its errors; the rest is as for all.
pub(super) struct SubgraphErrors {
    mode: Option<ErrorMode>,
    message: Option<String>,
    expose_code: Option<bool>,
    expose_service: Option<bool>,
    allow_codes: Option<Vec<String>>,
    allow_extensions: Option<Vec<String>>,
}

impl SubgraphErrors {
    pub(super) fn read(document: &mut Document, name: &str) -> SubgraphErrors {
        SubgraphErrors {
            mode: document.read(&c::SUBGRAPH_ERRORS_MODE, name),
            message: document.read(&c::SUBGRAPH_ERRORS_MESSAGE, name),
            expose_code: document.read(&c::SUBGRAPH_ERRORS_EXPOSE_CODE, name),
            expose_service: document.read(&c::SUBGRAPH_ERRORS_EXPOSE_SERVICE, name),
            allow_codes: document.read(&c::SUBGRAPH_ERRORS_ALLOW_CODES, name),
            allow_extensions: document.read(&c::SUBGRAPH_ERRORS_ALLOW_EXTENSIONS, name),
        }
    }

    pub(super) fn or(self, all: &ErrorPolicy) -> ErrorPolicy {
        ErrorPolicy {
            mode: self.mode.unwrap_or(all.mode),
            message: self.message.unwrap_or_else(|| all.message.clone()),
            expose_code: self.expose_code.unwrap_or(all.expose_code),
            expose_service: self.expose_service.unwrap_or(all.expose_service),
            allow_codes: self.allow_codes.unwrap_or_else(|| all.allow_codes.clone()),
            allow_extensions: self.allow_extensions.unwrap_or_else(|| all.allow_extensions.clone()),
        }
    }
}
