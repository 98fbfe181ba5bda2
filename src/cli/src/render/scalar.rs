//! Texts as YAML scalars.

use std::net::Ipv4Addr;

/// A text as it may stand in YAML: bare where it can't be taken for anything else, else in quotes.
pub(super) fn scalar(text: &str) -> String {
    let starts =
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') || text.parse::<Ipv4Addr>().is_ok();
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '.'));
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "y" | "n"
    );
    // JSON in double quotes would be full of backslashes.
    let single = text.contains('"') && text.chars().all(|c| (c == ' ' || c.is_ascii_graphic()) && c != '\'');
    match (starts && plain && !word, single) {
        (true, _) => text.to_owned(),
        (false, true) => format!("'{text}'"),
        (false, false) => quoted(text),
    }
}

/// A text in double quotes. JSON's escapes are YAML's too.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether a text can stand as a literal block (`|`) and be read back as it was, but for blanks at the end
/// of lines.
pub(super) fn is_block(text: &str) -> bool {
    // A first line that begins with a blank would set the block's indentation.
    let first = text.lines().find(|line| !line.trim().is_empty());
    let indented = first.is_none_or(|line| line.starts_with(char::is_whitespace));
    let printable = text.chars().all(|c| {
        matches!(c, '\n' | '\t') || (!c.is_control() && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}'))
    });
    printable && !indented
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_plainly_a_text_stands_bare() {
        assert_eq!(scalar("127.0.0.1"), "127.0.0.1");
        assert_eq!(scalar("/etc/envoy/weir.wasm"), "/etc/envoy/weir.wasm");
        assert_eq!(scalar("weir_127.0.0.1_4100"), "weir_127.0.0.1_4100");
        assert_eq!(scalar("::1"), "\"::1\"");
        assert_eq!(scalar("no"), "\"no\"");
        assert_eq!(scalar("1.5"), "\"1.5\"");
        assert_eq!(scalar("{\"a\":1}"), "'{\"a\":1}'");
        assert_eq!(scalar("a: b # \"c\"\n"), "\"a: b # \\\"c\\\"\\n\"");
        assert_eq!(scalar(""), "\"\"");
    }

    #[test]
    fn texts_that_a_block_would_change_are_quoted() {
        assert!(is_block("schema {\n\n  query: Query\n}\n"));
        assert!(!is_block("  schema { query: Query }"));
        assert!(!is_block("a\r\nb"));
        assert!(!is_block("\u{feff}schema"));
        assert!(!is_block(""));
    }
}
