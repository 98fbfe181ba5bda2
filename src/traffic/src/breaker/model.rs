//! The breaker between workers: every host call is a point where others come between, time passes, or somebody dies.
//!
//! [`world`] has the workers ([`worker`]) and what each may do next; [`truth`] keeps, by its own simpler rules, what must hold, and is told of each
//! write in the order of the writes. [`every`] plays all interleavings up to a depth; here schedules are drawn from a
//! seed and go on for longer, with clocks that differ, are set back, and a host that refuses. After each, all but one worker
//! die, and the breaker must come back. A failure names its seed; `WEIR_SEED=n cargo test -p weir-traffic schedules`
//! plays that schedule alone.

use std::time::Duration;

use super::*;
use crate::simulated::{Dice, seeds};
use act::Act;
use world::World;

mod act;
mod every;
mod truth;
mod worker;
mod world;

const SCHEDULES: u64 = 100_000;
const STEPS: usize = 200;

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn settings(places: u32) -> Settings {
    Settings {
        failure_threshold: 2,
        failure_rate: 0,
        window: Duration::from_secs(10),
        minimum_volume: 4,
        reset_timeout: Duration::from_secs(1),
        max_reset_timeout: Duration::from_secs(2),
        half_open_max_calls: places,
        probe_timeout: Duration::from_secs(3),
    }
}

#[test]
fn long_schedules_keep_the_bounds_and_end_closed() {
    let mut counts = Counts::default();
    let seeds = seeds(SCHEDULES);
    let is_all = seeds.end - seeds.start == SCHEDULES;
    for seed in seeds {
        let mut acts = Vec::new();
        if let Err(wrong) = play(seed, &mut acts, &mut counts) {
            panic!("seed {seed}, after {acts:?}: {wrong}");
        }
    }
    println!("{counts:?}");
    // Schedules in which nothing happens prove nothing.
    assert!(!is_all || counts.are_many(), "{counts:?}");
}

/// What came about in all schedules.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    opened: u64,
    opened_by_rate: u64,
    reopened: u64,
    closed: u64,
    probes: u64,
    lapsed: u64,
    lost_races: u64,
}

impl Counts {
    fn are_many(&self) -> bool {
        let Counts { opened, opened_by_rate, reopened, closed, probes, lapsed, lost_races } = *self;
        [opened, opened_by_rate, reopened, closed, probes, lapsed, lost_races]
            .iter()
            .all(|many| *many > 5_000)
    }
}

fn play(seed: u64, acts: &mut Vec<Act>, counts: &mut Counts) -> Result<(), String> {
    let mut random = Dice(seed);
    let mut settings = settings(1 + random.index(3) as u32);
    settings.failure_threshold = random.pick(&[0, 1, 2, 3]);
    settings.failure_rate = if random.percent(30) { 50 } else { 0 };
    let workers = 2 + random.index(3);
    let mut world = World::new(settings, workers, 3);
    let is_wild = random.percent(50);
    if is_wild {
        world.differ(&mut random);
    }
    let is_forced = random.percent(30);
    // How often calls fail changes from time to time: a subgraph that dies and gets up again.
    let mut failing = 50;
    for _ in 0..STEPS {
        if random.percent(10) {
            failing = random.pick(&[0, 0, 10, 50, 100]);
        }
        let worker = random.index(workers);
        let act = match random.index(100) {
            0..8 => Act::Pass(random.pick(&[1, 100, 500, 1_000, 1_000, 3_000])),
            8 if is_wild => Act::SetBack,
            9 => Act::Die(worker),
            10 => Act::Refused(worker),
            11 if is_forced => {
                Act::Force(worker, random.pick(&[None, Some(Forced::Open), Some(Forced::Closed)]))
            }
            _ if world.can(Act::Go(worker)) => Act::Go(worker),
            11..20 => Act::Tick(worker),
            20..60 => Act::End(worker, random.index(3), !random.percent(failing)),
            _ => Act::Begin(worker),
        };
        if world.can(act) {
            acts.push(act);
            world.act(act, random.next())?;
        }
    }
    world.count(counts);
    let survivor = random.index(workers);
    world.recovers(survivor)
}
