//! A breaker's phases and the changes between them, for metrics, the log and operators' pages.

use std::fmt;

use super::Forced;
use super::round::parts;

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Calls pass.
    Closed,
    /// Calls are refused.
    Open,
    /// Some calls pass, as probes.
    HalfOpen,
}

impl Phase {
    /// All.
    pub const ALL: [Phase; 3] = [Phase::Closed, Phase::Open, Phase::HalfOpen];

    /// Its word in metrics, log lines and pages.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Closed => "closed",
            Phase::Open => "open",
            Phase::HalfOpen => "half_open",
        }
    }
}

/// A change of phase. It has happened once the value that it was seen in is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// Before.
    pub from: Phase,
    /// Now.
    pub to: Phase,
    /// What brought it about.
    pub why: Why,
}

impl Transition {
    /// From open to half-open, if this probe, having been claimed, is the first of its round.
    pub fn of_probe(probe: u64) -> Option<Transition> {
        let (_, serial) = parts(probe);
        (serial == 0).then_some(Transition { from: Phase::Open, to: Phase::HalfOpen, why: Why::Due })
    }
}

/// What brought a change about; its text is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Failures in a row.
    Streak {
        /// So many.
        failures: u32,
    },
    /// Too many of the calls in the window have failed.
    Rate {
        /// So many.
        failures: u64,
        /// Of so many.
        calls: u64,
    },
    /// It was open for long enough.
    Due,
    /// A probe has failed.
    Probe,
    /// All probes of the round were fine.
    Probes {
        /// So many.
        fine: u32,
    },
    /// An operator wants it so, or (`None`) no longer.
    Operator {
        /// What it is forced to be.
        forced: Option<Forced>,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Streak { failures } => write!(f, "{failures} failures in a row"),
            Why::Rate { failures, calls } => write!(f, "{failures} of {calls} calls in the window failed"),
            Why::Due => f.write_str("it was open for long enough"),
            Why::Probe => f.write_str("a probe failed"),
            Why::Probes { fine: 1 } => f.write_str("its probe was fine"),
            Why::Probes { fine } => write!(f, "all {fine} probes were fine"),
            Why::Operator { forced: Some(Forced::Open) } => f.write_str("an operator forced it open"),
            Why::Operator { forced: Some(Forced::Closed) } => f.write_str("an operator forced it closed"),
            Why::Operator { forced: None } => f.write_str("an operator released it"),
        }
    }
}
