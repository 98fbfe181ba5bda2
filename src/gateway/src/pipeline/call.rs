//! Calls to subgraphs: what is sent, and what comes of the answer or of none.

use std::borrow::Cow;
use std::time::Duration;

use super::{Gateway, InFlight};
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
        let id = CallId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1);
        let timeout = self.config.subgraphs.get(subgraph.0 as usize).map_or(left, |config| config.timeout);
        let lasts_to_deadline = left <= timeout;
        self.calls.insert(id, InFlight { request, part, fetch, subgraph, lasts_to_deadline });
        let mut headers = vec![CONTENT_TYPE, ACCEPT];
        let config = self.config.subgraphs.get(subgraph.0 as usize);
        if let Some(request) = self.requests.get_mut(&request) {
            request.calls.push(id);
            if let Some(config) = config {
                headers::for_call(&self.config, config, &request.headers, &mut headers);
            }
        }
        let Some(config) = config else {
            // A plan names subgraphs of its own supergraph only; if not, the fetch must end all the same.
            self.outputs.push_back(Output::Log(Level::Error, "weir: a plan names no subgraph".into()));
            return self.call_failed(now, id, CallFailure::Refused);
        };
        let call = Call {
            id,
            request,
            cluster: config.cluster.clone(),
            authority: config.authority.clone(),
            path: config.path.clone(),
            headers,
            body,
            timeout: timeout.min(left).max(Duration::from_millis(1)),
        };
        self.count(Metric::SubgraphCalls(subgraph), 1);
        self.outputs.push_back(Output::Call(call));
    }

    /// A subgraph has answered.
    pub(super) fn call_done(&mut self, now: Timestamp, call: CallId, response: HttpResponse) {
        // Unknown: the request it was made for has been answered, or its client is gone.
        let Some(in_flight) = self.calls.remove(&call) else { return };
        let InFlight { request: id, part, fetch, subgraph, .. } = in_flight;
        let Some(request) = self.requests.get_mut(&id) else { return };
        request.calls.retain(|open| *open != call);
        let HttpResponse { status, headers, body } = response;
        let mut headers_fit = true;
        let mut service = "";
        if let Some(config) = self.config.subgraphs.get(subgraph.0 as usize) {
            service = config.name.as_str();
            if !(self.config.headers.response.is_empty() && config.headers.response.is_empty()) {
                headers_fit = request.response_headers.take(&self.config, config, (part, fetch.0), headers);
            }
        }
        let limit = self.config.limits.max_response_bytes;
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
            self.count(Metric::SubgraphFailures(subgraph), 1);
        }
        self.advance(now, id, part);
    }

    /// A call has failed without an answer.
    pub(super) fn call_failed(&mut self, now: Timestamp, call: CallId, failure: CallFailure) {
        let Some(in_flight) = self.calls.remove(&call) else { return };
        let InFlight { request: id, part, fetch, subgraph, lasts_to_deadline } = in_flight;
        self.count(Metric::SubgraphFailures(subgraph), 1);
        if failure == CallFailure::Refused {
            self.count(Metric::SubgraphRefusals(subgraph), 1);
        }
        if failure == CallFailure::TimedOut && lasts_to_deadline {
            // It is the request that took too long, whichever of the host's timers comes first; the host's
            // clock may even be a little behind `now`.
            self.exceed(id);
            return self.tick(now);
        }
        let Some(request) = self.requests.get_mut(&id) else { return };
        request.calls.retain(|open| *open != call);
        let config = self.config.subgraphs.get(subgraph.0 as usize);
        if let Some(execution) = request.work.running(part) {
            execution.fail(fetch, error_of(failure, config));
        }
        self.advance(now, id, part);
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
