//! What the gateway watches of its plan cache: rates, alerts, and how the operations come.
//!
//! Rates and their alerts are about all workers of the Envoy: the holder of the lease reads the counters' sums. What
//! recommendations need (the miss-ratio curve, sharing) each worker keeps of its own requests, for its memory is what
//! they are about.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use weir_cache::{Key, Totals};
use weir_telemetry::alert::{Alert as Watched, AlertSettings, Alerts, Measured, Transition};
use weir_telemetry::miss_ratio::MissRatio;
use weir_telemetry::plan_cache::{InForce, PlanCacheWindow};

use super::Gateway;
use crate::config::PlanCacheConfig;
use crate::event::{Level, Output, RequestId, Timestamp};
use crate::metric::{Alert, Layer, Metric};

/// Keys that the miss-ratio curve follows.
const SAMPLED: usize = 1024;

/// Distinct operations that a window counts.
const MAX_OPERATIONS: usize = 10_000;

/// The counters that alerts look at, in the order of [`Sums`].
const SUMS: [Metric; 6] = [
    Metric::PlanCacheHits(Layer::L1),
    Metric::PlanCacheMisses(Layer::L1),
    Metric::PlanCacheHits(Layer::L2),
    Metric::PlanCacheHits(Layer::L3),
    Metric::PlanCacheJoins,
    Metric::PlanCacheLookupTimeTotal,
];

/// What is measured.
pub(super) struct Monitor {
    curve: MissRatio,
    /// Since the last turn of the interval.
    window: Counts,
    /// The interval before.
    last: Counts,
    /// Those of memory when the window began.
    began_with: Totals,
    turns_at: Timestamp,
    /// Of all workers: the holder of the lease watches them.
    rates: Alerts,
    sums: Option<Sums>,
    /// Of this worker's memory, and of the shared data for the holder of the lease.
    rooms: [Alerts; 2],
    /// Who has asked for counters, in their order.
    asked: VecDeque<Asked>,
}

/// Who has asked for counters.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked {
    /// The alerts.
    Alerts,
    /// An operator: a page or its data.
    Page(RequestId, bool),
    /// The traffic to subgraphs.
    Traffic,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    lookups: u64,
    found: u64,
    lookup_micros: u64,
}

/// What happened in a window.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    pub(super) lookups: u64,
    pub(super) hits: [u64; 3],
    pub(super) lookup_time: Duration,
    pub(super) planning_time: Duration,
    texts: u64,
    operations: HashSet<Key>,
    pub(super) literal_misses: u64,
    totals: Totals,
}

impl Default for Monitor {
    fn default() -> Monitor {
        Monitor {
            curve: MissRatio::new(SAMPLED),
            window: Counts::default(),
            last: Counts::default(),
            began_with: Totals::default(),
            turns_at: Timestamp::default(),
            rates: Alerts::default(),
            sums: None,
            rooms: [Alerts::default(), Alerts::default()],
            asked: VecDeque::new(),
        }
    }
}

impl Monitor {
    /// A plan was looked for.
    pub(super) fn asked_for(&mut self, key: Key, text_was_new: bool) {
        self.window.lookups = self.window.lookups.saturating_add(1);
        self.curve.record(key.low());
        if text_was_new && self.window.operations.len() < MAX_OPERATIONS {
            self.window.texts = self.window.texts.saturating_add(1);
            self.window.operations.insert(key);
        }
    }

    /// The window under way.
    pub(super) fn counts(&mut self) -> &mut Counts {
        &mut self.window
    }

    /// Who gets the counters that come next.
    pub(super) fn expect(&mut self, asked: Asked) {
        self.asked.push_back(asked);
    }

    fn turn(&mut self, totals: Totals) {
        let mut ended = std::mem::take(&mut self.window);
        ended.totals = difference(totals, self.began_with);
        self.last = ended;
        self.began_with = totals;
        self.curve.age();
    }
}

impl Gateway {
    /// A tick has come.
    pub(super) fn watch(&mut self, now: Timestamp) {
        if self.monitor.turns_at > now {
            return;
        }
        let first = self.monitor.turns_at == Timestamp::default();
        self.monitor.turns_at = now.after(self.cache_config.alerts.interval);
        if first {
            return;
        }
        self.monitor.turn(*self.plans.totals());
        self.watch_room(now);
        if self.lease.is_held(now) {
            self.monitor.expect(Asked::Alerts);
            self.outputs.push_back(Output::ReadCounters(SUMS.to_vec()));
        } else {
            self.monitor.sums = None;
            self.monitor.rates = Alerts::default();
        }
    }

    /// The counters that were asked for.
    pub(super) fn counters_read(&mut self, now: Timestamp, values: &[u64]) {
        match self.monitor.asked.pop_front() {
            Some(Asked::Alerts) => self.watch_rates(values),
            Some(Asked::Traffic) => self.traffic_summed(now, values),
            Some(Asked::Page(id, as_html)) => self.show(now, id, as_html, values),
            None => {}
        }
    }

    fn watch_rates(&mut self, values: &[u64]) {
        let [l1, missed, l2, l3, joined, lookup_micros] = *values else { return };
        let lookups = l1.saturating_add(missed);
        let found = [l2, l3, joined].iter().fold(l1, |sum, count| sum.saturating_add(*count));
        let sums = Sums { lookups, found, lookup_micros };
        let Some(before) = self.monitor.sums.replace(sums) else { return };
        let lookups = lookups.saturating_sub(before.lookups);
        let hits = found.saturating_sub(before.found).min(lookups);
        let spent = Duration::from_micros(lookup_micros.saturating_sub(before.lookup_micros));
        if let Some(rate) = hits.saturating_mul(100).checked_div(lookups) {
            self.outputs.push_back(Output::Set(Metric::PlanCacheHitRate, rate));
            self.outputs.push_back(Output::Set(Metric::PlanCacheMissRate, 100_u64.saturating_sub(rate)));
        }
        let measured = Measured { lookups, hits, lookup_time: spent, ..Measured::default() };
        let settings = alert_settings(&self.cache_config);
        for transition in self.monitor.rates.update(&settings, &measured) {
            self.tell(&transition, "");
        }
        for (watched, alert) in
            [(Watched::HitRate, Alert::PlanCacheHitRate), (Watched::LookupTime, Alert::PlanCacheLookupTime)]
        {
            let raised = u64::from(self.monitor.rates.is_raised(watched));
            self.outputs.push_back(Output::Set(Metric::AlertActive(alert), raised));
        }
    }

    /// Each worker watches its own memory, the holder of the lease what all share.
    fn watch_room(&mut self, now: Timestamp) {
        let settings = alert_settings(&self.cache_config);
        let (entries, bytes) = self.plans.size();
        let layer = self.cache_config.memory;
        let own = Measured {
            entries,
            max_entries: layer.max_size,
            bytes,
            max_bytes: layer.max_bytes,
            ..Measured::default()
        };
        let layer = self.cache_config.shared.layer;
        let (entries, bytes) = match &self.shared {
            Some(shared) if self.lease.is_held(now) => {
                self.outputs.push_back(Output::Set(Metric::PlanCacheEntries(Layer::L2), shared.entries()));
                self.outputs.push_back(Output::Set(Metric::PlanCacheBytes(Layer::L2), shared.bytes()));
                (shared.entries(), shared.bytes())
            }
            _ => (0, 0),
        };
        let common = Measured {
            entries: usize::try_from(entries).unwrap_or(usize::MAX),
            max_entries: layer.max_size,
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            max_bytes: layer.max_bytes,
            ..Measured::default()
        };
        let [of_memory, of_shared] = &mut self.monitor.rooms;
        let changed =
            [(of_memory.update(&settings, &own), "L1: "), (of_shared.update(&settings, &common), "L2: ")];
        for (transitions, layer) in changed {
            for transition in transitions {
                let by = if transition.raised { 1 } else { -1 };
                self.count(Metric::AlertActive(Alert::PlanCacheCapacity), by);
                self.tell(&transition, layer);
            }
        }
    }

    /// Takes back the alerts that this worker alone has raised.
    pub(super) fn retire_alerts(&mut self) {
        let raised = self.monitor.rooms.iter().fold(0_i64, |sum, room| {
            let of =
                [Watched::Entries, Watched::Bytes].into_iter().filter(|alert| room.is_raised(*alert)).count();
            sum.saturating_add(i64::try_from(of).unwrap_or(0))
        });
        self.monitor.rooms = [Alerts::default(), Alerts::default()];
        if raised > 0 {
            self.count(Metric::AlertActive(Alert::PlanCacheCapacity), 0_i64.saturating_sub(raised));
        }
    }

    fn tell(&mut self, transition: &Transition, of: &str) {
        let alert = match transition.alert {
            Watched::HitRate => Alert::PlanCacheHitRate,
            Watched::LookupTime => Alert::PlanCacheLookupTime,
            Watched::Entries | Watched::Bytes => Alert::PlanCacheCapacity,
        };
        self.tell_alert(alert, transition.raised, &format!("{of}{}", transition.text));
    }

    /// Logs that an alert is raised or cleared, and counts it. Whether it is active is the caller's to say: some are of one
    /// worker, some of all.
    pub(super) fn tell_alert(&mut self, alert: Alert, raised: bool, text: &str) {
        let (level, what) = if raised { (Level::Warn, "raised") } else { (Level::Info, "cleared") };
        self.outputs.push_back(Output::Log(level, format!("weir: alert {} {what}: {text}", alert.name())));
        if raised {
            self.count(Metric::AlertsRaised(alert), 1);
        }
    }

    /// What recommendations are made from: the last interval, or the one under way if it has seen more.
    pub(super) fn plan_cache_window(&self) -> PlanCacheWindow {
        let totals = difference(*self.plans.totals(), self.monitor.began_with);
        let (counts, totals) = if self.monitor.window.lookups >= self.monitor.last.lookups {
            (&self.monitor.window, totals)
        } else {
            (&self.monitor.last, self.monitor.last.totals)
        };
        let (entries, bytes) = self.plans.size();
        let layer = self.cache_config.memory;
        PlanCacheWindow {
            settings: InForce {
                max_entries: layer.max_size,
                max_bytes: layer.max_bytes,
                ttl: Some(layer.ttl),
                renew_on_hit: layer.renew_ttl,
                admission: self.cache_config.admission,
            },
            lookups: counts.lookups,
            hits: counts.hits,
            lookup_time: counts.lookup_time,
            planning_time: counts.planning_time,
            evicted_for_entries: totals.evicted.capacity,
            evicted_for_bytes: totals.evicted.bytes,
            evicted_hot: totals.evicted.hot,
            expired: totals.evicted.ttl,
            expired_again: totals.came_again,
            entries,
            bytes,
            texts: counts.texts,
            operations: counts.operations.len() as u64,
            literal_misses: counts.literal_misses,
            curve: self.monitor.curve.curve(),
        }
    }
}

fn alert_settings(config: &PlanCacheConfig) -> AlertSettings {
    let percent = |value: usize| f64::from(u32::try_from(value).unwrap_or(u32::MAX));
    AlertSettings {
        hit_rate: percent(config.alerts.hit_rate),
        lookup_time: config.alerts.lookup_time,
        capacity: percent(config.warning_threshold),
        least_lookups: config.alerts.min_lookups as u64,
        ..AlertSettings::default()
    }
}

/// What was added to `before` to come to `now`; all of `now` where it began anew.
pub(super) fn difference(now: Totals, before: Totals) -> Totals {
    let less = |now: u64, before: u64| now.checked_sub(before).unwrap_or(now);
    let (new, old) = (now.evicted, before.evicted);
    Totals {
        evicted: weir_cache::Evicted {
            capacity: less(new.capacity, old.capacity),
            bytes: less(new.bytes, old.bytes),
            ttl: less(new.ttl, old.ttl),
            replaced: less(new.replaced, old.replaced),
            hot: less(new.hot, old.hot),
        },
        rejected: less(now.rejected, before.rejected),
        came_again: less(now.came_again, before.came_again),
    }
}
