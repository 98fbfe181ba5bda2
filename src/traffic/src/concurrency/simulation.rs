//! Limits in front of a simulated subgraph that works on so many calls at once, first come, first served.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::*;
use crate::simulated::Dice;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A subgraph and a worker that calls it. Times are µs.
struct Simulation {
    dice: Dice,
    now: u64,
    /// Calls that the subgraph works on at once, and how long on each, on average.
    capacity: usize,
    service: u64,
    /// It drops what comes while it works on so many or lets them wait.
    most_held: usize,
    /// Until when each of its places is taken.
    places: BinaryHeap<Reverse<u64>>,
    /// When each call in flight is answered, when it was sent, whether it was dropped.
    calls: BinaryHeap<Reverse<(u64, u64, bool)>>,
    /// When calls came for which there was none of the limit left.
    waiting: VecDeque<u64>,
    next_call: u64,
    latencies: Vec<u64>,
    drops: usize,
}

impl Simulation {
    fn new(capacity: usize, service_ms: u64) -> Simulation {
        Simulation {
            dice: Dice(7),
            now: 0,
            capacity,
            service: service_ms * 1_000,
            most_held: usize::MAX,
            places: std::iter::repeat_n(Reverse(0), capacity).collect(),
            calls: BinaryHeap::new(),
            waiting: VecDeque::new(),
            next_call: 0,
            latencies: Vec::new(),
            drops: 0,
        }
    }

    /// From a half to one and a half of the average for most calls; one in twenty takes three times as long.
    fn service(&mut self) -> u64 {
        let factor = if self.dice.share() < 0.05 { 3.0 } else { 0.4 + self.dice.share() };
        (self.service as f64 * factor) as u64
    }

    fn send(&mut self) {
        let full = self.calls.len() >= self.most_held;
        if full && self.calls.iter().filter(|Reverse((.., dropped))| !dropped).count() >= self.most_held {
            self.calls.push(Reverse((self.now + 1_000, self.now, true)));
            return;
        }
        let Reverse(free) = self.places.pop().unwrap();
        let end = free.max(self.now) + self.service();
        self.places.push(Reverse(end));
        self.calls.push(Reverse((end, self.now, false)));
    }

    /// `load` of what the subgraph bears comes, in irregular intervals; `None`: no limit.
    fn run(&mut self, mut limiter: Option<&mut Limiter>, seconds: u64, load: f64) {
        let until = self.now + seconds * 1_000_000;
        (self.latencies, self.drops) = (Vec::new(), 0);
        let every = self.service as f64 / (self.capacity as f64 * load);
        while self.now < until {
            let limit = limiter.as_ref().map_or(usize::MAX, |limiter| limiter.limit() as usize);
            while self.calls.len() < limit && self.waiting.pop_front().is_some() {
                self.send();
            }
            let answered = self.calls.peek().map(|Reverse((end, ..))| *end);
            if answered.is_some_and(|answered| answered <= self.next_call) {
                let in_flight = self.calls.len() as u32;
                let Reverse((end, sent, dropped)) = self.calls.pop().unwrap();
                self.now = self.now.max(end);
                if dropped {
                    self.drops += 1;
                } else {
                    self.latencies.push(end - sent);
                }
                if let Some(limiter) = &mut limiter {
                    let at = Duration::from_micros(self.now);
                    limiter.answered(at, Duration::from_micros(end - sent), in_flight, dropped);
                }
            } else {
                self.now = self.now.max(self.next_call);
                self.next_call += (every * 2.0 * self.dice.share()) as u64 + 1;
                self.waiting.push_back(self.now);
                // Who waits for long has gone.
                if self.waiting.len() > 1_000 {
                    self.waiting.pop_front();
                }
            }
        }
    }

    fn average_ms(&self) -> f64 {
        self.latencies.iter().sum::<u64>() as f64 / self.latencies.len() as f64 / 1_000.0
    }
}

fn limiter(algorithm: Algorithm, target: Option<Duration>) -> Limiter {
    Limiter::new(Settings { algorithm, min_limit: 4, max_limit: 1_000, target })
}

#[test]
fn the_gradient_settles_near_what_the_subgraph_bears() {
    for (capacity, service) in [(10, 20), (50, 50), (200, 40), (100, 400)] {
        let mut limiter = limiter(Algorithm::Gradient, None);
        let mut simulation = Simulation::new(capacity, service);
        simulation.run(Some(&mut limiter), 60, 2.0);
        // For long, so that it's seen if it climbs.
        for minute in 1..=5 {
            simulation.run(Some(&mut limiter), 60, 2.0);
            let (limit, took) = (f64::from(limiter.limit()), simulation.average_ms());
            let near = capacity as f64 / 2.0..=capacity as f64 * 2.0;
            assert!(near.contains(&limit), "{limit} of {capacity} after {minute} minutes");
            assert!(took < 2.0 * service as f64, "{took} ms instead of {service}");
            let possible = 60_000 / service as usize * capacity;
            assert!(simulation.latencies.len() * 10 > possible * 9, "the subgraph had too little to do");
        }
    }
}

#[test]
fn without_a_limit_the_same_overload_makes_calls_slower_and_slower() {
    let mut simulation = Simulation::new(50, 50);
    simulation.run(None, 10, 2.0);
    let first = simulation.average_ms();
    simulation.run(None, 10, 2.0);
    let second = simulation.average_ms();
    assert!(first > 1_000.0 && second > 5_000.0, "{first} ms, {second} ms");
}

#[test]
fn what_the_subgraph_bears_easily_is_not_held_up() {
    for algorithm in [Algorithm::Gradient, Algorithm::Aimd] {
        let mut limiter = limiter(algorithm, None);
        let mut simulation = Simulation::new(100, 30);
        simulation.run(Some(&mut limiter), 60, 0.5);
        simulation.run(Some(&mut limiter), 60, 0.5);
        // 50 calls are in flight on average.
        assert!(limiter.limit() > 60, "{}", limiter.limit());
        // One has just come.
        assert!(simulation.waiting.len() <= 1, "{algorithm:?}: {}", limiter.limit());
        let limit = limiter.limit();
        simulation.run(Some(&mut limiter), 60, 0.05);
        assert!(limiter.limit().abs_diff(limit) < limit / 4, "a limit that isn't used is left as it is");
    }
}

#[test]
fn a_slow_down_is_borne_and_recovered_from() {
    for times in [2, 10] {
        let mut limiter = limiter(Algorithm::Gradient, None);
        let mut simulation = Simulation::new(50, 20);
        simulation.run(Some(&mut limiter), 60, 1.5);
        // All calls take longer, of which fewer calls are no cure.
        simulation.service *= times;
        simulation.run(Some(&mut limiter), 120, 1.5);
        assert!((25..=100).contains(&limiter.limit()), "{times}: {}", limiter.limit());
        simulation.service /= times;
        simulation.run(Some(&mut limiter), 60, 1.5);
        assert!((25..=100).contains(&limiter.limit()), "{times}: {}", limiter.limit());
        simulation.run(Some(&mut limiter), 30, 1.5);
        assert!(simulation.average_ms() < 40.0, "{times}: {} ms", simulation.average_ms());
    }
}

#[test]
fn a_subgraph_that_bears_less_gets_less() {
    let mut limiter = limiter(Algorithm::Gradient, None);
    let mut simulation = Simulation::new(100, 20);
    simulation.run(Some(&mut limiter), 60, 1.5);
    // Four of five of its instances are gone.
    let rest = simulation.places.drain().take(20).collect();
    (simulation.places, simulation.capacity) = (rest, 20);
    simulation.run(Some(&mut limiter), 60, 7.5);
    simulation.run(Some(&mut limiter), 30, 7.5);
    assert!((10..=40).contains(&limiter.limit()), "{}", limiter.limit());
    assert!(simulation.average_ms() < 45.0, "{} ms", simulation.average_ms());
}

#[test]
fn aimd_settles_where_calls_are_dropped_or_too_slow() {
    let mut dropping = Simulation::new(50, 20);
    dropping.most_held = 75;
    let mut found = limiter(Algorithm::Aimd, None);
    dropping.run(Some(&mut found), 120, 2.0);
    assert!((25..=100).contains(&found.limit()), "{}", found.limit());
    dropping.run(Some(&mut found), 60, 2.0);
    let share = dropping.drops as f64 / dropping.latencies.len() as f64;
    assert!(share < 0.1, "{share} of the calls are dropped");

    let mut slow = Simulation::new(50, 20);
    let mut found = limiter(Algorithm::Aimd, Some(Duration::from_millis(30)));
    slow.run(Some(&mut found), 120, 2.0);
    assert!((25..=100).contains(&found.limit()), "{}", found.limit());
    assert!(slow.average_ms() < 40.0, "{} ms", slow.average_ms());
}

#[test]
fn a_subgraph_that_hangs_gets_the_least_and_is_found_again() {
    for algorithm in [Algorithm::Gradient, Algorithm::Aimd] {
        let mut limiter = limiter(algorithm, None);
        let mut simulation = Simulation::new(50, 20);
        simulation.run(Some(&mut limiter), 60, 1.0);
        // Nothing is answered within a second.
        let before = simulation.now;
        for n in 0..2_000 {
            let at = Duration::from_micros(before + 10_000 * n);
            limiter.answered(at, Duration::from_secs(1), limiter.limit(), true);
        }
        assert_eq!(limiter.limit(), 4);
        simulation.run(Some(&mut limiter), 120, 1.0);
        assert!(limiter.limit() >= 25, "{}", limiter.limit());
    }
}

#[test]
fn limits_stay_within_their_bounds() {
    for algorithm in [Algorithm::Gradient, Algorithm::Aimd] {
        let mut limiter = Limiter::new(Settings { algorithm, min_limit: 30, max_limit: 40, target: None });
        assert_eq!(limiter.limit(), 30);
        let mut simulation = Simulation::new(500, 10);
        simulation.run(Some(&mut limiter), 60, 1.0);
        assert!(limiter.limit() > 30 || algorithm == Algorithm::Gradient);
        limiter.set_settings(Settings { algorithm, min_limit: 0, max_limit: 0, target: None });
        assert_eq!(limiter.limit(), 1, "none at all would never learn anything");
        // Absurd measurements neither trap nor leave the bounds.
        for n in 0..1_000 {
            limiter.answered(Duration::MAX, Duration::from_secs(n % 2) * u32::MAX, u32::MAX, n % 3 == 0);
            limiter.answered(Duration::ZERO, Duration::MAX, 0, false);
        }
        assert_eq!(limiter.limit(), 1);
    }
}
