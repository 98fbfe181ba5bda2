//! When the calls to a subgraph go badly enough to be told, and when that is over.

use crate::hysteresis::{self, Level, Raised};

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alert {
    /// The connection pool is nearly used up.
    PoolUtilisation,
    /// Connections fail.
    ConnectionErrors,
    /// Calls fail.
    FailureRate,
}

/// All, each with its word in metrics and logs, and one sentence.
pub const CATALOGUE: &[(Alert, &str, &str)] = &[
    (
        Alert::PoolUtilisation,
        "pool_utilisation",
        "More of a subgraph's connection pool is in use than the threshold says.",
    ),
    (
        Alert::ConnectionErrors,
        "connection_errors",
        "More connections to a subgraph failed in an interval than the threshold says.",
    ),
    (Alert::FailureRate, "failure_rate", "More of the calls to a subgraph fail than the threshold says."),
];

impl Alert {
    /// Its word in metrics and logs.
    pub fn word(self) -> &'static str {
        CATALOGUE.iter().find(|(alert, ..)| *alert == self).map_or("", |(_, word, _)| word)
    }
}

/// Thresholds. The defaults are the spec's ("Connection Pool Monitoring", "Performance Targets").
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlertSettings {
    /// In percent of the pool: raised above.
    pub utilisation: f64,
    /// In an interval: raised above.
    pub connection_errors: u64,
    /// In percent of the calls: raised above; `None` is never.
    pub failure_rate: Option<f64>,
    /// Fewer calls in an interval say nothing of a rate: what was raised stays so.
    pub least_calls: u64,
    /// In percent of the threshold: see [`Raised::update`].
    pub hysteresis: f64,
}

impl Default for AlertSettings {
    fn default() -> AlertSettings {
        AlertSettings {
            utilisation: 90.0,
            connection_errors: 5,
            failure_rate: Some(5.0),
            least_calls: 20,
            hysteresis: 5.0,
        }
    }
}

/// What was measured of one subgraph in an interval.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measured {
    /// Calls that have a connection: on average, or at the moment.
    pub in_flight: f64,
    /// Calls that may have one at once.
    pub max_connections: u32,
    /// Connections that failed.
    pub connection_errors: u64,
    /// Calls that were answered or failed.
    pub calls: u64,
    /// Of these, those that failed.
    pub failures: u64,
}

/// An alert that is raised now or cleared now.
pub type Transition = hysteresis::Transition<Alert>;

/// The alerts of one subgraph that are raised.
#[derive(Debug, Clone, Default)]
pub struct Alerts {
    raised: Raised<Alert>,
}

impl Alerts {
    /// Compares an interval with the thresholds; what changed.
    pub fn update(&mut self, settings: &AlertSettings, measured: &Measured) -> Vec<Transition> {
        self.raised.update(levels(settings, measured), settings.hysteresis)
    }

    /// Whether an alert is raised.
    pub fn is_raised(&self, alert: Alert) -> bool {
        self.raised.contains(alert)
    }
}

fn levels(settings: &AlertSettings, measured: &Measured) -> Vec<Level<Alert>> {
    let Measured { in_flight, max_connections, connection_errors, calls, failures } = *measured;
    let used = if max_connections == 0 { 0.0 } else { 100.0 * in_flight / f64::from(max_connections) };
    let mut levels = vec![
        Level {
            alert: Alert::PoolUtilisation,
            value: used,
            threshold: settings.utilisation,
            text: format!(
                "{in_flight:.1} of {max_connections} connections are in use, {used:.0}% (threshold {}%)",
                settings.utilisation
            ),
        },
        Level {
            alert: Alert::ConnectionErrors,
            value: connection_errors as f64,
            threshold: settings.connection_errors as f64,
            text: format!(
                "{connection_errors} connections failed in the interval (threshold {})",
                settings.connection_errors
            ),
        },
    ];
    // Without a threshold, one that was raised is cleared.
    let threshold = settings.failure_rate.unwrap_or(f64::INFINITY);
    if calls >= settings.least_calls.max(1) || threshold.is_infinite() {
        let rate = 100.0 * failures as f64 / calls.max(1) as f64;
        levels.push(Level {
            alert: Alert::FailureRate,
            value: rate,
            threshold,
            text: format!("{failures} of {calls} calls failed, {rate:.1}% (threshold {threshold}%)"),
        });
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const FINE: Measured =
        Measured { in_flight: 10.0, max_connections: 100, connection_errors: 0, calls: 1_000, failures: 0 };

    fn words(transitions: Vec<Transition>) -> Vec<(&'static str, bool)> {
        transitions.into_iter().map(|t| (t.alert.word(), t.raised)).collect()
    }

    /// What is told at each of the intervals.
    fn told(intervals: impl IntoIterator<Item = Measured>) -> Vec<Vec<(&'static str, bool)>> {
        let mut alerts = Alerts::default();
        let settings = AlertSettings::default();
        intervals.into_iter().map(|measured| words(alerts.update(&settings, &measured))).collect()
    }

    #[test]
    fn utilisation_is_told_above_90_and_over_below_85_5() {
        let used = [90.0, 91.0, 100.0, 86.0, 85.5, 88.0, 91.0];
        let told = told(used.map(|in_flight| Measured { in_flight, ..FINE }));
        let (raised, cleared) = (vec![("pool_utilisation", true)], vec![("pool_utilisation", false)]);
        assert_eq!(told, [vec![], raised.clone(), vec![], vec![], cleared, vec![], raised]);
    }

    #[test]
    fn connection_errors_are_told_above_five_and_over_below() {
        let told = told([5, 6, 5, 4].map(|connection_errors| Measured { connection_errors, ..FINE }));
        let (raised, cleared) = (vec![("connection_errors", true)], vec![("connection_errors", false)]);
        assert_eq!(told, [vec![], raised, vec![], cleared]);
    }

    #[test]
    fn a_failure_rate_needs_calls() {
        let few = Measured { calls: 19, failures: 19, ..FINE };
        let fine = Measured { calls: 19, failures: 0, ..FINE };
        let told =
            told([few, Measured { failures: 50, ..FINE }, Measured { failures: 51, ..FINE }, fine, FINE]);
        let (raised, cleared) = (vec![("failure_rate", true)], vec![("failure_rate", false)]);
        assert_eq!(told, [vec![], vec![], raised, vec![], cleared]);
    }

    #[test]
    fn a_threshold_that_is_taken_away_clears_its_alert() {
        let mut alerts = Alerts::default();
        alerts.update(&AlertSettings::default(), &Measured { failures: 900, ..FINE });
        assert!(alerts.is_raised(Alert::FailureRate));
        let off = AlertSettings { failure_rate: None, ..AlertSettings::default() };
        assert_eq!(
            words(alerts.update(&off, &Measured { failures: 900, ..FINE })),
            [("failure_rate", false)]
        );
    }

    #[test]
    fn the_text_says_what_was_measured() {
        let mut alerts = Alerts::default();
        let measured = Measured { in_flight: 95.0, connection_errors: 7, failures: 60, ..FINE };
        let told = alerts.update(&AlertSettings::default(), &measured);
        let texts: Vec<_> = told.into_iter().map(|transition| transition.text).collect();
        assert_eq!(
            texts,
            [
                "95.0 of 100 connections are in use, 95% (threshold 90%)",
                "7 connections failed in the interval (threshold 5)",
                "60 of 1000 calls failed, 6.0% (threshold 5%)",
            ]
        );
    }

    #[test]
    fn each_alert_has_a_word_and_no_pool_is_not_used_up() {
        for alert in [Alert::PoolUtilisation, Alert::ConnectionErrors, Alert::FailureRate] {
            assert!(!alert.word().is_empty(), "{alert:?}");
        }
        assert_eq!(told([Measured { max_connections: 0, ..FINE }]), [vec![]]);
    }
}
