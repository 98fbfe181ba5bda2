//! One configuration in one VM: the gateway, and what stands between it and Envoy.
//!
//! Shared by the root that made it and that root's streams. A configuration update puts a new root beside the
//! old one in the same memory until the old one's streams have drained, so nothing of this is static.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::types::LogLevel;
use weir_gateway::event::{Call, Level, Reply};
use weir_gateway::metric::Metric;
use weir_gateway::{Gateway, Host, Input, Readiness, RequestId, Timestamp};

use crate::call_table::CallTable;
use crate::clock::Clock;
use crate::host::{EnvoyHost, send};
use crate::hostcall::{self, attempt};
use crate::local_reply;
use crate::metrics::Metrics;
use crate::panic::{Caught, guard};
use crate::request_table::{RequestTable, Stage};
use crate::response;
use crate::timer::Timer;
use crate::wake::Wake;
use crate::warnings::Warnings;

/// After a panic outside any request, the gateway gets its next tick this late: soon enough for those who
/// wait, and no busy loop if it panics again.
const TICK_AFTER_PANIC: Duration = Duration::from_millis(100);

/// The state behind all contexts of one root. No `RefCell` of it stays borrowed over a host call.
pub(crate) struct Worker {
    /// The root's context id.
    pub(crate) root: u32,
    /// The core.
    pub(crate) gateway: RefCell<Gateway>,
    /// Calls in flight.
    pub(crate) calls: RefCell<CallTable>,
    /// Requests without a reply.
    pub(crate) requests: RefCell<RequestTable>,
    /// Envoy's stats.
    pub(crate) metrics: RefCell<Metrics>,
    /// What the log need not hear again.
    pub(crate) warnings: RefCell<Warnings>,
    /// See [`Worker::postpone`]; bounded by the calls of the requests in work.
    postponed: RefCell<VecDeque<Call>>,
    timer: RefCell<Timer>,
    wake: Wake,
    clock: Clock,
}

impl Worker {
    /// The worker of the root context `root`.
    pub(crate) fn new(root: u32, gateway: Gateway, metrics: Metrics, wake: Wake, clock: Clock) -> Worker {
        Worker {
            root,
            gateway: RefCell::new(gateway),
            calls: RefCell::default(),
            requests: RefCell::default(),
            metrics: RefCell::new(metrics),
            warnings: RefCell::default(),
            postponed: RefCell::default(),
            timer: RefCell::default(),
            wake,
            clock,
        }
    }

    /// Lets the gateway begin: before the first request, which may be what made Envoy start this sandbox anew.
    pub(crate) fn begin(&self) {
        self.drive(self.root, Input::Begin);
        self.set_timer(self.clock.now(), Some(Duration::ZERO));
    }

    /// Whether the gateway should get traffic.
    pub(crate) fn readiness(&self) -> Readiness {
        self.gateway.borrow().readiness(self.clock.now())
    }

    /// Gives `input` to the gateway from within a callback of the context `active`.
    pub(crate) fn drive(&self, active: u32, input: Input) {
        let now = self.clock.now();
        weir_gateway::drive(&self.gateway, &mut EnvoyHost::new(self, active, now), now, input);
    }

    /// `limits.max_body_bytes` of the configuration.
    pub(crate) fn max_body_bytes(&self) -> usize {
        self.gateway.borrow().config().limits.max_body_bytes
    }

    /// Answers the stream `id` from within its own callback, without the gateway.
    pub(crate) fn answer(&self, id: u32, reply: Reply) {
        EnvoyHost::new(self, id, self.clock.now()).reply(RequestId(id), reply);
    }

    /// A call has been answered, to the context `active` that dispatched it.
    pub(crate) fn on_call_answered(&self, active: u32, token: u32, num_headers: usize, body_size: usize) {
        let Some(in_flight) = self.calls.borrow_mut().take(token) else { return };
        let call = in_flight.call;
        self.drive(
            active,
            match response::read(num_headers, body_size) {
                Ok(response) => Input::CallDone { call, response },
                Err(failure) => Input::CallFailed { call, failure },
            },
        );
    }

    /// The stream `id` has ended, answered or not.
    pub(crate) fn on_stream_ended(&self, id: u32) {
        self.calls.borrow_mut().forget(id);
        let stage = self.requests.borrow_mut().close(RequestId(id));
        if stage == Some(Stage::HandedOver) {
            self.drive(id, Input::ClientGone { id: RequestId(id) });
        }
    }

    /// The tick of the root has fired.
    pub(crate) fn on_tick(&self) {
        self.timer.borrow_mut().on_fired(self.clock.now());
        self.drive(self.root, Input::Tick);
    }

    /// The root was woken: sends what was postponed, then lets the gateway go on.
    pub(crate) fn on_wake(&self) {
        self.wake.answer();
        let now = self.clock.now();
        let mut host = EnvoyHost::new(self, self.root, now);
        loop {
            let Some(call) = self.postponed.borrow_mut().pop_front() else { break };
            if let Err(failure) = host.dispatch(&call) {
                // One drive in each turn, or the bound on replies in one turn would not hold.
                if !self.postponed.borrow().is_empty() {
                    host.wake();
                }
                self.drive(self.root, Input::CallFailed { call: call.id, failure });
                return;
            }
        }
        self.drive(self.root, Input::Tick);
    }

    /// Keeps a call for the root's next turn.
    ///
    /// The SDK gives an answer to the context that was active at dispatch, and drops it if that is a stream
    /// that has gone since. So a stream sends only its own request's calls; those that come up for another
    /// request while its callback runs are sent by the root.
    pub(crate) fn postpone(&self, call: Call) {
        self.postponed.borrow_mut().push_back(call);
        self.ring(self.clock.now());
    }

    /// Asks for another turn of the root; where the fast way fails, by the tick.
    pub(crate) fn ring(&self, now: Timestamp) {
        if self.wake.ring().is_err() {
            self.set_timer(now, Some(Duration::ZERO));
        }
    }

    /// Passes the gateway's wish for a tick on to Envoy, if that needs to hear of it.
    pub(crate) fn set_timer(&self, now: Timestamp, delay: Option<Duration>) {
        let period = self.timer.borrow_mut().want(now, delay);
        if let Some(period) = period {
            let set = attempt(|| hostcalls::set_tick_period(Duration::from_millis(period.into())));
            if let Err(refused) = set {
                hostcall::log(
                    LogLevel::Error,
                    &format!("weir: Envoy refuses a tick of {period} ms: {refused:?}"),
                );
            }
        }
    }

    /// Cleans up after a panic in a callback of the context `active`: answers `request`, if it has no reply
    /// yet, and makes the gateway forget it.
    pub(crate) fn recover(&self, active: u32, request: Option<RequestId>, callback: &str, caught: &Caught) {
        let now = self.clock.now();
        let mut host = EnvoyHost::new(self, active, now);
        host.log(Level::Error, &format!("weir: panic in {callback}, caught: {}", caught.place));
        host.count(Metric::PanicsCaught, 1);
        let stage = request.and_then(|id| self.requests.borrow_mut().close(id).map(|stage| (id, stage)));
        match stage {
            Some((id, stage)) => {
                send(id, active, &local_reply::internal_error());
                if stage == Stage::HandedOver
                    && let Err(caught) = guard(|| self.drive(active, Input::ClientGone { id }))
                {
                    host.log(Level::Error, &format!("weir: panic in the clean-up, caught: {}", caught.place));
                    host.set_timer(Some(TICK_AFTER_PANIC));
                }
            }
            None => host.set_timer(Some(TICK_AFTER_PANIC)),
        }
    }
}
