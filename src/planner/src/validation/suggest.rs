//! "Did you mean": names that are like what was not found.

/// Names given in one message, at most.
const MAX_SUGGESTIONS: usize = 5;

/// The names that `input` may be a slip of, the most similar first.
pub(super) fn similar<'a>(input: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    // Distances take time with the square of the length, and nobody mistypes so long a name.
    if input.len() > 100 {
        return Vec::new();
    }
    let threshold = input.len().saturating_mul(2).checked_div(5).unwrap_or(0).saturating_add(1);
    let lower = input.to_ascii_lowercase();
    let mut found: Vec<(usize, &str)> = names
        .filter(|name| name.len().abs_diff(input.len()) <= threshold)
        .filter_map(|name| {
            let other = name.to_ascii_lowercase();
            let distance = match (name == input, other == lower) {
                (true, _) => 0,
                (_, true) => 1,
                _ => strsim::osa_distance(&lower, &other),
            };
            (distance <= threshold).then_some((distance, name))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

/// The end of a message that proposes `names`; empty if there are none.
pub(super) fn did_you_mean(what: &str, names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().take(MAX_SUGGESTIONS).map(|name| format!("\"{name}\"")).collect();
    let list = match quoted.as_slice() {
        [] => return String::new(),
        [one] => one.clone(),
        [one, other] => format!("{one} or {other}"),
        [most @ .., last] => format!("{}, or {last}", most.join(", ")),
    };
    format!(" Did you mean {what}{list}?")
}
