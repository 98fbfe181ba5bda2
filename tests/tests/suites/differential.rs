//! Random operations over every suite: Weir and one service give the same data, keys in the same order.
//!
//! Every plan is made twice: as usual, and by the second planner alone.
//!
//! `WEIR_DIFF_COUNT=5000` asks more per suite, `WEIR_DIFF_SUITE` one suite only, `WEIR_DIFF_SEED` other operations,
//! `WEIR_DIFF_NUMBER` one operation.

use weir_tests::operations::Operations;
use weir_tests::suite::Suite;
use weir_tests::world::World;

use crate::check::check;
use crate::report::Report;

/// Operations for each suite in CI: together more than 5,000, in some ten seconds.
const COUNT: u64 = 150;

fn switch(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

#[test]
fn random_operations_have_the_answers_of_one_service() {
    let number = |name: &str| switch(name).map(|text| text.parse::<u64>().expect("a number"));
    let seed = number("WEIR_DIFF_SEED").unwrap_or(1);
    let only = number("WEIR_DIFF_NUMBER");
    let count = number("WEIR_DIFF_COUNT").unwrap_or(COUNT);
    let numbers = only.map_or(0..count, |only| only..only + 1);
    let wanted = switch("WEIR_DIFF_SUITE");
    let mut report = Report::new("suites-differential");
    for suite in
        Suite::all().into_iter().filter(|suite| wanted.as_ref().is_none_or(|name| *name == suite.name))
    {
        let mut worlds = [
            ("", World::suite(&suite, suite.settings.clone())),
            ("-second-planner", World::suite_without_library(&suite, suite.settings.clone())),
        ];
        let operations = Operations::new(suite.oracle.api(), seed).values(suite.values.clone());
        for number in numbers.clone() {
            let operation = operations.nth_operation(number);
            let right = suite.oracle.answer(&operation.text, &operation.variables);
            let again = format!(
                "WEIR_DIFF_SUITE={} WEIR_DIFF_SEED={seed} WEIR_DIFF_NUMBER={number} cargo test -p weir-tests --test \
                 suites differential",
                suite.name
            );
            for (planner, world) in &mut worlds {
                let outcome = check(&suite, world, &operation.text, &operation.variables, &right);
                let name = format!("{}-{seed}-{number}{planner}", suite.name);
                report.add(&name, &operation.text, &operation.variables, &again, outcome);
            }
        }
    }
    report.finish();
}
