//! A client's stream: reads one request, hands it over, and leaves the rest to the worker.

use std::rc::Rc;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType};
use weir_gateway::event::HttpRequest;
use weir_gateway::{Input, RequestId, Route};

use crate::fault::Fault;
use crate::hostcall::attempt;
use crate::local_reply;
use crate::panic::guard;
use crate::request_head::RequestHead;
use crate::worker::Worker;

/// The context of one HTTP stream.
pub(crate) struct Stream {
    id: u32,
    worker: Rc<Worker>,
    phase: Phase,
    /// Panic when the next call is answered (fault injection).
    panic_in_call: bool,
    /// It came in by the admin listener.
    for_operators: bool,
}

enum Phase {
    /// Not for Weir: Envoy routes it.
    Passing,
    /// The body is still coming; Envoy buffers it.
    Reading(HttpRequest),
    /// Weir has answered, or the gateway will.
    Taken,
}

impl Stream {
    /// The stream with context id `id`.
    pub(crate) fn new(id: u32, worker: Rc<Worker>, for_operators: bool) -> Stream {
        Stream { id, worker, phase: Phase::Passing, panic_in_call: false, for_operators }
    }

    fn on_headers(&mut self, end_of_stream: bool) -> Action {
        let worker = Rc::clone(&self.worker);
        worker.requests.borrow_mut().open(RequestId(self.id));
        let Ok(head) = RequestHead::read() else {
            self.phase = Phase::Taken;
            worker.answer(self.id, local_reply::internal_error());
            return Action::Pause;
        };
        let (route, max_body, faults) = {
            let gateway = worker.gateway.borrow();
            let config = gateway.config();
            (gateway.route(head.path()), config.limits.max_body_bytes, config.fault_injection)
        };
        if faults {
            match Fault::asked_by(&head) {
                Some(Fault::PanicInCall) => self.panic_in_call = true,
                Some(fault) => fault.commit(),
                None => {}
            }
        }
        if route == Route::Pass && !self.for_operators {
            worker.requests.borrow_mut().close(RequestId(self.id));
            return Action::Continue;
        }
        if !self.for_operators
            && let Some(reply) = local_reply::probe(route, || worker.readiness())
        {
            self.phase = Phase::Taken;
            worker.answer(self.id, reply);
            return Action::Pause;
        }
        // No body will come, or none that will be read: the gateway refuses by `content-length` alone.
        let too_large = head.content_length().is_some_and(|length| length > max_body as u64);
        let complete = end_of_stream || too_large || head.is_upgrade();
        self.phase = Phase::Reading(head.into_request());
        if complete {
            self.hand_over(Vec::new());
        }
        Action::Pause
    }

    fn on_body(&mut self, body_size: usize, end_of_stream: bool) -> Action {
        match self.phase {
            Phase::Passing => return Action::Continue,
            Phase::Taken => return Action::Pause,
            Phase::Reading(_) => {}
        }
        // `body_size` is that of the whole body so far, since every callback returns Pause.
        let max = self.worker.max_body_bytes();
        if end_of_stream || body_size > max {
            // One byte above the limit is as good as all: the gateway refuses by the body's size.
            self.hand_over(self.read_body(body_size.min(max.saturating_add(1))));
        }
        Action::Pause
    }

    fn on_trailers(&mut self) -> Action {
        match self.phase {
            Phase::Passing => Action::Continue,
            Phase::Taken => Action::Pause,
            // Trailers end a body whose last callback could not know that it was the last.
            Phase::Reading(_) => {
                let max = self.worker.max_body_bytes();
                self.hand_over(self.read_body(max.saturating_add(1)));
                Action::Pause
            }
        }
    }

    fn read_body(&self, max_size: usize) -> Vec<u8> {
        attempt(|| hostcalls::get_buffer(BufferType::HttpRequestBody, 0, max_size))
            .ok()
            .flatten()
            .unwrap_or_default()
    }

    fn hand_over(&mut self, body: Vec<u8>) {
        if let Phase::Reading(mut request) = std::mem::replace(&mut self.phase, Phase::Taken) {
            request.body = body;
            let id = RequestId(self.id);
            self.worker.requests.borrow_mut().hand_over(id);
            let input = if self.for_operators {
                Input::Admin { id, request }
            } else {
                Input::Request { id, request }
            };
            self.worker.drive(self.id, input);
        }
    }

    /// Runs a callback in the net. A stream whose callback panicked has been answered: `otherwise` is what
    /// Envoy is told then.
    fn netted<T>(&mut self, callback: &str, otherwise: T, body: impl FnOnce(&mut Stream) -> T) -> T {
        match guard(|| body(self)) {
            Ok(value) => value,
            Err(caught) => {
                self.phase = Phase::Taken;
                self.worker.recover(self.id, Some(RequestId(self.id)), callback, &caught);
                otherwise
            }
        }
    }
}

impl Context for Stream {
    fn on_http_call_response(
        &mut self,
        token: u32,
        num_headers: usize,
        body_size: usize,
        _num_trailers: usize,
    ) {
        self.netted("on_http_call_response", (), |stream| {
            if stream.panic_in_call {
                stream.panic_in_call = false;
                Fault::PanicInCall.commit();
            }
            stream.worker.on_call_answered(stream.id, token, num_headers, body_size);
        });
    }

    fn on_done(&mut self) -> bool {
        self.netted("on_done", true, |stream| {
            stream.worker.on_stream_ended(stream.id);
            true
        })
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _num_headers: usize, end_of_stream: bool) -> Action {
        self.netted("on_http_request_headers", Action::Pause, |stream| stream.on_headers(end_of_stream))
    }

    fn on_http_request_body(&mut self, body_size: usize, end_of_stream: bool) -> Action {
        self.netted("on_http_request_body", Action::Pause, |stream| stream.on_body(body_size, end_of_stream))
    }

    fn on_http_request_trailers(&mut self, _num_trailers: usize) -> Action {
        self.netted("on_http_request_trailers", Action::Pause, Stream::on_trailers)
    }
}
