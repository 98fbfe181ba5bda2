//! What a plan costs: to make (a miss in all layers), and to read from its bytes (a hit in L2 or L3). Natively and in wasm
//! (`make bench-cache`).

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use weir_planner::{ExecutablePlan, Operation, OperationLimits, PlanVariables, Supergraph};

const SUPERGRAPH: &str = include_str!("../../../envoy/supergraph.graphql");

/// The demo's operation, smaller ones, and one that asks for it many times over under aliases.
fn operations() -> [(&'static str, String); 4] {
    let demo = include_str!("../../../envoy/demo.graphql");
    let products = "{ name price brand { name } reviews(first: 2) { rating author { username } } }";
    let many: String = (0..20).map(|at| format!("a{at}: topProducts(first: {at}) {products} ")).collect();
    [
        ("one subgraph", "{ topProducts { upc } }".to_owned()),
        ("three subgraphs", format!("{{ topProducts(first: 3) {products} }}")),
        ("demo", demo.to_owned()),
        ("twenty aliases", format!("{{ {many} }}")),
    ]
}

fn prepare(supergraph: &Supergraph, text: &str) -> Operation {
    let limits = OperationLimits::default();
    Operation::prepare(supergraph, text, None, &limits).expect("the operation is valid")
}

fn plan(supergraph: &Supergraph, operation: &Operation) -> ExecutablePlan {
    supergraph.plan(operation, &PlanVariables::default(), None).expect("there is a plan")
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let supergraph = Supergraph::parse(SUPERGRAPH).expect("the demo's supergraph is sound");
    let mut group = criterion.benchmark_group("plan");
    for (name, text) in operations() {
        group.bench_function(BenchmarkId::new("read, validate", name), |bencher| {
            bencher.iter(|| prepare(&supergraph, black_box(&text)));
        });
        let operation = prepare(&supergraph, &text);
        group.bench_function(BenchmarkId::new("plan, check", name), |bencher| {
            bencher.iter(|| plan(&supergraph, black_box(&operation)));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("bytes");
    for (name, text) in operations() {
        let plan = plan(&supergraph, &prepare(&supergraph, &text));
        let bytes = plan.to_bytes().expect("a plan has bytes");
        assert_eq!(ExecutablePlan::from_bytes(&bytes).as_ref(), Some(&plan));
        println!("{name}: {} bytes, {} fetches", bytes.len(), plan.fetches.len());
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::new("write", name), |bencher| bencher.iter(|| plan.to_bytes()));
        group.bench_function(BenchmarkId::new("read", name), |bencher| {
            bencher.iter(|| ExecutablePlan::from_bytes(black_box(&bytes)));
        });
    }
    group.finish();
    criterion.final_summary();
}
