//! The demo subgraphs: a process of `weirctl subgraphs`, its switches and its counters.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::process::Process;
use super::{binaries, client, ports};

const START_LIMIT: Duration = Duration::from_secs(60);

/// Four running subgraphs.
pub(crate) struct Subgraphs {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Subgraphs {
    /// Starts them.
    pub(crate) fn start() -> Subgraphs {
        Subgraphs::start_with(&[])
    }

    /// The same with more options of `weirctl subgraphs`.
    pub(crate) fn start_with(options: &[&str]) -> Subgraphs {
        Subgraphs::start_at(ports::free(), options)
    }

    /// The same at an address that is known before.
    pub(crate) fn start_at(address: SocketAddr, options: &[&str]) -> Subgraphs {
        let mut command = Command::new(binaries::weirctl());
        command.args(["subgraphs", "--port", &address.port().to_string()]).args(options);
        let process = Process::start("the subgraphs", command);
        process.says_within(START_LIMIT, "subgraphs ready");
        Subgraphs { process, address }
    }

    /// The supergraph with their URLs.
    pub(crate) fn supergraph(&self) -> String {
        client::get(&self.url("/supergraph.graphql")).text().to_owned()
    }

    /// Where all of them are served as one schema.
    pub(crate) fn monolith(&self) -> String {
        self.url("/monolith/graphql")
    }

    /// Makes one of them misbehave until the next change.
    #[track_caller]
    pub(crate) fn fault(&self, subgraph: &str, mode: &str) {
        self.change(&json!({ "subgraph": subgraph, "mode": mode }));
    }

    /// Makes one of them slow.
    #[track_caller]
    pub(crate) fn latency(&self, subgraph: &str, latency: &str) {
        self.change(&json!({ "subgraph": subgraph, "latency": latency }));
    }

    /// Data, switches and counters as at the start.
    #[track_caller]
    pub(crate) fn reset(&self) {
        let reply = client::post(&self.url("/reset"), "");
        assert_eq!(reply.status, 204, "{}", reply.text());
    }

    /// One of the counters of a subgraph.
    #[track_caller]
    pub(crate) fn count(&self, subgraph: &str, counter: &str) -> u64 {
        let stats = self.stats();
        stats[subgraph][counter].as_u64().unwrap_or_else(|| panic!("no {subgraph}.{counter} in {stats}"))
    }

    /// All counters.
    #[track_caller]
    pub(crate) fn stats(&self) -> Value {
        client::get(&self.url("/stats")).json()
    }

    /// Calls that each received since the last reset: accounts, inventory, products, reviews.
    #[track_caller]
    pub(crate) fn calls(&self) -> [u64; 4] {
        let stats = self.stats();
        ["accounts", "inventory", "products", "reviews"]
            .map(|name| stats[name]["calls"].as_u64().unwrap_or_default())
    }

    /// Sets switches: the body of `POST /faults`.
    #[track_caller]
    pub(crate) fn change(&self, change: &Value) {
        let reply = client::post(&self.url("/faults"), &change.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}
