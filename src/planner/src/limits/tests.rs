//! What is counted, what is refused, and that refusing is cheap.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::syntax::{Bounds, parse};

fn measured(text: &str, limits: &OperationLimits) -> Result<Measured, OperationError> {
    let parsed = parse(text, Bounds { tokens: 200_000, nesting: 301 })?;
    check(&parsed, limits)
}

fn checked(text: &str, max_depth: usize) -> Result<Measured, OperationError> {
    measured(
        text,
        &OperationLimits {
            max_depth,
            max_tokens: 200_000,
            max_root_fields: 100_000,
            ..OperationLimits::default()
        },
    )
}

#[test]
fn depth_counts_fields_not_fragments() {
    let text = "{ a { ... { ...F } } } fragment F on T { b { c } }";
    assert!(checked(text, 3).is_ok());
    let error = checked(text, 2).expect_err("too deep");
    assert_eq!(error.kind, OperationErrorKind::Limit(OperationLimit::Depth));
    assert!(error.message.contains("deeper than 2"), "{}", error.message);
}

#[test]
fn a_fragment_measured_once_still_counts_where_it_is_spread_deeper() {
    let text = "{ ...F a { b { ...F } } } fragment F on T { x { y } }";
    assert!(checked(text, 4).is_ok());
    assert!(checked(text, 3).is_err());
}

#[test]
fn cycles_end() {
    for text in
        ["{ ...A } fragment A on T { ...B } fragment B on T { x { ...A } }", "{ x } fragment A on T { ...A }"]
    {
        assert!(checked(text, 10).is_ok());
    }
}

#[test]
fn doubling_fragments_are_refused_quickly() {
    let mut text = "{ ...F0 }".to_owned();
    for link in 0..40 {
        text.push_str(&format!(" fragment F{link} on T {{ ...F{} ...F{} }}", link + 1, link + 1));
    }
    text.push_str(" fragment F40 on T { x }");
    let error = checked(&text, 50).expect_err("2^40 fields");
    assert!(error.message.contains("fields after spreading"), "{}", error.message);
}

#[test]
fn many_operations_that_spread_one_large_fragment_count_together() {
    let mut text = format!("fragment F on T {{ {} }}", "x ".repeat(1_000));
    for operation in 0..60 {
        text.push_str(&format!(" query Q{operation} {{ ...F }}"));
    }
    let error = checked(&text, 50).expect_err("60,000 fields");
    assert!(error.message.contains("fields after spreading"), "{}", error.message);
}

#[test]
fn long_chains_of_fragments_are_refused_before_the_stack_ends() {
    let mut text = "{ ...F0 }".to_owned();
    for link in 0..20_000 {
        text.push_str(&format!(" fragment F{link} on T {{ ...F{} }}", link + 1));
    }
    text.push_str(" fragment F20000 on T { x }");
    let error = checked(&text, 50).expect_err("too nested");
    assert!(error.message.contains("selection sets"), "{}", error.message);
}

/// An operation that has exactly `n` of what the limit counts.
fn sized(limit: OperationLimit, n: usize) -> String {
    match limit {
        OperationLimit::Tokens => format!("{{{}}}", "a ".repeat(n - 2)),
        OperationLimit::Depth => "{a".repeat(n) + &"}".repeat(n),
        OperationLimit::Height => {
            format!("{{a{{...F ...F}}}} fragment F on T {{{}}}", "b ".repeat((n - 1) / 2))
        }
        OperationLimit::Aliases => {
            format!("{{{} ...F}} fragment F on T {{{}}}", "b a:b ", "c:d ".repeat(n - 1))
        }
        OperationLimit::RootFields => format!("{{a{{b c}} ...F}} fragment F on T {{{}}}", "b ".repeat(n - 1)),
        OperationLimit::Directives => {
            format!("query @d {{a @d @d ...F @d}} fragment F on T @d {{{}}}", "...@d{b} ".repeat(n - 5))
        }
        OperationLimit::IntrospectionDepth => {
            format!(
                "{{fields{{a}} __schema{{x{{...F}}}}}} fragment F on T {}b{}",
                "{fields".repeat(n) + "{",
                "}".repeat(n + 1)
            )
        }
        OperationLimit::Nesting => unreachable!("can't be set"),
    }
}

#[test]
fn each_limit_holds_to_the_last_one_and_can_be_warned_of() {
    for limit in OperationLimit::ALL {
        let mut limits = OperationLimits::default();
        let max = match limit {
            OperationLimit::Tokens => &mut limits.max_tokens,
            OperationLimit::Depth => &mut limits.max_depth,
            OperationLimit::Height => &mut limits.max_height,
            OperationLimit::Aliases => &mut limits.max_aliases,
            OperationLimit::RootFields => &mut limits.max_root_fields,
            OperationLimit::Directives => &mut limits.max_directives,
            OperationLimit::IntrospectionDepth => &mut limits.max_introspection_depth,
            OperationLimit::Nesting => unreachable!("can't be set"),
        };
        *max = 21;
        let fits = measured(&sized(limit, 21), &limits).unwrap_or_else(|error| panic!("{limit:?}: {error}"));
        assert!(fits.exceeded.is_empty(), "{limit:?}");
        let over = sized(limit, 23);
        let error = measured(&over, &limits).expect_err("over the limit");
        assert_eq!(error.kind, OperationErrorKind::Limit(limit));
        limits.warn_only = vec![limit];
        let warned = measured(&over, &limits).unwrap_or_else(|error| panic!("{limit:?}: {error}"));
        assert_eq!(warned.exceeded, [error], "{limit:?}");
    }
}

#[test]
fn introspection_is_found_wherever_it_stands() {
    assert!(
        checked("{ a ...F } fragment F on Query { ... { x: __type(name: \"A\") { name } } }", 9)
            .expect("fine")
            .introspection
            .is_some()
    );
    assert!(checked("{ a { __typename } __typename }", 9).expect("fine").introspection.is_none());
}
