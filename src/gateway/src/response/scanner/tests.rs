//! Scanning: what is JSON and what isn't, and where a fault is.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// Where the one value of a text begins and ends, or what is wrong.
fn value(text: &str) -> Result<(usize, usize), String> {
    let mut scanner = Scanner::new(text.as_bytes());
    let mut walk = || {
        scanner.next()?;
        let start = scanner.at();
        scanner.skip()?;
        let end = scanner.at();
        scanner.end()?;
        Ok((start, end))
    };
    walk().map_err(|Broken| scanner.fault().to_string())
}

#[test]
fn a_value_is_passed_over_whole() {
    for text in [
        "null",
        "true",
        "false",
        "0",
        "-1.5e+10",
        r#""""#,
        r#""\"\u00e9\\""#,
        "{}",
        "[]",
        r#"{"a":[{},[],1]}"#,
    ] {
        assert_eq!(value(&format!(" \n\t\r{text} ")), Ok((4, 4 + text.len())), "{text}");
    }
}

#[test]
fn a_string_ends_at_its_quote_wherever_that_stands() {
    for length in 0..70 {
        let text = format!("\"{}\"", "x".repeat(length));
        assert_eq!(value(&text), Ok((0, length + 2)));
        for (special, offset) in [("\\n", 0), ("\u{e9}", 0), ("\\\"", 0)] {
            let text = format!("\"{}{special}{}\"", "x".repeat(length), "y".repeat(length));
            assert_eq!(value(&text), Ok((offset, text.len())), "{text}");
        }
        let text = format!("\"{}\u{1}{}\"", "x".repeat(length), "y".repeat(20));
        assert_eq!(value(&text), Err(format!("a string holds a control character at byte {}", length + 1)));
    }
}

#[test]
fn faults_are_named_with_their_place() {
    let faults = [
        ("", "it ends too early at byte 0"),
        ("[1", "it ends too early at byte 2"),
        ("[1,]", "a value is missing at byte 3"),
        ("[1 2]", "a comma is missing at byte 3"),
        ("[1}", "a comma is missing at byte 2"),
        ("[}", "the brackets don't match at byte 1"),
        ("{\"a\" 1}", "a colon is missing at byte 5"),
        ("{a:1}", "a key is missing at byte 1"),
        ("01", "there is more behind its end at byte 1"),
        ("1.", "a digit is missing at byte 2"),
        ("-", "a value is missing at byte 1"),
        ("nul", "a value is missing at byte 0"),
        ("\"a", "a string has no end at byte 2"),
        ("\"\\x\"", "an escape is unknown at byte 2"),
        ("\"\\u12g4\"", "an escape \\u lacks its four hexadecimal digits at byte 2"),
    ];
    for (text, fault) in faults {
        assert_eq!(value(text), Err(fault.to_owned()), "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(value(&nested(MAX_NESTING)), Ok((0, 2 * MAX_NESTING)));
    let fault = value(&nested(MAX_NESTING + 1));
    assert_eq!(fault, Err("it is nested deeper than 250 levels at byte 250".to_owned()));
}

/// What serde_json accepts, the scanner accepts, and nothing else.
#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use proptest::prelude::*;

    use super::*;

    /// Whether serde_json takes the text for one JSON value; its own bound on nesting is not reached here.
    fn is_json(text: &str) -> bool {
        serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
    }

    /// Texts that are JSON nearly: tokens in any order.
    fn tokens() -> impl Strategy<Value = String> {
        let token = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\"a\"",
            "\"a\":",
            "\\",
            "\\u00",
            "0",
            "-",
            "1.5",
            ".",
            "e",
            "e+9",
            "null",
            "true",
            "false",
            " ",
            "\n",
            "\u{0}",
            "\u{e9}",
            "[]",
            "{}",
            "\"\\n\"",
            "aaaaaaaaaaaaaaaa",
        ]);
        prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
    }

    /// JSON values, of which one byte may be another one.
    fn values() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            ".{0,40}".prop_map(serde_json::Value::from),
        ];
        let value = leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
                prop::collection::hash_map(".{0,20}", inner, 0..6)
                    .prop_map(|fields| fields.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        });
        (value, any::<bool>(), any::<prop::sample::Index>(), 0_u8..128, any::<bool>()).prop_map(
            |(value, pretty, at, byte, change)| {
                let text =
                    if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
                let mut bytes = text.unwrap_or_default().into_bytes();
                if change && !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
                String::from_utf8_lossy(&bytes).into_owned()
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn tokens_in_any_order_are_judged_as_by_serde_json(text in tokens()) {
            prop_assert_eq!(value(&text).is_ok(), is_json(&text), "{}", text);
        }

        #[test]
        fn values_are_judged_as_by_serde_json(text in values()) {
            prop_assert_eq!(value(&text).is_ok(), is_json(&text), "{}", text);
        }
    }
}
