//! What could be changed, what it would bring, and from which numbers that is known.

use std::time::Duration;

/// What is wrong, and so what is recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Operations are planned while clients wait that could have been planned before.
    WarmUp,
    /// Plans that are in use are evicted.
    HotEvictions,
    /// Plans expire and are made again.
    TtlChurn,
    /// A larger cache would hit more.
    TooSmall,
    /// A smaller one would hit as much.
    TooLarge,
    /// Operations that differ in literals only have a plan each.
    Literals,
}

/// A kind as operators see it.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Which.
    pub kind: Kind,
    /// The word in the `type` of a recommendation.
    pub word: &'static str,
    /// One sentence.
    pub doc: &'static str,
}

/// All kinds. Docs derive from it.
pub const CATALOGUE: &[Entry] = &[
    Entry {
        kind: Kind::WarmUp,
        word: "plan_cache_warm_up",
        doc: "Operations that are asked for again and again are planned at their first request: warm them up.",
    },
    Entry {
        kind: Kind::HotEvictions,
        word: "plan_cache_hot_evictions",
        doc: "Plans are evicted while they are in use: let admission protect them, or make room.",
    },
    Entry {
        kind: Kind::TtlChurn,
        word: "plan_cache_ttl_churn",
        doc: "Plans expire and are made again soon after: renew their time on hits, or let them live longer.",
    },
    Entry {
        kind: Kind::TooSmall,
        word: "plan_cache_too_small",
        doc: "More room would raise the hit rate, by the miss-ratio curve of what is asked.",
    },
    Entry {
        kind: Kind::TooLarge,
        word: "plan_cache_too_large",
        doc: "Less room would hit as often, by the miss-ratio curve of what is asked, and free memory.",
    },
    Entry {
        kind: Kind::Literals,
        word: "plan_cache_literals",
        doc: "Literals that can't be taken out of operations give each its own plan: clients should send variables.",
    },
];

impl Kind {
    /// The word in the `type` of a recommendation.
    pub fn word(self) -> &'static str {
        CATALOGUE.iter().find(|entry| entry.kind == self).map_or("", |entry| entry.word)
    }
}

/// What it takes to follow a recommendation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// A setting, at run time.
    Low,
    /// A setting that takes memory or an operator's list.
    Medium,
    /// Clients have to change.
    High,
}

impl Effort {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
        }
    }
}

/// What a percentage is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gain {
    /// Percentage points of the hit rate.
    HitRate,
    /// Percent of the plan cache's memory.
    Memory,
}

/// What applying a recommendation sets; `None` leaves a setting as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SettingsChange {
    /// Entries.
    pub max_entries: Option<usize>,
    /// Bytes.
    pub max_bytes: Option<usize>,
    /// Time to live.
    pub ttl: Option<Duration>,
    /// Whether hits renew it.
    pub renew_on_hit: Option<bool>,
    /// Whether worth decides who goes.
    pub admission: Option<bool>,
}

/// A proposal with its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation {
    /// What is wrong.
    pub kind: Kind,
    /// What to do, a sentence.
    pub description: String,
    /// Computed from the window, more than 0; of what, says `gain`.
    pub expected_improvement: f64,
    /// What the percentage is of.
    pub gain: Gain,
    /// What it takes.
    pub effort: Effort,
    /// What `apply` sets; `None` if no setting would do.
    pub change: Option<SettingsChange>,
    /// The numbers it came from.
    pub explanation: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn each_kind_is_in_the_catalogue_once() {
        let kinds = [
            Kind::WarmUp,
            Kind::HotEvictions,
            Kind::TtlChurn,
            Kind::TooSmall,
            Kind::TooLarge,
            Kind::Literals,
        ];
        assert_eq!(CATALOGUE.iter().map(|entry| entry.kind).collect::<Vec<_>>(), kinds);
        let mut words: Vec<&str> = kinds.into_iter().map(Kind::word).collect();
        words.dedup();
        assert!(words.len() == kinds.len() && words.iter().all(|word| !word.is_empty()));
    }
}
