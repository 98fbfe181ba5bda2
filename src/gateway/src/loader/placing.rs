//! Where the keys that a request wants find a place: on a flight that has them, on one that gathers, or on a new one.

use std::rc::Rc;

use weir_traffic::batch_window::Reason;

use super::flight::{self, Flight, State};
use super::{FlightId, Loader, Placed, Sharing, Subscriber, Wanted};
use crate::event::Timestamp;
use crate::executor::{Pairs, Share};

impl Loader {
    /// Finds or makes the flights for what a request wants. Those that are to be sent at once are then to be had from
    /// [`Loader::depart`]. `expected` says whether it was announced by [`Loader::expect`].
    pub(crate) fn want(
        &mut self,
        now: Timestamp,
        wanted: Wanted,
        expected: bool,
        sharing: Sharing,
    ) -> Placed {
        if expected {
            self.come(wanted.group);
        }
        let alone = !sharing.batches || !self.expected.contains_key(&wanted.group);
        let size = flight::size(wanted.lists.iter().map(|list| &list.keys));
        let candidates = self.candidates(now, &wanted, sharing);
        if candidates.is_empty() && (alone || wanted.lists.is_empty()) && size <= sharing.most {
            let shares = sharing.batches || !sharing.joinable_age.is_zero();
            let group = shares.then_some(wanted.group);
            let id = self.add(Flight::whole(wanted, self.epoch), group);
            self.leaving.push_back((id, Reason::Alone));
            return Placed { flights: 1, ..Placed::default() };
        }
        if wanted.lists.is_empty() {
            // A root fetch, and one is on its way: candidates are never empty here.
            if let Some(flight) = candidates.first().and_then(|id| self.flights.get_mut(*id)) {
                flight.subscribe(Subscriber {
                    ticket: wanted.ticket,
                    share: Share::Whole,
                    until: wanted.until,
                });
            }
            return Placed { flights: 1, joined: 1, duplicates: 0 };
        }
        self.place_keys(now, wanted, &candidates, alone, sharing)
    }

    /// The flights of the group that the request may join or add to: the one that gathers last.
    fn candidates(&self, now: Timestamp, wanted: &Wanted, sharing: Sharing) -> Vec<FlightId> {
        let Some(group) = self.groups.get(&wanted.group) else { return Vec::new() };
        let usable = |id: &&FlightId| {
            self.flights.get(**id).is_some_and(|flight| {
                let open = match flight.state {
                    State::Gathering { .. } => sharing.batches,
                    State::Sent { at, epoch, .. } => {
                        epoch == self.epoch
                            && !sharing.joinable_age.is_zero()
                            && now.since(at) <= sharing.joinable_age
                            // Else it may end for its owner's lack of time.
                            && flight.until.after(sharing.joinable_age) >= wanted.until
                    }
                };
                open && flight.fits(wanted)
            })
        };
        let mut found: Vec<FlightId> = group.iter().filter(usable).copied().collect();
        found.sort_by_key(|id| self.flights.get(*id).is_some_and(Flight::gathers));
        found
    }

    fn place_keys(
        &mut self,
        now: Timestamp,
        wanted: Wanted,
        candidates: &[FlightId],
        alone: bool,
        sharing: Sharing,
    ) -> Placed {
        let Wanted { ticket, group, route, body, lists, until, .. } = wanted;
        let body = Rc::new(body);
        let mut placed = Placed::default();
        let mut shares: Vec<(FlightId, Pairs)> = Vec::new();
        let mut gathering =
            candidates.last().copied().filter(|id| self.flights.get(*id).is_some_and(Flight::gathers));
        let joinable: Vec<FlightId> =
            candidates.iter().copied().filter(|id| Some(*id) != gathering).collect();
        for (number, list) in lists.iter().enumerate() {
            for (own, key) in (0_u32..).zip(list.keys.iter()) {
                let bytes = key.of(&body);
                let known = joinable.iter().find_map(|id| {
                    let theirs = self.flights.get(*id)?.find(number, key.hash, bytes)?;
                    Some((*id, theirs))
                });
                if let Some((id, theirs)) = known {
                    placed.joined = placed.joined.saturating_add(1);
                    note(&mut shares, id, lists.len(), number, (own, theirs));
                    continue;
                }
                if let Some((id, theirs)) =
                    gathering.and_then(|id| Some((id, self.flights.get(id)?.find(number, key.hash, bytes)?)))
                {
                    placed.duplicates = placed.duplicates.saturating_add(1);
                    note(&mut shares, id, lists.len(), number, (own, theirs));
                    continue;
                }
                if let Some(full) = gathering
                    && self.flights.get(full).is_none_or(|flight| flight.size() >= sharing.most.max(1))
                {
                    self.close(full, Reason::Size);
                    gathering = None;
                }
                let id = gathering.unwrap_or_else(|| {
                    let flight = Flight::gathering(now, route.clone(), group, &body, &lists, until);
                    self.add(flight, Some(group))
                });
                gathering = Some(id);
                let theirs =
                    self.flights.get_mut(id).map_or(0, |flight| flight.push(number, key.hash, bytes));
                note(&mut shares, id, lists.len(), number, (own, theirs));
            }
        }
        placed.flights = u32::try_from(shares.len()).unwrap_or(u32::MAX);
        for (id, pairs) in shares {
            let Some(flight) = self.flights.get_mut(id) else { continue };
            let share = flight.share(pairs, &lists);
            flight.subscribe(Subscriber { ticket, share, until });
        }
        if let Some(id) = gathering {
            self.settle(now, id, alone, sharing);
        }
        placed
    }

    /// Decides how long a flight gathers keys, after some were added.
    fn settle(&mut self, now: Timestamp, id: FlightId, alone: bool, sharing: Sharing) {
        let Some(flight) = self.flights.get_mut(id) else { return };
        let State::Gathering { opened, waits } = &mut flight.state else { return };
        let (opened, waits) = (*opened, std::mem::replace(waits, true));
        if alone {
            let first = flight.subscribers.len() == 1 && !waits;
            return self.close(id, if first { Reason::Alone } else { Reason::Complete });
        }
        if flight.size() >= sharing.enough.min(sharing.most) {
            return self.close(id, Reason::Size);
        }
        let ends = opened.after(sharing.window);
        if !waits {
            if sharing.window.is_zero() {
                self.turn.push(id);
            } else {
                self.windows.insert((ends, id));
                flight.ends = Some(ends);
            }
        }
        if !sharing.window.is_zero() && ends <= now {
            self.close(id, Reason::Window);
        }
    }
}

/// Notes that a key is to be had from a flight.
fn note(shares: &mut Vec<(FlightId, Pairs)>, flight: FlightId, lists: usize, list: usize, pair: (u32, u32)) {
    if shares.last().is_none_or(|(last, _)| *last != flight)
        && let Some(at) = shares.iter().position(|(known, _)| *known == flight)
    {
        let last = shares.len().saturating_sub(1);
        shares.swap(at, last);
    } else if shares.last().is_none_or(|(last, _)| *last != flight) {
        shares.push((flight, vec![Vec::new(); lists]));
    }
    if let Some(pairs) = shares.last_mut().and_then(|(_, share)| share.get_mut(list)) {
        pairs.push(pair);
    }
}
