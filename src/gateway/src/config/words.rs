//! Settings that are a list of a few known words.

use serde_json::Value;

use super::shape::{Complaint, Shape, show};
use super::suggest;

/// A list of words; each counts once, and their order says nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<T: 'static> {
    /// The words that may stand there.
    pub(super) words: &'static [(&'static str, T)],
    /// What holds where nothing is said, in the order of `words`.
    pub(super) default: &'static [T],
    /// The words, for the docs.
    pub(super) kind: &'static str,
}

impl<T: Copy + PartialEq> Words<T> {
    /// The words for values, in the order of the values.
    pub(super) fn texts(&self, values: &[T]) -> Vec<&'static str> {
        let word = |value: &T| self.words.iter().find(|(_, known)| known == value).map(|(word, _)| *word);
        values.iter().filter_map(word).collect()
    }
}

impl<T: Copy + PartialEq> Shape for Words<T> {
    type Value = Vec<T>;

    fn read(&self, json: &Value) -> Result<Vec<T>, Complaint> {
        let words = || self.words.iter().map(|(word, _)| *word);
        let Value::Array(entries) = json else {
            let fix = format!("write a list of these: {}", suggest::list(words()));
            return Err(Complaint::new(format!("{} is not a list", show(json)), fix));
        };
        for entry in entries {
            if !words().any(|word| entry.as_str() == Some(word)) {
                let fix = match entry.as_str().and_then(|text| suggest::nearest(text, words())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write some of {}", suggest::list(words())),
                };
                return Err(Complaint::new(format!("{} is none of the choices", show(entry)), fix));
            }
        }
        let is_named = |word: &str| entries.iter().any(|entry| entry.as_str() == Some(word));
        Ok(self.words.iter().filter(|(word, _)| is_named(word)).map(|(_, value)| *value).collect())
    }

    fn default(&self) -> Option<Vec<T>> {
        Some(self.default.to_vec())
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn default_text(&self) -> String {
        self.texts(self.default).join(", ")
    }

    fn bounds(&self) -> Option<(String, String)> {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const WORDS: Words<u8> = Words { words: &[("connect", 1), ("reset", 2)], default: &[1], kind: "" };

    #[test]
    fn known_words_are_read_once_each_in_one_order() {
        assert_eq!(WORDS.read(&json!(["reset", "connect", "reset"])), Ok(vec![1, 2]));
        assert_eq!(WORDS.read(&json!([])), Ok(vec![]));
        assert_eq!(WORDS.read(&json!(["conect"])).unwrap_err().fix, "did you mean `connect`?");
        assert_eq!(WORDS.read(&json!([7])).unwrap_err().fix, "write some of `connect`, `reset`");
        assert!(WORDS.read(&json!("connect")).unwrap_err().message.contains("not a list"));
        assert_eq!(WORDS.default_text(), "connect");
        assert_eq!(WORDS.texts(&[2, 1]), ["reset", "connect"]);
    }
}
