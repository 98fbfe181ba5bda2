//! What is measured of the calls to each subgraph, and how its batches follow that.

use std::time::Duration;

use weir_telemetry::entity_batching::{Arrival, Arrivals};
use weir_traffic::batch_window::{BatchWindow, Reason};

use super::Gateway;
use crate::config::EntityBatchingConfig;
use crate::event::{Level, Output, Timestamp};
use crate::loader::{Departure, Landed, Placed, Sharing};
use crate::metric::{Alert, Metric, SubgraphId};

/// Lookups that are remembered for the recommendations, for each subgraph.
const REMEMBERED: usize = 4_096;

/// One subgraph's batches on this worker.
pub(super) struct Batches {
    pub(super) window: BatchWindow,
    pub(super) arrivals: Arrivals,
    /// Since the last tick; the host hears of them then, for each count costs a call of it.
    counts: Counts,
    /// What its gauges say.
    told: [u64; 4],
    watch: Watch,
    /// In the interval that ended last.
    pub(super) last: weir_traffic::batch_window::Measured,
}

/// What the alerts of one subgraph's batches look at.
#[derive(Debug, Default)]
struct Watch {
    /// Adaptations since the interval of the alerts began, and its end.
    adaptations: u64,
    ends: Timestamp,
    /// Whether each of [`ALERTS`] is raised.
    raised: [bool; 2],
}

/// In the order of [`Watch::raised`].
const ALERTS: [Alert; 2] = [Alert::EntityBatchSize, Alert::EntityBatchAdaptations];

/// Keys in a batch, on average, below which batching is poor (the guide's "DataLoader Performance Monitoring").
const POOR_SIZE: f64 = 10.0;

/// Batches in an interval that are a load: with fewer there is nobody to share with.
const LOAD: u64 = 100;

/// Adaptations in an interval of the alerts that are too many (the guide's figure).
const MANY_ADAPTATIONS: u64 = 50;

#[derive(Debug, Default)]
struct Counts {
    asked: u64,
    duplicates: u64,
    key_joins: u64,
    root_joins: u64,
    batches: u64,
    keys: u64,
    closed: [u64; Reason::ALL.len()],
    splits: u64,
    splits_refused: u64,
}

impl Batches {
    fn new(config: &EntityBatchingConfig) -> Batches {
        Batches {
            window: BatchWindow::new(config.window_settings()),
            arrivals: Arrivals::new(REMEMBERED),
            counts: Counts::default(),
            told: [0; 4],
            watch: Watch::default(),
            last: Default::default(),
        }
    }
}

impl Gateway {
    /// How calls to a subgraph are shared now.
    pub(super) fn sharing(&self, label: SubgraphId) -> Sharing {
        let Some(config) = self.batching.get(label.0 as usize) else { return Sharing::NONE };
        let batches = self.batches.get(label.0 as usize).and_then(Option::as_ref);
        let joinable_age = match batches {
            _ if !config.join_in_flight => Duration::ZERO,
            Some(batches) => batches.window.latency().joinable_age(),
            None => weir_traffic::latency::Latency::MOST_AGE,
        };
        if !config.enabled {
            return Sharing { joinable_age, ..Sharing::NONE };
        }
        let limits = batches.map(|batches| batches.window.limits());
        Sharing {
            most: config.max_batch_size,
            enough: limits.map_or(config.max_batch_size, |limits| limits.max_batch_size),
            window: limits.map_or(Duration::ZERO, |limits| limits.batch_window),
            batches: true,
            joinable_age,
        }
    }

    /// Takes other settings, by the subgraphs' places in metrics.
    pub(super) fn set_batching(&mut self, batching: Vec<EntityBatchingConfig>) {
        for (batches, config) in self.batches.iter_mut().zip(&batching) {
            if let Some(batches) = batches {
                batches.window.set(config.window_settings());
            }
        }
        self.batching = batching;
    }

    fn measures(&self, label: SubgraphId) -> bool {
        self.batching.get(label.0 as usize).is_some_and(|config| config.metrics)
    }

    fn batches(&mut self, label: SubgraphId) -> Option<&mut Batches> {
        let index = label.0 as usize;
        let config = self.batching.get(index)?;
        if self.batches.len() <= index {
            self.batches.resize_with(index.saturating_add(1), || None);
        }
        let slot = self.batches.get_mut(index)?;
        Some(slot.get_or_insert_with(|| Batches::new(config)))
    }

    /// A fetch has been placed.
    pub(super) fn wanted(
        &mut self,
        now: Timestamp,
        label: SubgraphId,
        group: u64,
        keys: usize,
        placed: Placed,
    ) {
        let metrics = self.measures(label);
        let Some(batches) = self.batches(label) else { return };
        let counts = &mut batches.counts;
        let add =
            |sum: &mut u64, count: usize| *sum = sum.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        if keys == 0 {
            return add(&mut counts.root_joins, placed.joined);
        }
        add(&mut counts.asked, keys);
        add(&mut counts.duplicates, placed.duplicates);
        add(&mut counts.key_joins, placed.joined);
        if metrics {
            batches.arrivals.record(Arrival { at: now.0, keys, group });
        }
    }

    /// A call was sent.
    pub(super) fn departed(&mut self, now: Timestamp, label: SubgraphId, departure: &Departure) {
        let metrics = self.measures(label);
        let Some(batches) = self.batches(label) else { return };
        if !departure.is_counted {
            return;
        }
        let Departure { keys, requests, waited, reason, .. } = *departure;
        batches.window.closed(now.0, keys, requests, waited, reason);
        let counts = &mut batches.counts;
        counts.batches = counts.batches.saturating_add(1);
        counts.keys = counts.keys.saturating_add(u64::try_from(keys).unwrap_or(u64::MAX));
        if let Some(at) = Reason::ALL.iter().position(|known| *known == reason)
            && let Some(count) = counts.closed.get_mut(at)
        {
            *count = count.saturating_add(1);
        }
        if metrics {
            let keys = u64::try_from(keys).unwrap_or(u64::MAX);
            self.outputs.push_back(Output::Record(Metric::EntityBatchSize(label), keys));
            if reason != Reason::Alone {
                self.outputs.push_back(Output::Record(Metric::EntityBatchWait(label), micros(waited)));
            }
        }
    }

    /// A call has ended.
    pub(super) fn landed(&mut self, now: Timestamp, label: SubgraphId, landed: &Landed, fine: bool) {
        let took = now.since(landed.sent);
        let is_batch = !landed.keys().is_empty();
        let metrics = self.measures(label);
        let Some(Some(batches)) = self.batches.get_mut(label.0 as usize) else { return };
        if is_batch {
            batches.window.answered(now.0, took, landed.size(), fine);
            if metrics {
                self.outputs.push_back(Output::Record(Metric::EntityBatchLatency(label), micros(took)));
            }
        }
    }

    /// Whether a call that failed may be repeated; counts it.
    pub(super) fn may_repeat(&mut self, now: Timestamp, label: SubgraphId, landed: &Landed) -> bool {
        // Half of what is left must do for each half.
        let may = landed.until > now && self.may_send_again(now, label, 2);
        let Some(Some(batches)) = self.batches.get_mut(label.0 as usize) else { return false };
        let count = if may { &mut batches.counts.splits } else { &mut batches.counts.splits_refused };
        *count = count.saturating_add(1);
        may
    }

    /// A tick has come.
    pub(super) fn tend_batches(&mut self, now: Timestamp) {
        for index in 0..self.batches.len() {
            let label = SubgraphId(u32::try_from(index).unwrap_or(u32::MAX));
            let Some(Some(batches)) = self.batches.get_mut(index) else { continue };
            let measured = *batches.window.measured();
            let before = batches.window.limits();
            let adaptation = batches.window.adapt(now.0);
            let turned = batches.window.measured().batches < measured.batches;
            if turned {
                batches.last = measured;
            }
            let limits = batches.window.limits();
            let counts = std::mem::take(&mut batches.counts);
            let gauges = [
                u64::try_from(limits.max_batch_size).unwrap_or(u64::MAX),
                micros(limits.batch_window),
                batches.last.average_size() as u64,
                batches.last.utilisation(before.max_batch_size).min(100.0) as u64,
            ];
            let told = if turned || batches.told == [0; 4] {
                std::mem::replace(&mut batches.told, gauges)
            } else {
                gauges
            };
            self.tell_gauges(label, told, gauges);
            self.tell_counts(label, &counts);
            self.watch_batches(now, index, turned, adaptation.is_some());
            if let Some(adaptation) = adaptation {
                self.count(Metric::EntityBatchAdaptations(label), 1);
                let name = self.labels.names().get(index).cloned().unwrap_or_default();
                let (from, to) = (adaptation.from, adaptation.to);
                let line = format!(
                    "weir: entity batches of {name}: size {} to {}, window {:?} to {:?}: {}",
                    from.max_batch_size,
                    to.max_batch_size,
                    from.batch_window,
                    to.batch_window,
                    adaptation.why
                );
                self.outputs.push_back(Output::Log(Level::Info, line));
            }
        }
    }

    /// Raises and clears the alerts of one subgraph's batches, a little beyond their thresholds so that none flaps.
    fn watch_batches(&mut self, now: Timestamp, index: usize, turned: bool, adapted: bool) {
        let interval = self.cache_config.alerts.interval;
        let Some(Some(Batches { watch, last, .. })) = self.batches.get_mut(index) else { return };
        watch.adaptations = watch.adaptations.saturating_add(u64::from(adapted));
        let mut is = watch.raised;
        if turned && last.batches >= LOAD {
            let least = if watch.raised[0] { POOR_SIZE * 1.05 } else { POOR_SIZE };
            is[0] = last.average_size() < least;
        }
        if watch.adaptations > MANY_ADAPTATIONS {
            is[1] = true;
        }
        if watch.ends <= now {
            is[1] = watch.adaptations > MANY_ADAPTATIONS;
            (watch.adaptations, watch.ends) = (0, now.after(interval));
        }
        let was = std::mem::replace(&mut watch.raised, is);
        let size = last.average_size();
        for ((alert, _), is) in ALERTS.into_iter().zip(was).zip(is).filter(|((_, was), is)| was != is) {
            let name = self.labels.names().get(index).map_or("", String::as_str);
            let text = if alert == Alert::EntityBatchSize {
                format!(
                    "batches of {name} hold {size:.1} keys on average under load; a longer batch_window may gather more"
                )
            } else {
                format!(
                    "the limits of {name}'s batches were changed more than {MANY_ADAPTATIONS} times in {interval:?}; raise adaptation_interval"
                )
            };
            self.count(Metric::AlertActive(alert), if is { 1 } else { -1 });
            self.tell_alert(alert, is, &text);
        }
    }

    fn tell_gauges(&mut self, label: SubgraphId, told: [u64; 4], now: [u64; 4]) {
        let metrics = [
            Metric::EntityBatchMaxSize(label),
            Metric::EntityBatchWindow(label),
            Metric::EntityBatchAverageSize(label),
            Metric::EntityBatchUtilisation(label),
        ];
        for ((metric, told), now) in metrics.into_iter().zip(told).zip(now) {
            let (told, now) =
                (i64::try_from(told).unwrap_or(i64::MAX), i64::try_from(now).unwrap_or(i64::MAX));
            if told != now {
                self.count(metric, now.saturating_sub(told));
            }
        }
    }

    fn tell_counts(&mut self, label: SubgraphId, counts: &Counts) {
        self.count_many(Metric::EntityBatchKeysAsked(label), counts.asked);
        self.count_many(Metric::EntityBatchDuplicates(label), counts.duplicates);
        self.count_many(Metric::EntityBatchKeyJoins(label), counts.key_joins);
        self.count_many(Metric::EntityBatchRootJoins(label), counts.root_joins);
        self.count_many(Metric::EntityBatches(label), counts.batches);
        self.count_many(Metric::EntityBatchKeysSent(label), counts.keys);
        self.count_many(Metric::EntityBatchSplits(label), counts.splits);
        self.count_many(Metric::EntityBatchSplitsRefused(label), counts.splits_refused);
        for (reason, count) in Reason::ALL.into_iter().zip(counts.closed) {
            self.count_many(Metric::EntityBatchClosed(label, reason), count);
        }
    }

    /// Takes back what this worker's gauges say of its batches.
    pub(super) fn retire_batches(&mut self) {
        for index in 0..self.batches.len() {
            let label = SubgraphId(u32::try_from(index).unwrap_or(u32::MAX));
            let Some(Some(batches)) = self.batches.get_mut(index) else { continue };
            let told = std::mem::take(&mut batches.told);
            let raised = std::mem::take(&mut batches.watch.raised);
            self.tell_gauges(label, told, [0; 4]);
            for (alert, _) in ALERTS.into_iter().zip(raised).filter(|(_, raised)| *raised) {
                self.count(Metric::AlertActive(alert), -1);
            }
        }
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
