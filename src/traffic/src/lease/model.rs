//! The lease between workers that are late, race, stall and die; every host call is a point where others come between.

use std::time::Duration;

use super::*;
use crate::simulated::{Cell, Dice, seeds};

const NOW: Duration = Duration::from_secs(1_800_000_000);
const TICK: Duration = Duration::from_millis(250);

const SCHEDULES: u64 = 100_000;
const STEPS: usize = 120;

#[derive(Debug, Clone, Copy)]
enum Act {
    /// A worker reads the value, and knows whether it holds the lease.
    Look(usize),
    /// It writes what it thought right when it looked; refused by the host, or not.
    Write(usize, bool),
    Die(usize),
    Pass(u64),
}

#[derive(Debug, Clone)]
struct World {
    cell: Cell,
    now: Duration,
    workers: Vec<Worker>,
    names: u64,
    /// Who wrote the value.
    owner: u64,
    /// Writes so far.
    writes: u64,
}

#[derive(Debug, Clone)]
struct Worker {
    lease: Lease,
    name: u64,
    configuration: u64,
    /// Still to be written.
    wish: Option<(Vec<u8>, Option<u32>)>,
    /// When it last looked, and what had been written then.
    looked: Duration,
    knows: u64,
}

impl World {
    fn new(workers: usize) -> World {
        let mut world =
            World { cell: Cell::default(), now: NOW, workers: Vec::new(), names: 0, owner: 0, writes: 0 };
        for _ in 0..workers {
            let worker = world.worker(1);
            world.workers.push(worker);
        }
        world
    }

    fn worker(&mut self, configuration: u64) -> Worker {
        self.names += 1;
        Worker {
            lease: Lease::new(self.now),
            name: self.names,
            configuration,
            wish: None,
            looked: self.now,
            knows: 0,
        }
    }

    fn can(&self, act: Act) -> bool {
        match act {
            Act::Look(at) => self.workers[at].wish.is_none(),
            Act::Write(at, _) => self.workers[at].wish.is_some(),
            Act::Die(_) | Act::Pass(_) => true,
        }
    }

    fn act(&mut self, act: Act) -> Result<(), String> {
        match act {
            Act::Look(at) => {
                let (value, cas) = self.cell.get();
                let worker = &mut self.workers[at];
                let wish = worker.lease.read(self.now, worker.name, worker.configuration, value, cas);
                worker.wish = wish.map(|value| (value, cas));
                worker.looked = self.now;
                worker.knows = self.writes;
            }
            Act::Write(at, is_refused) => {
                let worker = &mut self.workers[at];
                let Some((value, cas)) = worker.wish.take() else { return Ok(()) };
                if !is_refused && self.cell.set(value, cas) {
                    self.owner = worker.name;
                    self.writes += 1;
                }
            }
            Act::Die(at) => {
                let configuration = self.workers[at].configuration;
                self.workers[at] = self.worker(configuration);
            }
            Act::Pass(millis) => self.now += Duration::from_millis(millis),
        }
        self.holds()
    }

    /// Whoever has looked since the value was written holds it only if it is the one named; nobody holds it for longer than
    /// [`LASTS`] without looking.
    fn holds(&self) -> Result<(), String> {
        for worker in self.workers.iter().filter(|worker| worker.lease.is_held(self.now)) {
            if worker.knows == self.writes && worker.name != self.owner {
                return Err(format!("{} holds what is {}'s", worker.name, self.owner));
            }
            if self.now >= worker.looked + LASTS {
                return Err(format!("{} holds it and has not looked since {:?}", worker.name, worker.looked));
            }
        }
        Ok(())
    }

    fn holders(&self) -> usize {
        self.workers.iter().filter(|worker| worker.lease.is_held(self.now)).count()
    }

    /// A turn of a worker: it looks and writes.
    fn turn(&mut self, at: usize) -> Result<(), String> {
        if self.workers[at].wish.is_none() {
            self.act(Act::Look(at))?;
        }
        self.act(Act::Write(at, false))
    }

    /// All but one die, and that one looks each tick: it has written its name after [`LASTS`] and a tick, and read it a tick later.
    fn recovers(mut self, survivor: usize) -> Result<(), String> {
        let worker = self.workers.swap_remove(survivor);
        self.workers = vec![worker];
        let name = self.workers[0].name;
        let began = self.now;
        self.turn(0)?;
        while self.now < began + LASTS + TICK {
            self.now += TICK;
            self.turn(0)?;
        }
        if self.owner != name {
            return Err(format!("{LASTS:?} and a tick after all others died, it is {}'s", self.owner));
        }
        self.now += TICK;
        self.turn(0)?;
        if !self.workers[0].lease.is_held(self.now) {
            return Err("it holds what it doesn't know of".into());
        }
        Ok(())
    }
}

#[test]
fn every_short_interleaving_has_one_holder_who_knows_and_replaces_the_dead() {
    for (workers, depth) in [(2, 9), (3, 7)] {
        let mut acts = Vec::new();
        if let Err(wrong) = below(&World::new(workers), depth, true, &mut acts) {
            panic!("{acts:?}: {wrong}");
        }
    }
}

/// Depth first; each act that is possible, in each order.
fn below(world: &World, depth: usize, may_die: bool, acts: &mut Vec<Act>) -> Result<(), String> {
    if depth == 0 {
        return (0..world.workers.len()).try_for_each(|survivor| world.clone().recovers(survivor));
    }
    let each = (0..world.workers.len()).flat_map(|at| [Act::Look(at), Act::Write(at, false), Act::Die(at)]);
    for act in each.chain([Act::Pass(1_500)]) {
        let is_death = matches!(act, Act::Die(_));
        if !world.can(act) || is_death && !may_die {
            continue;
        }
        let mut next = world.clone();
        acts.push(act);
        next.act(act)?;
        below(&next, depth - 1, may_die && !is_death, acts)?;
        acts.pop();
    }
    Ok(())
}

#[test]
fn long_schedules_have_one_holder_who_knows_and_replace_the_dead() {
    for seed in seeds(SCHEDULES) {
        let mut random = Dice(seed);
        let workers = 2 + random.index(3);
        let mut world = World::new(workers);
        let mut acts = Vec::new();
        let mut play = || {
            for _ in 0..STEPS {
                let at = random.index(workers);
                let act = match random.index(100) {
                    0..10 => Act::Pass(random.pick(&[1, 400, 1_000, 1_500, 3_000])),
                    10 => Act::Die(at),
                    11 => Act::Write(at, true),
                    _ if world.can(Act::Write(at, false)) => Act::Write(at, false),
                    _ => Act::Look(at),
                };
                if world.can(act) {
                    acts.push(act);
                    world.act(act)?;
                }
                // One of a newer configuration.
                if let Act::Die(at) = act
                    && random.percent(30)
                {
                    world.workers[at].configuration += 1;
                }
            }
            world.clone().recovers(random.index(workers))
        };
        if let Err(wrong) = play() {
            panic!("seed {seed}, after {acts:?}: {wrong}");
        }
    }
}

/// Each looks once in each tick, at any time in it, and the host refuses nothing: then two never hold it at once, once there is a
/// value at all (the first may be written by two).
#[test]
fn who_looks_each_tick_never_shares_it() {
    let mut held = 0_u64;
    for seed in seeds(2_000) {
        let mut random = Dice(seed);
        let mut world = World::new(3);
        let wrong = |wrong: String| panic!("seed {seed}: {wrong}");
        for tick in 0..100 {
            let mut looks: Vec<(u64, usize)> = (0..3).map(|at| (random.next() % 250, at)).collect();
            looks.sort_unstable();
            let began = NOW + TICK * tick;
            for (after, at) in looks {
                world.now = began + Duration::from_millis(after);
                world.act(Act::Look(at)).unwrap_or_else(wrong);
                // Another's look may come before the write.
                let other = random.index(3);
                if random.percent(20) && world.can(Act::Look(other)) {
                    world.act(Act::Look(other)).unwrap_or_else(wrong);
                }
                world.act(Act::Write(at, false)).unwrap_or_else(wrong);
                world.act(Act::Write(other, false)).unwrap_or_else(wrong);
                let holders = world.holders();
                assert!(holders <= 1 || tick < 2, "seed {seed}: {holders} hold it in tick {tick}");
                held += u64::from(holders == 1);
            }
            if random.percent(5) {
                world.act(Act::Die(random.index(3))).unwrap_or_else(wrong);
            }
        }
    }
    assert!(held > 100, "{held}");
}
