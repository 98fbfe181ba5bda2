//! Options of a measurement, which come by the environment.

use std::fmt::Debug;
use std::str::FromStr;

/// The number in a variable; `default` without it.
pub(crate) fn number<T: FromStr<Err: Debug>>(variable: &str, default: T) -> T {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{variable}: {text:?}: {error:?}")),
        Err(_) => default,
    }
}

/// Those of `all` that a variable names, by their keys with commas; all without it.
pub(crate) fn chosen<T: Copy>(variable: &str, all: &[T], key: impl Fn(T) -> &'static str) -> Vec<T> {
    let Ok(keys) = std::env::var(variable) else { return all.to_vec() };
    let find = |wanted: &str| {
        let known = || all.iter().map(|one| key(*one)).collect::<Vec<_>>().join(", ");
        let one = all.iter().find(|one| key(**one) == wanted);
        *one.unwrap_or_else(|| panic!("{variable}: no {wanted:?}; there are {}", known()))
    };
    keys.split(',').map(|key| find(key.trim())).collect()
}
