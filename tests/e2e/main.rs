//! End to end: weir.wasm in a real Envoy, with real subgraphs, asked over real connections.
//!
//! Needs what `make e2e` builds: weirctl, weir.wasm, Envoy. tests/README.md says how to read a red one.

#![allow(clippy::disallowed_methods, reason = "real processes need real time, threads and the environment")]

mod audits;
mod bad_input;
mod bootstrap;
mod concurrency;
mod configuration;
mod demo;
mod differential;
mod entity_batching;
mod hostile_input;
mod http_versions;
mod lifecycle;
mod many_streams;
mod panics;
mod passing;
mod plan_cache;
mod plan_store;
mod refused_calls;
mod reload;
mod streams;
mod subgraph_failures;
mod suites;
mod support;
mod traffic_control;
