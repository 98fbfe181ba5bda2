//! How problems of a configuration are shown: each with its place, and what to do.

use weir_gateway::config::Problem;

/// The problems as a block of text, headed by their number and where they were found.
pub(crate) fn problems(source: &str, problems: &[Problem]) -> String {
    let count = problems.len();
    let noun = if count == 1 { "problem" } else { "problems" };
    let mut text = format!("{count} {noun} in {source}\n");
    for problem in problems {
        text.push_str(&format!("\n  {}\n    {}\n", problem.place, indented(&problem.message)));
        if !problem.fix.is_empty() {
            text.push_str(&format!("    help: {}\n", indented(&problem.fix)));
        }
    }
    text
}

/// Messages of parsers may have several lines.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_has_its_place_and_its_help() {
        let found = [
            Problem::new(
                "subgraphs.acounts",
                "the supergraph has no subgraph of this name",
                "did you mean `accounts`?",
            ),
            Problem::new("supergraph, line 3, column 7", "two\nlines\n", ""),
        ];
        let expected = "\
2 problems in weir.yaml

  subgraphs.acounts
    the supergraph has no subgraph of this name
    help: did you mean `accounts`?

  supergraph, line 3, column 7
    two
    lines
";
        assert_eq!(problems("weir.yaml", &found), expected);
    }
}
