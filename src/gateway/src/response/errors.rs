//! Errors of a reply: Weir's own, and those that subgraphs report, in the client's terms.

use serde_json::{Map, Value as Json};

use crate::error::Code;

/// The most errors in one reply; more are counted in a last one. A list of a thousand entities whose
/// subgraph is down must not make an answer larger than the data would have been.
pub(crate) const MAX_ERRORS: usize = 100;

/// Bytes of a subgraph's `errors` above which their `extensions` (but the code) are left out.
const MAX_COPIED_TEXT: usize = 64 * 1024;

/// Bytes of a subgraph's message that are kept.
const MAX_MESSAGE: usize = 4 * 1024;

/// One entry of `errors` (GraphQL §7.1.2).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GraphQlError {
    /// What went wrong, for people.
    pub(crate) message: String,
    /// `extensions.code`: one of [`Code`], or a subgraph's own.
    pub(crate) code: String,
    /// Line and column in the operation's text, from 1.
    pub(crate) locations: Vec<(u32, u32)>,
    /// The response field that it concerns; empty for the whole request.
    pub(crate) path: Vec<PathItem>,
    /// `extensions.service`: the subgraph it comes from.
    pub(crate) service: Option<String>,
    /// What else a subgraph put into `extensions`.
    pub(crate) extensions: Map<String, Json>,
    /// Whether a subgraph wrote the message, and not Weir.
    pub(crate) reported: bool,
}

/// One step of an error's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathItem {
    /// A response key.
    Key(String),
    /// A list index.
    Index(usize),
}

impl GraphQlError {
    /// An error of Weir's own.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> GraphQlError {
        GraphQlError {
            message: message.into(),
            code: code.text().to_owned(),
            locations: Vec::new(),
            path: Vec::new(),
            service: None,
            extensions: Map::new(),
            reported: false,
        }
    }

    /// The same at a place of the response.
    #[must_use]
    pub(crate) fn at(mut self, path: Vec<PathItem>) -> GraphQlError {
        self.path = path;
        self
    }

    /// The same, caused by a subgraph.
    #[must_use]
    pub(crate) fn of(mut self, service: &str) -> GraphQlError {
        self.service = Some(service.to_owned());
        self
    }

    /// As the client sees it.
    pub(crate) fn to_json(&self) -> Json {
        let mut error = Map::new();
        error.insert("message".into(), Json::from(self.message.as_str()));
        if !self.locations.is_empty() {
            let locations = self
                .locations
                .iter()
                .map(|(line, column)| serde_json::json!({"line": line, "column": column}));
            error.insert("locations".into(), Json::Array(locations.collect()));
        }
        if !self.path.is_empty() {
            let path = self.path.iter().map(|item| match item {
                PathItem::Key(key) => Json::from(key.as_str()),
                PathItem::Index(index) => Json::from(*index),
            });
            error.insert("path".into(), Json::Array(path.collect()));
        }
        let mut extensions = self.extensions.clone();
        extensions.insert("code".into(), Json::from(self.code.as_str()));
        if let Some(service) = &self.service {
            extensions.insert("service".into(), Json::from(service.as_str()));
        }
        error.insert("extensions".into(), Json::Object(extensions));
        Json::Object(error)
    }
}

/// An error as a subgraph reported it, its path still in the subgraph's terms.
#[derive(Debug, Clone)]
pub(crate) struct Reported {
    pub(crate) error: GraphQlError,
    pub(crate) path: Vec<PathItem>,
}

/// Reads a subgraph's `errors`. Entries that are not as GraphQL has them are kept as far as they go.
pub(crate) fn reported(raw: &str, service: &str) -> Vec<Reported> {
    let Ok(Json::Array(entries)) = serde_json::from_str::<Json>(raw) else {
        let message = format!("The subgraph \"{service}\" sent \"errors\" that are not a list.");
        let error = GraphQlError::new(Code::SubgraphMalformed, message).of(service);
        return vec![Reported { error, path: Vec::new() }];
    };
    // An error stands at each place of its entity: what is large must not be copied that often.
    let keep_extensions = raw.len() <= MAX_COPIED_TEXT;
    entries.into_iter().take(MAX_ERRORS).map(|entry| report(entry, service, keep_extensions)).collect()
}

fn report(entry: Json, service: &str, keep_extensions: bool) -> Reported {
    let Json::Object(mut entry) = entry else {
        let error = GraphQlError::new(Code::SubgraphError, "The subgraph sent an error without a message.");
        return Reported { error: error.of(service), path: Vec::new() };
    };
    let message = match entry.remove("message") {
        Some(Json::String(mut message)) => {
            message.truncate(message.floor_char_boundary(MAX_MESSAGE));
            message
        }
        _ => "The subgraph sent an error without a message.".to_owned(),
    };
    let mut error = GraphQlError::new(Code::SubgraphError, message).of(service);
    error.reported = true;
    if let Some(Json::Object(mut extensions)) = entry.remove("extensions") {
        if let Some(Json::String(code)) = extensions.remove("code") {
            error.code = code;
        }
        extensions.remove("service");
        if keep_extensions {
            error.extensions = extensions;
        }
    }
    let path = match entry.remove("path") {
        Some(Json::Array(items)) => items.into_iter().filter_map(path_item).collect(),
        _ => Vec::new(),
    };
    Reported { error, path }
}

fn path_item(item: Json) -> Option<PathItem> {
    match item {
        Json::String(key) => Some(PathItem::Key(key)),
        Json::Number(index) => index.as_u64().and_then(|i| usize::try_from(i).ok()).map(PathItem::Index),
        _ => None,
    }
}

/// `"errors":[…]` without the comma around it; nothing for no errors.
pub(crate) fn write(errors: &[GraphQlError], out: &mut Vec<u8>) {
    let mut shown: Vec<Json> = errors.iter().take(MAX_ERRORS).map(GraphQlError::to_json).collect();
    let more = errors.len().saturating_sub(MAX_ERRORS);
    if more > 0 {
        shown.push(GraphQlError::new(Code::Internal, format!("{more} more errors are not shown.")).to_json());
    }
    out.extend_from_slice(b"\"errors\":");
    // Writing JSON values into memory cannot fail.
    let _ = serde_json::to_writer(out, &shown);
}
