//! The shapes that settings have: how each is read from JSON, bounded, described and written back.

use std::time::Duration;

use bytesize::ByteSize;
use serde_json::Value;

use super::endpoint::Endpoint;

/// Why a value is refused, and what to write in its stead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) message: String,
    pub(super) fix: String,
}

impl Complaint {
    pub(super) fn new(message: impl Into<String>, fix: impl Into<String>) -> Complaint {
        Complaint { message: message.into(), fix: fix.into() }
    }
}

/// How a setting's value is read and described.
pub(super) trait Shape {
    type Value;

    /// The value, or why it is refused.
    fn read(&self, json: &Value) -> Result<Self::Value, Complaint>;
    /// What holds where the document says nothing; `None` if that depends on other settings.
    fn default(&self) -> Option<Self::Value>;
    /// The kind of value, with an example.
    fn kind(&self) -> &'static str;
    /// The default as users would write it, or where it comes from.
    fn default_text(&self) -> String;
    /// The least and greatest value, as users would write them.
    fn bounds(&self) -> Option<(String, String)>;
}

/// A time span.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) default: Option<Duration>,
    pub(super) unset: &'static str,
    pub(super) least: Duration,
    pub(super) most: Duration,
}

impl Shape for Span {
    type Value = Duration;

    fn read(&self, json: &Value) -> Result<Duration, Complaint> {
        let range = format!("write a time from {} to {}", span_text(self.least), span_text(self.most));
        let Value::String(text) = json else {
            let fix = match json {
                Value::Number(number) => format!("add a unit: `{number}ms` or `{number}s`"),
                _ => range,
            };
            return Err(Complaint::new(format!("{} is not a time", show(json)), fix));
        };
        let span = humantime::parse_duration(text).map_err(|_| {
            Complaint::new(format!("`{}` is not a time", cut(text)), "write it like `10ms`, `2s` or `1m`")
        })?;
        in_range(span, self.least, self.most, || {
            Complaint::new(format!("`{}` is out of range", cut(text)), range)
        })
    }

    fn default(&self) -> Option<Duration> {
        self.default
    }

    fn kind(&self) -> &'static str {
        "time, such as `10ms`, `2s`, `1m`"
    }

    fn default_text(&self) -> String {
        self.default.map_or(self.unset.to_owned(), span_text)
    }

    fn bounds(&self) -> Option<(String, String)> {
        Some((span_text(self.least), span_text(self.most)))
    }
}

/// A size in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes {
    pub(super) default: u32,
    pub(super) least: u32,
    pub(super) most: u32,
}

impl Shape for Bytes {
    type Value = usize;

    fn read(&self, json: &Value) -> Result<usize, Complaint> {
        let range = || format!("write a size from {} to {}", size_text(self.least), size_text(self.most));
        let size = match json {
            Value::String(text) => text.parse::<ByteSize>().ok().map(|size| size.as_u64()),
            _ => whole(json),
        };
        let size = size.ok_or_else(|| {
            Complaint::new(format!("{} is not a size", show(json)), "write it like 1048576 or `1MiB`")
        })?;
        in_range(size, u64::from(self.least), u64::from(self.most), || {
            Complaint::new(format!("{} is out of range", show(json)), range())
        })
        .map(|size| usize::try_from(size).unwrap_or(usize::MAX))
    }

    fn default(&self) -> Option<usize> {
        usize::try_from(self.default).ok()
    }

    fn kind(&self) -> &'static str {
        "size, such as 1048576 or `1MiB`"
    }

    fn default_text(&self) -> String {
        size_text(self.default)
    }

    fn bounds(&self) -> Option<(String, String)> {
        Some((size_text(self.least), size_text(self.most)))
    }
}

/// A number of things.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    pub(super) default: u32,
    pub(super) least: u32,
    pub(super) most: u32,
}

impl Shape for Count {
    type Value = usize;

    fn read(&self, json: &Value) -> Result<usize, Complaint> {
        let range = || format!("write a whole number from {} to {}", self.least, self.most);
        let count = whole(json)
            .ok_or_else(|| Complaint::new(format!("{} is not a whole number", show(json)), range()))?;
        in_range(count, u64::from(self.least), u64::from(self.most), || {
            Complaint::new(format!("{} is out of range", show(json)), range())
        })
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX))
    }

    fn default(&self) -> Option<usize> {
        usize::try_from(self.default).ok()
    }

    fn kind(&self) -> &'static str {
        "whole number"
    }

    fn default_text(&self) -> String {
        self.default.to_string()
    }

    fn bounds(&self) -> Option<(String, String)> {
        Some((self.least.to_string(), self.most.to_string()))
    }
}

/// True or false; false where the document says nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flag;

impl Shape for Flag {
    type Value = bool;

    fn read(&self, json: &Value) -> Result<bool, Complaint> {
        json.as_bool().ok_or_else(|| {
            Complaint::new(
                format!("{} is neither true nor false", show(json)),
                "write true or false, without quotes",
            )
        })
    }

    fn default(&self) -> Option<bool> {
        Some(false)
    }

    fn kind(&self) -> &'static str {
        "true or false"
    }

    fn default_text(&self) -> String {
        "false".to_owned()
    }

    fn bounds(&self) -> Option<(String, String)> {
        None
    }
}

/// What a text may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    /// Any text that isn't empty.
    Any,
    /// The path of Weir's own endpoint.
    Route,
    /// Path and query of a call.
    Path,
    /// Name of an Envoy cluster.
    Cluster,
    /// Host, with or without port.
    Authority,
    /// An http or https URL.
    Url,
}

/// A text of some kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    pub(super) kind: TextKind,
    pub(super) default: Option<&'static str>,
    pub(super) unset: &'static str,
}

impl Shape for Text {
    type Value = String;

    fn read(&self, json: &Value) -> Result<String, Complaint> {
        let Value::String(text) = json else {
            return Err(Complaint::new(format!("{} is not a text", show(json)), "write it in quotes"));
        };
        if text.trim().is_empty() {
            return Err(Complaint::new("is empty", "write a value, or leave the key out"));
        }
        match self.kind {
            TextKind::Any => {}
            TextKind::Cluster => {
                if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
                    let message = format!("`{}` is not the name of an Envoy cluster", cut(text));
                    return Err(Complaint::new(message, "names have no spaces"));
                }
            }
            TextKind::Path => check_path(text)?,
            TextKind::Route => {
                check_path(text)?;
                if text.contains('?') {
                    return Err(Complaint::new(
                        "a query is no part of the endpoint's path",
                        "leave out `?` and what follows",
                    ));
                }
                if text == "/health" || text == "/ready" {
                    let message = format!("`{text}` is where Weir answers probes");
                    return Err(Complaint::new(message, "choose another path, such as `/graphql`"));
                }
            }
            TextKind::Authority => {
                let valid = text.parse::<http::uri::Authority>().is_ok_and(|a| !a.as_str().contains('@'));
                if !valid {
                    let message = format!("`{}` is not a host with an optional port", cut(text));
                    return Err(Complaint::new(message, "write it like `accounts.internal:4001`"));
                }
            }
            TextKind::Url => drop(Endpoint::parse(text)?),
        }
        Ok(text.clone())
    }

    fn default(&self) -> Option<String> {
        self.default.map(str::to_owned)
    }

    fn kind(&self) -> &'static str {
        match self.kind {
            TextKind::Any => "text",
            TextKind::Route | TextKind::Path => "path, such as `/graphql`",
            TextKind::Cluster => "name of an Envoy cluster",
            TextKind::Authority => "host, such as `accounts.internal:4001`",
            TextKind::Url => "URL, such as `http://accounts.internal:4001/graphql`",
        }
    }

    fn default_text(&self) -> String {
        self.default.unwrap_or(self.unset).to_owned()
    }

    fn bounds(&self) -> Option<(String, String)> {
        None
    }
}

fn check_path(text: &str) -> Result<(), Complaint> {
    if !text.starts_with('/') {
        return Err(Complaint::new(
            format!("`{}` does not begin with `/`", cut(text)),
            format!("write `/{}`", cut(text)),
        ));
    }
    // As Envoy would refuse or change it on the wire.
    if let Some(bad) =
        text.chars().find(|c| !c.is_ascii_graphic() || matches!(c, '#' | '<' | '>' | '"' | '\\'))
    {
        return Err(Complaint::new(format!("{bad:?} can't stand in a path"), "percent-encode it"));
    }
    Ok(())
}

fn in_range<T: PartialOrd>(
    value: T,
    least: T,
    most: T,
    complaint: impl FnOnce() -> Complaint,
) -> Result<T, Complaint> {
    if value >= least && value <= most { Ok(value) } else { Err(complaint()) }
}

/// The number if it is whole and not negative. Envoy hands a `google.protobuf.Struct` over as JSON, and
/// there every number has been a double: 1000 may arrive as 1000.0 or 1e3.
fn whole(json: &Value) -> Option<u64> {
    json.as_u64().or_else(|| {
        let number = json.as_f64()?;
        // Doubles are exact up to 2^53; every bound of a setting is far below.
        let exact = number >= 0.0 && number.fract() == 0.0 && number <= 9_007_199_254_740_992.0;
        exact.then_some(number as u64)
    })
}

/// A time as users write it: `30s`.
pub(super) fn span_text(span: Duration) -> String {
    const DAY: u64 = 86_400;
    // Beyond a month the crate writes months of 30.44 days.
    if span.subsec_nanos() == 0 && span.as_secs() > DAY && span.as_secs().is_multiple_of(DAY) {
        return format!("{}days", span.as_secs() / DAY);
    }
    humantime::format_duration(span).to_string()
}

/// A size as users write it: `1MiB` where that is exact.
pub(super) fn size_text(bytes: u32) -> String {
    let units = [(30_u32, "GiB"), (20, "MiB"), (10, "KiB")];
    for (bits, unit) in units {
        let count = bytes >> bits;
        if count > 0 && bytes.trailing_zeros() >= bits {
            return format!("{count}{unit}");
        }
    }
    bytes.to_string()
}

pub(super) fn show(json: &Value) -> String {
    match json {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) => format!("`{}`", cut(text)),
        other => other.to_string(),
    }
}

/// The start of a text that may be of any length, on one line.
fn cut(text: &str) -> String {
    let start: String = text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if start.len() < text.len() { format!("{start}…") } else { start }
}
