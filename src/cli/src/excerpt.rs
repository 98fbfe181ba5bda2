//! A line of source with a caret under the place that is meant.

/// The line at `line` (from 1) of `source`, and a caret under its column (from 1). Empty if there is no
/// such line.
pub(crate) fn excerpt(file: &str, source: &str, line: u32, column: u32) -> String {
    let Some(text) = (line as usize).checked_sub(1).and_then(|index| source.lines().nth(index)) else {
        return String::new();
    };
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    // Tabs stay tabs, so that the caret stands under its character however wide the terminal draws them.
    let before: String = text
        .chars()
        .take((column as usize).saturating_sub(1))
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    format!("{margin}--> {file}:{line}:{column}\n{margin} |\n{number} | {text}\n{margin} | {before}^\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_column() {
        let text = excerpt("q.graphql", "query {\n\tme { nam }\n}\n", 2, 7);
        assert_eq!(text, " --> q.graphql:2:7\n  |\n2 | \tme { nam }\n  | \t     ^\n");
    }

    #[test]
    fn places_outside_the_text_have_no_excerpt() {
        assert_eq!(excerpt("q", "a", 0, 0), "");
        assert_eq!(excerpt("q", "a", 3, 1), "");
        assert!(excerpt("q", "a", 1, 900).ends_with("^\n"));
    }
}
