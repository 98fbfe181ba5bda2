//! What a window of measurements of the plan cache says: recommendations, and why the hit rate is low.
//!
//! The spec's "Automatic Cache Tuning" and "Low Cache Hit Rate". Every expected improvement is computed from the window.

mod advice;

use std::time::Duration;

use crate::miss_ratio::Curve;
use crate::recommendation::{Kind, Recommendation};

/// The settings that were in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    /// Entries.
    pub max_entries: usize,
    /// Bytes.
    pub max_bytes: usize,
    /// Time to live.
    pub ttl: Option<Duration>,
    /// Whether hits renew it.
    pub renew_on_hit: bool,
    /// Whether worth decides who goes.
    pub admission: bool,
}

/// What was measured of one worker's plans since the last window.
#[derive(Debug, Clone)]
pub struct PlanCacheWindow {
    /// The settings that were in force.
    pub settings: InForce,
    /// Lookups of plans.
    pub lookups: u64,
    /// Those that hit in memory, in shared data, in the store. The other lookups made a plan.
    pub hits: [u64; 3],
    /// What the lookups took together.
    pub lookup_time: Duration,
    /// What planning took together.
    pub planning_time: Duration,
    /// Plans evicted from memory for the number of entries.
    pub evicted_for_entries: u64,
    /// Plans evicted from memory for their bytes.
    pub evicted_for_bytes: u64,
    /// Of both: those in use.
    pub evicted_hot: u64,
    /// Plans whose time was over.
    pub expired: u64,
    /// Of these: those that were asked for again soon after.
    pub expired_again: u64,
    /// Entries in memory now.
    pub entries: usize,
    /// Bytes in memory now.
    pub bytes: usize,
    /// Distinct texts, and distinct operations that they came to.
    pub texts: u64,
    /// See `texts`.
    pub operations: u64,
    /// Lookups of operations that kept literals which could not be taken out and that missed.
    pub literal_misses: u64,
    /// Of the keys that were asked for.
    pub curve: Curve,
}

/// A reason for misses.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// What could be done about it.
    pub kind: Kind,
    /// In percent of the lookups: the misses in memory that have this cause. Causes may overlap.
    pub share: f64,
    /// A sentence for operators.
    pub text: String,
}

impl PlanCacheWindow {
    /// In percent of the lookups, in memory.
    pub fn hit_rate(&self) -> f64 {
        self.share(self.hits[0])
    }

    /// In percent of the lookups, in any layer.
    pub fn total_hit_rate(&self) -> f64 {
        self.share(self.hits.iter().fold(0, |sum, hits| sum.saturating_add(*hits)))
    }

    /// Of the lookups, in percent.
    fn share(&self, count: u64) -> f64 {
        if self.lookups == 0 { 0.0 } else { (100.0 * count as f64 / self.lookups as f64).min(100.0) }
    }

    fn bytes_per_entry(&self) -> f64 {
        self.bytes as f64 / self.entries.max(1) as f64
    }

    /// How many entries the bounds leave room for, entries being as large as they are now.
    fn room(&self) -> usize {
        let by_bytes = self.settings.max_bytes as f64 / self.bytes_per_entry().max(1.0);
        if self.entries == 0 {
            self.settings.max_entries
        } else {
            self.settings.max_entries.min(by_bytes as usize)
        }
    }
}

/// Fewer lookups in a window say nothing.
pub const LEAST_LOOKUPS: u64 = 1000;

/// What could be changed, the greatest improvement first. Nothing below [`LEAST_LOOKUPS`].
pub fn recommend(window: &PlanCacheWindow) -> Vec<Recommendation> {
    if window.lookups < LEAST_LOOKUPS {
        return Vec::new();
    }
    let found = [
        advice::too_small(window),
        advice::hot_evictions(window),
        advice::ttl_churn(window),
        advice::literals(window),
        advice::warm_up(window),
        advice::too_large(window),
    ];
    let mut found: Vec<Recommendation> = found.into_iter().flatten().collect();
    found.sort_by(|a, b| {
        let memory = |r: &Recommendation| r.kind == Kind::TooLarge;
        (memory(a).cmp(&memory(b))).then(b.expected_improvement.total_cmp(&a.expected_improvement))
    });
    found
}

/// Why lookups miss in memory, the greatest share first; empty if fewer than one in a thousand does, or nothing can be
/// said yet.
pub fn diagnose(window: &PlanCacheWindow) -> Vec<Cause> {
    if window.lookups < LEAST_LOOKUPS || window.hit_rate() > 99.9 {
        return Vec::new();
    }
    let curve = &window.curve;
    let room = window.room();
    let once = (curve.first_uses() - curve.warmable()).max(0.0);
    let causes = [
        (
            Kind::TooSmall,
            curve.best_hit_rate() - curve.hit_rate(room),
            format!("come after more than {room} other operations, for as many as there is room"),
        ),
        (
            Kind::HotEvictions,
            window.share(window.evicted_hot),
            "follow the eviction of a plan in use".to_owned(),
        ),
        (
            Kind::TtlChurn,
            window.share(window.expired_again),
            "are for plans whose time was over not long before".to_owned(),
        ),
        (
            Kind::Literals,
            window.share(window.literal_misses),
            "are for operations with literals that can't be taken out".to_owned(),
        ),
        (Kind::WarmUp, curve.warmable() + once, {
            format!(
                "are first uses: {:.1}% of operations that came again, {once:.1}% of others",
                curve.warmable()
            )
        }),
    ];
    let causes = causes.into_iter().filter(|(_, share, _)| *share >= 0.1);
    let mut causes: Vec<Cause> = causes
        .map(|(kind, share, what)| Cause { kind, share, text: format!("{share:.1}% of the lookups {what}") })
        .collect();
    causes.sort_by(|a, b| b.share.total_cmp(&a.share));
    causes
}

#[cfg(test)]
mod tests;
