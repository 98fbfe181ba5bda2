//! Calls to subgraphs: what is sent, and what comes of the answer or of none.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

use super::{Calling, Gateway, InFlight};
use crate::config::SubgraphConfig;
use crate::error::Code;
use crate::event::{Call, CallFailure, CallId, Header, HttpResponse, Level, Output, RequestId, Timestamp};
use crate::executor::{Answer, ReadyCall};
use crate::headers;
use crate::limit::Limit;
use crate::metric::Metric;
use crate::response::errors::GraphQlError;

const CONTENT_TYPE: Header = (Cow::Borrowed("content-type"), Cow::Borrowed(b"application/json"));

const ACCEPT: Header = (
    Cow::Borrowed("accept"),
    Cow::Borrowed(b"application/graphql-response+json;charset=utf-8, application/json;charset=utf-8"),
);

impl Gateway {
    /// Makes a call for operation `part` of a request, which has `left` until its deadline.
    pub(super) fn call(
        &mut self,
        now: Timestamp,
        request: RequestId,
        part: u32,
        left: Duration,
        ready: ReadyCall,
    ) {
        let ReadyCall { fetch, subgraph, body } = ready;
        let id = self.next_call_id();
        let Some(asking) = self.requests.get_mut(&request) else { return };
        let engine = Rc::clone(&asking.engine);
        let config = engine.config.subgraphs.get(subgraph.0 as usize);
        let timeout = config.map_or(left, |config| config.timeout);
        let in_flight = InFlight { request, part, fetch, subgraph, lasts_to_deadline: left <= timeout };
        self.calls.insert(id, Calling::Fetch(in_flight));
        let mut headers = vec![CONTENT_TYPE, ACCEPT];
        asking.calls.push(id);
        if let Some(config) = config {
            headers::for_call(&engine.config, config, &asking.headers, &mut headers);
        }
        let Some(config) = config else {
            // A plan names subgraphs of its own supergraph only; if not, the fetch must end all the same.
            self.outputs.push_back(Output::Log(Level::Error, "weir: a plan names no subgraph".into()));
            return self.call_failed(now, id, CallFailure::Refused);
        };
        let call = Call {
            id,
            request: Some(request),
            method: "POST",
            cluster: config.cluster.clone(),
            authority: config.authority.clone(),
            path: config.path.clone(),
            headers,
            body,
            timeout: timeout.min(left).max(Duration::from_millis(1)),
        };
        self.count(Metric::SubgraphCalls(engine.label(subgraph)), 1);
        self.outputs.push_back(Output::Call(call));
    }

    /// A subgraph has answered.
    pub(super) fn call_done(&mut self, now: Timestamp, call: CallId, response: HttpResponse) {
        // Unknown: the request it was made for has been answered, or its client is gone.
        let in_flight = match self.calls.remove(&call) {
            Some(Calling::Fetch(in_flight)) => in_flight,
            Some(other) => return self.own_call_ended(now, other, Ok(response)),
            None => return,
        };
        let InFlight { request: id, part, fetch, subgraph, .. } = in_flight;
        let Some(request) = self.requests.get_mut(&id) else { return };
        request.calls.retain(|open| *open != call);
        let HttpResponse { status, headers, body } = response;
        let engine = Rc::clone(&request.engine);
        let label = engine.label(subgraph);
        let mut headers_fit = true;
        let mut service = "";
        if let Some(config) = engine.config.subgraphs.get(subgraph.0 as usize) {
            service = config.name.as_str();
            if !(engine.config.headers.response.is_empty() && config.headers.response.is_empty()) {
                headers_fit = request.response_headers.take(&engine.config, config, (part, fetch.0), headers);
            }
        }
        let limit = engine.config.limits.max_response_bytes;
        let too_large = request.work.bytes().saturating_add(body.len()) > limit;
        let Some(execution) = request.work.running(part) else { return };
        let fine = if too_large {
            let message = format!(
                "The answers of the subgraphs are together larger than {limit} bytes (limits.max_response_bytes)."
            );
            let error = GraphQlError::new(Code::ResponseTooLarge, message);
            execution.fail(fetch, error.of(service));
            false
        } else {
            execution.absorb(fetch, Answer { status, body, service })
        };
        if !headers_fit {
            let line = format!("weir: headers of subgraph {service} left out: a reply would have too many");
            self.outputs.push_back(Output::Log(Level::Warn, line));
            self.count(Metric::LimitHit(Limit::ResponseHeaders), 1);
        }
        if !fine {
            self.count(Metric::SubgraphFailures(label), 1);
        }
        self.advance(now, id, part);
    }

    /// A call has failed without an answer.
    pub(super) fn call_failed(&mut self, now: Timestamp, call: CallId, failure: CallFailure) {
        let in_flight = match self.calls.remove(&call) {
            Some(Calling::Fetch(in_flight)) => in_flight,
            Some(other) => return self.own_call_ended(now, other, Err(failure)),
            None => return,
        };
        let InFlight { request: id, part, fetch, subgraph, lasts_to_deadline } = in_flight;
        let Some(engine) = self.requests.get(&id).map(|request| Rc::clone(&request.engine)) else { return };
        self.count(Metric::SubgraphFailures(engine.label(subgraph)), 1);
        if failure == CallFailure::Refused {
            self.count(Metric::SubgraphRefusals(engine.label(subgraph)), 1);
        }
        if failure == CallFailure::TimedOut && lasts_to_deadline {
            // It is the request that took too long, whichever of the host's timers comes first; the host's
            // clock may even be a little behind `now`.
            self.exceed(id);
            return self.end_late(now);
        }
        let Some(request) = self.requests.get_mut(&id) else { return };
        request.calls.retain(|open| *open != call);
        let config = engine.config.subgraphs.get(subgraph.0 as usize);
        if let Some(execution) = request.work.running(part) {
            execution.fail(fetch, error_of(failure, config));
        }
        self.advance(now, id, part);
    }
}

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
            Calling::Fetch(_) => {}
        }
    }
}

fn error_of(failure: CallFailure, config: Option<&SubgraphConfig>) -> GraphQlError {
    let service = config.map_or("", |config| config.name.as_str());
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
        CallFailure::TimedOut => (
            Code::SubgraphTimedOut,
            format!(
                "Subgraph \"{service}\" did not answer within {} ms.",
                config.map_or(0, |config| config.timeout.as_millis())
            ),
        ),
        CallFailure::Interrupted => {
            (Code::SubgraphUnreachable, format!("The answer of subgraph \"{service}\" broke off."))
        }
    };
    GraphQlError::new(code, message).of(service)
}
