//! Where the gateway's CPU time goes, by Linux's `perf` (`$WEIR_BENCH_PROFILE=1`): stage by stage and function by function in
//! the module, host call by host call, and what Envoy and the kernel take without it.
//!
//! `perf` needs the right to watch processes of the same user (`kernel.perf_event_paranoid` at most 2). It costs the
//! gateway about a percent, so figures of a run with profiles are for shares, not for absolute times.

mod compiled;
mod name_section;
mod place;
mod recording;
mod stacks;
mod stages;
mod symbol;
mod tables;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use place::{Line, Place};
pub(crate) use recording::Recording;
pub(crate) use tables::markdown;

/// How many samples were taken where, in all turns of a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Profile {
    owners: [u64; tables::OWNERS.len()],
    /// Where it is, and what for (`Place::served`).
    lines: BTreeMap<Line, [u64; 2]>,
    /// By the function of the module that makes them.
    host_calls: HashMap<String, u64>,
    functions: HashMap<String, u64>,
    /// Why there is nothing but `owners`.
    problem: Option<String>,
}

/// Begins a recording of a process with the module it runs, if profiles are wanted.
pub(crate) fn record(pid: u32, module: Option<PathBuf>) -> Option<Recording> {
    std::env::var_os("WEIR_BENCH_PROFILE")?;
    Some(Recording::start(pid, module))
}

impl Profile {
    /// Adds another turn's.
    pub(crate) fn add(&mut self, other: Profile) {
        for (sum, count) in self.owners.iter_mut().zip(other.owners) {
            *sum += count;
        }
        for (line, counts) in other.lines {
            let sums = self.lines.entry(line).or_default();
            *sums = [sums[0] + counts[0], sums[1] + counts[1]];
        }
        for (sums, counts) in
            [(&mut self.host_calls, other.host_calls), (&mut self.functions, other.functions)]
        {
            for (name, count) in counts {
                *sums.entry(name).or_default() += count;
            }
        }
        self.problem = self.problem.take().or(other.problem);
    }

    fn count(&mut self, place: &Place<'_>) {
        self.owners[place.owner as usize] += 1;
        self.lines.entry(place.line.clone()).or_default()[0] += 1;
        self.lines.entry(place.served.clone()).or_default()[1] += 1;
        for (counts, name) in [(&mut self.host_calls, place.host_call), (&mut self.functions, place.function)]
        {
            if let Some(name) = name {
                *counts.entry(name.to_owned()).or_default() += 1;
            }
        }
    }

    fn lacks_functions(&mut self, reason: String) {
        eprintln!("  no stages and functions in this profile: {reason}");
        self.problem = Some(reason);
    }

    fn samples(&self) -> u64 {
        self.owners.iter().sum()
    }

    fn is_empty(&self) -> bool {
        self.samples() == 0
    }
}
