//! What the traffic of all workers comes to: sums taken from the host's counters at each interval.
//!
//! Each worker takes them, so that whichever an operator asks can tell of the last quarter of an hour.

use std::collections::VecDeque;
use std::time::Duration;

use super::Gateway;
use crate::event::{Output, Timestamp};
use crate::metric::{FailureClass, Metric, SubgraphId};
use crate::pipeline::monitor::Asked;

/// Time between two sums.
const INTERVAL: Duration = Duration::from_secs(5);

/// Sums that are kept: a quarter of an hour, which is the guide's monitoring period.
const KEPT: usize = 181;

/// What is watched of one subgraph.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Watch {
    /// The oldest first.
    sums: VecDeque<(Timestamp, Sums)>,
}

/// The counters of [`Sums`], in the order of its fields; then its gauges.
fn metrics(label: SubgraphId) -> impl Iterator<Item = Metric> {
    let counters = [
        Metric::SubgraphCalls(label),
        Metric::CallTimeTotal(label),
        Metric::QueueWaitTotal(label),
        Metric::QueueShed(label),
        Metric::QueueRefused(label),
        Metric::ShortCircuits(label),
        Metric::PoolActive(label),
        Metric::QueueLength(label),
    ];
    let errors = FailureClass::ALL.into_iter().map(move |class| Metric::SubgraphErrors(label, class));
    counters.into_iter().chain(errors)
}

/// Counters of all workers since Envoy began, and gauges as they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::pipeline) struct Sums {
    pub(in crate::pipeline) calls: u64,
    pub(in crate::pipeline) call_micros: u64,
    pub(in crate::pipeline) wait_micros: u64,
    pub(in crate::pipeline) shed: u64,
    pub(in crate::pipeline) refused: u64,
    pub(in crate::pipeline) short_circuits: u64,
    pub(in crate::pipeline) active: u64,
    pub(in crate::pipeline) queued: u64,
    pub(in crate::pipeline) errors: [u64; FailureClass::ALL.len()],
}

impl Sums {
    fn of(values: &[u64]) -> Option<Sums> {
        let (first, errors) = values.split_first_chunk::<8>()?;
        let [calls, call_micros, wait_micros, shed, refused, short_circuits, active, queued] = *first;
        let errors = *errors.first_chunk()?;
        Some(Sums {
            calls,
            call_micros,
            wait_micros,
            shed,
            refused,
            short_circuits,
            active,
            queued,
            errors,
        })
    }

    /// What was added since `before`; all of it where a counter began anew. Gauges stay.
    pub(in crate::pipeline) fn since(&self, before: &Sums) -> Sums {
        let less = |now: u64, before: u64| now.checked_sub(before).unwrap_or(now);
        let mut errors = self.errors;
        errors.iter_mut().zip(before.errors).for_each(|(now, before)| *now = less(*now, before));
        Sums {
            calls: less(self.calls, before.calls),
            call_micros: less(self.call_micros, before.call_micros),
            wait_micros: less(self.wait_micros, before.wait_micros),
            shed: less(self.shed, before.shed),
            refused: less(self.refused, before.refused),
            short_circuits: less(self.short_circuits, before.short_circuits),
            errors,
            ..*self
        }
    }

    /// Failures of one class.
    pub(in crate::pipeline) fn errors_of(&self, class: FailureClass) -> u64 {
        let at = FailureClass::ALL.iter().position(|known| *known == class);
        at.and_then(|at| self.errors.get(at)).copied().unwrap_or(0)
    }

    /// All failures.
    pub(in crate::pipeline) fn failures(&self) -> u64 {
        self.errors.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::pipeline) struct Period {
    pub(in crate::pipeline) time: Duration,
    pub(in crate::pipeline) sums: Sums,
    /// The most that any sum found in flight and waiting.
    pub(in crate::pipeline) most_active: u64,
    pub(in crate::pipeline) most_queued: u64,
}

impl Watch {
    fn add(&mut self, now: Timestamp, sums: Sums) {
        if self.sums.len() >= KEPT {
            self.sums.pop_front();
        }
        self.sums.push_back((now, sums));
    }

    /// The last `time`, or as much of it as was watched; `None` before two sums were taken.
    pub(in crate::pipeline) fn period(&self, time: Duration) -> Option<Period> {
        let (end, last) = self.sums.back()?;
        let within = || self.sums.iter().filter(|(at, _)| end.since(*at) <= time);
        let (start, first) = within().next().filter(|(at, _)| at < end)?;
        Some(Period {
            time: end.since(*start),
            sums: last.since(first),
            most_active: within().map(|(_, sums)| sums.active).max().unwrap_or(0),
            most_queued: within().map(|(_, sums)| sums.queued).max().unwrap_or(0),
        })
    }
}

impl Gateway {
    /// A tick has come.
    pub(super) fn watch_traffic(&mut self, now: Timestamp) {
        if self.traffic.next_sums > now || self.traffic.guards.is_empty() {
            return;
        }
        self.traffic.next_sums = now.after(INTERVAL);
        self.monitor.expect(Asked::Traffic);
        let labels = (0..u32::try_from(self.traffic.guards.len()).unwrap_or(u32::MAX)).map(SubgraphId);
        self.outputs.push_back(Output::ReadCounters(labels.flat_map(metrics).collect()));
    }

    /// The sums have come.
    pub(in crate::pipeline) fn traffic_summed(&mut self, now: Timestamp, values: &[u64]) {
        let width = metrics(SubgraphId(0)).count();
        for (guard, values) in self.traffic.guards.iter_mut().zip(values.chunks(width)) {
            if let Some(sums) = Sums::of(values) {
                guard.watch.add(now, sums);
            }
        }
    }
}
