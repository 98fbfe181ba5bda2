//! The worker's gateway: every request in work, and what each waits for.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use weir_planner::Supergraph;
use weir_planner::plan::{FetchId, SubgraphId};

use crate::Config;
use crate::error::Code;
use crate::event::{
    Call, CallFailure, CallId, HttpRequest, HttpResponse, Input, Level, Output, Reply, RequestId, Timestamp,
};
use crate::executor::{Answer, Execution, ReadyCall};
use crate::limit::Limit;
use crate::metric::Metric;
use crate::plans::Plans;
use crate::prepare::prepare;
use crate::protocol::{self, Media};
use crate::response::errors::GraphQlError;

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The GraphQL endpoint: give the whole request to the core.
    GraphQl,
    /// Liveness (`/health`): answer 200.
    Health,
    /// Readiness (`/ready`): answer 200 (a gateway that exists is ready).
    Ready,
    /// None of Weir's business: let the host route it.
    Pass,
}

/// The gateway of one worker.
pub struct Gateway {
    config: Config,
    supergraph: Supergraph,
    plans: Plans,
    requests: HashMap<RequestId, Request>,
    /// Deadlines of `requests`, soonest first.
    deadlines: BTreeSet<(Timestamp, RequestId)>,
    calls: HashMap<CallId, InFlight>,
    next_call: u64,
    outputs: VecDeque<Output>,
}

/// A request in work.
struct Request {
    deadline: Timestamp,
    media: Media,
    execution: Execution,
    /// Its calls in flight.
    calls: Vec<CallId>,
}

/// A call in flight, and the fetch it serves.
struct InFlight {
    request: RequestId,
    fetch: FetchId,
    subgraph: SubgraphId,
    /// Its timeout is all that was left of the request, so that both run out at once.
    lasts_to_deadline: bool,
}

impl Gateway {
    /// A gateway that serves `supergraph` with `config`.
    pub fn new(config: Config, supergraph: Supergraph) -> Gateway {
        Gateway {
            plans: Plans::new(config.limits.max_cached_plans),
            config,
            supergraph,
            requests: HashMap::new(),
            deadlines: BTreeSet::new(),
            calls: HashMap::new(),
            next_call: 0,
            outputs: VecDeque::new(),
        }
    }

    /// The configuration it was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where a request's path (with its query) leads.
    pub fn route(&self, path: &str) -> Route {
        match path.split('?').next().unwrap_or(path) {
            "/health" => Route::Health,
            "/ready" => Route::Ready,
            path if path == self.config.path => Route::GraphQl,
            _ => Route::Pass,
        }
    }

    /// Takes note of `input`; what follows from it is then to be had from [`Gateway::poll_output`].
    pub fn handle(&mut self, now: Timestamp, input: Input) {
        match input {
            Input::Request { id, request } => self.request(now, id, &request),
            Input::CallDone { call, response } => self.call_done(now, call, response),
            Input::CallFailed { call, failure } => self.call_failed(now, call, failure),
            Input::ClientGone { id } => self.client_gone(id),
            Input::Tick => self.tick(now),
        }
    }

    /// The next thing to do, until there is none. To be called after every [`Gateway::handle`].
    pub fn poll_output(&mut self) -> Option<Output> {
        loop {
            match self.outputs.pop_front()? {
                // Its request has ended since: nobody waits for the answer.
                Output::Call(call) if !self.calls.contains_key(&call.id) => {}
                output => return Some(output),
            }
        }
    }

    /// Whether [`Gateway::poll_output`] has something.
    pub fn has_output(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// When [`Input::Tick`] is needed next; `None` if nothing waits for time to pass.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    fn request(&mut self, now: Timestamp, id: RequestId, request: &HttpRequest) {
        self.count(Metric::Requests, 1);
        let media = match protocol::negotiate(request) {
            Ok(media) => media,
            Err((code, message)) => {
                return self.refuse(id, Media::Json, &[GraphQlError::new(code, message)], code);
            }
        };
        if self.requests.len() >= self.config.limits.max_active_requests {
            let error = GraphQlError::new(
                Code::Overloaded,
                "This worker has as many requests in work as limits.max_active_requests allows.",
            );
            return self.refuse(id, media, &[error], Code::Overloaded);
        }
        let read = match protocol::read(request, self.config.limits.max_body_bytes) {
            Ok(read) => read,
            Err((code, message)) => return self.refuse(id, media, &[GraphQlError::new(code, message)], code),
        };
        let outputs = &mut self.outputs;
        let prepared =
            prepare(&self.supergraph, &self.config.limits, &mut self.plans, &read, &mut |output| {
                outputs.push_back(output);
            });
        match prepared {
            Err(refused) => {
                if refused.code == Code::PlanningFailed {
                    let why = refused.errors.first().map_or("", |error| error.message.as_str());
                    self.outputs.push_back(Output::Log(Level::Error, format!("weir: {why}")));
                }
                self.refuse(id, media, &refused.errors, refused.code);
            }
            Ok(plan) => {
                self.count(Metric::RequestsActive, 1);
                let deadline = now.after(self.config.request_timeout);
                self.deadlines.insert((deadline, id));
                let execution = Execution::new(plan, read.variables);
                self.requests.insert(id, Request { deadline, media, execution, calls: Vec::new() });
                self.advance(now, id);
            }
        }
    }

    fn call_done(&mut self, now: Timestamp, call: CallId, response: HttpResponse) {
        // Unknown: the request it was made for has been answered, or its client is gone.
        let Some(InFlight { request: id, fetch, subgraph, .. }) = self.calls.remove(&call) else { return };
        let Some(request) = self.requests.get_mut(&id) else { return };
        request.calls.retain(|open| *open != call);
        let service =
            self.config.subgraphs.get(subgraph.0 as usize).map_or("", |subgraph| subgraph.name.as_str());
        let limit = self.config.limits.max_response_bytes;
        let fine = if request.execution.bytes().saturating_add(response.body.len()) > limit {
            let message = format!(
                "The answers of the subgraphs are together larger than {limit} bytes (limits.max_response_bytes)."
            );
            let error = GraphQlError::new(Code::ResponseTooLarge, message);
            request.execution.fail(fetch, error.of(service));
            false
        } else {
            request.execution.absorb(fetch, Answer { status: response.status, body: response.body, service })
        };
        if !fine {
            self.count(Metric::SubgraphFailures(subgraph), 1);
        }
        self.advance(now, id);
    }

    fn call_failed(&mut self, now: Timestamp, call: CallId, failure: CallFailure) {
        let Some(in_flight) = self.calls.remove(&call) else { return };
        let InFlight { request: id, fetch, subgraph, lasts_to_deadline } = in_flight;
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
        request.execution.fail(fetch, GraphQlError::new(code, message).of(service));
        self.advance(now, id);
    }

    fn client_gone(&mut self, id: RequestId) {
        if self.forget(id).is_some() {
            self.count(Metric::ClientsGone, 1);
        }
    }

    fn tick(&mut self, now: Timestamp) {
        while let Some((at, id)) = self.deadlines.first().copied() {
            if at > now {
                break;
            }
            self.exceed(id);
            self.deadlines.remove(&(at, id));
        }
    }

    /// Answers a request whose deadline has passed.
    fn exceed(&mut self, id: RequestId) {
        let Some(request) = self.forget(id) else { return };
        self.count(Metric::DeadlinesExceeded, 1);
        let message = format!(
            "The request took longer than {} ms (request_timeout).",
            self.config.request_timeout.as_millis()
        );
        let error = GraphQlError::new(Code::DeadlineExceeded, message);
        self.reply(id, protocol::refuse(request.media, &[error], Code::DeadlineExceeded));
    }

    /// Makes the calls that a request is ready for, or answers it if nothing is left to wait for.
    fn advance(&mut self, now: Timestamp, id: RequestId) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let left = request.deadline.since(now);
        let ready = request.execution.ready();
        if ready.is_empty() && request.execution.is_done() {
            let Some(request) = self.forget(id) else { return };
            let (body, errors) = request.execution.finish(self.config.limits.max_response_bytes);
            if errors.iter().any(|error| error.code == Code::ResponseTooLarge.text()) {
                self.count(Metric::LimitHit(Limit::ResponseBytes), 1);
            }
            self.reply(id, protocol::answer(request.media, body, &errors));
            return;
        }
        for call in ready {
            self.call(now, id, left, call);
        }
    }

    fn call(&mut self, now: Timestamp, request: RequestId, left: Duration, ready: ReadyCall) {
        let ReadyCall { fetch, subgraph, body } = ready;
        let id = CallId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1);
        let timeout = self.config.subgraphs.get(subgraph.0 as usize).map_or(left, |config| config.timeout);
        let lasts_to_deadline = left <= timeout;
        self.calls.insert(id, InFlight { request, fetch, subgraph, lasts_to_deadline });
        if let Some(request) = self.requests.get_mut(&request) {
            request.calls.push(id);
        }
        let Some(config) = self.config.subgraphs.get(subgraph.0 as usize) else {
            // A plan names subgraphs of its own supergraph only; if not, the fetch must end all the same.
            self.outputs.push_back(Output::Log(Level::Error, "weir: a plan names no subgraph".into()));
            return self.call_failed(now, id, CallFailure::Refused);
        };
        let headers = vec![
            ("content-type".to_owned(), b"application/json".to_vec()),
            (
                "accept".to_owned(),
                b"application/graphql-response+json;charset=utf-8, application/json;charset=utf-8".to_vec(),
            ),
        ];
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

    /// Ends the work for a request: its late answers will find nobody.
    fn forget(&mut self, id: RequestId) -> Option<Request> {
        let request = self.requests.remove(&id)?;
        self.deadlines.remove(&(request.deadline, id));
        for call in &request.calls {
            self.calls.remove(call);
        }
        self.count(Metric::RequestsActive, -1);
        Some(request)
    }

    fn refuse(&mut self, id: RequestId, media: Media, errors: &[GraphQlError], code: Code) {
        match code {
            Code::BodyTooLarge => self.count(Metric::LimitHit(Limit::BodyBytes), 1),
            Code::Overloaded => self.count(Metric::LimitHit(Limit::ActiveRequests), 1),
            _ => {}
        }
        self.reply(id, protocol::refuse(media, errors, code));
    }

    fn reply(&mut self, id: RequestId, reply: Reply) {
        if reply.code.is_some() {
            self.count(Metric::RequestErrors, 1);
        }
        self.outputs.push_back(Output::Reply { id, reply });
    }

    fn count(&mut self, metric: Metric, by: i64) {
        self.outputs.push_back(Output::Count(metric, by));
    }
}
