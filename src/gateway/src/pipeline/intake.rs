//! Requests as they come in: refused, or planned and begun.

use std::rc::Rc;

use weir_planner::ExecutablePlan;
use weir_planner::plan::OperationKind;

use super::acquire::Waiter;
use super::work::Work;
use super::{Gateway, Request};
use crate::error::Code;
use crate::event::{HttpRequest, RequestId, Timestamp};
use crate::executor::{Execution, Variables};
use crate::headers;
use crate::known::Bound;
use crate::limit::Limit;
use crate::metric::{Layer, Metric};
use crate::prepare::{Prepared, Refused, prepare};
use crate::protocol::{self, GraphQlRequest, Media, Operations};
use crate::response::errors::GraphQlError;

const OVERLOADED: &str = "This worker has as many requests in work as limits.max_active_requests allows.";

/// An operation that was read.
enum Ready {
    /// Its plan was in memory.
    Plan(Execution),
    /// It is to be got.
    NoPlan(Prepared, Variables),
}

impl Ready {
    fn kind(&self) -> OperationKind {
        match self {
            Ready::Plan(execution) => execution.kind(),
            Ready::NoPlan(prepared, _) => prepared.known.kind,
        }
    }
}

impl Gateway {
    /// Takes a client's request: answers it at once, or begins to work on it.
    pub(super) fn request(&mut self, now: Timestamp, id: RequestId, request: HttpRequest) {
        self.count(Metric::Requests, 1);
        self.take_request(now, now, id, request);
    }

    /// Takes a request that came at `arrived`.
    pub(super) fn take_request(
        &mut self,
        now: Timestamp,
        arrived: Timestamp,
        id: RequestId,
        request: HttpRequest,
    ) {
        let media = match protocol::negotiate(&request) {
            Ok(media) => media,
            Err((code, message)) => return self.refuse(id, Media::Json, code, message),
        };
        let room = self.engine.config.limits.max_active_requests.saturating_sub(self.operations);
        if room == 0 {
            return self.refuse(id, media, Code::Overloaded, OVERLOADED);
        }
        if self.follow(now, arrived, id, &request, media) {
            return;
        }
        match protocol::read(&request, &self.engine.config) {
            Err((code, message)) => self.refuse(id, media, code, message),
            Ok(Operations::One(operation)) => match self.prepare(now, operation) {
                Err(refused) => self.reply(id, protocol::refuse(media, &refused.errors, refused.code)),
                Ok(ready) => self.begin(now, arrived, id, media, request, vec![Ok(ready)], false),
            },
            Ok(Operations::Batch(operations)) => {
                if operations.len() > room {
                    return self.refuse(id, media, Code::Overloaded, OVERLOADED);
                }
                self.count(Metric::BatchedOperations, i64::try_from(operations.len()).unwrap_or(i64::MAX));
                let parts = operations.into_iter().map(|operation| {
                    operation
                        .map_err(|(code, message)| Refused::one(code, message))
                        .and_then(|operation| self.prepare(now, operation))
                });
                let parts = parts.collect();
                self.begin(now, arrived, id, media, request, parts, true);
            }
        }
    }

    /// Reads an operation, and finds its plan if it is in memory.
    fn prepare(&mut self, now: Timestamp, operation: GraphQlRequest) -> Result<Ready, Refused> {
        let began = (self.clock)();
        let outputs = &mut self.outputs;
        let mut note = |output| outputs.push_back(output);
        let prepared = prepare(now.0, &self.engine, &mut self.plans, &operation, &mut note)?;
        let Bound { key, variant, .. } = &prepared.bound;
        let (key, planned) = (*key, self.plans.plan(now.0, *key, &prepared.known.normal, variant));
        if self.cache_config.metrics {
            self.monitor.asked_for(key, prepared.operation.is_some());
            let counts = self.monitor.counts();
            if planned.is_some() {
                counts.hits[0] = counts.hits[0].saturating_add(1);
            } else if prepared.known.keeps_literals {
                counts.literal_misses = counts.literal_misses.saturating_add(1);
            }
        }
        if let Some(shared) = &mut self.shared
            && planned.is_some()
        {
            shared.touch(now.0, key);
        }
        let variables = prepared.known.rename(operation.variables);
        Ok(match planned {
            Some(planned) => {
                self.count(Metric::PlanCacheHits(Layer::L1), 1);
                self.looked((self.clock)().since(began));
                Ready::Plan(Execution::new(Rc::clone(&planned.plan), variables))
            }
            None => {
                self.count(Metric::PlanCacheMisses(Layer::L1), 1);
                Ready::NoPlan(prepared, variables)
            }
        })
    }

    /// Takes up the work of a request.
    #[allow(clippy::too_many_arguments, reason = "all that is known of the request")]
    fn begin(
        &mut self,
        now: Timestamp,
        arrived: Timestamp,
        id: RequestId,
        media: Media,
        mut request: HttpRequest,
        parts: Vec<Result<Ready, Refused>>,
        is_batch: bool,
    ) {
        self.count(Metric::RequestsActive, 1);
        let engine = Rc::clone(&self.engine);
        let deadline = arrived.after(engine.config.request_timeout);
        self.deadlines.insert((deadline, id));
        let operations = parts.len();
        self.operations = self.operations.saturating_add(operations);
        let kind = match parts.as_slice() {
            [Ok(ready)] if !is_batch => Some(ready.kind()),
            _ => None,
        };
        let mut headers = if engine.config.request_sharing && kind.is_some() {
            request.headers.clone()
        } else {
            std::mem::take(&mut request.headers)
        };
        headers::keep_forwardable(&mut headers, &engine.config);
        let mut work = Work::new(operations, is_batch);
        let mut plans_wanted = Vec::new();
        for (part, ready) in (0..).zip(parts) {
            match ready {
                Ok(Ready::Plan(execution)) => work.push(execution),
                Ok(Ready::NoPlan(prepared, variables)) => {
                    work.push_waiting();
                    plans_wanted.push((part, prepared, variables));
                }
                Err(refused) => work.push_refused(protocol::refusal_body(&refused.errors), refused.code),
            }
        }
        let in_work = Request {
            engine: Rc::clone(&engine),
            deadline,
            media,
            work,
            generation: self.generation,
            operations,
            expected: Vec::new(),
            headers,
            call_headers: Vec::new(),
            response_headers: headers::Collected::default(),
            lead: None,
        };
        self.requests.insert(id, in_work);
        self.lead(arrived, id, kind, request);
        for (part, prepared, variables) in plans_wanted {
            let waiter = Waiter::Request { id, part, variables };
            self.acquire(now, &engine, self.generation, prepared, waiter);
        }
        for part in 0..u32::try_from(operations).unwrap_or(u32::MAX) {
            self.advance(now, id, part);
            self.expect(id, part);
        }
        if is_batch {
            // One of which every operation was refused waits for nothing.
            self.reply_if_done(id);
        }
    }

    /// The plan of an operation has come.
    pub(super) fn start(
        &mut self,
        now: Timestamp,
        id: RequestId,
        part: u32,
        plan: &Rc<ExecutablePlan>,
        variables: Variables,
    ) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        request.work.start(part, Execution::new(Rc::clone(plan), variables));
        self.advance(now, id, part);
        self.expect(id, part);
    }

    /// There is no plan for an operation.
    pub(super) fn refuse_part(&mut self, id: RequestId, part: u32, refused: &Refused) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        if request.work.is_batch() {
            request.work.end(part, protocol::refusal_body(&refused.errors), Some(refused.code));
            return self.reply_if_done(id);
        }
        let media = request.media;
        let lead = self.forget(id).and_then(|request| request.lead);
        let reply = protocol::refuse(media, &refused.errors, refused.code);
        self.answer_followers(lead, &reply);
        self.reply(id, reply);
    }

    /// Answers a request of which nothing is executed.
    fn refuse(&mut self, id: RequestId, media: Media, code: Code, message: impl Into<String>) {
        let limit = match code {
            Code::BodyTooLarge => Some(Limit::BodyBytes),
            Code::Overloaded => Some(Limit::ActiveRequests),
            Code::LimitExceeded => Some(Limit::BatchOperations),
            _ => None,
        };
        if let Some(limit) = limit {
            self.count(Metric::LimitHit(limit), 1);
        }
        self.reply(id, protocol::refuse_whole(media, &[GraphQlError::new(code, message)], code));
    }
}
