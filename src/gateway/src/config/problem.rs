//! What is wrong with a configuration, where, and what to do about it.

use std::fmt;

/// One thing that keeps a configuration from being used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key (`subgraphs.accounts.timeout`) or the position (`supergraph, line 3, column 7`).
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do; empty if the message says it all.
    pub fix: String,
}

impl Problem {
    /// A problem at `place`.
    pub fn new(place: impl Into<String>, message: impl Into<String>, fix: impl Into<String>) -> Problem {
        Problem { place: place.into(), message: message.into(), fix: fix.into() }
    }
}

/// One line, for logs: `limits.max_depth: must be …; set …`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        if self.fix.is_empty() { Ok(()) } else { write!(f, " ({})", self.fix) }
    }
}

/// A setting's key as users write it: joined by dots, with names that need it in quotes.
pub(super) fn place<'a>(segments: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for segment in segments {
        let plain =
            !segment.is_empty() && segment.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if plain {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(segment);
        } else {
            text.push_str(&format!("[{segment:?}]"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn keys_are_written_as_in_the_document() {
        assert_eq!(place(["subgraphs", "accounts", "timeout"]), "subgraphs.accounts.timeout");
        assert_eq!(place(["subgraphs", "a.b", "timeout"]), "subgraphs[\"a.b\"].timeout");
    }

    #[test]
    fn a_problem_is_one_line() {
        let problem = Problem::new("path", "must begin with `/`", "write `/graphql`");
        assert_eq!(problem.to_string(), "path: must begin with `/` (write `/graphql`)");
    }
}
