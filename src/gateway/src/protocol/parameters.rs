//! The parameters of a request, in JSON: `query`, `operationName`, `variables`, `extensions`, each of its type.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::GraphQlRequest;
use crate::error::Code;
use crate::executor::Variables;
use crate::guard;

/// Checks that a JSON text can be given to the parser.
///
/// # Errors
/// Why not; `what` names the text.
pub(super) fn guarded(json: &str, what: &str) -> Result<(), (Code, String)> {
    guard::check(json.as_bytes()).map_err(|why| (Code::BadRequest, format!("{what} can't be read: {why}.")))
}

/// Reads one JSON object with a request's parameters; keys that it does not know are ignored.
///
/// # Errors
/// What is missing or of the wrong type.
pub(super) fn read(json: &str) -> Result<GraphQlRequest, (Code, String)> {
    let parameters: Parameters<'_> = sonic_rs::from_str(json).map_err(|error| no_json(&error))?;
    let Some(query) = string(parameters.query.as_ref(), "query")? else {
        return Err((Code::BadRequest, "The body has no \"query\".".to_owned()));
    };
    if let Some(json) = raw(parameters.extensions.as_ref()) {
        read_extensions(json)?;
    }
    Ok(GraphQlRequest {
        query,
        operation_name: string(parameters.operation_name.as_ref(), "operationName")?
            .filter(|name| !name.is_empty()),
        variables: variables(parameters.variables)?,
        by_get: false,
    })
}

/// What the parser finds wrong, without the text that it quotes.
pub(super) fn no_json(error: &sonic_rs::Error) -> (Code, String) {
    let what = error.to_string();
    let first = what.lines().next().unwrap_or_default();
    (Code::BadRequest, format!("The body is not valid JSON: {first}."))
}

/// Variables: name and raw JSON text.
///
/// # Errors
/// They are no JSON object.
pub(super) fn read_variables(json: &str) -> Result<Variables, (Code, String)> {
    variables(sonic_rs::from_str(json).map_err(|_| wrong_type("variables"))?)
}

fn variables(given: Option<Entries>) -> Result<Variables, (Code, String)> {
    match given {
        None => Ok(Vec::new()),
        Some(Entries(Some(entries))) => Ok(entries),
        Some(Entries(None)) => Err(wrong_type("variables")),
    }
}

/// Nothing in them is read yet, but they must be what the specification says.
///
/// # Errors
/// They are no JSON object.
pub(super) fn read_extensions(json: &str) -> Result<(), (Code, String)> {
    object(json, "extensions")
}

/// Checks that a text which no parser has seen yet is one JSON value and nothing behind it.
///
/// # Errors
/// It is not.
pub(super) fn complete(json: &str, name: &str) -> Result<(), (Code, String)> {
    sonic_rs::from_str::<sonic_rs::LazyValue<'_>>(json).map(drop).map_err(|_| wrong_type(name))
}

fn object(json: &str, name: &str) -> Result<(), (Code, String)> {
    if json.trim_start().starts_with('{') { Ok(()) } else { Err(wrong_type(name)) }
}

fn wrong_type(name: &str) -> (Code, String) {
    (Code::BadRequest, format!("\"{name}\" must be an object."))
}

#[derive(Deserialize)]
struct Parameters<'a> {
    #[serde(borrow)]
    query: Option<sonic_rs::LazyValue<'a>>,
    #[serde(borrow, rename = "operationName")]
    operation_name: Option<sonic_rs::LazyValue<'a>>,
    variables: Option<Entries>,
    #[serde(borrow)]
    extensions: Option<sonic_rs::LazyValue<'a>>,
}

/// The entries of an object as raw JSON; `None` for what is no object. Read with what is around it: there may be a
/// megabyte, and each pass over it counts.
struct Entries(Option<Variables>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, sonic_rs::LazyValue<'de>>()? {
            entries.push((name.into(), value.as_raw_str().to_owned()));
        }
        Ok(Entries(Some(entries)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entries, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Entries(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Entries, E> {
        Ok(Entries(None))
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
