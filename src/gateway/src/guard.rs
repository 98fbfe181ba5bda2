//! What must hold of a JSON text before it is given to the parser.
//!
//! sonic-rs bounds the nesting of what it reads into values, but not of what it skips or keeps as raw text: a
//! megabyte of `[` from one client, or from one subgraph, would overflow the sandbox's stack and kill the
//! worker. And what it keeps as raw text it takes on trust: it passes over `\u` and any four bytes, a quote
//! among them, so that raw text could end elsewhere than it seems and spoil the JSON it is copied into.

/// The deepest nesting of objects and arrays that is read: that of sonic-rs for values.
const MAX_NESTING: usize = 250;

/// Looks through `json` once, without recursion.
///
/// # Errors
/// Why it must not be parsed. A text that is no JSON may pass: the parser finds out.
pub(crate) fn check(json: &[u8]) -> Result<(), &'static str> {
    // Texts with fewer brackets than levels and no escapes are the rule, and counting runs at memory speed.
    let (mut brackets, mut escapes) = (0_usize, false);
    for byte in json {
        brackets = brackets.saturating_add(usize::from(matches!(byte, b'[' | b'{')));
        escapes |= *byte == b'\\';
    }
    if brackets > MAX_NESTING || escapes { look_closely(json) } else { Ok(()) }
}

fn look_closely(json: &[u8]) -> Result<(), &'static str> {
    let mut depth = 0_usize;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth = depth.saturating_add(1);
                if depth > MAX_NESTING {
                    return Err("it is nested deeper than 250 levels");
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes)?,
            _ => {}
        }
    }
    Ok(())
}

/// Moves behind the quote that ends the string.
fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) -> Result<(), &'static str> {
    while let Some(byte) = bytes.next() {
        if *byte == b'"' {
            return Ok(());
        }
        if *byte != b'\\' {
            continue;
        }
        if bytes.next() == Some(&b'u') && !bytes.by_ref().take(4).all(u8::is_ascii_hexdigit) {
            return Err("an escape \\u lacks its four hexadecimal digits");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn passes(text: &str) -> bool {
        check(text.as_bytes()).is_ok()
    }

    #[test]
    fn levels_count_not_brackets() {
        assert!(passes(&"[{}]".repeat(10_000)));
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(passes(&deep(MAX_NESTING)));
        assert!(!passes(&deep(MAX_NESTING + 1)));
        assert!(!passes(&"{\"a\":[".repeat(MAX_NESTING)));
    }

    #[test]
    fn brackets_in_strings_are_text() {
        assert!(passes(&format!(r#"{{"a":"{}"}}"#, "[".repeat(1_000))));
        assert!(!passes(&format!(r#"["\"{}",{}"#, "]".repeat(1_000), "[".repeat(1_000))));
    }

    #[test]
    fn an_escape_that_hides_a_quote_is_refused() {
        assert!(passes(r#"["é\n\\"]"#));
        assert!(!passes(r#"["\uZZZZ"]"#));
        assert!(!passes(r#"["\u0"ab"]"#));
        // Read as one string by a parser that does not look at the four bytes.
        assert!(!passes(&format!(r#"["\u"aaa",{}"#, "[".repeat(1_000))));
    }
}
