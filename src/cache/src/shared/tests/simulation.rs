//! Workers that race on L2: every host call of every task is a point where others come between.
//!
//! A schedule is drawn from a seed: who begins what, whose task goes on, when time passes, which sets the host refuses, which
//! workers die. Half of the schedules are *wild*: sizes change while others still use the old one, and values are
//! damaged. A failure names its seed; `WEIR_SEED=n cargo test -p weir-cache race` plays that schedule alone.

use std::fmt::Write;
use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::host::Host;
use super::random::Random;
use super::{NOW, SECOND, settings};
use crate::shared::geometry::{self, Geometry, Size};
use crate::shared::{SharedSettings, index, page};
use crate::{Ask, Key, Outcome, Refused, Reply, Shared, Step, Task, Wanted};
use operations::{make, operation, right};
use tally::Tally;

mod operations;
mod tally;

/// A few of them where the code is not optimised and each takes a hundred times as long.
const SCHEDULES: u64 = if cfg!(target_arch = "wasm32") { 200 } else { 10_000 };
const STEPS: usize = 220;

/// Entries and pages: one shard, crowded; several shards; more pages than entries; off.
const SIZES: [(usize, usize); 5] = [(4, 8), (12, 12), (128, 192), (3, 40), (0, 0)];

#[test]
fn racing_workers_lose_neither_bound_nor_truth() {
    #[expect(clippy::disallowed_methods, reason = "to play one schedule again; this is no core code")]
    let only = std::env::var("WEIR_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let mut total = Tally::default();
    for seed in only.map_or(0..SCHEDULES, |seed| seed..seed + 1) {
        if let Err(wrong) = World::new(seed, false).play(&mut total) {
            // Once more, to be read.
            let mut world = World::new(seed, true);
            let _ = world.play(&mut Tally::default());
            panic!("{}seed {seed}: {wrong}", world.trace.unwrap());
        }
    }
    if only.is_none() && cfg!(not(target_arch = "wasm32")) {
        total.check();
    }
}

struct World {
    random: Random,
    host: Host,
    now: Duration,
    wild: bool,
    settings: SharedSettings,
    workers: Vec<Shared>,
    nonces: u64,
    running: Vec<Running>,
    /// Claims that were given: they stand until they lapse, or until their worker stores or releases.
    claims: Vec<Claim>,
    /// Since when somebody may keep others waiting for a key.
    begun: Vec<(Key, Duration)>,
    /// As many shards, and shards as large, as any of the sizes has.
    largest: geometry::Shape,
    trace: Option<String>,
    lost: u64,
    full: u64,
}

struct Running {
    worker: usize,
    task: Task,
    doing: Doing,
    began: Duration,
    ask: Ask,
}

#[derive(Debug, Clone)]
enum Doing {
    Look(Wanted),
    Store(Key),
    Release(Key),
    Other(#[expect(dead_code, reason = "for the trace")] &'static str),
}

#[derive(Debug)]
struct Claim {
    key: Key,
    worker: usize,
    began: Duration,
}

impl World {
    fn new(seed: u64, traced: bool) -> Self {
        let mut random = Random(seed);
        let wild = random.percent(50);
        let (max_entries, pages) = random.pick(&SIZES[..4]);
        let settings = SharedSettings {
            max_entries,
            max_bytes: pages * page::SIZE,
            ttl: random.pick(&[None, Some(3 * SECOND), Some(20 * SECOND)]),
            renew_on_hit: random.percent(50),
            batch: random.pick(&[None, Some(20), Some(50)]),
            ..settings()
        };
        let mut world = World {
            host: Host::default(),
            now: NOW,
            wild,
            settings,
            workers: Vec::new(),
            nonces: seed << 8,
            running: Vec::new(),
            claims: Vec::new(),
            begun: Vec::new(),
            largest: largest(),
            trace: traced.then(String::new),
            lost: 0,
            full: 0,
            random,
        };
        for number in 0..2 + world.random.below(3) {
            let shared = world.worker();
            world.workers.push(shared);
            world.configure(number);
        }
        world
    }

    fn worker(&mut self) -> Shared {
        self.nonces += 1;
        Shared::new(self.settings.clone(), self.nonces)
    }

    fn play(&mut self, total: &mut Tally) -> Result<(), String> {
        for _ in 0..STEPS {
            self.step()?;
        }
        while !self.running.is_empty() {
            self.go_on(0)?;
        }
        let swept = self.recovers()?;
        for shared in &mut self.workers {
            total.counts.add(shared.take_counts());
        }
        total.swept += u64::from(swept);
        total.lost += self.lost;
        total.full += self.full;
        Ok(())
    }

    fn step(&mut self) -> Result<(), String> {
        match self.random.below(100) {
            0..80 if !self.running.is_empty() => {
                let which = self.random.below(self.running.len());
                return self.go_on(which);
            }
            0..92 => {
                let worker = self.random.below(self.workers.len());
                self.begin(worker);
            }
            92..97 => {
                let by = self.random.pick(&[1, 200, 700, 1000, 2500]);
                self.now += Duration::from_millis(by);
                self.note(|| format!("{by} ms pass"));
            }
            97 => self.die(),
            _ if self.wild => self.damage(),
            _ => {}
        }
        Ok(())
    }

    /// A worker begins something.
    fn begin(&mut self, worker: usize) {
        let wanted = operation(self.random.below(12));
        let now = self.now;
        match self.random.below(100) {
            0..45 => {
                let claim = self.random.percent(80);
                let task = self.workers[worker].lookup(now, wanted.clone(), claim);
                self.run(worker, task, Doing::Look(wanted));
            }
            45..75 => {
                let size = self.random.pick(&[0, 10, 3000, 5000, 9000, 17_000]);
                let entry = make(&wanted, self.random.next() as u8, size);
                let cost = Duration::from_micros(self.random.next() % 5_000);
                // Whoever stores a plan ends all claims on it, whether or not it can be stored then.
                self.claims.retain(|claim| claim.key != wanted.key);
                self.begun.push((wanted.key, now));
                let task = self.workers[worker].store(now, wanted.key, entry, cost);
                self.run(worker, task, Doing::Store(wanted.key));
            }
            75..82 => {
                self.claims.retain(|claim| claim.worker != worker || claim.key != wanted.key);
                let task = self.workers[worker].release(now, wanted.key);
                self.run(worker, task, Doing::Release(wanted.key));
            }
            82..88 => {
                self.workers[worker].touch(now, wanted.key);
                if let Some(task) = self.workers[worker].flush(now) {
                    self.run(worker, task, Doing::Other("flush"));
                }
            }
            88..98 => {
                let task = self.workers[worker].maintain(now);
                self.run(worker, task, Doing::Other("maintain"));
            }
            _ if self.wild => {
                let (max_entries, pages) = self.random.pick(&SIZES);
                self.settings.max_entries = max_entries;
                self.settings.max_bytes = pages * page::SIZE;
                self.workers[worker].set_settings(self.settings.clone());
                self.configure(worker);
            }
            _ => {}
        }
    }

    fn configure(&mut self, worker: usize) {
        let task = self.workers[worker].configure(self.now);
        self.run(worker, task, Doing::Other("configure"));
    }

    fn run(&mut self, worker: usize, mut task: Task, doing: Doing) {
        self.note(|| format!("{worker} begins {doing:?}"));
        // Before its first call a task knows nothing of the others: no need to let them come between.
        if let Step::Ask(ask) = task.step(None) {
            self.running.push(Running { worker, task, doing, began: self.now, ask });
        }
    }

    /// One call of the host, and what the task makes of the reply.
    fn go_on(&mut self, which: usize) -> Result<(), String> {
        let ask = self.running[which].ask.clone();
        let reply = match &ask {
            Ask::Set { cas: Some(_), .. } if self.random.percent(4) => Reply::Set(Err(Refused::CasMismatch)),
            Ask::Set { .. } if self.random.percent(2) => Reply::Set(Err(Refused::Failed)),
            ask => self.host.call(ask),
        };
        if let Ask::Set { key, value, .. } = &ask {
            self.bounded(key, value)?;
        }
        let worker = self.running[which].worker;
        self.note(|| match (&ask, &reply) {
            (Ask::Get { key }, Reply::Got { value, cas }) => {
                format!("{worker} gets {key}: {:?} bytes, {cas:?}", value.as_ref().map(Vec::len))
            }
            (Ask::Set { key, value, cas }, reply) => {
                format!("{worker} sets {key} ({}, {cas:?}): {reply:?}", value.len())
            }
            other => format!("{worker} {other:?}"),
        });
        let wrote = reply == Reply::Set(Ok(()));
        let running = &mut self.running[which];
        match running.task.step(Some(reply)) {
            Step::Ask(ask) => {
                running.ask = ask;
                Ok(())
            }
            Step::Done(outcome) => {
                let done = self.running.swap_remove(which);
                self.note(|| format!("{worker} ends {:?}: {}", done.doing, short(&outcome)));
                self.ended(done, outcome, wrote)
            }
        }
    }

    fn ended(&mut self, done: Running, outcome: Outcome, wrote: bool) -> Result<(), String> {
        let claim = self.settings.claim;
        match (&done.doing, outcome) {
            (Doing::Look(wanted), Outcome::Hit(found)) => {
                ensure(right(wanted, &found), || format!("worker {} was given another entry", done.worker))
            }
            // With nothing written, it is a claim that the worker had before.
            (Doing::Look(_), Outcome::Miss { claimed }) if !claimed || !wrote => Ok(()),
            (Doing::Look(wanted), Outcome::Miss { .. }) => {
                let key = wanted.key;
                let rival = self.claims.iter().find(|other| {
                    other.key == key && other.worker != done.worker && self.now < other.began + claim
                });
                if let Some(rival) = rival
                    && !self.wild
                {
                    return Err(format!("worker {} has claimed what {rival:?} still holds", done.worker));
                }
                self.begun.push((key, done.began));
                // Unless somebody is about to end it.
                let ends = |other: &Running| match other.doing {
                    Doing::Store(stored) => stored == key,
                    Doing::Release(released) => released == key && other.worker == done.worker,
                    _ => false,
                };
                if !self.running.iter().any(ends) {
                    self.claims.push(Claim { key, worker: done.worker, began: done.began });
                }
                Ok(())
            }
            (Doing::Look(wanted), Outcome::Busy { until }) => {
                let within = done.began < until && until <= done.began + claim;
                ensure(within, || format!("busy until {until:?}, looked at {:?}", done.began))?;
                let whose = self.begun.iter().any(|(key, began)| {
                    *key == wanted.key && until == (*began + claim).min(done.began + claim)
                });
                // A claim is also there before its task has heard so.
                let unheard =
                    self.running.iter().any(|other| until == (other.began + claim).min(done.began + claim));
                ensure(whose || unheard, || format!("busy until {until:?}, for nobody"))
            }
            (Doing::Store(_), Outcome::NotStored(why)) => {
                self.lost += u64::from(why == crate::NotStored::Lost);
                self.full += u64::from(why == crate::NotStored::Full);
                Ok(())
            }
            (Doing::Store(_), Outcome::Stored) | (Doing::Release(_) | Doing::Other(_), Outcome::Done) => {
                Ok(())
            }
            (doing, outcome) => Err(format!("{doing:?} ended in {}", short(&outcome))),
        }
    }

    /// A worker dies with all it was doing; another one takes its place.
    fn die(&mut self) {
        let worker = self.random.below(self.workers.len());
        self.note(|| format!("{worker} dies"));
        self.running.retain(|running| running.worker != worker);
        // What it has claimed stands: by a worker that is none of ours.
        for claim in self.claims.iter_mut().filter(|claim| claim.worker == worker) {
            claim.worker = usize::MAX;
        }
        self.workers[worker] = self.worker();
        self.configure(worker);
    }

    /// A value is damaged, or takes the place of another.
    fn damage(&mut self) {
        let keys: Vec<String> = self.host.values.keys().cloned().collect();
        if keys.is_empty() {
            return;
        }
        let key = &keys[self.random.below(keys.len())];
        // Of its own kind, so that it's not by this that a bound is lost.
        let other = &keys[self.random.below(keys.len())];
        let other = if other[..9] == key[..9] { other } else { key };
        let mut value = self.host.values[other].0.clone();
        let length = value.len();
        match self.random.below(4) {
            0 if length > 0 => value[self.random.below(length)] ^= 1 << self.random.below(8),
            1 if length > 0 => value.truncate(self.random.below(length)),
            2 => value.clear(),
            _ => {}
        }
        self.note(|| format!("{key} becomes {} bytes of {other}", value.len()));
        self.host.call(&Ask::Set { key: key.clone(), value, cas: None });
    }

    /// No value is larger than its kind may be, and no key is set that no size has: so the bound holds at any time.
    fn bounded(&self, key: &str, value: &[u8]) -> Result<(), String> {
        let (most, limit) = match key.rsplit_once('.') {
            Some(("weir.l2.p", _)) => (page::SIZE, self.largest.total()),
            Some(("weir.l2.i", _)) => (index::bound(self.largest), self.largest.shards),
            _ => (80, u32::MAX),
        };
        let number = key.rsplit_once('.').and_then(|(_, number)| number.parse().ok()).unwrap_or(0);
        ensure(value.len() <= most && number < limit, || format!("{key} is set to {} bytes", value.len()))
    }

    /// Whatever happened: once everything has lapsed, a new worker can store and find, and nothing is left of larger sizes.
    /// `false`: the geometry was lost together with all who knew it, and looking through all keys takes too long for a test.
    fn recovers(&mut self) -> Result<bool, String> {
        self.now += 10 * SECOND;
        let now = self.now;
        let mut fresh = self.worker();
        self.host.run(fresh.configure(now));
        let shape = self.settings.size().shape();
        for number in [0, 3, 10, 11] {
            let wanted = operation(number);
            let entry = make(&wanted, 1, 5000);
            let stored = self.host.run(fresh.store(now, wanted.key, entry, Duration::ZERO));
            if shape.shards > 0 {
                ensure(stored == Outcome::Stored, || format!("in the end {number} is {}", short(&stored)))?;
                let found = self.host.run(fresh.lookup(now, wanted, true));
                ensure(matches!(found, Outcome::Hit(_)), || {
                    format!("in the end {number} is {}", short(&found))
                })?;
            }
        }
        let (value, _) = &self.host.values[geometry::KEY];
        let geometry = Geometry::decode(value).map_err(|error| error.to_string())?;
        ensure(geometry.size == self.settings.size(), || format!("in force is {geometry:?}"))?;
        if geometry.high_pages == geometry::MAX_PAGES {
            return Ok(false);
        }
        for _ in 0..shape.shards.max(2) {
            self.host.run(fresh.maintain(now));
        }
        let (bytes, bound) = (self.host.bytes(), fresh.bytes_bound());
        ensure(bytes <= bound, || format!("in the end there are {bytes} bytes instead of {bound}"))?;
        let pages = self.host.values.iter().filter(|(key, _)| key.starts_with("weir.l2.p."));
        let bytes: usize = pages.map(|(_, (value, _))| value.len()).sum();
        ensure(bytes <= self.settings.max_bytes, || format!("in the end there are {bytes} bytes of pages"))?;
        let entries = fresh.entries();
        ensure(entries <= self.settings.max_entries as u64, || {
            format!("in the end there are {entries} entries")
        })?;
        self.workers.push(fresh);
        Ok(true)
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            let _ = writeln!(trace, "{:>6} ms  {}", (self.now - NOW).as_millis(), what());
        }
    }
}

fn largest() -> geometry::Shape {
    let most =
        |number: fn(geometry::Shape) -> u32| SIZES.iter().map(|size| number(shape(*size))).max().unwrap();
    geometry::Shape {
        shards: most(|shape| shape.shards),
        pages: most(|shape| shape.pages),
        records: most(|shape| shape.records),
    }
}

fn shape((max_entries, pages): (usize, usize)) -> geometry::Shape {
    Size { max_entries: max_entries as u64, max_bytes: (pages * page::SIZE) as u64 }.shape()
}

fn short(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Hit(_) => "a hit".into(),
        other => format!("{other:?}"),
    }
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
