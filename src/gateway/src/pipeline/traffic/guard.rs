//! All that one worker keeps of the traffic to one subgraph.

use std::time::Duration;

use weir_traffic::breaker::{self, Breaker, Glance, Phase, Tally};
use weir_traffic::budget::Budget;
use weir_traffic::concurrency::Limiter;
use weir_traffic::health::Health;
use weir_traffic::outcome::{Classes, FailureClass};
use weir_traffic::pool::Pool;
use weir_traffic::queue::Queue;
use weir_traffic::timeout_table::TimeoutTable;

use super::Waiting;
use super::settings::Settings;
use super::watch::Watch;
use crate::event::Timestamp;
use crate::metric::RetryOutcome;
use crate::pipeline::upkeep::TICK;

/// Breakers of a subgraph whose operations have their own: a fixed number, for the host can't delete shared data. Two
/// operations that hash alike share one.
pub(super) const BREAKERS: usize = 64;

/// A copy that is older decides nothing.
const MOST_AGE: Duration = Duration::from_millis(3 * TICK.as_millis() as u64);

/// See the module.
pub(in crate::pipeline) struct Guard {
    pub(in crate::pipeline) settings: Settings,
    pub(super) breaker_settings: breaker::Settings,
    /// What counts as a failure for the breaker.
    pub(super) failures: Classes,
    /// One, or [`BREAKERS`].
    pub(super) breakers: Vec<BreakerCopy>,
    /// Changes with the number of breakers: what was meant for others before counts for nothing.
    pub(super) layout: u32,
    pub(super) pool: Pool,
    pub(super) queue: Queue<Waiting>,
    pub(super) limiter: Option<Limiter>,
    pub(super) table: TimeoutTable,
    /// How long after a call a second one goes out; `None`: none does.
    pub(super) hedge_after: Option<Duration>,
    /// For what is asked again, or twice.
    pub(super) budget: Budget,
    pub(super) health: Health,
    /// When this worker began, or ended its last check.
    pub(super) began: Timestamp,
    /// Until when a check of this worker's is on its way, if its answer isn't lost.
    pub(super) checking_until: Timestamp,
    /// Whether the cell of the slots is being edited.
    pub(super) is_sharing: bool,
    pub(super) told_healthy: Option<bool>,
    pub(super) told_phase: Phase,
    pub(super) counts: Counts,
    /// What its gauges say of this worker.
    pub(super) told: Gauges,
    /// Of a call for a slot, since it was summed up.
    pub(super) longest_wait: Duration,
    pub(super) watch: Watch,
}

/// A breaker as this worker last saw it.
#[derive(Debug, Default)]
pub(super) struct BreakerCopy {
    pub(super) breaker: Breaker,
    /// When it was.
    pub(super) read_at: Timestamp,
    pub(super) tally: Tally,
    /// Whether it was used since the last tick: others need not be read.
    pub(super) is_used: bool,
    /// Whether its cell is being edited.
    pub(super) is_edited: bool,
}

/// What happened since the last tick; the host hears of it then, for each count costs a call of it.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) short_circuits: u64,
    pub(super) skipped: u64,
    pub(super) shed: u64,
    pub(super) refused: u64,
    pub(super) errors: [u64; FailureClass::ALL.len()],
    pub(super) retries: [u64; RetryOutcome::ALL.len()],
    pub(super) hedges: u64,
    pub(super) hedges_won: u64,
    pub(super) call_micros: u64,
    pub(super) wait_micros: u64,
}

/// Adds one.
pub(super) fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}

impl Counts {
    pub(super) fn error(&mut self, class: FailureClass) {
        let at = FailureClass::ALL.iter().position(|known| *known == class);
        if let Some(count) = at.and_then(|at| self.errors.get_mut(at)) {
            add(count);
        }
    }

    pub(super) fn retry(&mut self, outcome: RetryOutcome) {
        let at = RetryOutcome::ALL.iter().position(|known| *known == outcome);
        if let Some(count) = at.and_then(|at| self.retries.get_mut(at)) {
            add(count);
        }
    }
}

/// What this worker adds to gauges that sum over the workers.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gauges {
    pub(super) active: u64,
    pub(super) queued: u64,
    pub(super) budget: u64,
    pub(super) limit: u64,
}

/// Why a call is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The breaker is open until then; `None`: until an operator says so.
    CircuitOpen { until: Option<Timestamp> },
    /// Its checks fail; the next one is due then.
    Unhealthy { until: Timestamp },
    /// There was no slot in time, or too many wait for one.
    Overloaded,
}

/// What a copy says of a call.
pub(super) enum Look {
    Pass,
    /// It may be a probe, if the other workers have not sent enough.
    Ask,
    Stop(Stop),
}

impl Guard {
    pub(super) fn new(now: Timestamp, worker: u64, settings: Settings) -> Guard {
        Guard {
            breaker_settings: settings.breaker(),
            failures: settings.failures(),
            breakers: (0..breakers(&settings)).map(|_| BreakerCopy::default()).collect(),
            pool: Pool::new(worker, settings.pool()),
            queue: Queue::new(settings.max_queue()),
            limiter: settings.concurrency().map(Limiter::new),
            table: TimeoutTable::new(settings.table(), now.0),
            hedge_after: None,
            budget: Budget::new(settings.budget(), now.0),
            health: Health::default(),
            began: now,
            checking_until: Timestamp::default(),
            is_sharing: false,
            layout: 0,
            told_healthy: None,
            told_phase: Phase::Closed,
            counts: Counts::default(),
            told: Gauges::default(),
            longest_wait: Duration::ZERO,
            watch: Watch::default(),
            settings,
        }
    }

    /// Takes other settings; what was learned stays where it still holds.
    pub(super) fn set(&mut self, now: Timestamp, settings: Settings) {
        if settings == self.settings {
            return;
        }
        self.breaker_settings = settings.breaker();
        self.failures = settings.failures();
        if self.breakers.len() != breakers(&settings) {
            self.breakers = (0..breakers(&settings)).map(|_| BreakerCopy::default()).collect();
            self.layout = self.layout.wrapping_add(1);
        }
        self.pool.set_settings(settings.pool());
        self.queue.set_most(settings.max_queue());
        if self.settings.concurrency() != settings.concurrency() {
            self.limiter = settings.concurrency().map(Limiter::new);
        }
        self.table.set_settings(settings.table());
        if self.settings.budget() != settings.budget() {
            self.budget = Budget::new(settings.budget(), now.0);
        }
        self.settings = settings;
        self.hedge_after = self.find_hedge_after();
    }

    /// When a second call goes out, by what is known now.
    pub(super) fn find_hedge_after(&self) -> Option<Duration> {
        self.settings.hedge().and_then(|hedge| hedge.after(&self.table))
    }

    /// The breaker of an operation whose text has this hash.
    pub(super) fn breaker_of(&self, hash: u64) -> usize {
        let count = u64::try_from(self.breakers.len()).unwrap_or(1);
        usize::try_from(hash.checked_rem(count).unwrap_or(0)).unwrap_or(0)
    }

    /// What is known, without asking anybody, of a call that would be sent now.
    pub(super) fn look(&mut self, now: Timestamp, breaker: usize) -> Look {
        if self.settings.checks() && !self.health.is_up() {
            return Look::Stop(Stop::Unhealthy { until: self.due_check(now).max(now) });
        }
        let enabled = self.settings.traffic.breaker.enabled;
        let Some(copy) = self.breakers.get_mut(breaker) else { return Look::Pass };
        copy.is_used = true;
        if !enabled && copy.breaker.forced().is_none() {
            return Look::Pass;
        }
        // Of several only those in use are read at each tick.
        if now.since(copy.read_at) > MOST_AGE {
            return Look::Ask;
        }
        let until = match copy.breaker.glance(now.0) {
            Glance::Pass => return Look::Pass,
            Glance::Ask => return Look::Ask,
            Glance::Refuse { until: Duration::MAX } => None,
            // Its probes are on their way: that is soon decided.
            Glance::Refuse { .. } if copy.breaker.phase(now.0) == Phase::HalfOpen => Some(now.after(TICK)),
            Glance::Refuse { until } => Some(Timestamp(until)),
        };
        Look::Stop(Stop::CircuitOpen { until })
    }

    /// Why all that wait are to wait no longer, if that is so: what stops one call stops all.
    pub(super) fn stops_all(&mut self, now: Timestamp) -> Option<Stop> {
        let is_down = self.settings.checks() && !self.health.is_up();
        if self.queue.is_empty() || !(is_down || self.breakers.len() == 1) {
            return None;
        }
        match self.look(now, 0) {
            Look::Stop(stop) => Some(stop),
            Look::Pass | Look::Ask => None,
        }
    }

    /// Takes a slot for a call that waits for none before it.
    pub(super) fn take_slot(&mut self, now: Timestamp) -> bool {
        let within = |limiter: &Limiter| self.pool.in_use() < limiter.limit();
        self.limiter.as_ref().is_none_or(within) && self.pool.acquire(now.0)
    }

    /// Codes of GraphQL errors that are failures of the subgraph.
    pub(in crate::pipeline) fn graphql_codes(&self) -> &[String] {
        &self.settings.traffic.breaker.graphql_codes
    }

    /// How long an answer usually takes; zero while nothing is known.
    pub(super) fn usual(&self) -> Duration {
        self.table.quantile(0.5).unwrap_or_default()
    }

    /// When it is worth while to look for a slot again, or to let go of what waits in vain.
    pub(super) fn poll_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        let waiting = u32::try_from(self.queue.len()).unwrap_or(u32::MAX);
        if waiting == 0 {
            return None;
        }
        self.pool
            .poll_timeout(now.0, waiting)
            .into_iter()
            .chain(self.queue.poll_timeout())
            .min()
            .map(Timestamp)
    }
}

fn breakers(settings: &Settings) -> usize {
    if settings.traffic.breaker.per_operation { BREAKERS } else { 1 }
}
