//! The ways in which a call to a subgraph fails, as settings name them.

use super::super::words::Words;

pub use weir_traffic::outcome::FailureClass as Failure;

const WORDS: &[(&str, Failure)] = &[
    ("connect", Failure::Connect),
    ("timeout", Failure::Timeout),
    ("reset", Failure::Reset),
    ("refused", Failure::Refused),
    ("http_5xx", Failure::Http5xx),
    ("malformed", Failure::Malformed),
    ("graphql", Failure::GraphQl),
];

/// Any of them.
pub(super) const fn failures(default: &'static [Failure]) -> Words<Failure> {
    Words {
        words: WORDS,
        default,
        kind: "list of `connect`, `timeout`, `reset`, `refused`, `http_5xx`, `malformed`, `graphql`",
    }
}

/// Those after which a call may be made again: what was answered would mostly be answered again.
pub(super) const fn retried(default: &'static [Failure]) -> Words<Failure> {
    let words = match WORDS {
        [words @ .., _malformed, _graphql] => words,
        _ => WORDS,
    };
    Words { words, default, kind: "list of `connect`, `timeout`, `reset`, `refused`, `http_5xx`" }
}
