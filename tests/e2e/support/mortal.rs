//! A demo subgraph in a process of its own, so that it can die alone and come back.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::ports;
use super::subgraphs::Subgraphs;

/// The kernel needs no time of its own to end a process; a busy machine does.
const DEATH: Duration = Duration::from_secs(10);

/// A subgraph with an address that it keeps over its lives.
pub(crate) struct Mortal {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    options: Vec<String>,
    alive: Option<Subgraphs>,
}

impl Mortal {
    /// Starts it with these options of `weirctl subgraphs`.
    pub(crate) fn start(name: &'static str, options: &[&str]) -> Mortal {
        let options = ["--only", name].iter().chain(options).map(|&option| option.to_owned()).collect();
        let mut mortal = Mortal { name, address: ports::free(), options, alive: None };
        mortal.revive();
        mortal
    }

    /// Settings by which a gateway finds it here, and not with the others.
    pub(crate) fn settings(&self) -> Value {
        json!({ "url": format!("http://{}/{}/graphql", self.address, self.name) })
    }

    /// Kills it: its connections are reset, and its port is closed.
    pub(crate) fn kill(&mut self) {
        let Some(process) = self.alive.take() else { return };
        process.process.signal(Signal::KILL);
        process.process.end_within(DEATH);
    }

    /// Starts it again where it was; returns when it listens.
    pub(crate) fn revive(&mut self) {
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        self.alive = Some(Subgraphs::start_at(self.address, &options));
    }

    /// Its switches and counters, while it lives.
    #[track_caller]
    pub(crate) fn process(&self) -> &Subgraphs {
        self.alive.as_ref().expect("it lives")
    }
}
