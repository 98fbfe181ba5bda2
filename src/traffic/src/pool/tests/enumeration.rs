//! All orders in which two or three workers can come, up to a number of steps: what loom does for threads, for workers.
//!
//! States that were reached before are not gone through again, so far more orders are covered than are played.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};

use super::model::{Action, Count, World, ensure};
use super::{LOOK, ms};

/// What to go through.
struct Scope {
    workers: usize,
    max_connections: u32,
    /// A bound that is set at some time, or none.
    resized: Option<u32>,
    /// Calls of one worker, in flight and waiting.
    calls: u32,
    deaths: u64,
    steps: usize,
}

const PASS: [u64; 3] = [LOOK.as_millis() as u64, 250, 3_100];

fn actions(world: &World<Count>, scope: &Scope) -> Vec<Action> {
    let mut actions: Vec<Action> = PASS.iter().map(|time| Action::Pass(ms(*time))).collect();
    if let Some(resized) = scope.resized.filter(|resized| *resized != world.max_connections) {
        actions.push(Action::Resize(resized));
    }
    for (at, worker) in world.workers.iter().enumerate() {
        if worker.in_flight + worker.line.0 < scope.calls {
            actions.push(Action::Call(at));
        }
        if worker.in_flight > 0 {
            actions.push(Action::End(at));
        }
        if worker.edit.is_some() {
            actions.push(Action::Set(at));
        }
        if world.would_get(at) {
            actions.push(Action::Get(at));
        }
        if worker.max_connections != world.max_connections {
            actions.push(Action::Learn(at));
        }
        let begun = worker.edit.is_some() || worker.in_flight > 0 || worker.pool.share() > 0;
        if begun && world.born() < scope.workers as u64 + scope.deaths {
            actions.push(Action::Die(at));
        }
    }
    actions
}

/// All workers idle; or the first holds all slots and others wait for them.
fn starts(scope: &Scope) -> [World<Count>; 2] {
    let mut idle = World::new(scope.max_connections, vec![Count::default(); scope.workers]);
    for (at, worker) in idle.workers.iter_mut().enumerate() {
        worker.ahead = ms(3 * at as u64);
    }
    let mut crowded = idle.clone();
    for at in 0..scope.workers {
        for _ in 0..scope.calls {
            crowded.act(Action::Call(at)).unwrap();
        }
        crowded.wake(at).unwrap();
    }
    [idle, crowded]
}

/// Goes through all; tells how many states there were and by how many steps they were reached.
fn enumerate(scope: &Scope) {
    let hasher = BuildHasherDefault::<Mixer>::default();
    let mut layer = Vec::from(starts(scope));
    let mut seen: HashSet<u64> = layer.iter().map(|world| hasher.hash_one(world)).collect();
    let mut taken = 0_u64;
    for step in 0..scope.steps {
        let mut next = Vec::new();
        for world in &layer {
            for action in actions(world, scope) {
                let mut after = world.clone();
                if let Err(wrong) = after.act(action) {
                    panic!("{wrong} after {action:?} in {world:?}");
                }
                taken += 1;
                if !seen.insert(hasher.hash_one(&after)) {
                    continue;
                }
                // Undisturbed from here on, all calls are served. Of each few states, for that takes a while.
                if seen.len().is_multiple_of(97) {
                    recovers(after.clone()).unwrap_or_else(|wrong| panic!("{wrong} from {after:?}"));
                }
                if step + 1 < scope.steps {
                    next.push(after);
                }
            }
        }
        layer = next;
    }
    let Scope { workers, max_connections, steps, .. } = scope;
    println!(
        "{workers} workers, {max_connections} slots, {steps} steps: {} states, {taken} steps",
        seen.len()
    );
}

/// Calls end after 10 ms, workers wake as they asked to and each 250 ms: how long until none waits.
pub(super) fn recovers(mut world: World<Count>) -> Result<(), String> {
    let lives = |id| world.workers.iter().any(|worker| worker.pool.worker == id);
    let dead = world.shares().iter().any(|(id, _)| !lives(*id));
    let within = if dead { 4_000 } else { 1_500 };
    for at in 0..world.workers.len() {
        world.act(Action::Learn(at))?;
    }
    let began = world.now;
    while world.now < began + ms(within) {
        let since = (world.now - began).as_millis() as u64;
        for at in 0..world.workers.len() {
            while since.is_multiple_of(10) && world.workers[at].in_flight > 0 {
                world.act(Action::End(at))?;
            }
            let worker = &world.workers[at];
            let timeout = worker.pool.poll_timeout(world.clock(at), worker.line.0);
            let tick = (since + 100 * at as u64).is_multiple_of(250);
            if worker.edit.is_some()
                || worker.again
                || tick
                || timeout.is_some_and(|then| then <= world.clock(at))
            {
                world.wake(at)?;
            }
        }
        if world.workers.iter().all(|worker| worker.line.0 == 0 && worker.edit.is_none()) {
            return Ok(());
        }
        world.act(Action::Pass(ms(2)))?;
    }
    ensure(false, || format!("calls still wait: {world:?}"))
}

#[test]
fn two_workers_in_any_order_exceed_nothing_and_forget_nobody() {
    for (max_connections, calls, steps) in [(1, 2, 9), (2, 2, 9), (3, 3, 8)] {
        enumerate(&Scope { workers: 2, max_connections, resized: None, calls, deaths: 1, steps });
    }
}

#[test]
fn three_workers_in_any_order_exceed_nothing_and_forget_nobody() {
    for (max_connections, calls, steps) in [(1, 1, 8), (2, 2, 7)] {
        enumerate(&Scope { workers: 3, max_connections, resized: None, calls, deaths: 1, steps });
    }
}

#[test]
fn a_bound_that_changes_is_exceeded_by_nobody_who_knows_it() {
    for (max_connections, resized, steps) in [(1, 3, 8), (3, 1, 8)] {
        enumerate(&Scope { workers: 2, max_connections, resized: Some(resized), calls: 3, deaths: 0, steps });
    }
}

/// As FxHash, with a last mixing: SipHash would take half of the time.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }
    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
    fn finish(&self) -> u64 {
        (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}
