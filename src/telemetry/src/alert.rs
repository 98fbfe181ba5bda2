//! When a measurement of the plan cache is bad enough to be told, and when it is over.

use std::time::Duration;

use crate::hysteresis::{self, Level, Raised};

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    /// Too few lookups hit.
    HitRate,
    /// Lookups take too long.
    LookupTime,
    /// The entries near their bound.
    Entries,
    /// The bytes near their bound.
    Bytes,
}

/// All, each with its word in metrics and logs, and one sentence.
pub const CATALOGUE: &[(Alert, &str, &str)] = &[
    (Alert::HitRate, "hit_rate", "Fewer lookups of plans hit than the threshold says."),
    (Alert::LookupTime, "lookup_time", "Lookups of plans take longer on average than the threshold says."),
    (
        Alert::Entries,
        "entries",
        "The plan cache holds more of its greatest number of entries than the threshold says.",
    ),
    (
        Alert::Bytes,
        "bytes",
        "The plan cache holds more of its greatest number of bytes than the threshold says.",
    ),
];

impl Alert {
    /// Its word in metrics and logs.
    pub fn word(self) -> &'static str {
        CATALOGUE.iter().find(|(alert, ..)| *alert == self).map_or("", |(_, word, _)| word)
    }
}

/// Thresholds. The defaults are the spec's ("Cache Performance Monitoring").
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlertSettings {
    /// In percent: raised below.
    pub hit_rate: f64,
    /// Raised above.
    pub lookup_time: Duration,
    /// In percent of the bound: raised above.
    pub capacity: f64,
    /// Fewer lookups in a window say nothing of rates and times: what was raised stays so.
    pub least_lookups: u64,
    /// In percent of the threshold: how far a value must be on the good side for the alert to be cleared, so that one
    /// that swings around its threshold is told once.
    pub hysteresis: f64,
}

impl Default for AlertSettings {
    fn default() -> AlertSettings {
        AlertSettings {
            hit_rate: 75.0,
            lookup_time: Duration::from_millis(10),
            capacity: 85.0,
            least_lookups: 100,
            hysteresis: 5.0,
        }
    }
}

/// What was measured in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// Lookups of plans.
    pub lookups: u64,
    /// Those that hit, in whichever layer.
    pub hits: u64,
    /// What all of them took together.
    pub lookup_time: Duration,
    /// Entries now.
    pub entries: usize,
    /// Their bound.
    pub max_entries: usize,
    /// Bytes now.
    pub bytes: usize,
    /// Their bound.
    pub max_bytes: usize,
}

/// An alert that is raised now or cleared now.
pub type Transition = hysteresis::Transition<Alert>;

/// The alerts that are raised.
#[derive(Debug, Default)]
pub struct Alerts {
    raised: Raised<Alert>,
}

impl Alerts {
    /// Compares a window with the thresholds; what changed.
    pub fn update(&mut self, settings: &AlertSettings, measured: &Measured) -> Vec<Transition> {
        self.raised.update(levels(settings, measured), settings.hysteresis)
    }

    /// Whether an alert is raised.
    pub fn is_raised(&self, alert: Alert) -> bool {
        self.raised.contains(alert)
    }
}

fn levels(settings: &AlertSettings, measured: &Measured) -> Vec<Level<Alert>> {
    let mut levels = Vec::with_capacity(4);
    if measured.lookups >= settings.least_lookups.max(1) {
        let rate = percent(measured.hits as f64, measured.lookups as f64);
        levels.push(Level {
            alert: Alert::HitRate,
            value: -rate,
            threshold: -settings.hit_rate,
            text: format!(
                "{rate:.1}% of {} lookups of plans hit (threshold {}%)",
                measured.lookups, settings.hit_rate
            ),
        });
        let average = measured.lookup_time.as_secs_f64() * 1e3 / measured.lookups as f64;
        let threshold = settings.lookup_time.as_secs_f64() * 1e3;
        levels.push(Level {
            alert: Alert::LookupTime,
            value: average,
            threshold,
            text: format!("a lookup of a plan takes {average:.2} ms on average (threshold {threshold} ms)"),
        });
    }
    for (alert, what, held, bound) in [
        (Alert::Entries, "entries", measured.entries, measured.max_entries),
        (Alert::Bytes, "bytes", measured.bytes, measured.max_bytes),
    ] {
        let value = percent(held as f64, bound as f64);
        levels.push(Level {
            alert,
            value,
            threshold: settings.capacity,
            text: format!(
                "the plan cache holds {held} of {bound} {what}, {value:.0}% (threshold {}%)",
                settings.capacity
            ),
        });
    }
    levels
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { 100.0 * part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn measured(hits: u64) -> Measured {
        Measured { lookups: 1000, hits, entries: 10, max_entries: 100, max_bytes: 100, ..Measured::default() }
    }

    fn words(transitions: Vec<Transition>) -> Vec<(&'static str, bool)> {
        transitions.into_iter().map(|t| (t.alert.word(), t.raised)).collect()
    }

    #[test]
    fn is_raised_once_and_cleared_only_when_well_over_the_threshold() {
        let (mut alerts, settings) = (Alerts::default(), AlertSettings::default());
        let told: Vec<_> = [750, 749, 740, 760, 780, 788, 760, 700]
            .into_iter()
            .map(|hits| words(alerts.update(&settings, &measured(hits))))
            .collect();
        let (raised, cleared) = (vec![("hit_rate", true)], vec![("hit_rate", false)]);
        assert_eq!(told, [vec![], raised.clone(), vec![], vec![], vec![], cleared, vec![], raised]);
    }

    #[test]
    fn few_lookups_neither_raise_nor_clear() {
        let (mut alerts, settings) = (Alerts::default(), AlertSettings::default());
        let few = |hits| Measured { lookups: 99, ..measured(hits) };
        assert!(alerts.update(&settings, &few(0)).is_empty());
        alerts.update(&settings, &measured(0));
        assert!(alerts.update(&settings, &few(99)).is_empty() && alerts.is_raised(Alert::HitRate));
    }

    #[test]
    fn the_text_says_what_was_measured() {
        let (mut alerts, settings) = (Alerts::default(), AlertSettings::default());
        let slow =
            Measured { lookup_time: Duration::from_secs(12), entries: 90, bytes: 86, ..measured(1000) };
        let texts: Vec<String> = alerts.update(&settings, &slow).into_iter().map(|t| t.text).collect();
        assert_eq!(
            texts,
            [
                "a lookup of a plan takes 12.00 ms on average (threshold 10 ms)",
                "the plan cache holds 90 of 100 entries, 90% (threshold 85%)",
                "the plan cache holds 86 of 100 bytes, 86% (threshold 85%)",
            ]
        );
    }

    #[test]
    fn each_alert_is_in_the_catalogue() {
        for alert in [Alert::HitRate, Alert::LookupTime, Alert::Entries, Alert::Bytes] {
            assert!(!alert.word().is_empty(), "{alert:?}");
        }
    }
}
