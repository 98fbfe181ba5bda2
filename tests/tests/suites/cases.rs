//! Every case has the answer written beside it, by one service and by Weir. `UPDATE_EXPECT=1` writes what the one
//! service answers: read it before committing, for Weir has no part in it.

use std::fs;

use serde_json::Value as Json;
use weir_tests::reference::ordered::Ordered;
use weir_tests::suite::Suite;
use weir_tests::world::World;

use crate::check::{check, paths};
use crate::report::Report;

#[test]
fn cases_have_the_answers_written_beside_them() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1");
    let mut report = Report::new("suites");
    let mut stale = Vec::new();
    for suite in Suite::all() {
        let mut world = World::suite(&suite, suite.settings.clone());
        let cases = suite.cases();
        assert!(!cases.is_empty(), "suite {} has no cases", suite.name);
        for case in cases {
            let name = format!("{}-{}", suite.name, case.name);
            let right = suite.oracle.answer(&case.text, &case.variables);
            let mut expected = vec![("data".to_owned(), right.data.clone())];
            if !right.errors.is_empty() {
                expected.push(("errorPaths".to_owned(), Ordered::from(Json::Array(paths(&right.errors)))));
            }
            let text = format!("{}\n", Ordered::Object(expected).pretty());
            if update {
                fs::write(&case.expected, &text).expect("a file");
            } else if fs::read_to_string(&case.expected).unwrap_or_default() != text {
                stale.push(format!("{} is not what one service answers:\n{text}", case.expected.display()));
            }
            let outcome = check(&suite, &mut world, &case.text, &case.variables, &right);
            let again = format!("cargo test -p weir-tests --test suites cases # {name}");
            report.add(&name, &case.text, &case.variables, &again, outcome);
        }
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
    report.finish();
}
