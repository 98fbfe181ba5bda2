//! Workers that share a breaker, and what each may do next.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use super::super::*;
use super::act::Act;
use super::truth::{Truth, ensure};
use super::worker::{Call, Edit, Read, What, Worker};
use super::{Counts, NOW};
use crate::simulated::{Cell, Dice};

#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) settings: Settings,
    cell: Cell,
    now: Duration,
    workers: Vec<Worker>,
    /// Calls at a time on a worker.
    most_calls: usize,
    truth: Truth,
    lost_races: u64,
}

impl World {
    pub(super) fn new(settings: Settings, workers: usize, most_calls: usize) -> World {
        World {
            settings,
            cell: Cell::default(),
            now: NOW,
            workers: vec![Worker::default(); workers],
            most_calls,
            truth: Truth::default(),
            lost_races: 0,
        }
    }

    /// The workers' clocks are some milliseconds apart.
    pub(super) fn differ(&mut self, random: &mut Dice) {
        self.workers.iter_mut().for_each(|worker| worker.ahead = random.index(6) as u64);
    }

    /// Whether it may happen now. A worker does nothing else between the host calls of an edit.
    pub(super) fn can(&self, act: Act) -> bool {
        let worker = |at: usize| &self.workers[at];
        match act {
            Act::Begin(at) => worker(at).edit.is_none() && worker(at).calls.len() < self.most_calls,
            Act::End(at, call, _) => worker(at).edit.is_none() && call < worker(at).calls.len(),
            Act::Go(at) => worker(at).edit.is_some(),
            Act::Refused(at) => worker(at).edit.as_ref().is_some_and(|edit| edit.read.is_some()),
            Act::Tick(at) | Act::Force(at, _) => worker(at).edit.is_none(),
            Act::Die(_) | Act::Pass(_) | Act::SetBack => true,
        }
    }

    pub(super) fn act(&mut self, act: Act, random: u64) -> Result<(), String> {
        match act {
            Act::Begin(at) => self.begin(at)?,
            Act::End(at, call, fine) => self.end(at, call, fine),
            Act::Go(at) => self.go(at, random)?,
            Act::Refused(at) => self.workers[at].edit.iter_mut().for_each(|edit| edit.read = None),
            Act::Tick(at) => self.tick(at),
            Act::Die(at) => {
                let ahead = self.workers[at].ahead;
                // It reads what stands there before its first call.
                self.workers[at] = Worker { copy: self.read().breaker, ahead, ..Worker::default() };
            }
            Act::Force(at, forced) => self.edit(at, What::Force(forced)),
            Act::Pass(millis) => self.now += Duration::from_millis(millis),
            Act::SetBack => {
                self.now -= Duration::from_secs(3_600);
                self.truth.set_back();
            }
        }
        Ok(())
    }

    fn begin(&mut self, at: usize) -> Result<(), String> {
        let now = self.clock(at);
        let worker = &mut self.workers[at];
        let glance = worker.copy.glance(now);
        let expected = match worker.copy.forced() {
            Some(Forced::Open) => Some(Glance::Refuse { until: Duration::MAX }),
            Some(Forced::Closed) => Some(Glance::Pass),
            None => None,
        };
        ensure(expected.is_none_or(|expected| expected == glance), || format!("forced, but {glance:?}"))?;
        match glance {
            Glance::Pass => {
                ensure(worker.copy.phase(now) == Phase::Closed, || "passed though not closed".into())?;
                let epoch = worker.copy.epoch();
                worker.calls.push(Call { epoch, probe: None });
            }
            Glance::Ask => self.edit(at, What::Claim),
            Glance::Refuse { until } => ensure(until > now, || "refused until the past".into())?,
        }
        Ok(())
    }

    fn end(&mut self, at: usize, call: usize, fine: bool) {
        let worker = &mut self.workers[at];
        let call = worker.calls.remove(call);
        if let Some(number) = call.probe {
            return self.edit(at, What::Probed { number, fine });
        }
        let before = worker.tally;
        if fine {
            worker.tally.fine(&worker.copy, call.epoch);
        } else {
            worker.tally.failed(&worker.copy, call.epoch);
        }
        if worker.tally.epoch != before.epoch {
            worker.outcomes.clear();
        }
        if worker.tally != before {
            worker.outcomes.push(fine);
        }
        if worker.tally.is_due(&worker.copy) {
            self.record(at);
        }
    }

    fn tick(&mut self, at: usize) {
        let (copy, now) = (self.read().breaker, self.clock(at));
        let worker = &mut self.workers[at];
        worker.copy = copy;
        if worker.tally.tick(now, &worker.copy, &self.settings) {
            return self.record(at);
        }
        if worker.tally.is_empty() {
            worker.outcomes.clear();
        }
    }

    fn record(&mut self, at: usize) {
        let worker = &mut self.workers[at];
        let tally = worker.tally.take();
        let outcomes = std::mem::take(&mut worker.outcomes);
        self.edit(at, What::Record { tally, outcomes });
    }

    fn edit(&mut self, at: usize, what: What) {
        self.workers[at].edit = Some(Edit { what, read: None });
    }

    /// One host call of the worker's edit.
    fn go(&mut self, at: usize, random: u64) -> Result<(), String> {
        let now = self.clock(at);
        let Some(mut edit) = self.workers[at].edit.take() else { return Ok(()) };
        let Some(Read { breaker: before, cas }) = edit.read.take() else {
            edit.read = Some(self.read());
            self.workers[at].edit = Some(edit);
            return Ok(());
        };
        let (settings, mut after) = (self.settings, before.clone());
        let (mut claim, mut transition) = (None, None);
        match &edit.what {
            What::Claim => claim = Some(after.claim(now, &settings)),
            What::Record { tally, .. } => transition = after.record(now, &settings, *tally, random),
            What::Probed { number, fine } => {
                transition = after.probed(now, &settings, *number, *fine, random);
            }
            What::Force(forced) => transition = after.force(now, *forced),
        }
        match claim {
            Some(Claim::Refuse { until }) => {
                // The truth may have gone on since it was read.
                let is_current = self.cell.get().1.or(Cell::ABSENT) == cas;
                self.workers[at].copy = before.clone();
                return if is_current { self.truth.refused(now, &settings, &before, until) } else { Ok(()) };
            }
            Some(Claim::Pass) => {
                let epoch = before.epoch();
                let worker = &mut self.workers[at];
                worker.calls.push(Call { epoch, probe: None });
                worker.copy = before.clone();
                return ensure(before.phase(now) == Phase::Closed, || "passed though not closed".into());
            }
            _ => {}
        }
        if !self.cell.set(after.encode(), cas) {
            self.lost_races += 1;
            self.workers[at].edit = Some(edit);
            return Ok(());
        }
        let states = (&before, &after);
        match edit.what {
            What::Claim => {
                let Some(Claim::Probe(number)) = claim else { return Err("no claim".into()) };
                let is_first = before.epoch() != after.epoch();
                ensure(Transition::of_probe(number).is_some() == is_first, || format!("{number} is first"))?;
                ensure(before.phase(now) == Phase::HalfOpen, || "claimed too early".into())?;
                self.truth.claimed(now, &settings, number)?;
                self.workers[at].calls.push(Call { epoch: after.epoch(), probe: Some(number) });
            }
            What::Record { tally, outcomes } => {
                self.truth.recorded(&settings, &before, (tally.epoch, &outcomes), transition)?;
            }
            What::Probed { number, fine } => {
                self.truth.probed(&settings, states, (number, fine), transition)?;
            }
            What::Force(forced) => {
                ensure(after.forced() == forced, || "not forced".into())?;
                if before.forced() != forced {
                    self.truth.begin_closed();
                }
            }
        }
        self.workers[at].copy = after;
        Ok(())
    }

    /// All others die, the subgraph is healthy, and an operator forces nothing: however things stood, within bounded time the breaker
    /// is closed, and calls pass.
    pub(super) fn recovers(mut self, survivor: usize) -> Result<(), String> {
        let mut worker = std::mem::take(&mut self.workers[survivor]);
        // What it has called already is answered as well.
        let late = worker.calls.len();
        worker.ahead = 0;
        self.workers = vec![worker];
        self.most_calls = self.settings.half_open_max_calls as usize + late;
        while self.can(Act::Go(0)) {
            self.act(Act::Go(0), 0)?;
        }
        if self.read().breaker.forced().is_some() {
            self.finish(Act::Force(0, None))?;
        }
        let began = self.now;
        // A look comes late, and what it let out is seen by the next.
        let between = Duration::from_millis(500);
        let bound = self.settings.max_reset_timeout.max(self.settings.probe_timeout) + SLACK + 2 * between;
        while self.now < began + bound {
            self.finish(Act::Tick(0))?;
            while !self.workers[0].calls.is_empty() {
                self.finish(Act::End(0, 0, true))?;
            }
            for _ in 0..self.settings.half_open_max_calls {
                self.finish(Act::Begin(0))?;
            }
            let is_closed = self.read().breaker.phase(self.now) == Phase::Closed;
            if is_closed && self.workers[0].calls.iter().any(|call| call.probe.is_none()) {
                return Ok(());
            }
            self.now += between;
        }
        Err(format!("after {bound:?} it is {:?}", self.read().breaker))
    }

    /// Does it and the edit that comes of it.
    fn finish(&mut self, act: Act) -> Result<(), String> {
        self.act(act, u64::MAX)?;
        while self.can(Act::Go(0)) {
            self.act(Act::Go(0), u64::MAX)?;
        }
        Ok(())
    }

    /// How many workers there are and how many calls each has.
    pub(super) fn calls(&self) -> impl Iterator<Item = usize> {
        self.workers.iter().map(|worker| worker.calls.len())
    }

    pub(super) fn count(&self, counts: &mut Counts) {
        let more = self.truth.counts.0;
        counts.opened += more.opened;
        counts.opened_by_rate += more.opened_by_rate;
        counts.reopened += more.reopened;
        counts.closed += more.closed;
        counts.probes += more.probes;
        counts.lapsed += more.lapsed;
        counts.lost_races += self.lost_races;
    }

    /// The same for worlds that go on in the same way: which worker is which doesn't matter.
    pub(super) fn fingerprint(&self) -> u64 {
        let (value, cas) = self.cell.get();
        let mut workers: Vec<u64> = self.workers.iter().map(|worker| worker.fingerprint(cas)).collect();
        workers.sort_unstable();
        let mut hasher = DefaultHasher::new();
        (value, self.now, &self.truth, workers).hash(&mut hasher);
        hasher.finish()
    }

    fn read(&self) -> Read {
        let (value, cas) = self.cell.get();
        Read { breaker: value.map(Breaker::decode).unwrap_or_default(), cas: cas.or(Cell::ABSENT) }
    }

    fn clock(&self, at: usize) -> Duration {
        self.now + Duration::from_millis(self.workers[at].ahead)
    }
}
