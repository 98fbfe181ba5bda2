//! How deep JSON may be nested: deeper texts are refused before any parser recurses into them.
//!
//! sonic-rs bounds what it reads into values, but not what it skips or keeps as raw text: a megabyte of `[`
//! from one client, or from one subgraph, would overflow the sandbox's stack and kill the worker.

/// The deepest nesting of objects and arrays that is read: that of sonic-rs for values.
pub(crate) const MAX_NESTING: usize = 250;

/// Whether `json` is nested deeper than [`MAX_NESTING`]. What is no JSON gets some answer, without recursion.
pub(crate) fn is_too_deep(json: &[u8]) -> bool {
    // Bodies with fewer brackets than levels are the rule, and counting runs at memory speed.
    let brackets = json.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    brackets > MAX_NESTING && deepest(json) > MAX_NESTING
}

fn deepest(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    deepest
}

/// Moves behind the quote that ends the string.
fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn levels_count_not_brackets() {
        assert!(!is_too_deep("[{}]".repeat(10_000).as_bytes()));
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(!is_too_deep(deep(MAX_NESTING).as_bytes()));
        assert!(is_too_deep(deep(MAX_NESTING + 1).as_bytes()));
        assert!(is_too_deep("{\"a\":[".repeat(MAX_NESTING).as_bytes()));
    }

    #[test]
    fn brackets_in_strings_are_text() {
        let text = format!(r#"{{"a":"{}"}}"#, "[".repeat(1_000));
        assert!(!is_too_deep(text.as_bytes()));
        let hidden = format!(r#"["\"{}",{}"#, "]".repeat(1_000), "[".repeat(1_000));
        assert!(is_too_deep(hidden.as_bytes()));
    }
}
