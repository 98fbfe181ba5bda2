//! Warnings that are worth saying once.

use std::collections::HashSet;

/// The most different warnings that are remembered, and so the most that are ever logged.
const MAX: usize = 64;

/// The warnings given so far. What clients can vary (header names) is in some, so their number is bounded.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    given: HashSet<String>,
}

impl Warnings {
    /// Whether `line` has not been given yet; from now on it has.
    pub(crate) fn is_new(&mut self, line: &str) -> bool {
        self.given.len() < MAX && !self.given.contains(line) && self.given.insert(line.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_given_once_and_their_number_is_bounded() {
        let mut warnings = Warnings::default();
        assert!(warnings.is_new("a"));
        assert!(!warnings.is_new("a"));
        let given = (0..1000).filter(|number| warnings.is_new(&number.to_string())).count();
        assert_eq!(given, MAX - 1);
    }
}
