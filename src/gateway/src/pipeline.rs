//! The worker's gateway: every request in work, and what each waits for.

mod call;
mod intake;
mod work;

use std::collections::{BTreeSet, HashMap, VecDeque};

use weir_planner::Supergraph;
use weir_planner::plan::{FetchId, SubgraphId};

use self::work::Work;
use crate::Config;
use crate::error::Code;
use crate::error_policy::redact;
use crate::event::{CallId, Input, Level, Output, ReceivedHeader, Reply, RequestId, Timestamp};
use crate::headers;
use crate::limit::Limit;
use crate::metric::Metric;
use crate::plans::Plans;
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
    /// Operations in `requests`.
    operations: usize,
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
    work: Work,
    /// How many operations it counts for.
    operations: usize,
    /// Its calls in flight.
    calls: Vec<CallId>,
    /// What may be forwarded of the client's headers.
    headers: Vec<ReceivedHeader>,
    response_headers: headers::Collected,
}

/// A call in flight, and the fetch it serves.
struct InFlight {
    request: RequestId,
    /// The operation's place in the request.
    part: u32,
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
            operations: 0,
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
            Input::Request { id, request } => self.request(now, id, request),
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

    /// Answers a request whose deadline has passed. Of a list, the operations that have ended keep their
    /// responses.
    fn exceed(&mut self, id: RequestId) {
        let Some(request) = self.forget(id) else { return };
        self.count(Metric::DeadlinesExceeded, 1);
        let message = format!(
            "The request took longer than {} ms (request_timeout).",
            self.config.request_timeout.as_millis()
        );
        let error = [GraphQlError::new(Code::DeadlineExceeded, message)];
        let mut reply = if request.work.is_batch() {
            request.work.into_reply(request.media, &protocol::refusal_body(&error))
        } else {
            protocol::refuse(request.media, &error, Code::DeadlineExceeded)
        };
        reply.code = Some(Code::DeadlineExceeded);
        self.reply(id, reply);
    }

    /// Makes the calls that an operation is ready for, or ends it if nothing is left to wait for.
    fn advance(&mut self, now: Timestamp, id: RequestId, part: u32) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let left = request.deadline.since(now);
        let Some(execution) = request.work.running(part) else { return };
        let ready = execution.ready();
        if !(ready.is_empty() && execution.is_done()) {
            for call in ready {
                self.call(now, id, part, left, call);
            }
            return;
        }
        let Some(execution) = request.work.take(part) else { return };
        let (config, outputs) = (&self.config, &mut self.outputs);
        let (body, errors) = execution.finish(config.limits.max_response_bytes, |errors| {
            redact(config, errors, |line| outputs.push_back(Output::Log(Level::Debug, line)));
        });
        request.work.end(part, body, protocol::code_of(&errors));
        if errors.iter().any(|error| error.code == Code::ResponseTooLarge.text()) {
            self.count(Metric::LimitHit(Limit::ResponseBytes), 1);
        }
        self.reply_if_done(id);
    }

    fn reply_if_done(&mut self, id: RequestId) {
        if !self.requests.get(&id).is_some_and(|request| request.work.is_done()) {
            return;
        }
        let Some(request) = self.forget(id) else { return };
        let has_errors = request.work.has_errors();
        let mut reply = request.work.into_reply(request.media, b"null");
        request.response_headers.finish(&self.config, has_errors, &mut reply.headers);
        self.reply(id, reply);
    }

    /// Ends the work for a request: its late answers will find nobody.
    fn forget(&mut self, id: RequestId) -> Option<Request> {
        let request = self.requests.remove(&id)?;
        self.deadlines.remove(&(request.deadline, id));
        for call in &request.calls {
            self.calls.remove(call);
        }
        self.operations = self.operations.saturating_sub(request.operations);
        self.count(Metric::RequestsActive, -1);
        Some(request)
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
