//! Workers that call a subgraph which fails: what they offer it together, and when.
//!
//! Workers share no state here: the bound of all is the sum of theirs, whatever the order. Short orders are tried all;
//! long ones are drawn from a seed, and `WEIR_SEED=n cargo test -p weir-traffic schedules` plays that one alone.

use std::fmt;

use super::*;
use crate::simulated::{Dice, seeds};

const SCHEDULES: u64 = 100_000;
const STEPS: usize = 120;

const POLICY: Settings = Settings { max_retries: 3, classes: SETTINGS.classes };

/// Exponential, as the table has them.
fn ceiling(number: u32) -> Duration {
    ms(100 << (number - 1)).min(ms(300))
}

#[derive(Clone)]
struct World {
    now: Duration,
    budget: BudgetSettings,
    workers: Vec<Worker>,
    waiting: Vec<Retry>,
    dice: Dice,
    usual: Duration,
}

#[derive(Clone)]
struct Worker {
    budget: Budget,
    calls: u64,
    retries: u64,
}

#[derive(Clone)]
struct Retry {
    due: Duration,
    until: Duration,
    number: u32,
    worker: usize,
}

impl World {
    fn new(workers: usize, budget: BudgetSettings, seed: u64) -> World {
        let worker = Worker { budget: Budget::new(budget, NOW), calls: 0, retries: 0 };
        World {
            now: NOW,
            budget,
            workers: vec![worker; workers],
            waiting: Vec::new(),
            dice: Dice(seed),
            usual: ms(20),
        }
    }

    /// A worker's call, which fails at once.
    fn call(&mut self, worker: usize, within: Duration, retry_after: Option<Duration>) -> Result<(), String> {
        self.workers[worker].calls += 1;
        self.workers[worker].budget.called(self.now);
        self.fails(worker, 1, self.now + within, retry_after)
    }

    fn fails(
        &mut self,
        worker: usize,
        number: u32,
        until: Duration,
        retry_after: Option<Duration>,
    ) -> Result<(), String> {
        let attempt = Attempt { number, retry_after, ceiling: ceiling(number), usual: self.usual, ..ATTEMPT };
        let random = self.dice.next();
        let budget = &mut self.workers[worker].budget;
        if let Ok(wait) = decide(attempt, &POLICY, budget, self.now, until, random) {
            let due = self.now + wait;
            check(due + self.usual < until, || {
                format!("a retry at {due:?} would be answered after {until:?}")
            })?;
            let asked = retry_after.unwrap_or_default();
            check(wait >= asked && wait <= asked + attempt.ceiling, || format!("waits {wait:?}"))?;
            check(number <= POLICY.max_retries, || format!("attempt {number} is repeated"))?;
            self.workers[worker].retries += 1;
            self.waiting.push(Retry { due, until, number: number + 1, worker });
        }
        self.bounded()
    }

    /// Time passes; what is due is repeated, and fails again.
    fn pass(&mut self, by: Duration) -> Result<(), String> {
        let end = self.now + by;
        while let Some(next) = (0..self.waiting.len()).min_by_key(|at| self.waiting[*at].due)
            && self.waiting[next].due <= end
        {
            let Retry { due, until, number, worker } = self.waiting.swap_remove(next);
            self.now = due;
            self.fails(worker, number, until, None)?;
        }
        self.now = end;
        Ok(())
    }

    /// Calls and retries together are at most the calls, the budget's percentage more, and what time allows a worker.
    fn bounded(&self) -> Result<(), String> {
        let BudgetSettings { percent, least_per_second, saved } = self.budget;
        let time = self.now - NOW + saved;
        let mut offered = 0.0;
        let mut most = 0.0;
        for worker in &self.workers {
            let by_time = f64::from(least_per_second) * time.as_secs_f64();
            offered += (worker.calls + worker.retries) as f64;
            most += worker.calls as f64 * (1.0 + f64::from(percent) / 100.0) + by_time;
        }
        check(offered <= most + 1e-6, || format!("{offered} calls are offered, of {most} at most"))
    }
}

fn check(holds: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(wrong()) }
}

#[derive(Clone, Copy)]
enum Move {
    Call(usize),
    Pass(u64),
}

impl fmt::Debug for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Move::Call(worker) => write!(f, "{worker} calls"),
            Move::Pass(by) => write!(f, "{by} ms"),
        }
    }
}

/// Every order of so many moves, each with a deadline that leaves time and one that hardly does.
fn all(world: &World, depth: usize, path: &mut Vec<Move>, tried: &mut u64) {
    *tried += 1;
    if depth == 0 {
        return;
    }
    let calls = (0..world.workers.len()).map(Move::Call);
    for step in calls.chain([Move::Pass(15), Move::Pass(400)]) {
        let mut next = world.clone();
        let within = if path.len().is_multiple_of(2) { ms(1_000) } else { ms(60) };
        path.push(step);
        let done = match step {
            Move::Call(worker) => next.call(worker, within, None),
            Move::Pass(by) => next.pass(ms(by)),
        };
        if let Err(wrong) = done {
            panic!("{path:?}: {wrong}");
        }
        all(&next, depth - 1, path, tried);
        path.pop();
    }
}

#[test]
fn every_short_order_keeps_the_bounds() {
    let mut tried = 0;
    // So small that it runs out within a few moves.
    let budget = BudgetSettings { percent: 50, least_per_second: 1, saved: ms(1_000) };
    all(&World::new(2, budget, 1), 8, &mut Vec::new(), &mut tried);
    all(&World::new(3, budget, 2), 7, &mut Vec::new(), &mut tried);
    // 4^0 + .. + 4^8 and 5^0 + .. + 5^7.
    assert_eq!(tried, 87_381 + 97_656);
}

#[test]
fn long_random_schedules_keep_the_bounds() {
    let mut total = (0, 0);
    let seeds = seeds(SCHEDULES);
    for seed in seeds.clone() {
        let mut dice = Dice(seed);
        let workers = 2 + dice.below(2) as usize;
        let budget = BudgetSettings {
            percent: [0, 10, 20, 50][dice.below(4) as usize],
            least_per_second: dice.below(4) as u32,
            saved: ms(1_000 * dice.below(11)),
        };
        let mut world = World::new(workers, budget, dice.next());
        for _ in 0..STEPS {
            let done = match dice.below(10) {
                0 => world.pass(ms(dice.below(2_000))),
                1..3 => world.pass(ms(dice.below(50))),
                _ => {
                    let worker = dice.below(workers as u64) as usize;
                    let asked = (dice.below(8) == 0).then(|| ms(dice.below(3) * 500));
                    world.call(worker, ms(dice.below(3_000)), asked)
                }
            };
            if let Err(wrong) = done {
                panic!("seed {seed}: {wrong}");
            }
        }
        total.0 += world.workers.iter().map(|worker| worker.calls).sum::<u64>();
        total.1 += world.workers.iter().map(|worker| worker.retries).sum::<u64>();
    }
    // The bounds are reached, not kept by never repeating anything.
    assert!(seeds.count() == 1 || total.1 * 10 > total.0, "{total:?}");
}

#[test]
fn workers_that_failed_together_come_back_spread() {
    // A subgraph that breaks: 64 workers see 20 calls fail at one moment, with or without a pause that it asks for.
    for asked in [None, Some(ms(500))] {
        let budget = BudgetSettings { percent: 10, least_per_second: 2, saved: ms(10_000) };
        let mut world = World::new(64, budget, 3);
        for worker in 0..64 {
            (0..20).for_each(|_| world.call(worker, ms(5_000), asked).unwrap());
        }
        assert_eq!(world.waiting.len(), 64 * 20);
        let first = NOW + asked.unwrap_or_default();
        let mut tenths = [0_u32; 10];
        for retry in &world.waiting {
            tenths[(retry.due - first).as_millis() as usize / 10] += 1;
        }
        // 128 each, give or take five standard deviations: 5 * sqrt(1280 * 0.1 * 0.9).
        assert!(tenths.iter().all(|count| count.abs_diff(128) < 54), "{tenths:?}");
        // No millisecond in which more than a few of the 64 workers come.
        for millisecond in 0..100 {
            let due = first + ms(millisecond)..first + ms(millisecond + 1);
            let mut at_once: Vec<_> = world.waiting.iter().filter(|retry| due.contains(&retry.due)).collect();
            at_once.dedup_by_key(|retry| retry.worker);
            assert!(at_once.len() < 32, "{} workers in millisecond {millisecond}", at_once.len());
        }
    }
}
