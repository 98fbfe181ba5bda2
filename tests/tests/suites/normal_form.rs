//! The normal form of random operations: the same whatever names, literals and layout they have; and answered as the
//! operation itself.

use serde_json::{Map, Value as Json};
use weir_planner::{Normalised, Operation, OperationLimits, PlanVariables, Supergraph, VariableSource};
use weir_tests::operations::Operations;
use weir_tests::suite::Suite;
use weir_tests::world::World;

use crate::check::check;
use crate::report::Report;

/// Operations for each suite.
const COUNT: u64 = 150;

fn normalise(supergraph: &Supergraph, text: &str) -> Normalised {
    let operation = Operation::prepare(supergraph, text, None, &OperationLimits::default());
    operation.unwrap_or_else(|errors| panic!("{errors:?} of\n{text}")).normalise(supergraph)
}

/// The values of the normal form's variables.
fn fill(sources: &[VariableSource], variables: &Json) -> Json {
    let mut values = Map::new();
    for (index, source) in sources.iter().enumerate() {
        let value = match source {
            VariableSource::Client(name) => variables.get(name).cloned(),
            VariableSource::Literal(json) => Some(serde_json::from_str(json).expect("JSON")),
        };
        values.extend(value.map(|value| (format!("v{index}"), value)));
    }
    Json::Object(values)
}

/// The same operation in other words: other names of variables and fragments, other literals (equal ones stay
/// equal), other white space, commas and comments.
fn in_other_words(text: &str) -> String {
    let bytes = text.as_bytes();
    let run = |from: usize, part: fn(&u8) -> bool| {
        bytes[from..].iter().position(|byte| !part(byte)).map_or(bytes.len(), |length| from + length)
    };
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let (mut out, mut at, mut before) = (String::new(), 0, "");
    // Defaults belong to the form: what stands in the declarations stays.
    let mut in_parentheses = false;
    let mut declarations = text.starts_with("query") || text.starts_with("mutation");
    while at < bytes.len() {
        let end = match bytes[at] {
            b'"' => {
                let closing = |end: &usize| bytes[*end] == b'"' && bytes[*end - 1] != b'\\';
                // The generator writes no string that ends with a backslash.
                (at + 1..bytes.len()).find(closing).expect("the string's end") + 1
            }
            b'.' => at + 3,
            b'-' | b'0'..=b'9' => {
                run(at + 1, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'))
            }
            byte if word(&byte) => run(at, |byte| byte.is_ascii_alphanumeric() || *byte == b'_'),
            _ => at + 1,
        };
        let token = &text[at..end];
        in_parentheses |= token == "(";
        declarations &= token != ")" && (in_parentheses || token != "{");
        let literal = !declarations;
        match token {
            " " | "\n" | "," => out.push_str(" ,\n# {\"comment\n\t"),
            // The operation's name.
            "Random" => out.push_str("Other"),
            _ if literal && token.starts_with('"') => out.push_str(&format!("\"x{}", &token[1..])),
            _ if literal && token.parse::<i32>().is_ok_and(|number| number < i32::MAX && token != "-0") => {
                out.push_str(&(token.parse::<i32>().expect("a number") + 1).to_string());
            }
            _ if matches!(before, "$" | "fragment")
                || (before == "..." && token != "on" && word(&bytes[at])) =>
            {
                out.push_str(&format!("z{token}"));
            }
            _ => out.push_str(token),
        }
        if !matches!(token, " " | "\n" | ",") {
            before = token;
        }
        at = end;
    }
    out
}

#[test]
fn it_is_the_same_in_other_words() {
    let (mut literals, mut kept) = (0, 0);
    for suite in Suite::all() {
        let supergraph = Supergraph::parse(&suite.supergraph).expect("a supergraph");
        let operations = Operations::new(suite.oracle.api(), 3).values(suite.values.clone());
        for operation in operations.take(COUNT as usize) {
            let one = normalise(&supergraph, &operation.text);
            let words = in_other_words(&operation.text);
            assert_ne!(words, operation.text);
            let other = normalise(&supergraph, &words);
            assert_eq!(one.text, other.text, "{}\n{words}", operation.text);
            let again = normalise(&supergraph, &one.text);
            assert_eq!(again.text, one.text, "{}", operation.text);
            let names = (0..one.sources.len()).map(|index| VariableSource::Client(format!("v{index}")));
            assert_eq!(again.sources, names.collect::<Vec<_>>(), "{}", operation.text);
            literals += one.sources.iter().filter(|it| matches!(it, VariableSource::Literal(_))).count();
            kept += one.kept_literals;
        }
    }
    assert!(literals > 1000 && kept * 10 < literals, "{literals} extracted, {kept} kept");
}

/// The gateway reads the form as any operation of a client, so it must be valid, its values be of their types, and
/// its plan give the answer.
#[test]
fn it_has_the_answers_of_the_operation() {
    let mut report = Report::new("suites-normal-form");
    for suite in Suite::all() {
        let supergraph = Supergraph::parse(&suite.supergraph).expect("a supergraph");
        let mut world = World::suite(&suite, suite.settings.clone());
        let operations = Operations::new(suite.oracle.api(), 1).values(suite.values.clone());
        let random = (0..COUNT).map(|number| {
            let operation = operations.nth_operation(number);
            (format!("{}-1-{number}", suite.name), operation.text, operation.variables)
        });
        let cases = suite.cases().into_iter();
        let cases = cases.map(|case| (format!("{}-{}", suite.name, case.name), case.text, case.variables));
        for (name, text, variables) in random.chain(cases) {
            let right = suite.oracle.answer(&text, &variables);
            let normal = normalise(&supergraph, &text);
            let filled = fill(&normal.sources, &variables);
            let outcome = check(&suite, &mut world, &normal.text, &filled, &right);
            let again = format!("cargo test -p weir-tests --test suites normal_form # {name}, of\n{text}");
            report.add(&name, &normal.text, &filled, &again, outcome);
        }
    }
    report.finish();
}

/// The tree that comes out of normalising plans as the one that is read from its text.
#[test]
fn its_plan_is_that_of_its_text() {
    for suite in Suite::all() {
        // The library's choice between equal plans is random.
        let supergraph = Supergraph::parse(&suite.supergraph).expect("a supergraph").without_library();
        let operations = Operations::new(suite.oracle.api(), 2).values(suite.values.clone());
        for operation in operations.take(40) {
            let normal = normalise(&supergraph, &operation.text);
            let read = Operation::prepare(&supergraph, &normal.text, None, &OperationLimits::default());
            let conditions = normal.operation.conditions().iter().enumerate();
            let conditions = conditions.map(|(index, it)| (it.name.clone(), index % 3 > 0)).collect();
            let variables = PlanVariables { conditions, introspection: Vec::new() };
            let plans = [&normal.operation, &read.expect("valid")]
                .map(|operation| supergraph.plan(operation, &variables, None));
            assert_eq!(plans[0], plans[1], "{}", normal.text);
            let Ok(plan) = &plans[0] else { continue };
            let subgraphs = supergraph.subgraphs().len();
            assert!(plan.check_sound(subgraphs), "{}", normal.text);
            let bytes = plan.to_bytes().expect("not deep");
            assert_eq!(weir_planner::ExecutablePlan::from_bytes(&bytes).as_ref(), Some(plan));
        }
    }
}
