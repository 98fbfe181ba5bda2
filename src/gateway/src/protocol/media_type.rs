//! Media types and the lists of them in `Accept` and `Content-Type` (RFC 9110 §8.3.1, §12.5.1).

/// A media type, or a range of them, with its parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct MediaType<'a> {
    essence: &'a str,
    parameters: &'a str,
}

impl<'a> MediaType<'a> {
    /// Takes `text` apart; what is no media type has an essence that equals none.
    pub(super) fn parse(text: &'a str) -> MediaType<'a> {
        let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
        MediaType { essence: essence.trim(), parameters }
    }

    /// Whether it is this type, such as `application/json`.
    pub(super) fn is(&self, essence: &str) -> bool {
        self.essence.eq_ignore_ascii_case(essence)
    }

    /// The value of a parameter, without its quotes.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a str> {
        split(self.parameters, ';').find_map(|parameter| {
            let (key, value) = parameter.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
        })
    }

    /// Whether it is in UTF-8, which is so where it does not say.
    pub(super) fn is_utf8(&self) -> bool {
        self.parameter("charset").is_none_or(|charset| {
            charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
        })
    }
}

/// The parts of a list, split where `separator` stands outside of quotes (RFC 9110 §5.6.4).
pub(super) fn split(list: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    list.split(move |c: char| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            c => return c == separator && !quoted,
        }
        false
    })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_media_type_is_taken_apart() {
        let media = MediaType::parse(" Application/JSON ; Charset=\"UTF-8\";q=0.5");
        assert!(media.is("application/json") && media.is_utf8());
        assert_eq!(media.parameter("q"), Some("0.5"));
        assert!(MediaType::parse("application/json").is_utf8());
        assert!(!MediaType::parse("application/json; charset=latin1").is_utf8());
        assert!(!MediaType::parse("text/plain; application/json").is("application/json"));
    }

    #[test]
    fn quoted_separators_are_text() {
        let parts: Vec<&str> = split(r#"a;p="x,\"y", b,,c"#, ',').collect();
        assert_eq!(parts, [r#"a;p="x,\"y""#, " b", "", "c"]);
    }
}
