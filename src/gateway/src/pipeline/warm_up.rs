//! Plans made before anybody asks for them: at the start, and for a new supergraph before it is served.
//!
//! Before readiness a worker plans one operation a turn, turn after turn, so that health checks are still answered; beside
//! traffic only a few operations a tick, and none under load. Each worker begins at another place of the list: what
//! one has planned the others find in the shared data.

use std::collections::VecDeque;
use std::rc::Rc;

use super::Gateway;
use super::acquire::Waiter;
use crate::config::WarmUpOperation;
use crate::event::{Level, Output, Timestamp};
use crate::metric::Metric;
use crate::plans::Planned;
use crate::prepare::prepare_warm_up;

/// Plans under way at once, at most: those that other workers make or the store may have.
const MAX_UNDER_WAY: usize = 32;

/// A list of operations to be planned.
#[derive(Default)]
pub(super) struct WarmUp {
    queue: VecDeque<Item>,
    under_way: usize,
    /// Tells its plans from those of the lists before.
    number: u64,
    total: usize,
    done: usize,
    failed: usize,
    /// Until then it goes on turn after turn.
    hurries_until: Timestamp,
    /// Whether its end was told.
    told: bool,
}

/// One operation to be planned.
pub(crate) enum Item {
    /// From the configuration.
    Configured(WarmUpOperation),
    /// A plan of the supergraph before.
    Former(Rc<Planned>),
}

/// How far a warm-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Operations to be planned.
    pub total: usize,
    /// Those that are.
    pub done: usize,
    /// Those that can't be planned.
    pub failed: usize,
}

impl WarmUp {
    /// A list to be planned, turn after turn until `hurries_until` and a few a tick afterwards. `start` is where the
    /// worker begins.
    pub(super) fn new(items: impl IntoIterator<Item = Item>, start: u64, hurries_until: Timestamp) -> WarmUp {
        let mut queue: VecDeque<Item> = items.into_iter().collect();
        let total = queue.len();
        let start = start.checked_rem(total as u64).unwrap_or(0);
        queue.rotate_left(usize::try_from(start).unwrap_or(0));
        WarmUp { queue, total, hurries_until, told: total == 0, ..WarmUp::default() }
    }

    /// Whether nothing is left.
    pub(super) fn is_over(&self) -> bool {
        self.queue.is_empty() && self.under_way == 0
    }

    /// Whether it still goes on turn after turn.
    pub(super) fn hurries(&self, now: Timestamp) -> bool {
        !self.is_over() && self.hurries_until > now
    }

    /// Goes on a few a tick from now on.
    pub(super) fn calm(&mut self, now: Timestamp) {
        self.hurries_until = now;
    }

    pub(super) fn progress(&self) -> Progress {
        Progress { total: self.total, done: self.done, failed: self.failed }
    }
}

impl Gateway {
    /// Puts a list in the place of the one before.
    pub(super) fn warm_up(&mut self, warm_up: WarmUp) {
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let (old, new) = (self.warm_up.progress(), warm_up.progress());
        self.count(Metric::WarmUpPlanned, gauge(new.total).saturating_sub(gauge(old.total)));
        self.count(Metric::WarmUpDone, 0_i64.saturating_sub(gauge(old.done)));
        let number = self.warm_up.number.wrapping_add(1);
        self.warm_up = WarmUp { number, ..warm_up };
    }

    /// A tick has come, or a turn.
    pub(super) fn go_on_warming(&mut self, now: Timestamp, is_tick: bool) {
        let config = &self.cache_config.warm_up;
        let (per_tick, pause_above) = (config.per_tick, config.pause_above);
        let loaded = self.requests.len() > pause_above;
        if self.warm_up.hurries(now) && !loaded {
            // One a turn: each may take the worker for as long as planning takes, and its claim must not wait for others.
            if self.warm_up.under_way < MAX_UNDER_WAY && self.warm_next(now) && !self.warm_up.queue.is_empty()
            {
                self.outputs.push_back(Output::Wake);
            }
        } else if is_tick && !loaded {
            for _ in 0..per_tick {
                if self.warm_up.under_way >= MAX_UNDER_WAY || !self.warm_next(now) {
                    break;
                }
            }
        }
        self.tell_end_of_warm_up();
    }

    /// Begins with the next operation; false if there is none.
    fn warm_next(&mut self, now: Timestamp) -> bool {
        let Some(item) = self.warm_up.queue.pop_front() else { return false };
        let (engine, generation) = self.engine_to_warm();
        let Some(plans) = self.plans_of(generation) else { return false };
        match prepare_warm_up(now.0, &engine, plans, &item) {
            Err(why) => {
                if let Item::Configured(_) = item {
                    self.outputs.push_back(Output::Log(Level::Warn, format!("weir: warm-up: {why}")));
                }
                self.warm_up.under_way = self.warm_up.under_way.saturating_add(1);
                self.warmed(self.warm_up.number, false);
            }
            Ok(prepared) => {
                self.warm_up.under_way = self.warm_up.under_way.saturating_add(1);
                let (key, normal) = (prepared.bound.key, Rc::clone(&prepared.known.normal));
                let there = self
                    .plans_of(generation)
                    .and_then(|plans| plans.plan(now.0, key, &normal, &prepared.bound.variant));
                if there.is_some() {
                    self.warmed(self.warm_up.number, true);
                } else {
                    let number = self.warm_up.number;
                    self.acquire(now, &engine, generation, prepared, Waiter::WarmUp(number));
                }
            }
        }
        true
    }

    /// An operation's plan is there, or can't be made.
    pub(super) fn warmed(&mut self, number: u64, is_there: bool) {
        // One of a list that was replaced since is nobody's any more.
        if self.warm_up.number != number || self.warm_up.under_way == 0 {
            return;
        }
        self.warm_up.under_way = self.warm_up.under_way.saturating_sub(1);
        self.warm_up.done = self.warm_up.done.saturating_add(1);
        self.count(Metric::WarmUpDone, 1);
        if !is_there {
            self.warm_up.failed = self.warm_up.failed.saturating_add(1);
            self.count(Metric::WarmUpFailed, 1);
        }
        if self.warm_up.under_way < MAX_UNDER_WAY / 2 && !self.warm_up.queue.is_empty() {
            self.outputs.push_back(Output::Wake);
        }
    }

    fn tell_end_of_warm_up(&mut self) {
        if self.warm_up.told || !self.warm_up.is_over() {
            return;
        }
        self.warm_up.told = true;
        let Progress { total, failed, .. } = self.warm_up.progress();
        let line =
            format!("weir: warm-up: {} of {total} operations are planned", total.saturating_sub(failed));
        self.outputs.push_back(Output::Log(Level::Info, line));
    }
}
