//! What a run comes to.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clients::Asked;
use crate::run::Run;

/// A part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Before,
    During,
    After,
}

/// All, in order.
pub(crate) const PHASES: [Phase; 3] = [Phase::Before, Phase::During, Phase::After];

/// The figures of one kind of requests in one phase.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Requests a second.
    pub(crate) rate: f64,
    /// Those that were answered rightly, a second.
    pub(crate) right: f64,
    /// In milliseconds, of all of them.
    pub(crate) p99: f64,
    /// Answers by the codes of their errors.
    pub(crate) errors: BTreeMap<String, usize>,
}

/// Recovered is who gives so much of what it gave before.
const RECOVERED: f64 = 0.95;

/// The rate of answers is that over so long a time.
const WINDOW: Duration = Duration::from_millis(500);

const STEP: Duration = Duration::from_millis(20);

impl Phase {
    /// What the table calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Phase::Before => "before",
            Phase::During => "during",
            Phase::After => "after",
        }
    }

    /// Where in [`Run::edges`] it begins and ends.
    pub(crate) fn edges(self) -> [usize; 2] {
        match self {
            Phase::Before => [0, 1],
            Phase::During => [1, 3],
            Phase::After => [3, 4],
        }
    }

    /// Whether a request belongs to it: whatever met the sickness is of the phase in the middle.
    fn holds(self, asked: &Asked, run: &Run) -> bool {
        let [begin, sick, _, well, _] = run.edges;
        let ended = asked.at + asked.took;
        match self {
            Phase::Before => asked.at >= begin && ended < sick,
            Phase::During => ended >= sick && asked.at < well,
            Phase::After => asked.at >= well,
        }
    }
}

impl Run {
    /// How long a phase lasted, in seconds.
    pub(crate) fn seconds(&self, phase: Phase) -> f64 {
        let [from, to] = phase.edges();
        (self.edges[to] - self.edges[from]).as_secs_f64()
    }

    /// The figures of one kind of requests in a phase.
    pub(crate) fn figures(&self, kind: &[Asked], phase: Phase) -> Figures {
        let of_phase: Vec<&Asked> = kind.iter().filter(|asked| phase.holds(asked, self)).collect();
        let mut errors = BTreeMap::new();
        for code in of_phase.iter().filter_map(|asked| asked.failed.as_ref()) {
            *errors.entry(code.clone()).or_default() += 1;
        }
        let right = of_phase.iter().filter(|asked| asked.failed.is_none()).count();
        let mut latencies: Vec<Duration> = of_phase.iter().map(|asked| asked.took).collect();
        latencies.sort_unstable();
        let at = (latencies.len() * 99 / 100).min(latencies.len().saturating_sub(1));
        Figures {
            rate: of_phase.len() as f64 / self.seconds(phase),
            right: right as f64 / self.seconds(phase),
            p99: latencies.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0),
            errors,
        }
    }

    /// The p99 of requests that don't need the sick subgraph, during its sickness, divided by that of before.
    pub(crate) fn slowdown(&self) -> f64 {
        self.figures(&self.spares, Phase::During).p99 / self.figures(&self.spares, Phase::Before).p99
    }

    /// How long after the sickness right answers come at 95% of the rate of before; `None` if they don't by the end.
    pub(crate) fn recovery(&self) -> Option<Duration> {
        let [begin, sick, _, well, end] = self.edges;
        let right = |from: Duration, to: Duration| {
            let ended =
                self.needs.iter().filter(|asked| asked.failed.is_none()).map(|asked| asked.at + asked.took);
            ended.filter(|ended| (from..to).contains(ended)).count() as f64 / (to - from).as_secs_f64()
        };
        let wanted = right(begin, sick) * RECOVERED;
        let mut from = well;
        while from + WINDOW <= end {
            if right(from, from + WINDOW) >= wanted {
                return Some(from - well);
            }
            from += STEP;
        }
        None
    }
}
