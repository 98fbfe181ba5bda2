//! What the execution of a request costs in the core: all of it, and step by step. Natively and in wasm (`make bench-path`).
//!
//! The operation is that of `make bench`, over the same supergraph: seven calls, an answer of 88 KB. The host answers from
//! memory, so what is measured is the core and a copy of each answer; Envoy's part is what `make bench` calls the floor.

#![allow(clippy::disallowed_methods, reason = "a measurement needs a clock")]

mod answers;
mod host;

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use host::{Bench, SUPERGRAPH};
use serde_json::{Value, json};
use weir_gateway::config;
use weir_gateway::stages::{Stages, Times};

const STOREFRONT: &str = include_str!("../../../../tests/benches/gateway/storefront.graphql");

/// Operations from one call to seven, by the size of their answers.
fn operations() -> [(&'static str, Value); 3] {
    let storefront = |users: u32, products: u32| json!({ "query": STOREFRONT, "variables": { "users": users, "products": products } });
    [
        ("one call", json!({ "query": "{ users(first: 2) { id name } }" })),
        ("seven calls, small", storefront(1, 1)),
        ("seven calls, 88 KB", storefront(9, 10)),
    ]
}

/// One request from its arrival to its reply.
fn whole(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("whole");
    for (name, request) in operations() {
        let body = request.to_string().into_bytes();
        let mut bench = Bench::new(json!({}));
        let reply = bench.execute(&body, 1);
        let json: Value = serde_json::from_slice(&reply.body).expect("a reply is JSON");
        assert!(json["errors"].is_null() && json["data"].is_object(), "{json}");
        assert_eq!(bench.execute(&body, 1).body, reply.body);
        println!("{name}: {} bytes", reply.body.len());
        group.throughput(Throughput::Bytes(reply.body.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| black_box(bench.execute(&body, 1)));
        });
    }
    group.finish();
}

/// The time of a run that is spent in one of its steps.
type Step = fn(&mut Bench, &[u8]) -> Duration;

/// Reading the request, finding its plan, writing the first calls.
fn first_calls(bench: &mut Bench, body: &[u8]) -> Duration {
    let start = Instant::now();
    bench.request(body);
    let time = start.elapsed();
    finish(bench);
    time
}

/// Reading the answers of all waves but the last, merging them, writing the representations of the next calls.
fn next_calls(bench: &mut Bench, body: &[u8]) -> Duration {
    bench.request(body);
    let mut time = Duration::ZERO;
    loop {
        let answers = bench.answers();
        if answers.len() == 1 {
            return finish_with(bench, answers, time);
        }
        for answer in answers {
            let start = Instant::now();
            bench.give(answer);
            time += start.elapsed();
        }
    }
}

fn finish_with(bench: &mut Bench, answers: Vec<weir_gateway::Input>, time: Duration) -> Duration {
    for answer in answers {
        bench.give(answer);
    }
    finish(bench);
    time
}

/// Reading the last answer, merging it, writing the reply.
fn reply(bench: &mut Bench, body: &[u8]) -> Duration {
    bench.request(body);
    loop {
        let answers = bench.answers();
        let is_last = answers.len() == 1;
        for answer in answers {
            let start = Instant::now();
            bench.give(answer);
            if is_last {
                let time = start.elapsed();
                assert_eq!(bench.replies().0, 1);
                return time;
            }
        }
    }
}

/// Brings the request to its end, off the clock.
fn finish(bench: &mut Bench) {
    while bench.replies().0 == 0 {
        for answer in bench.answers() {
            bench.give(answer);
        }
    }
}

/// The steps of the large request: their sum is the whole.
fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    let body = operations()[2].1.to_string().into_bytes();
    let steps: [(&str, Step); 3] = [
        ("request, plan, first calls", first_calls),
        ("answers, merge, next calls", next_calls),
        ("last answer, reply", reply),
    ];
    for (name, step) in steps {
        let mut bench = Bench::new(json!({}));
        bench.execute(&body, 1);
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| step(&mut bench, &body)).sum());
        });
    }
    group.finish();
}

/// Makes one time of those of all stages.
type Stage = fn(Times) -> Duration;

/// The executor alone, stage by stage, without requests, plan cache, loader and calls around it.
fn stages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stage");
    let settings = json!({ "supergraph": { "inline": SUPERGRAPH } });
    let supergraph = config::load(&settings.to_string()).expect("the demo's settings are right").supergraph;
    let variables = [("users", "9".to_owned()), ("products", "10".to_owned())];
    let stages = Stages::new(&supergraph, STOREFRONT, &variables).expect("the storefront has a plan");
    let mut known: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    let mut answer = |body: &[u8]| match known.get(body) {
        Some(answer) => answer.clone(),
        None => known.entry(body.to_vec()).or_insert_with(|| answers::answer(body)).clone(),
    };
    let start = Instant::now();
    let clock = || start.elapsed();
    let (_, reply) = stages.run(&mut answer, &clock);
    assert!(reply.len() > 80_000 && reply.starts_with(b"{\"data\":{\"users\":[{"), "{} bytes", reply.len());
    let each: [(&str, Stage); 5] = [
        ("parse", |times| times.parse),
        ("representations", |times| times.representations),
        ("merge", |times| times.merge),
        ("projection", |times| times.projection),
        ("all", |times| times.parse + times.representations + times.merge + times.projection),
    ];
    for (name, stage) in each {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| {
                (0..times).map(|_| stage(black_box(stages.run(&mut answer, &clock)).0)).sum()
            });
        });
    }
    group.finish();
}

/// What is under all of it: a copy of the seven answers, which the bench makes too, and of the reply.
fn copies(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("under it");
    let body = operations()[2].1.to_string().into_bytes();
    let mut bench = Bench::new(json!({}));
    let mut all = Vec::new();
    bench.request(&body);
    while bench.replies().0 == 0 {
        for answer in bench.answers() {
            if let weir_gateway::Input::CallDone { response, .. } = &answer {
                all.push(response.body.clone());
            }
            bench.give(answer);
        }
    }
    println!("seven calls, 88 KB: answers of {:?} bytes", all.iter().map(Vec::len).collect::<Vec<_>>());
    group.bench_function("a copy of the seven answers", |bencher| {
        bencher.iter_batched(|| (), |()| black_box(all.clone()), BatchSize::SmallInput);
    });
    group.bench_function("sonic-rs: the seven answers as a DOM", |bencher| {
        bencher.iter(|| {
            for answer in &all {
                let dom: sonic_rs::Value = sonic_rs::from_slice(answer).expect("an answer is JSON");
                black_box(dom);
            }
        });
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    whole(&mut criterion);
    steps(&mut criterion);
    stages(&mut criterion);
    copies(&mut criterion);
    criterion.final_summary();
}
