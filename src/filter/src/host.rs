//! The core's host: Envoy, by host calls.

use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::types::{LogLevel, Status};
use weir_gateway::event::{Call, CallFailure, Level, Reply};
use weir_gateway::metric::Metric;
use weir_gateway::{Ask, Host, RequestId, SharedRefused, SharedReply, Timestamp};

use crate::call_table::InFlight;
use crate::header_values;
use crate::hostcall::{self, Refused, attempt};
use crate::worker::Worker;

/// Envoy, as seen from one callback.
pub(crate) struct EnvoyHost<'a> {
    worker: &'a Worker,
    /// The context whose callback is running.
    active: u32,
    now: Timestamp,
}

impl<'a> EnvoyHost<'a> {
    /// The host of `worker` while the callback of the context `active` runs, which began at `now`.
    pub(crate) fn new(worker: &'a Worker, active: u32, now: Timestamp) -> EnvoyHost<'a> {
        EnvoyHost { worker, active, now }
    }

    /// Sends a call from the running context, which will get its answer.
    ///
    /// # Errors
    /// The host's refusal.
    pub(crate) fn dispatch(&self, call: &Call) -> Result<(), CallFailure> {
        let mut headers = Vec::with_capacity(call.headers.len().saturating_add(3));
        headers.extend([(":method", call.method), (":path", &call.path), (":authority", &call.authority)]);
        headers.extend(header_values::as_strs(&call.headers));
        // 0 is no timeout at all.
        let timeout = call.timeout.clamp(Duration::from_millis(1), Duration::from_millis(u32::MAX.into()));
        let sent = attempt(|| {
            hostcalls::dispatch_http_call(
                &call.cluster,
                headers,
                Some(call.body.as_slice()),
                Vec::new(),
                timeout,
            )
        });
        match sent {
            Ok(token) => {
                let in_flight = InFlight { call: call.id, request: call.request, owner: self.active };
                self.worker.calls.borrow_mut().insert(token, in_flight);
                Ok(())
            }
            Err(refused) => {
                match refused {
                    // No healthy host, or a limit of the cluster: Envoy counts these.
                    Refused::Status(Status::InternalFailure) => {}
                    Refused::Status(_) => self.warn_once(&format!(
                        "Envoy refuses calls to cluster {:?}: unknown to it, or too many headers",
                        call.cluster
                    )),
                    Refused::Unexpected(caught) => self.warn_once(&format!(
                        "Envoy refuses calls to cluster {:?}: {}",
                        call.cluster, caught.place
                    )),
                }
                Err(CallFailure::Refused)
            }
        }
    }

    fn warn_once(&self, line: &str) {
        if self.worker.warnings.borrow_mut().is_new(line) {
            hostcall::log(LogLevel::Warn, &format!("weir: {line}"));
        }
    }
}

impl Host for EnvoyHost<'_> {
    fn call(&mut self, call: Call) -> Result<(), CallFailure> {
        let is_own = call.request.is_some_and(|request| request.0 == self.active);
        if is_own || self.active == self.worker.root {
            self.dispatch(&call)
        } else {
            self.worker.postpone(call);
            Ok(())
        }
    }

    fn reply(&mut self, id: RequestId, reply: Reply) {
        if self.worker.requests.borrow_mut().close(id).is_some() {
            send(id, self.active, &reply);
        }
    }

    fn shared(&mut self, ask: Ask) -> SharedReply {
        match ask {
            Ask::Get { key } => match attempt(|| hostcalls::get_shared_data(&key)) {
                Ok((value, cas)) => SharedReply::Got { value, cas },
                Err(_) => SharedReply::Got { value: None, cas: None },
            },
            Ask::Set { key, value, cas } => {
                let set = attempt(|| hostcalls::set_shared_data(&key, Some(&value), cas));
                SharedReply::Set(set.map_err(|refused| match refused {
                    Refused::Status(Status::CasMismatch) => SharedRefused::CasMismatch,
                    _ => SharedRefused::Failed,
                }))
            }
        }
    }

    fn count(&mut self, metric: Metric, by: i64) {
        self.worker.metrics.borrow().add(metric, by);
    }

    fn set(&mut self, metric: Metric, value: u64) {
        self.worker.metrics.borrow().record(metric, value);
    }

    fn record(&mut self, metric: Metric, value: u64) {
        self.worker.metrics.borrow().record(metric, value);
    }

    fn read(&mut self, metric: Metric) -> u64 {
        self.worker.metrics.borrow().read(metric)
    }

    fn subgraphs(&mut self, names: &[String]) {
        if let Err(name) = self.worker.metrics.borrow_mut().add_subgraphs(names) {
            self.warn_once(&format!("Envoy refuses the metric {name}"));
        }
    }

    fn log(&mut self, level: Level, line: &str) {
        let level = match level {
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        hostcall::log(level, line);
    }

    fn wake(&mut self) {
        self.worker.ring(self.now);
    }

    fn set_timer(&mut self, delay: Option<Duration>) {
        self.worker.set_timer(self.now, delay);
    }
}

/// Answers the stream `id` from within a callback of the context `active`.
///
/// A stream that has gone is ignored. Where the effective context has no stream, Envoy says `Ok` and sends
/// nothing (HOST §5), hence the switch.
pub(crate) fn send(id: RequestId, active: u32, reply: &Reply) {
    if attempt(|| hostcalls::set_effective_context(id.0)).is_err() {
        return;
    }
    let headers = header_values::as_strs(&reply.headers).collect();
    let sent =
        attempt(|| hostcalls::send_http_response(reply.status.into(), headers, Some(reply.body.as_slice())));
    if let Err(refused) = sent {
        hostcall::log(
            LogLevel::Error,
            &format!("weir: Envoy refuses a reply of status {}: {refused:?}", reply.status),
        );
    }
    // Host calls after this one are about the callback's own stream again.
    let _ = attempt(|| hostcalls::set_effective_context(active));
}
