//! Several workers and the host, each step of each edit by itself; what must hold after every step.

use std::fmt;
use std::time::Duration;

use super::super::*;

/// Where a worker's calls wait: a number where states are enumerated, a queue where schedules are drawn.
pub(super) trait Line {
    fn len(&self) -> u32;
    /// Whether there was room.
    fn push(&mut self, now: Duration) -> bool;
    /// Takes one, if there is one that may still be sent.
    fn pop(&mut self, now: Duration);
    /// Whether `pop` would take one.
    fn has_one(&self, now: Duration) -> bool;
    /// Drops those that are too late.
    fn shed(&mut self, now: Duration);
}

/// Calls that may wait for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Count(pub(super) u32);

impl Line for Count {
    fn len(&self) -> u32 {
        self.0
    }
    fn push(&mut self, _: Duration) -> bool {
        self.0 += 1;
        true
    }
    fn pop(&mut self, _: Duration) {
        self.0 -= 1;
    }
    fn has_one(&self, _: Duration) -> bool {
        self.0 > 0
    }
    fn shed(&mut self, _: Duration) {}
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Worker<L> {
    pub(super) pool: Pool,
    pub(super) line: L,
    /// How far its clock is ahead.
    pub(super) ahead: Duration,
    pub(super) in_flight: u32,
    /// Of these, calls that nobody counts any more: the worker did not renew its share for too long.
    pub(super) stray: u32,
    pub(super) edit: Option<(Edit, u32)>,
    /// Its last set was refused.
    pub(super) again: bool,
    pub(super) max_connections: u32,
    /// Edits that were written.
    pub(super) edits: u32,
}

/// What may happen; a number is a worker's.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    Call(usize),
    End(usize),
    /// Gets the cell and settles: if somebody writes in between, the set is refused as if he had before the get.
    Get(usize),
    Set(usize),
    /// The host refuses a set without any reason.
    Refuse(usize),
    Die(usize),
    Shed(usize),
    Pass(Duration),
    Resize(u32),
    Learn(usize),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct World<L> {
    pub(super) now: Duration,
    pub(super) workers: Vec<Worker<L>>,
    cell: Option<(Vec<u8>, u32)>,
    sets: u32,
    born: u64,
    pub(super) max_connections: u32,
    /// More calls than these may not be in flight: the larger bound until all know of the smaller, and calls have ended.
    bound: u32,
}

impl<L: Line + Clone> World<L> {
    pub(super) fn new(max_connections: u32, lines: Vec<L>) -> Self {
        let mut world = World {
            now: super::NOW,
            workers: Vec::new(),
            cell: None,
            sets: 0,
            born: 0,
            max_connections,
            bound: max_connections,
        };
        world.workers = lines.into_iter().map(|line| world.worker(line)).collect();
        world
    }

    fn worker(&mut self, line: L) -> Worker<L> {
        self.born += 1;
        Worker {
            pool: Pool::new(self.born, super::settings(self.max_connections)),
            line,
            ahead: Duration::ZERO,
            in_flight: 0,
            stray: 0,
            edit: None,
            again: false,
            max_connections: self.max_connections,
            edits: 0,
        }
    }

    /// The worker's own time.
    pub(super) fn clock(&self, at: usize) -> Duration {
        self.now + self.workers[at].ahead
    }

    /// Whether the worker looks at the cell when it is asked now.
    pub(super) fn would_get(&self, at: usize) -> bool {
        let worker = &self.workers[at];
        worker.edit.is_none() && (worker.again || worker.pool.wants(self.clock(at), worker.line.len()))
    }

    pub(super) fn act(&mut self, action: Action) -> Result<(), String> {
        match action {
            Action::Call(at) => {
                let now = self.clock(at);
                let worker = &mut self.workers[at];
                if worker.pool.acquire(now) {
                    worker.begins()?;
                } else {
                    worker.line.push(now);
                }
            }
            Action::End(at) => {
                let now = self.clock(at);
                let worker = &mut self.workers[at];
                worker.pool.release();
                worker.in_flight -= 1;
                // The worst order: those that count go on.
                worker.stray = worker.stray.saturating_sub(1);
                worker.serve(now)?;
            }
            Action::Get(at) => {
                let now = self.clock(at);
                let worker = &mut self.workers[at];
                let value = self.cell.as_ref().map(|(value, _)| &value[..]);
                let cas = self.cell.as_ref().map_or(CREATE, |(_, cas)| *cas);
                worker.again = false;
                worker.edit = worker.pool.exchange(now, worker.line.len(), value).map(|edit| (edit, cas));
                worker.serve(now)?;
            }
            Action::Set(at) => self.set(at)?,
            Action::Refuse(at) => {
                self.workers[at].edit = None;
                self.workers[at].again = true;
            }
            Action::Die(at) => {
                let line = self.workers[at].line.clone();
                let ahead = self.workers[at].ahead;
                self.workers[at] = Worker { ahead, ..self.worker(line) };
            }
            Action::Shed(at) => {
                let now = self.clock(at);
                self.workers[at].line.shed(now);
            }
            Action::Pass(time) => self.now += time,
            Action::Resize(max_connections) => {
                self.max_connections = max_connections;
                self.bound = self.bound.max(max_connections);
            }
            Action::Learn(at) => {
                let worker = &mut self.workers[at];
                worker.max_connections = self.max_connections;
                worker.pool.set_settings(super::settings(self.max_connections));
            }
        }
        self.check()
    }

    /// The host sets the value, unless it has another number: a missing one in any case, and with zero any value (HOST §1).
    fn set(&mut self, at: usize) -> Result<(), String> {
        let now = self.clock(at);
        let (edit, cas) = self.workers[at].edit.take().ok_or("no edit")?;
        if self.cell.as_ref().is_some_and(|(_, current)| cas != 0 && *current != cas) {
            self.workers[at].again = true;
            return Ok(());
        }
        let before = self.shares();
        self.sets += 1;
        self.cell = Some((edit.value, self.sets));
        let after = self.shares();
        // Who has lost its share must have stopped using it.
        for (number, worker) in self.workers.iter_mut().enumerate().filter(|(number, _)| *number != at) {
            let id = worker.pool.worker;
            let had = before.iter().any(|(other, _)| *other == id);
            if had && !after.iter().any(|(other, _)| *other == id) {
                ensure(!worker.pool.has_slot(self.now + worker.ahead), || {
                    format!("{number} lost its share")
                })?;
                worker.stray = worker.in_flight;
            }
        }
        let worker = &mut self.workers[at];
        let lapsed = now.abs_diff(worker.pool.grant.renewed) >= worker.pool.settings.usable_for();
        worker.pool.granted(edit.grant);
        worker.edits += 1;
        let uncounted = worker.in_flight.saturating_sub(worker.pool.share());
        ensure(lapsed || uncounted <= worker.stray, || format!("{at} gave back what it uses"))?;
        worker.stray = uncounted;
        worker.serve(now)
    }

    pub(super) fn born(&self) -> u64 {
        self.born
    }

    pub(super) fn shares(&self) -> Vec<(u64, u32)> {
        self.cell.as_ref().map_or(Vec::new(), |(value, _)| Shares::decode(value).iter().collect())
    }

    /// What the gateway does when it is woken, with nobody in between.
    pub(super) fn wake(&mut self, at: usize) -> Result<(), String> {
        if self.workers[at].edit.is_some() {
            self.act(Action::Set(at))?;
        }
        self.act(Action::Shed(at))?;
        for _ in 0..4 {
            if !self.would_get(at) {
                return Ok(());
            }
            self.act(Action::Get(at))?;
            if self.workers[at].edit.is_some() {
                self.act(Action::Set(at))?;
            }
        }
        Err(format!("{at} looks at the cell again and again"))
    }

    fn check(&mut self) -> Result<(), String> {
        let shares: u32 = self.shares().iter().map(|(_, share)| share).sum();
        let counted: u32 = self.workers.iter().map(|worker| worker.in_flight - worker.stray).sum();
        let known = self
            .workers
            .iter()
            .all(|worker| worker.max_connections == self.max_connections && worker.edit.is_none());
        if known && shares <= self.max_connections && counted <= self.max_connections {
            self.bound = self.max_connections;
        }
        let bound = self.bound;
        ensure(counted <= bound, || format!("{counted} calls of {bound}"))?;
        ensure(shares <= bound, || format!("shares of {shares} of {bound}"))?;
        for (at, worker) in self.workers.iter().enumerate() {
            let now = self.now + worker.ahead;
            let waiting = worker.line.len();
            let counted = worker.in_flight - worker.stray;
            ensure(worker.pool.in_use() == worker.in_flight, || format!("{at} counts wrong"))?;
            ensure(counted <= worker.pool.share(), || format!("{at} exceeds its share"))?;
            if !worker.line.has_one(now) || worker.edit.is_some() || worker.again {
                continue;
            }
            ensure(!worker.pool.has_slot(now), || format!("{at} has a slot and lets calls wait"))?;
            let timeout = worker.pool.poll_timeout(now, waiting);
            ensure(timeout.is_some_and(|timeout| timeout <= now + LOOK), || {
                format!("{at} sleeps: {timeout:?}")
            })?;
            let then = timeout.unwrap_or_default().max(now);
            ensure(worker.pool.wants(then, waiting), || format!("{at} wakes for nothing"))?;
        }
        Ok(())
    }
}

impl<L: Line> Worker<L> {
    fn begins(&mut self) -> Result<(), String> {
        self.in_flight += 1;
        ensure(self.in_flight <= self.pool.share(), || "a call begins beyond the share".to_owned())
    }

    fn serve(&mut self, now: Duration) -> Result<(), String> {
        while self.line.has_one(now) && self.pool.acquire(now) {
            self.line.pop(now);
            self.begins()?;
        }
        Ok(())
    }
}

impl<L: Line> fmt::Display for World<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for worker in &self.workers {
            let (pool, waiting) = (&worker.pool, worker.line.len());
            let edits = if worker.edit.is_some() { ", edits" } else { "" };
            write!(
                f,
                "[{}: {} of {}/{}, {waiting} wait{edits}] ",
                pool.worker, worker.in_flight, pool.usable, pool.grant.share
            )?;
        }
        Ok(())
    }
}

pub(super) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
