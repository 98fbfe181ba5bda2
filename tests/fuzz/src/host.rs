//! A gateway whose subgraphs answer as the input says, and the rule that each request gets one reply.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use weir_gateway::event::{Call, CallFailure, HttpRequest, HttpResponse, Level, Reply, Timestamp};
use weir_gateway::metric::Metric;
use weir_gateway::{Ask, Gateway, Host, Input, RequestId, SharedReply, Surroundings, drive};
use weir_tests::shared_data::SharedData;

/// What becomes of a call.
pub(crate) enum Fate {
    /// It is answered.
    Answer(HttpResponse),
    /// It fails at once or on the way.
    Fail(CallFailure),
    /// It fails when its timeout has passed.
    Hang,
}

impl Fate {
    pub(crate) fn answer(status: u16, body: impl Into<Vec<u8>>) -> Fate {
        Fate::Answer(HttpResponse { status, headers: Vec::new(), body: body.into() })
    }
}

/// A gateway that lives as long as a fuzzing process, so that whatever it kept of a request would pile up.
pub(crate) struct World {
    gateway: RefCell<Gateway>,
    shared: SharedData,
    now: Timestamp,
    next: u32,
}

struct OneRequest<'a> {
    now: Timestamp,
    shared: SharedData,
    fate: &'a mut dyn FnMut(&Call) -> Fate,
    /// The newest answer comes first, so that calls made together are answered in turned order.
    turned: bool,
    answers: VecDeque<Input>,
    timeouts: BTreeMap<(Timestamp, u64), Input>,
    timer: Option<Timestamp>,
    woken: bool,
    replies: Vec<(RequestId, Reply)>,
    active: i64,
}

/// More turns than any request takes.
const MAX_TURNS: usize = 100_000;

impl World {
    /// A gateway for `supergraph` that keeps few plans: planning is to be fuzzed too.
    pub(crate) fn new(supergraph: &str) -> World {
        let config = serde_json::json!({
            "supergraph": {"inline": supergraph},
            "plan_cache": {"max_size": 16, "layers": {"l2": {"max_bytes": "1MiB"}}},
            "batching": {"enabled": true, "max_operations": 3},
        });
        match weir_gateway::config::load(&config.to_string()) {
            Ok(loaded) => World {
                gateway: RefCell::new(Gateway::new(
                    loaded,
                    &config.to_string(),
                    Surroundings { clock: Box::new(Timestamp::default), seed: 1 },
                )),
                shared: SharedData::default(),
                now: Timestamp(Duration::from_secs(1000)),
                next: 0,
            },
            Err(problems) => panic!("{problems:?}"),
        }
    }

    /// Sends a request, lets everything happen, and returns the one reply.
    ///
    /// # Panics
    /// If there is none or more than one, or if anything of the request is left.
    pub(crate) fn ask(
        &mut self,
        request: HttpRequest,
        turned: bool,
        fate: &mut dyn FnMut(&Call) -> Fate,
    ) -> Reply {
        self.next = self.next.wrapping_add(1);
        let id = RequestId(self.next);
        let mut host = OneRequest {
            now: self.now,
            shared: self.shared.clone(),
            fate,
            turned,
            answers: VecDeque::new(),
            timeouts: BTreeMap::new(),
            timer: None,
            woken: false,
            replies: Vec::new(),
            active: 0,
        };
        let mut input = Some(Input::Request { id, request });
        for _ in 0..MAX_TURNS {
            let Some(now) = input.take() else { break };
            let at = host.now;
            drive(&self.gateway, &mut host, at, now);
            // What it does some times a second for ever is no part of the request.
            input = if self.gateway.borrow().is_at_work() || host.woken { host.next() } else { None };
        }
        assert!(input.is_none(), "the request does not come to rest");
        assert_eq!(host.replies.len(), 1, "replies to one request: {:?}", host.replies);
        assert_eq!(host.active, 0, "weir.requests_active");
        assert!(!self.gateway.borrow().is_at_work() && !self.gateway.borrow().has_output());
        self.now = host.now;
        let (of, reply) = host.replies.remove(0);
        assert_eq!(of, id);
        reply
    }
}

impl OneRequest<'_> {
    fn next(&mut self) -> Option<Input> {
        if std::mem::take(&mut self.woken) {
            return Some(Input::Tick);
        }
        let answer = if self.turned { self.answers.pop_back() } else { self.answers.pop_front() };
        if answer.is_some() {
            return answer;
        }
        let timeout = self.timeouts.first_key_value().map(|((at, _), _)| *at);
        match (timeout, self.timer) {
            (Some(at), timer) if timer.is_none_or(|timer| at <= timer) => {
                self.now = self.now.max(at);
                self.timeouts.pop_first().map(|(_, input)| input)
            }
            (_, Some(timer)) => {
                self.now = self.now.max(timer);
                self.timer = None;
                Some(Input::Tick)
            }
            (_, None) => None,
        }
    }
}

impl Host for OneRequest<'_> {
    fn call(&mut self, call: Call) -> Result<(), CallFailure> {
        let id = call.id;
        match (self.fate)(&call) {
            Fate::Answer(response) => self.answers.push_back(Input::CallDone { call: id, response }),
            Fate::Fail(CallFailure::Refused) => return Err(CallFailure::Refused),
            Fate::Fail(failure) => self.answers.push_back(Input::CallFailed { call: id, failure }),
            Fate::Hang => {
                let failed = Input::CallFailed { call: id, failure: CallFailure::TimedOut };
                self.timeouts.insert((self.now.after(call.timeout), id.0), failed);
            }
        }
        Ok(())
    }

    fn reply(&mut self, id: RequestId, reply: Reply) {
        self.replies.push((id, reply));
    }

    fn count(&mut self, metric: Metric, by: i64) {
        if metric == Metric::RequestsActive {
            self.active += by;
        }
    }

    fn shared(&mut self, ask: Ask) -> SharedReply {
        self.shared.answer(ask)
    }

    fn set(&mut self, _metric: Metric, _value: u64) {}

    fn record(&mut self, _metric: Metric, _value: u64) {}

    fn read(&mut self, _metric: Metric) -> u64 {
        0
    }

    fn subgraphs(&mut self, _names: &[String]) {}

    fn log(&mut self, _level: Level, _line: &str) {}

    fn wake(&mut self) {
        self.woken = true;
    }

    fn set_timer(&mut self, delay: Option<Duration>) {
        self.timer = delay.map(|delay| self.now.after(delay));
    }
}
