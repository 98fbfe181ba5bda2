//! All interleavings up to a depth, as loom explores them: depth first, worlds that were seen with as much depth left not again.

use std::collections::HashMap;

use super::act::Act;
use super::world::World;
use super::{Forced, settings};

/// Where it begins, by what one worker does.
const CLOSED: &[Act] = &[];
const STREAK: &[Act] = &[Act::Begin(0), Act::End(0, 0, false), Act::Go(0), Act::Go(0), Act::Tick(1)];
const DUE: &[Act] = &[
    Act::Begin(0),
    Act::Begin(1),
    Act::End(0, 0, false),
    Act::Go(0),
    Act::Go(0),
    Act::Begin(0),
    Act::End(0, 0, false),
    Act::Go(0),
    Act::Go(0),
    Act::Tick(1),
    Act::Pass(1_000),
];

struct Search {
    /// How deep it was looked below a world.
    seen: HashMap<u64, usize>,
    /// That may still happen: deaths, and an operator's wishes.
    deaths: usize,
    forces: usize,
    worlds: usize,
}

#[test]
fn every_short_interleaving_of_two_workers_keeps_the_bounds_and_can_end_closed() {
    for (begin, places, depth) in [(CLOSED, 1, 14), (STREAK, 1, 13), (DUE, 1, 11), (DUE, 2, 11)] {
        search(begin, places, 2, depth, 0);
    }
}

#[test]
fn every_short_interleaving_with_an_operator_keeps_the_bounds_and_can_end_closed() {
    for (begin, places, depth) in [(CLOSED, 1, 8), (DUE, 1, 8)] {
        search(begin, places, 2, depth, 2);
    }
}

#[test]
fn every_short_interleaving_of_three_workers_keeps_the_bounds_and_can_end_closed() {
    for (begin, places, depth) in [(CLOSED, 1, 11), (STREAK, 1, 10), (DUE, 1, 8), (DUE, 2, 8)] {
        search(begin, places, 3, depth, 0);
    }
}

fn search(begin: &[Act], places: u32, workers: usize, depth: usize, forces: usize) {
    let mut world = World::new(settings(places), workers, 2);
    for act in begin {
        assert!(world.can(*act), "{act:?}");
        world.act(*act, 0).unwrap();
    }
    let mut search = Search { seen: HashMap::new(), deaths: 1, forces, worlds: 0 };
    let mut acts = Vec::new();
    if let Err(wrong) = search.below(&world, depth, &mut acts) {
        panic!("{places} places, after {begin:?} and then {acts:?}: {wrong}");
    }
    println!("{workers} workers, {places} places, depth {depth}: {} worlds", search.worlds);
}

impl Search {
    fn below(&mut self, world: &World, depth: usize, acts: &mut Vec<Act>) -> Result<(), String> {
        let seen = self.seen.entry(world.fingerprint() ^ (self.deaths + 2 * self.forces) as u64).or_insert(0);
        let is_new = *seen == 0;
        // Depths count from 1 here.
        if *seen > depth {
            return Ok(());
        }
        *seen = depth + 1;
        if is_new {
            self.worlds += 1;
            for survivor in 0..world.calls().count() {
                world
                    .clone()
                    .recovers(survivor)
                    .map_err(|wrong| format!("only {survivor} lives: {wrong}"))?;
            }
        }
        if depth == 0 {
            return Ok(());
        }
        for act in possible(world, self.deaths > 0, self.forces > 0) {
            let mut next = world.clone();
            acts.push(act);
            next.act(act, 0)?;
            let is_death = matches!(act, Act::Die(_));
            let is_force = matches!(act, Act::Force(..));
            self.deaths -= usize::from(is_death);
            self.forces -= usize::from(is_force);
            self.below(&next, depth - 1, acts)?;
            self.deaths += usize::from(is_death);
            self.forces += usize::from(is_force);
            acts.pop();
        }
        Ok(())
    }
}

fn possible(world: &World, may_die: bool, may_force: bool) -> Vec<Act> {
    let mut acts = vec![Act::Pass(1_000), Act::Pass(3_000)];
    if may_force {
        acts.extend([None, Some(Forced::Open), Some(Forced::Closed)].map(|forced| Act::Force(1, forced)));
    }
    for (at, calls) in world.calls().enumerate() {
        acts.extend([Act::Begin(at), Act::Go(at), Act::Tick(at)]);
        acts.extend((0..calls).flat_map(|call| [Act::End(at, call, true), Act::End(at, call, false)]));
        acts.extend(may_die.then_some(Act::Die(at)));
    }
    acts.retain(|act| world.can(*act));
    acts
}
