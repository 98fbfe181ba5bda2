//! What was measured of one row, turn by turn.

use std::time::Duration;

use serde_json::Value;

use crate::load::{Load, Sample};
use crate::profile::{self, Profile};
use crate::rows::Row;
use crate::sides::Running;
use crate::support::subgraphs::Subgraphs;
use crate::usage;

/// The figures of one row.
pub(crate) struct Measured {
    pub(crate) row: Row,
    pub(crate) sample: Sample,
    /// Of the gateway.
    pub(crate) cpu: Duration,
    pub(crate) subgraph_cpu: Duration,
    /// Received by all subgraphs.
    pub(crate) calls: u64,
    pub(crate) peak_memory: u64,
    /// Of all turns, if profiles are wanted.
    pub(crate) profile: Option<Profile>,
}

impl Measured {
    pub(crate) fn new(row: Row) -> Measured {
        let (sample, zero) = (Sample::default(), Duration::ZERO);
        Measured { row, sample, cpu: zero, subgraph_cpu: zero, calls: 0, peak_memory: 0, profile: None }
    }

    /// Adds a turn of some seconds.
    ///
    /// Panics if an answer is wrong, or if the subgraphs were called over another version of HTTP than the row is about.
    pub(crate) fn turn(&mut self, running: &Running, load: &Load, subgraphs: &Subgraphs, time: Duration) {
        subgraphs.reset();
        let pids = [running.pid(), subgraphs.process.pid()];
        let before = pids.map(usage::cpu);
        let recording = profile::record(running.pid(), self.row.side.module());
        let turn = load.run(running.address(), time);
        let [cpu, subgraph_cpu] = [0, 1].map(|side| usage::cpu(pids[side]) - before[side]);
        let requests = turn.latencies.len();
        eprintln!(
            "  {}: {:.0} requests/s, {:.0} µs of gateway CPU each",
            self.row.title,
            requests as f64 / turn.time.as_secs_f64(),
            cpu.as_secs_f64() * 1e6 / requests as f64
        );
        if let Some(recording) = recording {
            self.profile.get_or_insert_default().add(recording.stop());
        }
        self.sample.add(turn);
        self.cpu += cpu;
        self.subgraph_cpu += subgraph_cpu;
        self.calls += self.count(&subgraphs.stats());
        self.peak_memory = usage::peak_memory(running.pid());
    }

    fn count(&self, stats: &Value) -> u64 {
        let mut calls = 0;
        for subgraph in stats.as_object().expect("there are subgraphs").values() {
            for (version, count) in subgraph["http_versions"].as_object().expect("versions are counted") {
                let expected = self.row.version().map(|version| version.name());
                assert!(
                    expected.is_none_or(|name| name == version),
                    "{}: calls over {version}",
                    self.row.title
                );
                calls += count.as_u64().expect("a number");
            }
        }
        calls
    }

    /// For each request.
    pub(crate) fn per_request(&self, all: f64) -> f64 {
        all / self.sample.latencies.len() as f64
    }

    /// The gateway's, in microseconds for each request.
    pub(crate) fn cpu_micros(&self) -> f64 {
        self.per_request(self.cpu.as_secs_f64() * 1e6)
    }
}
