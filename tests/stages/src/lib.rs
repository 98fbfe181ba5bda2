//! The executor's stages on the V8 of Envoy itself (`tools/bench-core.sh path envoy`): when Envoy starts, this plugin
//! executes the operation of `make bench` over answers in its memory, and logs what each stage took.
//!
//! Envoy compiles modules ahead, without inlining by feedback, and its V8 is another than Node's: only here can the
//! module's part of a request's time be told by stages.

#![cfg_attr(target_arch = "wasm32", feature(asm_experimental_arch))]
#![allow(clippy::disallowed_methods, reason = "a measurement needs a clock")]

#[path = "../../../src/gateway/benches/path/answers.rs"]
mod answers;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use proxy_wasm::traits::{Context, RootContext};
use proxy_wasm::types::LogLevel;
use serde_json::json;
use weir_gateway::config;
use weir_gateway::stages::{Stages, Times};

// As in `filter/panic.rs`: std is built to unwind, and wasm-ld wants the tag of its exceptions.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "assembly is the only way to define an exception tag; it holds no code")]
mod tag {
    core::arch::global_asm!(".globl __cpp_exception", ".tagtype __cpp_exception i32", "__cpp_exception:");
}

#[allow(unreachable_pub, reason = "the SDK's macro makes the module's entry point, `_initialize`")]
mod entry {
    proxy_wasm::main! {{
        proxy_wasm::set_root_context(|_| Box::new(crate::Root));
    }}
}

const SUPERGRAPH: &str = include_str!("../../../envoy/supergraph.graphql");
const STOREFRONT: &str = include_str!("../../benches/gateway/storefront.graphql");
/// Executions in a round. Host and timer are coarse, so that a round is long; it is short enough for some to be left alone
/// by whatever else the machine does.
const EXECUTIONS: u32 = 50;
const ROUNDS: usize = 100;

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let _ = proxy_wasm::hostcalls::log(LogLevel::Warn, &measure());
        true
    }
}

/// Each stage's best round, in microseconds of one execution.
fn measure() -> String {
    let settings = json!({ "supergraph": { "inline": SUPERGRAPH } });
    let Ok(loaded) = config::load(&settings.to_string()) else { return "stages: no supergraph".to_owned() };
    let variables = [("users", "9".to_owned()), ("products", "10".to_owned())];
    let Some(stages) = Stages::new(&loaded.supergraph, STOREFRONT, &variables) else {
        return "stages: no plan".to_owned();
    };
    let mut known: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    let mut answer = |body: &[u8]| match known.get(body) {
        Some(answer) => answer.clone(),
        None => known.entry(body.to_vec()).or_insert_with(|| answers::answer(body)).clone(),
    };
    let start = Instant::now();
    let clock = || start.elapsed();
    let mut bytes = 0;
    let mut rounds: Vec<[Duration; 4]> = Vec::new();
    // The first round warms up.
    for _ in 0..=ROUNDS {
        let mut sums = [Duration::ZERO; 4];
        for _ in 0..EXECUTIONS {
            let (Times { parse, representations, merge, projection }, reply) =
                stages.run(&mut answer, &clock);
            bytes = reply.len();
            for (sum, time) in sums.iter_mut().zip([parse, representations, merge, projection]) {
                *sum += time;
            }
        }
        rounds.push(sums);
    }
    rounds.remove(0);
    let best: [f64; 4] = std::array::from_fn(|stage| {
        let least = rounds.iter().map(|sums| sums[stage]).min().unwrap_or_default();
        least.as_secs_f64() * 1e6 / f64::from(EXECUTIONS)
    });
    let [parse, representations, merge, projection] = best;
    format!(
        "stages: parse {parse:.0} µs, representations {representations:.0} µs, merge {merge:.0} µs, projection \
         {projection:.0} µs, all {:.0} µs; a reply of {bytes} bytes, {} clock readings among them",
        best.iter().sum::<f64>(),
        // Two around each lot of calls, three around each answer, two around the reply.
        2 * 5 + 3 * 7 + 2
    )
}
