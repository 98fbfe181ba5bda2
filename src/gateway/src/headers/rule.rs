//! One rule: which headers it is about, and what is to be done with them.

use regex_lite::{Regex, RegexBuilder};

use super::transport::is_transport;

/// What to do with some headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Pass them on.
    Forward(Forward),
    /// Set one header to a fixed value.
    Insert {
        /// Its name, in lower case.
        name: String,
        /// Its value.
        value: String,
    },
    /// Drop what rules before this one have set.
    Remove(Names),
}

/// Passes headers on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Which.
    pub which: Names,
    /// Names that are left out all the same.
    pub except: Vec<String>,
    /// The name it goes on under; only where `which` is one name.
    pub rename: Option<String>,
    /// The value where it is missing; only where `which` names headers one by one.
    pub default: Option<String>,
    /// How those of several subgraphs become one; not used in requests.
    pub merge: Option<Merge>,
}

impl Forward {
    /// Whether it passes on the header of this name.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.which.has(name) && !is_transport(name) && !self.except.iter().any(|except| except == name)
    }

    /// How headers of this name become one: as the rule says, else as is usual for the name.
    pub(super) fn merge_of(&self, name: &str) -> Merge {
        self.merge.unwrap_or(match name {
            // Under another name it is no longer what caches obey.
            "cache-control" if self.rename.is_none() => Merge::Strictest,
            "set-cookie" | "vary" => Merge::Append,
            _ => Merge::Last,
        })
    }
}

/// How the headers of several subgraphs become one. Their order is that of the plan's fetches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// The first subgraph's.
    First,
    /// The last subgraph's.
    Last,
    /// All, each as a header of its own.
    Append,
    /// Of `cache-control` alone: what allows least.
    Strictest,
}

/// A set of header names, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// These.
    List(Vec<String>),
    /// Those that begin like this.
    Prefix(String),
    /// Those that match a pattern.
    Matching(Pattern),
}

impl Names {
    /// Whether `name`, in lower case, is one of them. A prefix or a pattern never means the headers by which
    /// Envoy is steered.
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Names::List(names) => names.iter().any(|n| n == name),
            Names::Prefix(prefix) => name.starts_with(prefix) && !name.starts_with("x-envoy-"),
            Names::Matching(pattern) => pattern.regex.is_match(name) && !name.starts_with("x-envoy-"),
        }
    }
}

/// A regular expression, equal to another if it is written alike. Matching takes linear time.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
}

impl Pattern {
    /// Compiles `text`; letters match in either case, as names of headers do.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let regex = RegexBuilder::new(text).case_insensitive(true).build();
        regex.map(|regex| Pattern { regex }).map_err(|error| error.to_string())
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        self.regex.as_str()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Pattern {}
