//! Calls to subgraphs: who shares them, what is sent, and what comes of the answer or of none.

use std::rc::Rc;
use std::time::Duration;

use weir_planner::ExecutablePlan;
use weir_planner::plan::{FetchId, OperationKind};

use super::traffic::{Sent, class_of, class_of_status, is_passing};
use super::{Calling, Gateway};
use crate::error::Code;
use crate::event::{CallFailure, CallId, HttpResponse, Level, Output, RequestId, Timestamp};
use crate::executor::{Answer, Reading, ReadyCall};
use crate::limit::Limit;
use crate::loader::{Landed, Route, Sharing, Subscriber, Ticket, Wanted};
use crate::metric::Metric;
use crate::response::errors::GraphQlError;

impl Gateway {
    /// Gets what a fetch of operation `part` of a request asks for, which has `left` until its deadline: by a call of its
    /// own, or one that others make too. `group` is what it was expected by.
    pub(super) fn get_for(
        &mut self,
        now: Timestamp,
        id: RequestId,
        part: u32,
        left: Duration,
        ready: ReadyCall,
        group: Option<u64>,
    ) {
        let ReadyCall { fetch, subgraph, body, lists } = ready;
        let Some(request) = self.requests.get_mut(&id) else { return };
        let engine = Rc::clone(&request.engine);
        if engine.config.subgraphs.len() <= subgraph.0 as usize {
            // A plan names subgraphs of its own supergraph only; if not, the fetch must end all the same.
            self.outputs.push_back(Output::Log(Level::Error, "weir: a plan names no subgraph".into()));
            if let Some(execution) = request.work.running(part) {
                execution.fail(fetch, &error_of(CallFailure::Refused, "", Duration::ZERO));
            }
            return self.advance(now, id, part);
        }
        let generation = request.generation;
        let headers = request.headers_to(&self.plain_headers, subgraph);
        let Some(execution) = request.work.running(part) else { return };
        let is_query = execution.kind() == OperationKind::Query;
        let is_expected = group.is_some();
        let group = group.unwrap_or_else(|| execution.group(fetch, headers.seed ^ generation));
        let label = engine.label(subgraph);
        let sharing = if is_query { self.sharing(label) } else { Sharing::NONE };
        let route = Route { generation, subgraph, headers: headers.deciding };
        let until = now.after(left.max(Duration::from_millis(1)));
        let ticket = Ticket { request: id, part, fetch };
        let keys = lists.iter().fold(0_usize, |sum, list| sum.saturating_add(list.keys.len()));
        let placed = self.loader.want(
            now,
            Wanted { ticket, group, route, body, lists, is_query, until },
            is_expected,
            sharing,
        );
        if placed.flights != 1
            && let Some(execution) = self.requests.get_mut(&id).and_then(|request| request.work.running(part))
        {
            execution.wait_for(fetch, placed.flights);
        }
        if is_query {
            self.wanted(now, label, group, keys, placed);
        }
    }

    /// A subgraph has answered.
    pub(super) fn call_done(&mut self, now: Timestamp, call: CallId, response: HttpResponse) {
        match self.calls.remove(&call) {
            Some(Calling::Flight(sent)) => self.flight_answered(now, call, sent, response),
            Some(Calling::Abandoned(sent, expires)) => {
                let (class, _) = class_of_status(now, response.status, &response.headers);
                self.abandoned_ended(now, call, (&sent, expires), class);
            }
            Some(other) => self.own_call_ended(now, other, Ok(response)),
            // Its answer came later than it could.
            None => {}
        }
    }

    /// A call has failed without an answer.
    pub(super) fn call_failed(&mut self, now: Timestamp, call: CallId, failure: CallFailure) {
        match self.calls.remove(&call) {
            Some(Calling::Flight(sent)) => self.flight_failed(now, call, sent, failure),
            Some(Calling::Abandoned(sent, expires)) => {
                self.abandoned_ended(now, call, (&sent, expires), Some(class_of(failure)));
            }
            Some(other) => self.own_call_ended(now, other, Err(failure)),
            None => {}
        }
    }

    fn flight_answered(&mut self, now: Timestamp, call: CallId, sent: Sent, response: HttpResponse) {
        let HttpResponse { status, headers, body } = response;
        let (class, retry_after) = class_of_status(now, status, &headers);
        if let Some(class) = class.filter(|_| is_passing(status, retry_after)) {
            let outlook = self.loader.failed(sent.flight, call);
            if outlook.is_none_or(|outlook| {
                outlook.has_another || self.ask_again(now, &sent, outlook, class, retry_after)
            }) {
                self.count(Metric::SubgraphFailures(sent.label), 1);
                return self.call_ended(now, call, &sent, Some(class));
            }
        }
        let label = sent.label;
        let tries = self.loader.tries(sent.flight);
        let Some(landed) = self.land(call, &sent) else {
            return self.call_ended(now, call, &sent, class);
        };
        let readings = self.read(&landed, status, body);
        let first = readings.first();
        let poisoned = first.is_some_and(|(_, _, reading, _)| reading.fails_all());
        let codes = self.traffic.guard(label).map_or(&[][..], |guard| guard.graphql_codes());
        let failure = first.and_then(|(_, _, reading, _)| reading.failure(class, codes));
        self.call_ended(now, call, &sent, failure);
        self.landed(now, label, &landed, !poisoned);
        if poisoned
            && !matches!(status, 429 | 503)
            && self.loader.may_split(&landed)
            && self.may_repeat(now, label, &landed)
        {
            return self.split(now, landed);
        }
        self.tried(label, tries, sent.is_hedge, failure.is_none());
        let mut fine = true;
        for subscriber in &landed.subscribers {
            fine &= self.give(subscriber, &landed, &readings, &headers);
        }
        if !fine {
            self.count(Metric::SubgraphFailures(label), 1);
        }
        self.advance_all(now, &landed.subscribers);
    }

    /// Takes what a call has brought, or failed to; other calls for the same have come too late.
    fn land(&mut self, call: CallId, sent: &Sent) -> Option<Landed> {
        let landed = self.loader.land(sent.flight)?;
        for other in landed.calls.iter().filter(|other| **other != call) {
            self.abandon(*other);
        }
        Some(landed)
    }

    /// Reads an answer, once for each plan that a request with it runs.
    fn read(&self, landed: &Landed, status: u16, body: Vec<u8>) -> Readings {
        let mut plans: Readings = Vec::with_capacity(1);
        for subscriber in &landed.subscribers {
            let Ticket { request, part, fetch } = subscriber.ticket;
            let Some(request) = self.requests.get(&request) else { continue };
            let Some(plan) = request.work.plan(part) else { continue };
            if !plans.iter().any(|(known, of, ..)| Rc::ptr_eq(known, plan) && *of == fetch) {
                plans.push((Rc::clone(plan), fetch, Rc::default(), Rc::clone(&request.engine)));
            }
        }
        let mut left = Some(body);
        let last = plans.len().saturating_sub(1);
        for (index, (plan, fetch, reading, engine)) in plans.iter_mut().enumerate() {
            let config = engine.config.subgraphs.get(landed.subgraph.0 as usize);
            let service = config.map_or("", |config| config.name.as_str());
            let body = if index == last { left.take() } else { left.clone() }.unwrap_or_default();
            *reading = Rc::new(Reading::new(plan, *fetch, landed.keys(), Answer { status, body, service }));
        }
        plans
    }

    /// Gives a request its part of an answer. False if that was no use: the subgraph is at fault.
    fn give(
        &mut self,
        subscriber: &Subscriber,
        landed: &Landed,
        readings: &Readings,
        headers: &[(String, Vec<u8>)],
    ) -> bool {
        let Ticket { request: id, part, fetch } = subscriber.ticket;
        let Some(request) = self.requests.get_mut(&id) else { return true };
        let engine = Rc::clone(&request.engine);
        let mut headers_fit = true;
        let mut service = "";
        if let Some(config) = engine.config.subgraphs.get(landed.subgraph.0 as usize) {
            service = config.name.as_str();
            if !(engine.config.headers.response.is_empty() && config.headers.response.is_empty()) {
                let place = (part, fetch.0);
                headers_fit = request.response_headers.take(&engine.config, config, place, headers.to_vec());
            }
        }
        let limit = engine.config.limits.max_response_bytes;
        let kept = request.work.bytes();
        let Some(plan) = request.work.plan(part) else { return true };
        let found = readings.iter().find(|(known, of, ..)| Rc::ptr_eq(known, plan) && *of == fetch);
        let Some((.., reading, _)) = found else { return true };
        // Of a call that others share, what is its own counts.
        let bytes = reading.bytes_of(&subscriber.share);
        let Some(execution) = request.work.running(part) else { return true };
        let fine = if kept.saturating_add(bytes) > limit {
            let message = format!(
                "The answers of the subgraphs are together larger than {limit} bytes (limits.max_response_bytes)."
            );
            execution.fail(fetch, &GraphQlError::new(Code::ResponseTooLarge, message).of(service));
            false
        } else {
            execution.absorb(fetch, reading, &subscriber.share, bytes)
        };
        if !headers_fit {
            let line = format!("weir: headers of subgraph {service} left out: a reply would have too many");
            self.outputs.push_back(Output::Log(Level::Warn, line));
            self.count(Metric::LimitHit(Limit::ResponseHeaders), 1);
        }
        fine
    }

    /// Asks once more for what a call was to bring that failed as a whole, in halves.
    fn split(&mut self, now: Timestamp, landed: Landed) {
        let requests = &mut self.requests;
        self.loader.split(now, landed, |ticket, flights| {
            let execution =
                requests.get_mut(&ticket.request).and_then(|request| request.work.running(ticket.part));
            if let Some(execution) = execution {
                execution.wait_for_more(ticket.fetch, flights.saturating_sub(1));
            }
        });
    }

    fn flight_failed(&mut self, now: Timestamp, call: CallId, sent: Sent, failure: CallFailure) {
        let class = class_of(failure);
        let Some(outlook) = self.loader.failed(sent.flight, call) else {
            return self.call_ended(now, call, &sent, Some(class));
        };
        let again = outlook.has_another || self.ask_again(now, &sent, outlook, class, None);
        self.call_ended(now, call, &sent, Some(class));
        if failure == CallFailure::Refused {
            self.count(Metric::SubgraphRefusals(sent.label), 1);
        }
        if again {
            return self.count(Metric::SubgraphFailures(sent.label), 1);
        }
        let tries = self.loader.tries(sent.flight);
        let Some(landed) = self.land(call, &sent) else { return };
        self.landed(now, sent.label, &landed, false);
        self.tried(sent.label, tries, sent.is_hedge, false);
        if failure != CallFailure::TimedOut {
            let name = self.labels.names().get(sent.label.0 as usize).cloned().unwrap_or_default();
            return self.fail(now, &landed, &error_of(failure, &name, Duration::ZERO));
        }
        self.count(Metric::SubgraphFailures(sent.label), 1);
        let mut is_late = false;
        for subscriber in &landed.subscribers {
            let Ticket { request: id, part, fetch } = subscriber.ticket;
            let Some(request) = self.requests.get_mut(&id) else { continue };
            if request.deadline <= sent.until {
                // It is the request that took too long, whichever of the host's timers comes first; the host's
                // clock may even be a little behind `now`.
                self.exceed(id);
                is_late = true;
                continue;
            }
            let config = request.engine.config.subgraphs.get(landed.subgraph.0 as usize);
            let name = config.map_or("", |config| config.name.as_str());
            let error = error_of(failure, name, sent.until.since(sent.at));
            if let Some(execution) = request.work.running(part) {
                execution.fail(fetch, &error);
            }
        }
        if is_late {
            self.end_late(now);
        }
        self.advance_all(now, &landed.subscribers);
    }

    /// Gives an error to all who wait for a flight.
    pub(super) fn fail(&mut self, now: Timestamp, landed: &Landed, error: &GraphQlError) {
        self.count(Metric::SubgraphFailures(self.label_of(landed)), 1);
        for subscriber in &landed.subscribers {
            let Ticket { request, part, fetch } = subscriber.ticket;
            let request = self.requests.get_mut(&request);
            if let Some(execution) = request.and_then(|request| request.work.running(part)) {
                execution.fail(fetch, error);
            }
        }
        self.advance_all(now, &landed.subscribers);
    }

    fn advance_all(&mut self, now: Timestamp, subscribers: &[Subscriber]) {
        for subscriber in subscribers {
            self.advance(now, subscriber.ticket.request, subscriber.ticket.part);
        }
    }

    fn label_of(&self, landed: &Landed) -> crate::metric::SubgraphId {
        let first = landed.subscribers.first().and_then(|first| self.requests.get(&first.ticket.request));
        first.map_or(landed.subgraph, |request| request.engine.label(landed.subgraph))
    }
}

/// An answer, for each plan and fetch that it is read for.
type Readings = Vec<(Rc<ExecutablePlan>, FetchId, Rc<Reading>, Rc<crate::engine::Engine>)>;

impl Gateway {
    /// A call that no client's request makes has ended.
    fn own_call_ended(
        &mut self,
        now: Timestamp,
        calling: Calling,
        answer: Result<HttpResponse, CallFailure>,
    ) {
        match calling {
            Calling::StoreGet(key, get) => self.store_got(now, key, *get, answer),
            Calling::StorePut(put) => self.store_put_ended(now, *put, answer),
            Calling::Supergraph => self.fetched(now, answer),
            Calling::Check(label) => self.check_ended(now, label, answer),
            Calling::Flight(_) | Calling::Abandoned(..) => {}
        }
    }
}

fn error_of(failure: CallFailure, service: &str, timeout: Duration) -> GraphQlError {
    let (code, message) = match failure {
        CallFailure::Refused => (
            Code::SubgraphRefused,
            format!(
                "Envoy refused the call to subgraph \"{service}\": no healthy host, or a limit is reached."
            ),
        ),
        CallFailure::Unreachable => {
            (Code::SubgraphUnreachable, format!("Subgraph \"{service}\" could not be reached."))
        }
        CallFailure::Reset => (
            Code::SubgraphUnreachable,
            format!("The connection to subgraph \"{service}\" broke before its answer."),
        ),
        CallFailure::TimedOut => (
            Code::SubgraphTimedOut,
            format!("Subgraph \"{service}\" did not answer within {} ms.", timeout.as_millis()),
        ),
        CallFailure::Interrupted => {
            (Code::SubgraphUnreachable, format!("The answer of subgraph \"{service}\" broke off."))
        }
    };
    GraphQlError::new(code, message).of(service)
}
