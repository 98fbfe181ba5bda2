//! One operation, asked of Weir in the simulated world and of one service with the same data.

use serde_json::{Value as Json, json};
use weir_planner::display::PlanDisplay;
use weir_planner::{Operation, OperationLimits, PlanVariables, Supergraph};
use weir_tests::reference::execution::{Care, Response};
use weir_tests::reference::ordered::Ordered;
use weir_tests::suite::Suite;
use weir_tests::world::World;

/// How an answer can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Other data than one service gives, or errors where it has none.
    WrongAnswer,
    /// A subgraph was asked something that it can't answer.
    Violation,
    /// A valid operation was refused.
    Refused,
    /// There is no plan: an honest error, but no answer.
    NoPlan,
}

/// An answer that is wrong, and all that is needed to see why.
pub(crate) struct Mismatch {
    pub(crate) kind: Kind,
    /// In one line.
    pub(crate) what: String,
    pub(crate) expected: String,
    pub(crate) got: String,
    /// The plan and the calls that were made.
    pub(crate) how: String,
}

/// The errors' paths, sorted.
pub(crate) fn paths(errors: &[Json]) -> Vec<Json> {
    let mut paths: Vec<Json> = errors.iter().map(|error| error["path"].clone()).collect();
    paths.sort_by_key(ToString::to_string);
    paths
}

/// Sends the operation to the world and compares with `expected`.
pub(crate) fn check(
    suite: &Suite,
    world: &mut World,
    text: &str,
    variables: &Json,
    expected: &Response,
) -> Result<(), Mismatch> {
    suite.reset();
    let calls = world.raw_calls().len();
    let id = world.send_body(&json!({"query": text, "variables": variables}).to_string());
    world.run();
    let violations = suite.take_violations();
    let body = &world.reply(id).expect("a reply").body;
    let got = String::from_utf8(body.to_vec()).expect("UTF-8");
    let parsed = serde_json::from_str::<Ordered>(&got);
    let data = parsed.as_ref().ok().and_then(|reply| reply.get("data").cloned());
    let errors = serde_json::from_str::<Json>(&got).unwrap_or_default();
    let errors = errors["errors"].as_array().cloned().unwrap_or_default();
    let first = errors.first();
    let message = first.and_then(|error| error["message"].as_str()).unwrap_or_default();
    let code = first.and_then(|error| error["extensions"]["code"].as_str()).unwrap_or_default();
    let (kind, what) = if let Err(error) = &parsed {
        (Kind::WrongAnswer, format!("the reply is not JSON: {error}"))
    } else if code == "PLANNING_FAILED" {
        (Kind::NoPlan, message.to_owned())
    } else if data.is_none() {
        (Kind::Refused, format!("{code}: {message}"))
    } else if let Some(violation) = violations.first() {
        (Kind::Violation, violation.clone())
    } else if data.as_ref() != Some(&expected.data) {
        (Kind::WrongAnswer, format!("data differ ({code}: {message})"))
    } else if (suite.care == Care::Careless || expected.data == Ordered::Null)
        && errors.is_empty() == expected.errors.is_empty()
    {
        // Of several errors that make one parent null, any may be told, and what else would stand there need not
        // be executed (§6.4.4).
        return Ok(());
    } else if paths(&errors) != paths(&expected.errors) {
        (Kind::WrongAnswer, format!("errors differ ({code}: {message})"))
    } else {
        return Ok(());
    };
    let calls: Vec<String> = world.raw_calls()[calls..]
        .iter()
        .map(|call| format!("{}: {}", call.cluster, String::from_utf8_lossy(&call.body)))
        .collect();
    let got = parsed.map_or(got, |reply| reply.pretty());
    let how =
        format!("{}\n\n{}\n\n{}", plan(suite, text, variables), calls.join("\n"), violations.join("\n"));
    Err(Mismatch { kind, what, expected: expected.data.pretty(), got, how })
}

fn plan(suite: &Suite, text: &str, variables: &Json) -> String {
    let supergraph = Supergraph::parse(&suite.supergraph).expect("a supergraph");
    let operation = match Operation::prepare(&supergraph, text, None, &OperationLimits::default()) {
        Ok(operation) => operation,
        Err(errors) => return errors.iter().map(|error| format!("refused: {error}\n")).collect(),
    };
    let value = |name: &str| variables.get(name).and_then(Json::as_bool);
    let conditions = operation.conditions().iter();
    let conditions = conditions
        .map(|found| (found.name.clone(), value(&found.name).or(found.default).unwrap_or(false)))
        .collect();
    match supergraph.plan(&operation, &PlanVariables { conditions, introspection: Vec::new() }, None) {
        Ok(plan) => format!("{:#}", PlanDisplay { plan: &plan, supergraph: &supergraph }),
        Err(error) => format!("no plan: {error}"),
    }
}
