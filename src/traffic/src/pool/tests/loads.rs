//! Workers under loads that last: how often the cell is touched, who gets how much, how long calls wait.

use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::model::{Action, Count, World};
use super::ms;

/// Workers whose calls take a time; each ms is a step.
struct Load {
    world: World<Count>,
    /// When the calls in flight of each worker end.
    ends: Vec<Vec<Duration>>,
    /// Calls that each worker was given a slot for.
    served: Vec<u32>,
    /// The longest time for which each had calls that waited and none got a slot.
    longest: Vec<Duration>,
    since: Vec<Duration>,
}

impl Load {
    fn new(workers: usize, max_connections: u32) -> Load {
        let world = World::new(max_connections, vec![Count::default(); workers]);
        Load {
            ends: vec![Vec::new(); workers],
            served: vec![0; workers],
            longest: vec![Duration::ZERO; workers],
            since: vec![world.now; workers],
            world,
        }
    }

    /// `calls(ms, worker)` come each ms, and each takes `takes`.
    fn run(&mut self, millis: u64, takes: Duration, calls: impl Fn(u64, usize) -> u32) {
        for step in 0..millis {
            for at in 0..self.ends.len() {
                self.turn(step, at, takes, calls(step, at));
            }
            self.world.act(Action::Pass(ms(1))).unwrap();
        }
    }

    /// What a worker's gateway does in a ms.
    fn turn(&mut self, step: u64, at: usize, takes: Duration, calls: u32) {
        let (now, world) = (self.world.now, &mut self.world);
        let before = world.workers[at].in_flight;
        let mut ended = 0;
        self.ends[at].retain(|end| {
            let over = *end <= now;
            ended += u32::from(over);
            !over
        });
        for _ in 0..ended {
            world.act(Action::End(at)).unwrap();
            world.wake(at).unwrap();
        }
        for _ in 0..calls {
            world.act(Action::Call(at)).unwrap();
            if world.workers[at].line.0 > 0 {
                world.wake(at).unwrap();
            }
        }
        let worker = &world.workers[at];
        let timeout = worker.pool.poll_timeout(now, worker.line.0);
        if (step + 80 * at as u64).is_multiple_of(250) || timeout.is_some_and(|timeout| timeout <= now) {
            world.wake(at).unwrap();
        }
        let worker = &world.workers[at];
        let begun = worker.in_flight + ended - before;
        (0..begun).for_each(|_| self.ends[at].push(now + takes));
        self.served[at] += begun;
        if begun > 0 || worker.line.0 == 0 {
            self.since[at] = now;
        }
        self.longest[at] = self.longest[at].max(now - self.since[at]);
    }

    fn edits(&self) -> Vec<u32> {
        self.world.workers.iter().map(|worker| worker.edits).collect()
    }
}

#[test]
fn a_steady_load_costs_an_edit_a_second() {
    for (workers, max_connections, each) in [(4, 1024, 5), (8, 1024, 2), (2, 128, 1), (4, 40, 0)] {
        let mut load = Load::new(workers, max_connections);
        // 20 ms each, and a wave of a third more and less.
        let calls = |step: u64, at: usize| {
            each + u32::from((step + at as u64).is_multiple_of(3)) + u32::from(each > 0 && step % 400 < 100)
        };
        load.run(1_000, ms(20), calls);
        let before = load.edits();
        load.run(30_000, ms(20), calls);
        for (before, after) in before.iter().zip(load.edits()) {
            let edits = after - before;
            assert!((20..=36).contains(&edits), "{edits} edits in 30 s of {max_connections} slots");
        }
        assert!(load.world.workers.iter().all(|worker| worker.line.0 == 0));
    }
}

#[test]
fn workers_without_calls_leave_the_cell_alone() {
    let mut load = Load::new(3, 10);
    load.run(5_000, ms(20), |step, at| u32::from(at == 0 && step % 4 == 0));
    assert_eq!(load.edits()[1..], [0, 0]);
    load.run(3_000, ms(20), |_, _| 0);
    let before = load.edits();
    load.run(10_000, ms(20), |_, _| 0);
    assert_eq!(load.edits(), before);
}

#[test]
fn too_few_slots_go_round_in_equal_parts() {
    for (workers, max_connections) in [(3, 1), (3, 2), (3, 3), (2, 5), (5, 2), (4, 16)] {
        let mut load = Load::new(workers, max_connections);
        load.run(20_000, ms(15), |_, _| 1);
        let (least, most) = (load.served.iter().min().unwrap(), load.served.iter().max().unwrap());
        let possible = 20_000 / 15 * max_connections;
        let served: u32 = load.served.iter().sum();
        println!(
            "{workers} workers, {max_connections} slots: {:?} of {possible}, longest waits {:?}",
            load.served, load.longest
        );
        assert!(*most < least + least / 4, "{workers} workers, {max_connections} slots: {:?}", load.served);
        assert!(served * 10 > possible * 7, "{served} of {possible} calls");
        assert!(load.longest.iter().all(|longest| *longest < ms(400)), "{:?}", load.longest);
    }
}

#[test]
fn a_light_worker_gets_what_it_wants_beside_heavy_ones() {
    for max_connections in [1, 2, 8, 100] {
        let mut load = Load::new(3, max_connections);
        // A call each 200 ms.
        load.run(20_000, ms(10), |step, at| if at == 0 { u32::from(step % 200 == 0) } else { 20 });
        let light = load.served[0];
        println!("{max_connections} slots: {:?}, longest waits {:?}", load.served, load.longest);
        assert!(light >= 99, "{light} of 100 calls, {max_connections} slots");
        assert!(load.longest[0] < ms(150), "{:?}", load.longest);
    }
}

#[test]
fn a_worker_that_holds_all_passes_on_what_it_does_not_use() {
    let mut load = Load::new(2, 4);
    // Bursts take all; then a steady trickle needs one.
    load.run(100, ms(50), |step, at| if at == 0 && step == 0 { 4 } else { 0 });
    load.run(2_000, ms(20), |step, at| u32::from(at == 0 && step % 20 == 0));
    let first = load.longest[1];
    load.run(
        2_000,
        ms(20),
        |step, at| if at == 0 { u32::from(step % 20 == 0) } else { u32::from(step % 10 == 0) },
    );
    assert_eq!(first, Duration::ZERO);
    assert!(load.longest[1] < ms(300), "{:?}", load.longest);
    assert!(load.served[1] >= 195, "{:?}", load.served);
}
