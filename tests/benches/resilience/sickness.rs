//! What befalls the sick subgraph.

use serde_json::json;

use crate::LATENCY;
use crate::support::mortal::Mortal;

/// One way to be sick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sickness {
    /// Its process is killed, and started again at the end: connections are reset, then refused.
    Dies,
    /// It takes calls and never answers.
    Hangs,
    /// It closes each connection that a call comes by, before any header.
    Resets,
    /// It answers each call with status 200 and an HTML page.
    Garbage,
    /// It answers rightly, a hundred times slower.
    Slows,
    /// It closes connections for 0.7 s, answers for 0.7 s, and so on: no divisor of the reset time, by which each probe would
    /// meet the same half.
    Flaps,
}

/// All, in the table's order.
pub(crate) const SICKNESSES: [Sickness; 6] =
    [Sickness::Dies, Sickness::Hangs, Sickness::Resets, Sickness::Garbage, Sickness::Slows, Sickness::Flaps];

impl Sickness {
    /// What `$WEIR_RESILIENCE_SICKNESSES` calls it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Sickness::Dies => "dies",
            Sickness::Hangs => "hangs",
            Sickness::Resets => "resets",
            Sickness::Garbage => "garbage",
            Sickness::Slows => "slows",
            Sickness::Flaps => "flaps",
        }
    }

    /// What the table calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Sickness::Dies => "dies (its process is killed)",
            Sickness::Hangs => "hangs",
            Sickness::Resets => "resets connections",
            Sickness::Garbage => "answers garbage",
            Sickness::Slows => "slows 100-fold (500 ms)",
            Sickness::Flaps => "flaps (resets for 0.7 s, is well for 0.7 s)",
        }
    }

    /// From now on it is sick.
    pub(crate) fn begin(self, subgraph: &mut Mortal) {
        let change = match self {
            Sickness::Dies => return subgraph.kill(),
            Sickness::Hangs => json!({ "mode": "hang" }),
            Sickness::Resets => json!({ "mode": "reset" }),
            Sickness::Garbage => json!({ "mode": "not_json" }),
            Sickness::Slows => json!({ "latency": "500ms" }),
            Sickness::Flaps => json!({ "mode": "reset", "flap": "700ms" }),
        };
        subgraph.process().change(&change);
    }

    /// From now on it is well; what hangs is answered.
    pub(crate) fn end(self, subgraph: &mut Mortal) {
        match self {
            Sickness::Dies => subgraph.revive(),
            _ => subgraph.process().change(&json!({ "mode": "none", "latency": LATENCY })),
        }
    }
}
