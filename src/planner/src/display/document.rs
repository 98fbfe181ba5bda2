//! A subgraph's operation, laid out for reading.

use std::fmt;

use graphql_tools::parser::parse_query;

/// Writes `document` indented by `depth` steps; what doesn't parse is written as it is.
pub(super) fn write(f: &mut fmt::Formatter<'_>, document: &str, depth: usize) -> fmt::Result {
    let pretty = parse_query::<&str>(document).map(|parsed| parsed.to_string());
    let text = pretty.as_deref().unwrap_or(document);
    for line in text.trim_end().lines() {
        if line.is_empty() {
            writeln!(f)?;
        } else {
            writeln!(f, "{:width$}{line}", "", width = depth.saturating_mul(2))?;
        }
    }
    Ok(())
}
