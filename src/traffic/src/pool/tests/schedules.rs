//! Long random schedules of up to five workers with queues, deadlines, deaths, refused sets and clocks that differ.
//!
//! A failure names its seed; `WEIR_SEED=n cargo test -p weir-traffic schedules -- --nocapture` plays that schedule alone and
//! shows its steps.

use crate::simulated::{Dice, seeds};
use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::model::{Action, Line, World, ensure};
use super::{LOOK, ms};
use crate::queue::Queue;

/// A few of them where the code is not optimised.
const SCHEDULES: u64 = if cfg!(target_arch = "wasm32") { 200 } else { 100_000 };
/// Each thousandth is a hundred times as long.
const STEPS: usize = 150;
const MOST_WAITING: u32 = 6;

/// A queue of calls that each know their time; what is pushed next belongs to `owner` and may wait for `patience`.
struct Calls {
    queue: Queue<Duration>,
    owner: u64,
    patience: Duration,
}

impl Calls {
    fn new() -> Calls {
        Calls { queue: Queue::new(MOST_WAITING as usize), owner: 0, patience: Duration::ZERO }
    }
}

impl Clone for Calls {
    /// Of a worker that died nothing is left.
    fn clone(&self) -> Calls {
        Calls::new()
    }
}

impl Line for Calls {
    fn len(&self) -> u32 {
        self.queue.len() as u32
    }
    fn push(&mut self, now: Duration) -> bool {
        let until = now + self.patience;
        self.queue.push(now, until, self.owner, until).is_ok()
    }
    fn pop(&mut self, now: Duration) {
        let (until, waited) = self.queue.pop(now).unwrap();
        assert!(now < until, "a call leaves after its time");
        assert!(waited <= ms(3_200) + ms(10), "it waited for {waited:?}");
    }
    fn has_one(&self, now: Duration) -> bool {
        self.queue.any(|until| *until > now)
    }
    fn shed(&mut self, now: Duration) {
        for until in self.queue.shed(now, ms(2)) {
            assert!(until < now + ms(2) || until <= now, "it could have been sent");
        }
    }
}

/// A step that is possible, mostly.
fn step(world: &mut World<Calls>, dice: &mut Dice) -> Option<Action> {
    let at = dice.below(world.workers.len() as u64) as usize;
    let (pending, would_get) = (world.workers[at].edit.is_some(), world.would_get(at));
    let worker = &mut world.workers[at];
    match dice.below(100) {
        0..25 => {
            worker.line.owner = dice.below(3);
            worker.line.patience = ms(dice.pick(&[1, 5, 20, 300, 3_200]));
            Some(Action::Call(at))
        }
        25..50 => (worker.in_flight > 0).then_some(Action::End(at)),
        50..80 if pending && dice.below(20) == 0 => Some(Action::Refuse(at)),
        50..80 if pending => Some(Action::Set(at)),
        // At times though it need not.
        50..80 => (would_get || dice.below(10) == 0).then_some(Action::Get(at)),
        80..84 => Some(Action::Shed(at)),
        84..96 => Some(Action::Pass(ms(dice.pick(&[1, 1, 2, 4, 4, 20, 60, 250, 250, 1_000])))),
        96 if dice.below(4) == 0 => Some(Action::Pass(ms(dice.pick(&[2_499, 2_990, 3_000, 3_010, 9_000])))),
        96 => Some(Action::Die(at)),
        97 | 98 => Some(Action::Resize(dice.pick(&[1, 2, 3, 5, 10]))),
        _ => Some(Action::Learn(at)),
    }
}

/// What happened in all schedules: so that it's seen if they stop trying something.
#[derive(Debug, Default)]
struct Tally {
    edits: u64,
    /// Sets that came too late.
    lost: u64,
    /// Schedules in which a worker lost slots that it used.
    lapsed: u64,
    /// Steps after which calls waited.
    waiting: u64,
}

fn play(seed: u64, loud: bool, tally: &mut Tally) -> Result<(), String> {
    let mut dice = Dice(seed);
    let lines = (0..2 + dice.below(4)).map(|_| Calls::new()).collect();
    let mut world = World::new(dice.pick(&[1, 1, 2, 3, 4, 7, 10]), lines);
    for worker in &mut world.workers {
        worker.ahead = ms(dice.below(6));
    }
    let steps = if seed % 1_000 == 999 { STEPS * 100 } else { STEPS };
    let mut lapsed = false;
    for _ in 0..steps {
        let Some(action) = step(&mut world, &mut dice) else { continue };
        if loud {
            println!("{:?} {action:?}", world.now - super::NOW);
        }
        world.act(action)?;
        if loud {
            println!("    {:?} {world}", world.shares());
        }
        tally.lost += u64::from(matches!(action, Action::Set(at) if world.workers[at].again));
        tally.waiting += u64::from(world.workers.iter().any(|worker| worker.line.len() > 0));
        lapsed |= world.workers.iter().any(|worker| worker.stray > 0);
    }
    tally.lapsed += u64::from(lapsed);
    tally.edits += world.workers.iter().map(|worker| u64::from(worker.edits)).sum::<u64>();
    if seed.is_multiple_of(16) || loud { recovers(&mut world) } else { Ok(()) }
}

/// Once nothing disturbs them, new calls of all workers get slots.
fn recovers(world: &mut World<Calls>) -> Result<(), String> {
    let all = world.workers.len();
    for at in 0..all {
        world.act(Action::Learn(at))?;
        // Longer than a dead worker's slots are held.
        world.workers[at].line.patience = ms(3_200);
    }
    world.act(Action::Pass(ms(3_200)))?;
    for at in 0..all {
        world.act(Action::Shed(at))?;
        world.act(Action::Call(at))?;
    }
    for round in 0..500 {
        for at in 0..all {
            if round % 5 == 0 && world.workers[at].in_flight > 0 {
                world.act(Action::End(at))?;
            }
            world.wake(at)?;
        }
        if world.workers.iter().all(|worker| worker.line.len() == 0) {
            return Ok(());
        }
        world.act(Action::Pass(LOOK))?;
    }
    ensure(false, || format!("calls still wait: {world}"))
}

#[test]
fn random_schedules_exceed_nothing_and_forget_nobody() {
    let mut tally = Tally::default();
    let seeds = seeds(SCHEDULES);
    let is_one = seeds.end - seeds.start == 1;
    for seed in seeds {
        play(seed, is_one, &mut tally).unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
    }
    println!("{tally:?}");
    if !is_one {
        let Tally { edits, lost, lapsed, waiting } = tally;
        assert!(
            edits > SCHEDULES * 5 && lost > SCHEDULES && waiting > SCHEDULES * 50 && lapsed > SCHEDULES / 20
        );
    }
}
