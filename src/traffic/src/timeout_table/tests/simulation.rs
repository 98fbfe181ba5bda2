//! The table in the traffic of one subgraph: calls at random moments, a tick each 250 ms.

use super::*;
use crate::simulated::Dice;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const TICK: Duration = Duration::from_millis(250);

/// So that the bounds don't hide what is calculated.
const NARROW: Settings = Settings { min_timeout: ms(20), ..SETTINGS };

/// A call that ended.
#[derive(Debug, Clone, Copy)]
struct Done {
    sent: Duration,
    /// How long it was waited for.
    waited: Duration,
    answered: bool,
}

struct World {
    table: TimeoutTable,
    dice: Dice,
    now: Duration,
    /// When it ends, and how.
    flying: Vec<(Duration, Done)>,
    done: Vec<Done>,
    /// How long those who ask wait at most.
    patience: Duration,
}

impl World {
    fn new(settings: Settings, seed: u64) -> World {
        let table = TimeoutTable::new(settings, Duration::ZERO);
        let (flying, done) = (Vec::new(), Vec::new());
        World { table, dice: Dice(seed), now: Duration::ZERO, flying, done, patience: Duration::MAX }
    }

    /// Until `end`, so many calls each second. `latency` says how long one would take that is sent then.
    fn run(&mut self, end: Duration, rate: u64, mut latency: impl FnMut(Duration, &mut Dice) -> Duration) {
        while self.now < end {
            let mut calls: Vec<Duration> = (0..rate / 4)
                .map(|_| self.now + Duration::from_nanos(self.dice.below(TICK.as_nanos() as u64)))
                .collect();
            calls.sort();
            self.now += TICK;
            for sent in calls {
                self.answers(sent);
                let took = latency(sent, &mut self.dice);
                let timeout = self.table.request_timeout().min(self.patience);
                let done = Done { sent, waited: took.min(timeout), answered: took <= timeout };
                self.flying.push((sent + done.waited, done));
            }
            self.answers(self.now);
            self.table.tend(self.now);
        }
    }

    fn answers(&mut self, until: Duration) {
        let mut at = 0;
        while at < self.flying.len() {
            if self.flying[at].0 > until {
                at += 1;
                continue;
            }
            let (_, done) = self.flying.swap_remove(at);
            if done.answered {
                self.table.answered(done.waited)
            } else {
                self.table.timed_out(done.waited)
            }
            self.done.push(done);
        }
    }

    /// The share of the calls sent since then that were cut off.
    fn cut(&self, since: Duration) -> f64 {
        let sent: Vec<_> = self.done.iter().filter(|done| done.sent >= since).collect();
        sent.iter().filter(|done| !done.answered).count() as f64 / sent.len() as f64
    }
}

/// A typical service: a right-skewed spread around `middle`, one in a hundred three times as long.
fn around(middle: Duration, dice: &mut Dice) -> Duration {
    let spread = 0.7 + 0.6 * dice.share() * dice.share() + if dice.below(100) == 0 { 1.5 } else { 0.0 };
    middle.mul_f64(spread)
}

#[test]
fn a_subgraph_that_slows_down_is_followed() {
    for (seed, minutes) in [(1, 2.0), (2, 5.0)] {
        for linear in [true, false] {
            let mut world = World::new(NARROW, seed);
            world.run(s(60), 100, |_, dice| around(ms(10), dice));
            let end = s(60) + Duration::from_secs_f64(60.0 * minutes);
            world.run(end, 100, |now, dice| {
                let share = (now - s(60)).as_secs_f64() / (60.0 * minutes);
                let middle = if linear { 10.0 + 790.0 * share } else { 10.0 * 80_f64.powf(share) };
                around(Duration::from_secs_f64(middle / 1e3), dice)
            });
            assert!(world.cut(s(60)) < 0.005, "{minutes} minutes, {linear}: {}", world.cut(s(60)));
            // 99% take up to 2.2 times the middle, at most.
            let timeout = world.table.request_timeout();
            assert!(timeout > ms(800) && timeout < s(7), "{timeout:?}");
            // And back, though nothing of the time before is known any longer.
            world.run(end + s(40), 100, |_, dice| around(ms(10), dice));
            assert!(world.table.request_timeout() < ms(100), "{:?}", world.table.request_timeout());
        }
    }
}

#[test]
fn a_stall_is_cut_at_the_time_out_that_was_right_before() {
    let mut world = World::new(SETTINGS, 3);
    world.run(s(60), 100, |_, dice| around(ms(10), dice));
    let before = world.table.request_timeout();
    assert_eq!(before, SETTINGS.min_timeout);
    world.run(s(70), 100, |_, _| Duration::MAX);
    world.done.retain(|done| done.sent >= s(60));
    assert!(world.done.len() > 800 && world.done.iter().all(|done| !done.answered && done.waited == before));
    // For an hour: now and then it is tried whether it has only become slow.
    world.run(s(3_600), 20, |_, _| Duration::MAX);
    let long = world.done.iter().filter(|done| done.waited > 4 * before).count() as f64;
    assert!(long < 0.2 * world.done.len() as f64, "{long} of {}", world.done.len());
    // It is well again: the time-out too, within two intervals.
    world.run(s(3_660), 100, |_, dice| around(ms(10), dice));
    assert_eq!(world.table.request_timeout(), before);
}

#[test]
fn a_subgraph_that_is_slow_all_at_once_is_soon_waited_for() {
    let mut world = World::new(SETTINGS, 4);
    world.run(s(60), 100, |_, dice| around(ms(10), dice));
    world.run(s(120), 100, |_, dice| around(s(3), dice));
    world.done.clear();
    world.run(s(180), 100, |_, dice| around(s(3), dice));
    assert!(world.cut(s(120)) < 0.005, "{}", world.cut(s(120)));
}

#[test]
fn a_breakers_few_probes_find_it_too() {
    let mut world = World::new(SETTINGS, 5);
    world.run(s(60), 100, |_, dice| around(ms(10), dice));
    // Three each thirty seconds, of which each takes two seconds.
    for n in 0..3 {
        let end = s(90 + 30 * n);
        world.run(end - TICK, 0, |_, _| unreachable!());
        world.run(end, 12, |_, _| s(2));
    }
    world.run(s(160), 0, |_, _| unreachable!());
    assert!(world.done.iter().rev().take(3).all(|done| done.answered), "{:?}", world.table.request_timeout());
}

#[test]
fn a_part_that_takes_much_longer_is_soon_waited_for() {
    for seed in 10..20 {
        let mut world = World::new(SETTINGS, seed);
        world.run(s(60), 100, |_, dice| around(ms(10), dice));
        // One in twenty, from then on: another kind of query.
        let kinds = |_, dice: &mut Dice| if dice.below(20) == 0 { s(7) } else { around(ms(10), dice) };
        world.run(s(600), 20, kinds);
        assert!(world.cut(s(180)) < 0.001, "seed {seed}: {}", world.cut(s(180)));
    }
}

#[test]
fn a_part_that_always_hangs_is_cut_early_most_of_the_time() {
    for seed in 20..30 {
        let mut world = World::new(SETTINGS, seed);
        // One in twenty, as when one of twenty hosts is dead: more than the percentile leaves out.
        let hangs =
            |_, dice: &mut Dice| if dice.below(20) == 0 { Duration::MAX } else { around(ms(10), dice) };
        world.run(s(3_600), 20, hangs);
        let cut: Vec<_> = world.done.iter().filter(|done| !done.answered && done.sent > s(120)).collect();
        let long = cut.iter().filter(|done| done.waited > s(4)).count() as f64;
        assert!(cut.len() > 3_000 && long < 0.2 * cut.len() as f64, "seed {seed}: {long} of {}", cut.len());
        assert!(world.cut(Duration::ZERO) < 0.06);
    }
}

#[test]
fn a_trial_ends_though_nobody_waits_for_it() {
    let mut world = World::new(SETTINGS, 30);
    world.patience = s(3);
    let hangs = |_, dice: &mut Dice| if dice.below(20) == 0 { Duration::MAX } else { around(ms(10), dice) };
    world.run(s(3_600), 20, hangs);
    let cut: Vec<_> = world.done.iter().filter(|done| !done.answered && done.sent > s(120)).collect();
    let long = cut.iter().filter(|done| done.waited > s(2)).count() as f64;
    assert!(long > 0.0 && long < 0.2 * cut.len() as f64, "{long} of {}", cut.len());
}
