//! Requests as they come in: refused, or planned and begun.

use super::work::Work;
use super::{Gateway, Request};
use crate::error::Code;
use crate::event::{HttpRequest, Level, Output, RequestId, Timestamp};
use crate::executor::Execution;
use crate::headers;
use crate::limit::Limit;
use crate::metric::Metric;
use crate::prepare::{Refused, prepare};
use crate::protocol::{self, GraphQlRequest, Media, Operations};
use crate::response::errors::GraphQlError;

const OVERLOADED: &str = "This worker has as many requests in work as limits.max_active_requests allows.";

impl Gateway {
    /// Takes a client's request: answers it at once, or begins to work on it.
    pub(super) fn request(&mut self, now: Timestamp, id: RequestId, mut request: HttpRequest) {
        self.count(Metric::Requests, 1);
        let media = match protocol::negotiate(&request) {
            Ok(media) => media,
            Err((code, message)) => return self.refuse(id, Media::Json, code, message),
        };
        let room = self.config.limits.max_active_requests.saturating_sub(self.operations);
        if room == 0 {
            return self.refuse(id, media, Code::Overloaded, OVERLOADED);
        }
        match protocol::read(&request, &self.config) {
            Err((code, message)) => self.refuse(id, media, code, message),
            Ok(Operations::One(operation)) => match self.prepare(operation) {
                Err(refused) => self.reply(id, protocol::refuse(media, &refused.errors, refused.code)),
                Ok(execution) => self.begin(now, id, media, &mut request, Work::one(execution)),
            },
            Ok(Operations::Batch(operations)) => {
                if operations.len() > room {
                    return self.refuse(id, media, Code::Overloaded, OVERLOADED);
                }
                self.count(Metric::BatchedOperations, i64::try_from(operations.len()).unwrap_or(i64::MAX));
                let mut work = Work::batch(operations.len());
                for operation in operations {
                    let prepared = operation
                        .map_err(|(code, message)| Refused::one(code, message))
                        .and_then(|operation| self.prepare(operation));
                    match prepared {
                        Ok(execution) => work.push(execution),
                        Err(refused) => {
                            work.push_refused(protocol::refusal_body(&refused.errors), refused.code);
                        }
                    }
                }
                self.begin(now, id, media, &mut request, work);
            }
        }
    }

    /// Finds or makes the plan of an operation.
    fn prepare(&mut self, operation: GraphQlRequest) -> Result<Execution, Refused> {
        let outputs = &mut self.outputs;
        let mut note = |output| outputs.push_back(output);
        let prepared = prepare(&self.supergraph, &self.config.limits, &mut self.plans, &operation, &mut note);
        if let Err(refused) = &prepared
            && refused.code == Code::PlanningFailed
        {
            let why = refused.errors.first().map_or("", |error| error.message.as_str());
            self.outputs.push_back(Output::Log(Level::Error, format!("weir: {why}")));
        }
        prepared.map(|plan| Execution::new(plan, operation.variables))
    }

    /// Takes up the work of a request.
    fn begin(&mut self, now: Timestamp, id: RequestId, media: Media, request: &mut HttpRequest, work: Work) {
        self.count(Metric::RequestsActive, 1);
        let deadline = now.after(self.config.request_timeout);
        self.deadlines.insert((deadline, id));
        let (operations, is_batch) = (work.len(), work.is_batch());
        self.operations = self.operations.saturating_add(operations);
        let mut headers = std::mem::take(&mut request.headers);
        headers::keep_forwardable(&mut headers, &self.config);
        let request = Request {
            deadline,
            media,
            work,
            operations,
            calls: Vec::new(),
            headers,
            response_headers: headers::Collected::default(),
        };
        self.requests.insert(id, request);
        for part in 0..u32::try_from(operations).unwrap_or(u32::MAX) {
            self.advance(now, id, part);
        }
        if is_batch {
            // One of which every operation was refused waits for nothing.
            self.reply_if_done(id);
        }
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
