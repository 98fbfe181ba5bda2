//! The traffic to each subgraph: which calls may be sent, when, for how long, and what is learned from how they end.
//!
//! A call on its way out meets, in this order: the breaker and the state of health (a look at a copy that is at most a
//! tick old), a slot of the pool or a place in the queue, and for a probe the other workers' consent. What the workers
//! agree on lives in shared data ([`cells`]); the rest is this worker's own.

mod admission;
mod again;
mod cells;
mod guard;
mod health;
mod outcome;
mod seen;
mod sent;
mod settings;
mod upkeep;
mod watch;

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

pub(super) use self::cells::TrafficCell;
pub(super) use self::guard::Guard;
pub(super) use self::outcome::{class_of, class_of_status, is_passing};
pub(super) use self::sent::Sent;
pub(super) use self::watch::Period;
use self::settings::Settings;
use super::Gateway;
use crate::config::TrafficConfig;
use crate::event::{CallId, Timestamp};
use crate::loader::FlightId;
use crate::metric::SubgraphId;

/// The traffic to all subgraphs.
#[derive(Default)]
pub(super) struct Traffic {
    /// By the subgraphs' places in metrics.
    guards: Vec<Guard>,
    /// Flights that ask the other workers whether they may be probes.
    claims: HashMap<u64, Claiming>,
    /// When calls get a second one beside them.
    hedges: BTreeSet<(Timestamp, CallId)>,
    /// When calls that nobody waits for have ended for certain, if no answer of theirs comes.
    expiries: BTreeSet<(Timestamp, CallId)>,
    /// When the counters of all workers are summed up next.
    next_sums: Timestamp,
    /// The time of the last input.
    pub(super) now: Timestamp,
    /// Numbers given so far: of claims, and of random numbers.
    numbers: u64,
}

/// A flight with a slot that would be a probe.
struct Claiming {
    flight: FlightId,
    label: SubgraphId,
    breaker: usize,
}

impl Traffic {
    /// What the gateway knows of a subgraph.
    pub(super) fn guard(&self, label: SubgraphId) -> Option<&Guard> {
        self.guards.get(label.0 as usize)
    }

    /// All of it, by the subgraphs' places in metrics.
    pub(super) fn guards(&self) -> &[Guard] {
        &self.guards
    }

    fn guard_mut(&mut self, label: SubgraphId) -> Option<&mut Guard> {
        self.guards.get_mut(label.0 as usize)
    }

    fn number(&mut self) -> u64 {
        self.numbers = self.numbers.wrapping_add(1);
        self.numbers
    }

    /// When time must pass for something of this to happen.
    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        let first = |of: &BTreeSet<(Timestamp, CallId)>| of.first().map(|(at, _)| *at);
        let waiting = self.guards.iter().filter_map(|guard| guard.poll_timeout(self.now));
        waiting.chain(first(&self.hedges)).chain(first(&self.expiries)).min()
    }
}

impl Gateway {
    /// Takes settings, by the subgraphs' places in metrics.
    pub(super) fn set_traffic(&mut self, now: Timestamp, traffic: Vec<TrafficConfig>) {
        let engine = Rc::clone(&self.engine);
        for (index, traffic) in (0..).zip(traffic) {
            let label = SubgraphId(index);
            let place = (0..).map(SubgraphId).take(engine.config.subgraphs.len()).find(|at| engine.label(*at) == label);
            let config = place.and_then(|place| engine.config.subgraphs.get(place.0 as usize));
            let known = self.traffic.guard(label).map(|guard| guard.settings.timeout);
            // One that is gone with its supergraph still ends its calls.
            let timeout = config.map(|config| config.timeout).or(known).unwrap_or(engine.config.request_timeout);
            let settings = Settings { traffic, timeout };
            match self.traffic.guard_mut(label) {
                Some(guard) => guard.set(now, settings),
                None => self.traffic.guards.push(Guard::new(now, self.worker, settings)),
            }
        }
    }

    /// A random number.
    fn random(&mut self) -> u64 {
        let number = self.traffic.number();
        xxh3_64_with_seed(&number.to_le_bytes(), self.worker)
    }
}
