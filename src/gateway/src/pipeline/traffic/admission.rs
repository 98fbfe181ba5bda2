//! Whether a call is sent now, waits for a slot, or fails at once.

use std::rc::Rc;
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use super::cells::Edit;
use super::guard::{Look, Stop, add};
use super::sent::Sent;
use super::upkeep::micros;
use super::{Claiming, Gateway, Waiting};
use crate::error::Code;
use crate::event::{Call, Output, Timestamp};
use crate::loader::{Departure, FlightId};
use crate::metric::{Metric, SubgraphId};
use crate::pipeline::Calling;
use crate::response::errors::GraphQlError;

/// The least time that the host may be given for an answer: it takes less for none (HOST §3).
const LEAST_TIMEOUT: Duration = Duration::from_millis(1);

impl Gateway {
    /// Sends the calls that are due.
    pub(in crate::pipeline) fn send_flights(&mut self, now: Timestamp) {
        while let Some(departure) = self.loader.depart(now) {
            self.admit(now, departure);
        }
        if self.loader.needs_turn() {
            self.outputs.push_back(Output::Wake);
        }
    }

    fn admit(&mut self, now: Timestamp, departure: Departure) {
        let Some(label) =
            self.requests.get(&departure.owner).map(|request| request.engine.label(departure.route.subgraph))
        else {
            return;
        };
        self.departed(now, label, &departure);
        let breaker = self.breaker_of(label, &departure);
        let flight = departure.flight;
        let waiting = Waiting { flight, at_once_in: departure.is_at_once.then_some(self.traffic.turn) };
        let Some(guard) = self.traffic.guard_mut(label) else { return };
        match guard.look(now, breaker) {
            Look::Stop(stop) => return self.stop(now, flight, label, stop),
            // Who comes now doesn't overtake those that wait.
            Look::Pass if guard.queue.is_empty() && guard.take_slot(now) => {
                return self.launch(now, departure, label, breaker, None, false);
            }
            Look::Ask if guard.queue.is_empty() && guard.take_slot(now) => {
                return self.claim(waiting, label, breaker);
            }
            Look::Pass | Look::Ask => {}
        }
        let usual = guard.usual();
        let owner = u64::from(departure.owner.0);
        let late = guard.queue.shed(now.0, usual);
        // Whether it is one too many is known once the others were asked for slots.
        guard.queue.push_beyond(now.0, waiting, owner, departure.until.0);
        self.shed(now, label, late);
        self.ask_for_slots(now, label);
        self.refuse_beyond(now, label);
    }

    /// Refuses those that are too many to wait, unless there may be slots for them.
    pub(super) fn refuse_beyond(&mut self, now: Timestamp, label: SubgraphId) {
        let Some(guard) = self.traffic.guard_mut(label).filter(|guard| !guard.is_sharing) else { return };
        let beyond = guard.queue.take_beyond();
        let count = u64::try_from(beyond.len()).unwrap_or(u64::MAX);
        guard.counts.refused = guard.counts.refused.saturating_add(count);
        for Waiting { flight, .. } in beyond {
            self.stop(now, flight, label, Stop::Overloaded);
        }
    }

    /// Which of the subgraph's breakers a call goes by.
    fn breaker_of(&self, label: SubgraphId, departure: &Departure) -> usize {
        let Some(guard) = self.traffic.guard(label).filter(|guard| guard.breakers.len() > 1) else {
            return 0;
        };
        let ticket = departure.ticket;
        let plan = self.requests.get(&ticket.request).and_then(|request| request.work.plan(ticket.part));
        let fetch = plan.and_then(|plan| plan.fetches.get(ticket.fetch.0 as usize));
        guard.breaker_of(fetch.map_or(0, |fetch| xxh3_64(fetch.document.as_bytes())))
    }

    /// Asks the other workers whether a flight, which has a slot, may be a probe.
    fn claim(&mut self, waiting: Waiting, label: SubgraphId, breaker: usize) {
        let claim = self.traffic.number();
        self.traffic.claims.insert(claim, Claiming { waiting, label, breaker });
        self.edit(label, Edit::Claim { breaker, claim });
    }

    /// Sends what waits, as far as there are slots.
    pub(super) fn pump(&mut self, now: Timestamp, label: SubgraphId) {
        loop {
            let Some(guard) = self.traffic.guard_mut(label) else { return };
            if let Some(stop) = guard.stops_all(now) {
                for Waiting { flight, .. } in guard.queue.take_all() {
                    self.stop(now, flight, label, stop);
                }
                return;
            }
            if guard.queue.is_empty() || !guard.take_slot(now) {
                return;
            }
            let Some((waiting, waited)) = guard.queue.pop(now.0) else { return self.free_slot(label) };
            guard.longest_wait = guard.longest_wait.max(waited);
            let waited = micros(waited);
            guard.counts.wait_micros = guard.counts.wait_micros.saturating_add(waited);
            let Some(departure) = self.recall(now, waiting) else {
                self.free_slot(label);
                continue;
            };
            self.outputs.push_back(Output::Record(Metric::QueueWait(label), waited));
            let breaker = self.breaker_of(label, &departure);
            let Some(guard) = self.traffic.guard_mut(label) else { return };
            match guard.look(now, breaker) {
                Look::Pass => self.launch(now, departure, label, breaker, None, false),
                Look::Ask => self.claim(waiting, label, breaker),
                Look::Stop(stop) => {
                    self.free_slot(label);
                    self.stop(now, waiting.flight, label, stop);
                }
            }
        }
    }

    /// What has waited, for those who want it now.
    pub(super) fn recall(&mut self, now: Timestamp, waiting: Waiting) -> Option<Departure> {
        let departure = self.loader.recall(now, waiting.flight)?;
        Some(Departure { is_at_once: waiting.at_once_in == Some(self.traffic.turn), ..departure })
    }

    /// Fails calls that would get no slot in time.
    pub(super) fn shed(&mut self, now: Timestamp, label: SubgraphId, late: Vec<Waiting>) {
        for Waiting { flight, .. } in late {
            if !self.loader.is_wanted(flight) {
                continue;
            }
            if let Some(guard) = self.traffic.guard_mut(label) {
                add(&mut guard.counts.shed);
            }
            self.stop(now, flight, label, Stop::Overloaded);
        }
    }

    /// Changes this worker's share of the slots, if that is wanted.
    pub(super) fn ask_for_slots(&mut self, now: Timestamp, label: SubgraphId) {
        let Some(guard) = self.traffic.guard_mut(label) else { return };
        let waiting = u32::try_from(guard.queue.len()).unwrap_or(u32::MAX);
        if !guard.is_sharing && guard.pool.wants(now.0, waiting) {
            guard.is_sharing = true;
            self.edit(label, Edit::Share);
        }
    }

    /// Gives a slot back that was taken for a call that is not sent, or has ended.
    pub(super) fn free_slot(&mut self, label: SubgraphId) {
        if let Some(guard) = self.traffic.guard_mut(label) {
            guard.pool.release();
        }
    }

    /// Sends a call that has a slot.
    pub(super) fn launch(
        &mut self,
        now: Timestamp,
        departure: Departure,
        label: SubgraphId,
        breaker: usize,
        probe: Option<u64>,
        is_hedge: bool,
    ) {
        let Departure { flight, until, is_query, .. } = departure;
        let subgraph = departure.route.subgraph;
        let Some(request) = self.requests.get_mut(&departure.owner) else { return self.free_slot(label) };
        let engine = Rc::clone(&request.engine);
        let headers = request.headers_to(&self.plain_headers, subgraph).all;
        let Some(config) = engine.config.subgraphs.get(subgraph.0 as usize) else {
            return self.free_slot(label);
        };
        let left = until.since(now);
        let id = self.next_call_id();
        let tries = self.loader.tries(flight);
        let Some(guard) = self.traffic.guard_mut(label) else { return };
        // A mutation that was cut off may have happened: it gets all the time there is.
        let allowed =
            if is_query { guard.table.request_timeout().min(config.timeout) } else { config.timeout };
        let timeout = allowed.min(left).max(LEAST_TIMEOUT);
        let is_cut = left < allowed;
        let layout = guard.layout;
        let may_hedge = is_query && !is_hedge && probe.is_none();
        let hedge_after = guard.hedge_after.filter(|after| may_hedge && *after < timeout);
        let hedge_at = hedge_after.map(|after| now.after(after));
        if tries == 0 && !is_hedge {
            guard.budget.called(now.0);
        }
        let owner = departure.is_at_once.then_some(departure.owner);
        let epoch = guard.breakers.get(breaker).map_or(0, |copy| copy.breaker.epoch());
        let sent = Sent {
            flight,
            label,
            breaker,
            probe,
            at: now,
            epoch,
            layout,
            by: owner,
            is_cut,
            until: now.after(timeout),
            is_hedge,
            hedge_at,
        };
        self.loader.sent(flight, id, owner);
        if let Some(at) = hedge_at {
            self.traffic.hedges.insert((at, id));
        }
        let call = Call {
            id,
            request: owner,
            method: "POST",
            cluster: config.cluster.clone(),
            authority: config.authority.clone(),
            path: config.path.clone(),
            headers,
            body: Rc::clone(&departure.body),
            timeout,
        };
        self.count(Metric::SubgraphCalls(label), 1);
        self.send(Calling::Flight(sent), call);
    }

    /// Ends a flight without a call.
    pub(super) fn stop(&mut self, now: Timestamp, flight: FlightId, label: SubgraphId, stop: Stop) {
        if let Some(guard) = self.traffic.guard_mut(label) {
            match stop {
                Stop::CircuitOpen { .. } => add(&mut guard.counts.short_circuits),
                Stop::Unhealthy { .. } => add(&mut guard.counts.skipped),
                Stop::Overloaded => {}
            }
        }
        let name = self.labels.names().get(label.0 as usize).cloned().unwrap_or_default();
        let tries = self.loader.tries(flight);
        let Some(landed) = self.loader.land(flight) else { return };
        self.tried(label, tries, false, false);
        self.fail(now, &landed, &error_of(stop, now, &name));
    }
}

fn error_of(stop: Stop, now: Timestamp, service: &str) -> GraphQlError {
    let millis = |until: Timestamp| u64::try_from(until.since(now).as_millis()).unwrap_or(u64::MAX);
    let (code, message, after) = match stop {
        Stop::CircuitOpen { until: None } => {
            let message =
                format!("The circuit breaker of subgraph \"{service}\" is held open by an operator.");
            (Code::SubgraphCircuitOpen, message, None)
        }
        Stop::CircuitOpen { until: Some(until) } => {
            let after = millis(until);
            let message = format!(
                "The circuit breaker of subgraph \"{service}\" is open; it is tried again in {after} ms."
            );
            (Code::SubgraphCircuitOpen, message, Some(after))
        }
        Stop::Unhealthy { until } => {
            let after = millis(until);
            let message = format!(
                "Subgraph \"{service}\" is down by its health checks; the next one is in {after} ms."
            );
            (Code::SubgraphUnhealthy, message, Some(after))
        }
        Stop::Overloaded => {
            let message = format!(
                "Subgraph \"{service}\" has no connection free in time (connection_pool.max_connections, max_queue)."
            );
            (Code::SubgraphOverloaded, message, None)
        }
    };
    let mut error = GraphQlError::new(code, message).of(service);
    if let Some(after) = after {
        error.extensions.insert("retry_after_ms".into(), after.into());
    }
    error
}
