//! Alerts that are raised beyond a threshold and cleared well within it, so that a value that swings around it is told once.

/// An alert that is raised now or cleared now.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition<A> {
    /// Which.
    pub alert: A,
    /// Raised, or else cleared.
    pub raised: bool,
    /// For the log: the value and the threshold.
    pub text: String,
}

/// A value beside its threshold; both negated where less is worse.
#[derive(Debug, Clone, PartialEq)]
pub struct Level<A> {
    /// What is watched.
    pub alert: A,
    /// Raised above the threshold.
    pub value: f64,
    /// See `value`.
    pub threshold: f64,
    /// For the log.
    pub text: String,
}

/// The alerts that are raised.
#[derive(Debug, Clone)]
pub struct Raised<A>(Vec<A>);

impl<A> Default for Raised<A> {
    fn default() -> Raised<A> {
        Raised(Vec::new())
    }
}

impl<A: Copy + PartialEq> Raised<A> {
    /// Compares levels with their thresholds; what changed. What has no level stays as it is. `hysteresis` is in percent of
    /// the threshold: how far a value must be on the good side for its alert to be cleared.
    pub fn update(&mut self, levels: Vec<Level<A>>, hysteresis: f64) -> Vec<Transition<A>> {
        let mut changed = Vec::new();
        for Level { alert, value, threshold, text } in levels {
            let was = self.contains(alert);
            let cleared_at = threshold - threshold.abs() * hysteresis.max(0.0) / 100.0;
            let is = value > if was { cleared_at } else { threshold };
            if is == was {
                continue;
            }
            if is {
                self.0.push(alert);
            } else {
                self.0.retain(|raised| *raised != alert);
            }
            changed.push(Transition { alert, raised: is, text });
        }
        changed
    }

    /// Whether an alert is raised.
    pub fn contains(&self, alert: A) -> bool {
        self.0.contains(&alert)
    }
}
