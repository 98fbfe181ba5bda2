//! What normalising costs beside preparing (reading, limits, validation):
//! `cargo run --release -p weir-planner --example normalise_cost`.

use std::time::{Duration, Instant};

use weir_planner::{Operation, OperationLimits, PlanVariables, Supergraph};

const SHOP: &str = include_str!("../../../tests/fixtures/shop.graphql");

const DEMO: &str = include_str!("../../../envoy/supergraph.graphql");
const DEMO_OPERATION: &str = include_str!("../../../envoy/demo.graphql");

const OPERATIONS: [(&str, &str); 4] = [
    ("small", "{ me { name } }"),
    ("literals", "{ a: item(id: \"1\") { id } b: item(id: \"2\") { id } c: item(id: \"3\") { id } }"),
    (
        "nested",
        "query Q($c: Boolean!, $id: ID!) { latest { author { name } } me @include(if: $c) { name }
        item(id: $id) { id } status }",
    ),
    (
        "fragments",
        "query Q { a: item(id: \"1\") { ...F } b: item(id: \"2\") { ...F } latest { ...R } }
        fragment F on Item { id __typename } fragment R on Review { author { name } }",
    ),
];

#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn best<T>(mut work: impl FnMut() -> T) -> Duration {
    let rounds = (0..2_000).map(|_| {
        let start = Instant::now();
        std::hint::black_box(work());
        start.elapsed()
    });
    rounds.min().unwrap_or_default()
}

fn main() {
    println!("{:10} {:>10} {:>10} {:>6}", "operation", "prepare", "normalise", "");
    let shop = Supergraph::parse(SHOP).expect("the fixture");
    for (name, text) in OPERATIONS {
        measure(&shop, name, text);
    }
    measure(&Supergraph::parse(DEMO).expect("the demo's supergraph"), "demo", DEMO_OPERATION);
}

fn measure(supergraph: &Supergraph, name: &str, text: &str) {
    let limits = OperationLimits::default();
    let prepare = || Operation::prepare(supergraph, text, None, &limits);
    let operation = match prepare() {
        Ok(operation) => operation,
        Err(errors) => panic!("{name}: {errors:?}"),
    };
    assert!(supergraph.plan(&operation, &PlanVariables::default(), None).is_ok(), "{name} has a plan");
    let (prepared, normalised) = (best(prepare), best(|| operation.normalise(supergraph)));
    let share = normalised.as_nanos() * 100 / prepared.as_nanos().max(1);
    println!("{name:10} {prepared:>10.1?} {normalised:>10.1?} {share:>5}%");
}
