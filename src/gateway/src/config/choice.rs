//! Settings that are one of a few words, true or false, or a list of texts.

use serde_json::Value;

use super::shape::{Complaint, Shape, show};
use super::suggest;

/// One of a few words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice<T: 'static> {
    pub(super) words: &'static [(&'static str, T)],
    pub(super) default: Option<T>,
    /// Where the value comes from if neither is given.
    pub(super) unset: &'static str,
    /// The words, for the docs.
    pub(super) kind: &'static str,
}

impl<T: Copy + PartialEq> Choice<T> {
    /// The word for a value.
    pub(super) fn word(&self, value: T) -> &'static str {
        self.words.iter().find(|(_, v)| *v == value).map_or("", |(word, _)| word)
    }
}

impl<T: Copy + PartialEq> Shape for Choice<T> {
    type Value = T;

    fn read(&self, json: &Value) -> Result<T, Complaint> {
        let words = || self.words.iter().map(|(word, _)| *word);
        let found = json.as_str().and_then(|text| self.words.iter().find(|(word, _)| *word == text));
        found.map(|(_, value)| *value).ok_or_else(|| {
            let fix = match json.as_str().and_then(|text| suggest::nearest(text, words())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of {}", suggest::list(words())),
            };
            Complaint::new(format!("{} is none of the choices", show(json)), fix)
        })
    }

    fn default(&self) -> Option<T> {
        self.default
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn default_text(&self) -> String {
        self.default.map_or(self.unset, |value| self.word(value)).to_owned()
    }

    fn bounds(&self) -> Option<(String, String)> {
        None
    }
}

/// True or false, with a default of its own or of another setting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Switch {
    pub(super) default: Option<bool>,
    pub(super) unset: &'static str,
}

impl Shape for Switch {
    type Value = bool;

    fn read(&self, json: &Value) -> Result<bool, Complaint> {
        super::shape::Flag.read(json)
    }

    fn default(&self) -> Option<bool> {
        self.default
    }

    fn kind(&self) -> &'static str {
        super::shape::Flag.kind()
    }

    fn default_text(&self) -> String {
        self.default.map_or(self.unset.to_owned(), |default| default.to_string())
    }

    fn bounds(&self) -> Option<(String, String)> {
        None
    }
}

/// What the entries of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListKind {
    /// Any texts.
    Texts,
    /// Names of headers; read in lower case.
    Headers,
}

/// A list of texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    pub(super) kind: ListKind,
    pub(super) default: Option<&'static [&'static str]>,
    pub(super) unset: &'static str,
}

/// Lists are looked through for each request or error.
const MAX_ENTRIES: usize = 100;

impl Shape for List {
    type Value = Vec<String>;

    fn read(&self, json: &Value) -> Result<Vec<String>, Complaint> {
        let Value::Array(entries) = json else {
            return Err(Complaint::new(format!("{} is not a list", show(json)), "write it like `[a, b]`"));
        };
        if entries.len() > MAX_ENTRIES {
            let message = format!("the list has more than {MAX_ENTRIES} entries");
            return Err(Complaint::new(message, "shorten it"));
        }
        entries
            .iter()
            .map(|entry| match (entry.as_str(), self.kind) {
                (Some(text), ListKind::Headers) => header_name(text),
                (Some(text), ListKind::Texts) if !text.is_empty() => Ok(text.to_owned()),
                _ => Err(Complaint::new(
                    format!("the entry {} is not a text", show(entry)),
                    "write it in quotes",
                )),
            })
            .collect()
    }

    fn default(&self) -> Option<Vec<String>> {
        self.default.map(|words| words.iter().map(|word| (*word).to_owned()).collect())
    }

    fn kind(&self) -> &'static str {
        match self.kind {
            ListKind::Texts => "list of texts",
            ListKind::Headers => "list of header names",
        }
    }

    fn default_text(&self) -> String {
        match self.default {
            Some([]) => "none".to_owned(),
            Some(words) => words.join(", "),
            None => self.unset.to_owned(),
        }
    }

    fn bounds(&self) -> Option<(String, String)> {
        None
    }
}

/// The name of a header, in lower case.
pub(super) fn header_name(text: &str) -> Result<String, Complaint> {
    http::HeaderName::from_bytes(text.as_bytes()).map(|name| name.as_str().to_owned()).map_err(|_| {
        Complaint::new(
            format!("{} is not the name of a header", show(&Value::from(text))),
            "write it like `x-tenant`",
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const CHOICE: Choice<u8> =
        Choice { words: &[("strict", 1), ("lax", 2)], default: Some(2), unset: "", kind: "" };

    #[test]
    fn a_word_is_chosen_or_suggested() {
        assert_eq!(CHOICE.read(&json!("strict")), Ok(1));
        assert_eq!(CHOICE.read(&json!("strct")).unwrap_err().fix, "did you mean `strict`?");
        assert_eq!(CHOICE.read(&json!(7)).unwrap_err().fix, "write one of `strict`, `lax`");
        assert_eq!(CHOICE.default_text(), "lax");
    }

    #[test]
    fn names_of_headers_are_checked_and_lowered() {
        let list = List { kind: ListKind::Headers, default: Some(&[]), unset: "" };
        assert_eq!(list.read(&json!(["X-Tenant"])), Ok(vec!["x-tenant".to_owned()]));
        assert!(list.read(&json!(["a b"])).unwrap_err().message.contains("`a b`"));
        assert!(list.read(&json!("x")).unwrap_err().message.contains("not a list"));
        assert!(list.read(&json!([1])).is_err());
        assert!(list.read(&json!(vec!["x"; 101])).is_err());
    }
}
