//! The nearest valid word to a mistyped one.

/// The candidate nearest to `word`, if one is near enough to be what was meant.
///
/// Near enough is one edit for each three letters, at least one; a swap of neighbours is one edit.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The distance costs the product of both lengths: nobody mistypes a key by a kilobyte.
    if word.len() > 100 {
        return None;
    }
    let lower = word.to_lowercase().replace('-', "_");
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            (strsim::osa_distance(&lower, &candidate.to_lowercase().replace('-', "_")), candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The words in code quotes, joined by commas; the first ten if there are more.
pub(super) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    let shown: Vec<String> = words.iter().take(10).map(|word| format!("`{word}`")).collect();
    let more = words.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn typing_slips_are_recognised() {
        let keys = ["max_depth", "max_tokens", "timeout", "path"];
        assert_eq!(nearest("max_dept", keys), Some("max_depth"));
        assert_eq!(nearest("maxDepth", keys), Some("max_depth"));
        assert_eq!(nearest("max-tokens", keys), Some("max_tokens"));
        assert_eq!(nearest("tiemout", keys), Some("timeout"));
        assert_eq!(nearest("pth", keys), Some("path"));
        assert_eq!(nearest("cluster", keys), None);
        assert_eq!(nearest("", keys), None);
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..12).map(|n| format!("s{n}")).collect();
        let text = list(names.iter().map(String::as_str));
        assert!(text.ends_with("`s9` and 2 more"), "{text}");
    }
}
