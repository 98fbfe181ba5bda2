//! What is done about traffic when time passes: at each wake-up what waits, some times a second the rest.

use std::time::Duration;

use weir_traffic::breaker::{Phase, Transition};

use super::Gateway;
use super::cells::Edit;
use super::guard::{Counts, Gauges, Guard};
use crate::event::{Level, Output, Timestamp};
use crate::metric::{FailureClass, Metric, RetryOutcome, SubgraphId};

impl Gateway {
    /// Time has passed: second calls, slots, calls that wait in vain.
    pub(in crate::pipeline) fn tend_calls(&mut self, now: Timestamp) {
        self.send_hedges(now);
        self.expire_calls(now);
        for label in self.guarded() {
            let Some(guard) = self.traffic.guard_mut(label) else { continue };
            if guard.queue.is_empty() {
                continue;
            }
            let loader = &self.loader;
            guard.queue.retain(|waiting| loader.is_wanted(waiting.flight));
            let usual = guard.usual();
            let late = guard.queue.shed(now.0, usual);
            self.shed(now, label, late);
            self.pump(now, label);
            self.ask_for_slots(now, label);
        }
    }

    /// A tick has come.
    pub(in crate::pipeline) fn tend_traffic(&mut self, now: Timestamp) {
        for label in self.guarded() {
            let Some(guard) = self.traffic.guard_mut(label) else { continue };
            let is_new = guard.table.tend(now.0);
            if is_new {
                guard.hedge_after = guard.find_hedge_after();
            }
            let edits = guard.due_edits(now);
            let (told, gauges) = guard.gauges(now);
            let counts = std::mem::take(&mut guard.counts);
            let phase = guard.phase_in_force(now);
            let turned = std::mem::replace(&mut guard.told_phase, phase) != phase;
            let (timeout, reset) = (guard.table.request_timeout(), guard.next_reset());
            if is_new {
                self.outputs.push_back(Output::Set(Metric::RequestTimeout(label), micros(timeout)));
            }
            if turned {
                self.outputs.push_back(Output::Set(Metric::BreakerState(label), number(phase)));
            }
            if turned || is_new {
                self.outputs.push_back(Output::Set(Metric::ResetTimeout(label), micros(reset)));
            }
            self.tell_traffic_gauges(label, told, gauges);
            self.tell_traffic_counts(label, &counts);
            for edit in edits {
                self.edit(label, edit);
            }
            self.ask_for_slots(now, label);
        }
        self.check_health(now);
        self.watch_traffic(now);
    }

    fn guarded(&self) -> impl Iterator<Item = SubgraphId> + use<> {
        (0..u32::try_from(self.traffic.guards.len()).unwrap_or(u32::MAX)).map(SubgraphId)
    }

    /// A breaker has gone over to another state, by this worker's doing.
    pub(super) fn tell_transition(&mut self, label: SubgraphId, transition: &Transition) {
        self.count(Metric::BreakerTransitions(label, transition.to), 1);
        let name = self.labels.names().get(label.0 as usize).cloned().unwrap_or_default();
        let level = if transition.to == Phase::Closed { Level::Info } else { Level::Warn };
        let line = format!(
            "weir: circuit breaker of {name}: {} to {}: {}",
            transition.from.name(),
            transition.to.name(),
            transition.why
        );
        self.outputs.push_back(Output::Log(level, line));
    }

    fn tell_traffic_gauges(&mut self, label: SubgraphId, told: Gauges, now: Gauges) {
        let gauges = [
            (Metric::PoolActive(label), told.active, now.active),
            (Metric::QueueLength(label), told.queued, now.queued),
            (Metric::RetryBudget(label), told.budget, now.budget),
            (Metric::ConcurrencyLimit(label), told.limit, now.limit),
        ];
        let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        for (metric, told, now) in gauges.into_iter().filter(|(_, told, now)| told != now) {
            self.count(metric, signed(now).saturating_sub(signed(told)));
        }
    }

    fn tell_traffic_counts(&mut self, label: SubgraphId, counts: &Counts) {
        self.count_many(Metric::ShortCircuits(label), counts.short_circuits);
        self.count_many(Metric::HealthSkips(label), counts.skipped);
        self.count_many(Metric::QueueShed(label), counts.shed);
        self.count_many(Metric::QueueRefused(label), counts.refused);
        self.count_many(Metric::Hedges(label), counts.hedges);
        self.count_many(Metric::HedgesWon(label), counts.hedges_won);
        self.count_many(Metric::CallTimeTotal(label), counts.call_micros);
        self.count_many(Metric::QueueWaitTotal(label), counts.wait_micros);
        for (class, count) in FailureClass::ALL.into_iter().zip(counts.errors) {
            self.count_many(Metric::SubgraphErrors(label, class), count);
        }
        for (outcome, count) in RetryOutcome::ALL.into_iter().zip(counts.retries) {
            self.count_many(Metric::Retries(label, outcome), count);
        }
    }

    /// Tells what is left to tell, and takes back what this worker's gauges say of its traffic. Its slots lapse.
    pub(in crate::pipeline) fn retire_traffic(&mut self) {
        for label in self.guarded() {
            let Some(guard) = self.traffic.guard_mut(label) else { continue };
            let told = std::mem::take(&mut guard.told);
            let counts = std::mem::take(&mut guard.counts);
            self.tell_traffic_gauges(label, told, Gauges::default());
            self.tell_traffic_counts(label, &counts);
        }
    }
}

impl Guard {
    /// The state of its breaker, or the worst of those of its operations.
    pub(in crate::pipeline) fn phase(&self, now: Timestamp) -> Phase {
        let phases = self.breakers.iter().map(|copy| copy.breaker.phase(now.0));
        phases.max_by_key(|phase| number(*phase)).unwrap_or(Phase::Closed)
    }

    /// The same, where the breaker is in force.
    fn phase_in_force(&self, now: Timestamp) -> Phase {
        let is_on = self.settings.traffic.breaker.enabled || self.forced().is_some();
        if is_on { self.phase(now) } else { Phase::Closed }
    }

    /// How long the breaker stays open when it opens next.
    pub(in crate::pipeline) fn next_reset(&self) -> Duration {
        let resets = self.breakers.iter().map(|copy| copy.breaker.resets()).max().unwrap_or(0);
        self.table.reset(resets)
    }

    /// What the shared data are to be told and asked.
    fn due_edits(&mut self, now: Timestamp) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (breaker, copy) in self.breakers.iter_mut().enumerate() {
            let is_used = std::mem::take(&mut copy.is_used);
            // An edit lasts a turn; one that was lost in a panic must not be the last.
            copy.is_edited = false;
            if copy.tally.tick(now.0, &copy.breaker, &self.breaker_settings) {
                copy.is_edited = true;
                edits.push(Edit::Record { breaker, tally: copy.tally.take() });
            } else if breaker == 0 || is_used || copy.breaker != weir_traffic::breaker::Breaker::default() {
                edits.push(Edit::Read { breaker });
            }
        }
        if self.settings.checks() {
            edits.push(Edit::ReadHealth);
        }
        edits
    }

    fn gauges(&mut self, now: Timestamp) -> (Gauges, Gauges) {
        // Of those that call it: Envoy's main thread has a root too, which never does.
        let calls_it = self.pool.share() > 0;
        let gauges = Gauges {
            active: u64::from(self.pool.in_use()),
            queued: u64::try_from(self.queue.len()).unwrap_or(u64::MAX),
            budget: if calls_it { self.budget.left(now.0) } else { 0 },
            limit: self.limiter.as_ref().filter(|_| calls_it).map_or(0, |limiter| u64::from(limiter.limit())),
        };
        (std::mem::replace(&mut self.told, gauges), gauges)
    }
}

/// As the metric has it.
fn number(phase: Phase) -> u64 {
    match phase {
        Phase::Closed => 0,
        Phase::HalfOpen => 1,
        Phase::Open => 2,
    }
}

pub(super) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
