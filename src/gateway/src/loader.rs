//! Which fetches of which requests share a call.
//!
//! Fetches may share one if they ask the same subgraph the same document, with the same other variables and the same
//! forwarded headers, for the same supergraph: a *group*. What is asked for is a *key*: a representation, or all of a
//! root fetch. A call with its keys and those who wait for it is a *flight*; before it is sent it may gather keys.
//!
//! Equality is always proved on bytes; hashes only find candidates. Memory is bounded by the requests in work: each
//! flight has a subscriber, each subscription is of a fetch in work.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use slotmap::SlotMap;
use weir_planner::plan::{FetchId, SubgraphId};
use weir_traffic::batch_window::Reason;

use crate::event::{CallId, Header, RequestId, Timestamp};
use crate::executor::{KeyList, Share};

mod flight;
mod placing;

use flight::{Flight, State};

/// A fetch of an operation of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ticket {
    pub(crate) request: RequestId,
    /// The operation's place in the request.
    pub(crate) part: u32,
    pub(crate) fetch: FetchId,
}

/// Where a call goes, and with what headers.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// Of the supergraph.
    pub(crate) generation: u64,
    pub(crate) subgraph: SubgraphId,
    /// What decides whether calls may be shared.
    pub(crate) headers: Rc<[Header]>,
}

impl Route {
    fn is(&self, other: &Route) -> bool {
        (self.generation, self.subgraph) == (other.generation, other.subgraph)
            && (Rc::ptr_eq(&self.headers, &other.headers) || self.headers == other.headers)
    }
}

/// How a subgraph's calls are shared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sharing {
    /// Keys in a call, at most; a request that wants more gets several.
    pub(crate) most: usize,
    /// Keys at which a call waits for no others.
    pub(crate) enough: usize,
    /// How long a call waits for others, at most.
    pub(crate) window: Duration,
    /// Whether it gathers the keys of several requests.
    pub(crate) batches: bool,
    /// How old a call may be for others to join it; zero: none is joined.
    pub(crate) joinable_age: Duration,
}

impl Sharing {
    /// A call of its own.
    pub(crate) const NONE: Sharing = Sharing {
        most: usize::MAX,
        enough: 0,
        window: Duration::ZERO,
        batches: false,
        joinable_age: Duration::ZERO,
    };
}

/// What a request wants of a subgraph.
pub(crate) struct Wanted {
    pub(crate) ticket: Ticket,
    /// The group's number; see [`Loader::expect`].
    pub(crate) group: u64,
    pub(crate) route: Route,
    /// The call that it would make alone.
    pub(crate) body: Vec<u8>,
    pub(crate) lists: Vec<KeyList>,
    /// Whether it has no side effects, so that it may be asked again.
    pub(crate) is_query: bool,
    /// Until when the request waits for it.
    pub(crate) until: Timestamp,
}

/// What became of a [`Wanted`].
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    /// The flights that bring it all.
    pub(crate) flights: u32,
    /// Keys that were on their way already.
    pub(crate) joined: usize,
    /// Keys that another request had added to the same call.
    pub(crate) duplicates: usize,
}

slotmap::new_key_type! {
    /// A flight's number. It is never given again, so that who comes late finds nobody.
    pub(crate) struct FlightId;
}

/// A call that is to be sent.
#[derive(Debug)]
pub(crate) struct Departure {
    pub(crate) flight: FlightId,
    pub(crate) route: Route,
    pub(crate) body: Rc<Vec<u8>>,
    /// The request that came last of those that wait for it.
    pub(crate) owner: RequestId,
    /// Whether the owner's coming is why it is sent, so that its stream may do so.
    pub(crate) is_at_once: bool,
    /// Whether it is a batch of entities that was not sent before.
    pub(crate) is_counted: bool,
    pub(crate) is_query: bool,
    /// A fetch that it serves.
    pub(crate) ticket: Ticket,
    pub(crate) until: Timestamp,
    pub(crate) keys: usize,
    pub(crate) requests: usize,
    pub(crate) waited: Duration,
    pub(crate) reason: Reason,
}

/// Somebody who waits for a flight.
#[derive(Debug, Clone)]
pub(crate) struct Subscriber {
    pub(crate) ticket: Ticket,
    pub(crate) share: Share,
    pub(crate) until: Timestamp,
}

/// What a flight that may be asked again has behind it, and before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outlook {
    /// Calls that were made for it and failed.
    pub(crate) tries: u32,
    pub(crate) is_query: bool,
    /// Until when somebody waits for it.
    pub(crate) until: Timestamp,
    /// Whether another call for it is on its way.
    pub(crate) has_another: bool,
}

/// A flight whose call has ended.
#[derive(Debug)]
pub(crate) struct Landed {
    pub(crate) subgraph: SubgraphId,
    pub(crate) subscribers: Vec<Subscriber>,
    pub(crate) sent: Timestamp,
    pub(crate) until: Timestamp,
    /// Its calls that are still on their way.
    pub(crate) calls: Vec<CallId>,
    flight: Flight,
}

impl Landed {
    /// Keys of the call, for each lookup.
    pub(crate) fn keys(&self) -> Vec<usize> {
        self.flight.lists.iter().map(|list| list.len()).collect()
    }

    /// All of them; a root fetch counts as one.
    pub(crate) fn size(&self) -> usize {
        self.flight.size()
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Loader {
    flights: SlotMap<FlightId, Flight>,
    /// Flights that others may join or add to, by their group's number.
    groups: HashMap<u64, Vec<FlightId>>,
    /// How many fetches of a group have not started; a number that two groups have by chance only makes one wait in vain.
    expected: HashMap<u64, u32>,
    /// Flights that gather keys until a time.
    windows: BTreeSet<(Timestamp, FlightId)>,
    /// Flights that gather keys until the host's next turn.
    turn: Vec<FlightId>,
    leaving: VecDeque<(FlightId, Reason)>,
    /// Flights that are asked for again at a time.
    later: BTreeSet<(Timestamp, FlightId)>,
    /// Mutations answered so far: flights from before are not joined.
    epoch: u64,
}

impl Loader {
    /// A request in work has a fetch of this group that has not started.
    pub(crate) fn expect(&mut self, group: u64) {
        let count = self.expected.entry(group).or_default();
        *count = count.saturating_add(1);
    }

    /// It starts, or never will.
    pub(crate) fn unexpect(&mut self, group: u64) {
        if self.come(group) {
            self.complete(group);
        }
    }

    /// Notes that one less is expected; true if nobody is any more.
    fn come(&mut self, group: u64) -> bool {
        match self.expected.get_mut(&group) {
            Some(count) if *count > 1 => {
                *count = count.saturating_sub(1);
                false
            }
            Some(_) => {
                self.expected.remove(&group);
                true
            }
            None => false,
        }
    }

    /// Sends what gathers for a group that nobody else will add to.
    fn complete(&mut self, group: u64) {
        let gathering: Vec<FlightId> = self
            .groups
            .get(&group)
            .into_iter()
            .flatten()
            .copied()
            .filter(|id| self.flights.get(*id).is_some_and(Flight::gathers))
            .collect();
        for id in gathering {
            self.close(id, Reason::Complete);
        }
    }

    fn add(&mut self, flight: Flight, group: Option<u64>) -> FlightId {
        let id = self.flights.insert(flight);
        if let Some(group) = group {
            self.groups.entry(group).or_default().push(id);
        }
        id
    }

    /// Ends the gathering of keys.
    fn close(&mut self, id: FlightId, reason: Reason) {
        let Some(flight) = self.flights.get_mut(id) else { return };
        if let Some(ends) = flight.ends.take() {
            self.windows.remove(&(ends, id));
        }
        self.turn.retain(|waiting| *waiting != id);
        flight.close(self.epoch);
        self.leaving.push_back((id, reason));
    }

    /// The host's next turn has come: what waits for it, or has waited long enough, is sent.
    pub(crate) fn turn(&mut self, now: Timestamp) {
        for id in std::mem::take(&mut self.turn) {
            self.close(id, Reason::Turn);
        }
        while let Some((ends, id)) = self.windows.first().copied() {
            if ends > now {
                break;
            }
            self.close(id, Reason::Window);
        }
        while let Some((at, id)) = self.later.first().copied() {
            if at > now {
                break;
            }
            self.later.remove(&(at, id));
            if let Some(flight) = self.flights.get_mut(id) {
                flight.again_at = None;
                self.leaving.push_back((id, Reason::Complete));
            }
        }
    }

    /// Whether [`Loader::turn`] is needed as soon as can be.
    pub(crate) fn needs_turn(&self) -> bool {
        !self.turn.is_empty()
    }

    /// When [`Loader::turn`] is needed next.
    pub(crate) fn poll_timeout(&self) -> Option<Timestamp> {
        let windows = self.windows.first().map(|(ends, _)| *ends);
        windows.into_iter().chain(self.later.first().map(|(at, _)| *at)).min()
    }

    /// The next call to be sent.
    pub(crate) fn depart(&mut self, now: Timestamp) -> Option<Departure> {
        loop {
            let (id, reason) = self.leaving.pop_front()?;
            // Everybody who wanted it may be gone.
            if let Some(departure) = self.departure(now, id, reason) {
                return Some(departure);
            }
        }
    }

    /// A departure that had to wait, or a second call for a flight, for those who want it now; `None` if nobody does.
    pub(crate) fn recall(&mut self, now: Timestamp, id: FlightId) -> Option<Departure> {
        let departure = self.departure(now, id, Reason::Complete)?;
        Some(Departure { is_at_once: false, is_counted: false, ..departure })
    }

    fn departure(&mut self, now: Timestamp, id: FlightId, reason: Reason) -> Option<Departure> {
        let flight = self.flights.get_mut(id)?;
        let ticket = flight.subscribers.last()?.ticket;
        let waited = flight.send(now);
        let is_new = flight.is_first_try && !flight.is_sent_again;
        Some(Departure {
            flight: id,
            route: flight.route.clone(),
            body: flight.body(),
            owner: ticket.request,
            is_at_once: !matches!(reason, Reason::Turn | Reason::Window) && is_new,
            is_counted: is_new && !flight.lists.is_empty(),
            is_query: flight.is_query,
            ticket,
            until: flight.until,
            keys: flight.size(),
            requests: flight.requests(),
            waited,
            reason,
        })
    }

    /// Notes a call that a flight is; it may have two at once.
    pub(crate) fn sent(&mut self, id: FlightId, call: CallId, owner: Option<RequestId>) {
        if let Some(flight) = self.flights.get_mut(id) {
            flight.calls.push((call, owner));
        }
    }

    /// A call of a flight has failed. What is left to hope for; `None` if nobody waits for it.
    pub(crate) fn failed(&mut self, id: FlightId, call: CallId) -> Option<Outlook> {
        let flight = self.flights.get_mut(id)?;
        flight.calls.retain(|(known, _)| *known != call);
        Some(Outlook {
            tries: flight.tries.saturating_add(1),
            is_query: flight.is_query,
            until: flight.until,
            has_another: !flight.calls.is_empty(),
        })
    }

    /// Asks for a flight again at a time; [`Loader::turn`] then lets it depart.
    pub(crate) fn again(&mut self, at: Timestamp, id: FlightId) {
        let Some(flight) = self.flights.get_mut(id) else { return };
        flight.tries = flight.tries.saturating_add(1);
        flight.is_sent_again = true;
        flight.again_at = Some(at);
        self.later.insert((at, id));
    }

    /// Whether somebody waits for a flight.
    pub(crate) fn is_wanted(&self, id: FlightId) -> bool {
        self.flights.contains_key(id)
    }

    /// How often a flight was asked for in vain.
    pub(crate) fn tries(&self, id: FlightId) -> u32 {
        self.flights.get(id).map_or(0, |flight| flight.tries)
    }

    /// A flight has ended. `None` if nobody waits for it.
    pub(crate) fn land(&mut self, id: FlightId) -> Option<Landed> {
        let mut flight = self.remove(id)?;
        let State::Sent { at, .. } = flight.state else { return None };
        Some(Landed {
            subgraph: flight.route.subgraph,
            subscribers: std::mem::take(&mut flight.subscribers),
            sent: at,
            until: flight.until,
            calls: flight.calls.iter().map(|(call, _)| *call).collect(),
            flight,
        })
    }

    fn remove(&mut self, id: FlightId) -> Option<Flight> {
        let flight = self.flights.remove(id)?;
        if let Some(ends) = flight.ends {
            self.windows.remove(&(ends, id));
        }
        if let Some(at) = flight.again_at {
            self.later.remove(&(at, id));
        }
        self.turn.retain(|waiting| *waiting != id);
        self.leaving.retain(|(leaving, _)| *leaving != id);
        if let Some(group) = self.groups.get_mut(&flight.group) {
            group.retain(|member| *member != id);
            if group.is_empty() {
                self.groups.remove(&flight.group);
            }
        }
        Some(flight)
    }

    /// Whether a flight that failed as a whole may be asked again in halves: one key may have failed all of them, and
    /// those of other requests are not to suffer for it.
    pub(crate) fn may_split(&self, landed: &Landed) -> bool {
        landed.flight.is_first_try && landed.size() > 1 && flight::requests(&landed.subscribers) > 1
    }

    /// Sends its keys once more, half of them each; nobody may join these. Calls `more` with the flights that each
    /// subscriber now waits for.
    pub(crate) fn split(&mut self, now: Timestamp, landed: Landed, mut more: impl FnMut(&Ticket, u32)) {
        let Landed { subscribers, flight, .. } = landed;
        let halves = flight.halves(now, self.epoch, &subscribers);
        for subscriber in &subscribers {
            let ticket = subscriber.ticket;
            let waits = |half: &&Flight| half.subscribers.iter().any(|s| s.ticket == ticket);
            more(&ticket, u32::try_from(halves.iter().filter(waits).count()).unwrap_or(u32::MAX));
        }
        for half in halves {
            let id = self.add(half, None);
            self.leaving.push_back((id, Reason::Complete));
        }
    }

    /// A request has ended. Calls that nobody waits for any more go to `dropped`, and those that its stream has sent: their
    /// answers are lost with it, so they are sent again if others wait for them.
    pub(crate) fn forget(&mut self, request: RequestId, mut dropped: impl FnMut(CallId)) {
        for id in &self.flights_of(request) {
            let Some(flight) = self.flights.get_mut(*id) else { continue };
            flight.subscribers.retain(|subscriber| subscriber.ticket.request != request);
            if flight.subscribers.is_empty() {
                let gone = self.remove(*id);
                gone.into_iter().flat_map(|flight| flight.calls).for_each(|(call, _)| dropped(call));
                continue;
            }
            let lost = flight.calls.extract_if(.., |(_, owner)| *owner == Some(request));
            let lost: Vec<CallId> = lost.map(|(call, _)| call).collect();
            if !lost.is_empty() && flight.calls.is_empty() {
                flight.is_sent_again = true;
                self.leaving.push_back((*id, Reason::Complete));
            }
            lost.into_iter().for_each(&mut dropped);
        }
    }

    /// A mutation has been answered: whoever asks after it must see what it did.
    pub(crate) fn mutated(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
    }

    /// Mutations answered so far.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether nothing is kept of anybody.
    pub(crate) fn is_empty(&self) -> bool {
        self.flights.is_empty()
            && self.groups.is_empty()
            && self.expected.is_empty()
            && self.windows.is_empty()
            && self.turn.is_empty()
            && self.leaving.is_empty()
            && self.later.is_empty()
    }

    /// The flights that a request waits for.
    fn flights_of(&self, request: RequestId) -> Vec<FlightId> {
        let waits = |flight: &Flight| flight.subscribers.iter().any(|s| s.ticket.request == request);
        self.flights.iter().filter(|(_, flight)| waits(flight)).map(|(id, _)| id).collect()
    }
}
