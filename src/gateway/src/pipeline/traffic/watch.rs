//! What the traffic of all workers comes to: sums taken from the host's counters at each interval, and alerts on them.
//!
//! Each worker takes the sums, so that whichever an operator asks can tell of the last quarter of an hour; only the holder
//! of the lease raises alerts.

use std::collections::VecDeque;
use std::time::Duration;

use weir_telemetry::subgraph_alert::{Alert as Watched, AlertSettings, Alerts, Measured};

use super::Gateway;
use super::settings::Settings;
use crate::event::{Output, Timestamp};
use crate::metric::{Alert, FailureClass, Metric, SubgraphId};
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
    alerts: Alerts,
    /// When alerts were judged last, and by which sums.
    judged: Option<(Timestamp, Sums)>,
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
    /// The longest wait for a slot since the sums before, on this worker.
    pub(in crate::pipeline) longest_wait: Duration,
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
            longest_wait: Duration::ZERO,
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

    /// How long a call took on average; `None` if there was none.
    fn latency(&self) -> Option<Duration> {
        self.call_micros.checked_div(self.calls).map(Duration::from_micros)
    }

    /// Failures of one class.
    pub(in crate::pipeline) fn errors_of(&self, class: FailureClass) -> u64 {
        let at = FailureClass::ALL.iter().position(|known| *known == class);
        at.and_then(|at| self.errors.get(at)).copied().unwrap_or(0)
    }

    /// Connections that could not be made or broke.
    pub(in crate::pipeline) fn connection_errors(&self) -> u64 {
        self.errors_of(FailureClass::Connect).saturating_add(self.errors_of(FailureClass::Reset))
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
    pub(in crate::pipeline) longest_wait: Duration,
    /// The average latency of all that was watched.
    pub(in crate::pipeline) usual_latency: Option<Duration>,
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
            longest_wait: within().map(|(_, sums)| sums.longest_wait).max().unwrap_or_default(),
            usual_latency: self.sums.front().and_then(|(_, oldest)| last.since(oldest).latency()),
        })
    }
}

impl Watch {
    /// Judges the time since this was done last, if that is `interval` ago; what changed.
    fn judge(&mut self, interval: Duration, settings: &Settings) -> Vec<(Alert, bool, String)> {
        let Some((now, sums)) = self.sums.back().copied() else { return Vec::new() };
        let Some((at, before)) = self.judged else {
            self.judged = Some((now, sums));
            return Vec::new();
        };
        let time = now.since(at);
        if time < interval {
            return Vec::new();
        }
        self.judged = Some((now, sums));
        let sums = sums.since(&before);
        let measured = Measured {
            in_flight: Duration::from_micros(sums.call_micros).as_secs_f64() / time.as_secs_f64(),
            max_connections: settings.traffic.pool.max_connections,
            connection_errors: sums.connection_errors(),
            calls: sums.calls,
            failures: sums.failures(),
        };
        let breaker = &settings.traffic.breaker;
        let thresholds = AlertSettings {
            utilisation: f64::from(settings.traffic.pool.utilisation_above),
            connection_errors: u64::from(settings.traffic.pool.connection_errors_above),
            failure_rate: breaker.alert_on_high_failure_rate.then(|| f64::from(breaker.failure_rate_above)),
            ..AlertSettings::default()
        };
        let changed = self.alerts.update(&thresholds, &measured);
        changed.into_iter().map(|change| (of(change.alert), change.raised, change.text)).collect()
    }

    /// Lets go of all alerts: another worker judges.
    fn stop_judging(&mut self) {
        self.judged = None;
        self.alerts = Alerts::default();
    }
}

const ALERTS: [(Watched, Alert); 3] = [
    (Watched::PoolUtilisation, Alert::PoolUtilisation),
    (Watched::ConnectionErrors, Alert::ConnectionErrors),
    (Watched::FailureRate, Alert::FailureRate),
];

fn of(watched: Watched) -> Alert {
    ALERTS.into_iter().find(|(known, _)| *known == watched).map_or(Alert::FailureRate, |(_, alert)| alert)
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
                let longest_wait = std::mem::take(&mut guard.longest_wait);
                guard.watch.add(now, Sums { longest_wait, ..sums });
            }
        }
        self.judge_traffic(now);
    }

    /// The holder of the lease judges for all; what it says of alerts stands until it, or the next holder, says otherwise.
    fn judge_traffic(&mut self, now: Timestamp) {
        if !self.lease.is_held(now.0) {
            self.traffic.guards.iter_mut().for_each(|guard| guard.watch.stop_judging());
            return;
        }
        let interval = self.cache_config.alerts.interval;
        let mut changed = Vec::new();
        let mut gauges = Vec::new();
        for ((index, guard), name) in (0..).zip(&mut self.traffic.guards).zip(self.labels.names()) {
            let judged = guard.watch.judge(interval, &guard.settings);
            changed.extend(
                judged.into_iter().map(|(alert, raised, text)| (alert, raised, format!("{name}: {text}"))),
            );
            if let Some((_, sums)) = guard.watch.sums.back() {
                let most = u64::from(guard.settings.traffic.pool.max_connections);
                let percent = sums.active.saturating_mul(100).checked_div(most).unwrap_or(0);
                gauges.push(Output::Set(Metric::PoolUtilisation(SubgraphId(index)), percent));
            }
        }
        for (watched, alert) in ALERTS {
            let raised =
                self.traffic.guards.iter().filter(|guard| guard.watch.alerts.is_raised(watched)).count();
            gauges.push(Output::Set(Metric::AlertActive(alert), u64::try_from(raised).unwrap_or(u64::MAX)));
        }
        self.outputs.extend(gauges);
        for (alert, raised, text) in changed {
            self.tell_alert(alert, raised, &text);
        }
    }
}
