//! A host whose subgraphs answer at once, from memory.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use weir_gateway::config;
use weir_gateway::event::{Call, CallFailure, CallId, HttpRequest, HttpResponse, Level, Reply};
use weir_gateway::metric::Metric;
use weir_gateway::{Ask, Gateway, Host, Input, RequestId, SharedReply, Surroundings, Timestamp, drive};

use crate::answers;

/// The demo's.
pub(crate) const SUPERGRAPH: &str = include_str!("../../../../envoy/supergraph.graphql");

/// One worker and the world around it.
pub(crate) struct Bench {
    gateway: RefCell<Gateway>,
    host: Canned,
    now: Timestamp,
    next: u32,
    clock: Rc<Cell<Timestamp>>,
}

#[derive(Default)]
struct Canned {
    answers: HashMap<Vec<u8>, HttpResponse>,
    due: VecDeque<(CallId, Vec<u8>)>,
    reply: Option<Reply>,
    replies: usize,
    woken: bool,
    timer: Option<Duration>,
}

impl Bench {
    /// A gateway for the demo's supergraph with these settings; its shared data hold nothing.
    pub(crate) fn new(mut settings: serde_json::Value) -> Bench {
        settings["supergraph"] = serde_json::json!({ "inline": SUPERGRAPH });
        // Plans are in L1 from the first request on.
        settings["plan_cache"] = serde_json::json!({ "layers": { "l2": { "enabled": false } } });
        // Under callgrind planning takes its time.
        settings["limits"] = serde_json::json!({ "max_planning_time": "60s" });
        let document = settings.to_string();
        let loaded = config::load(&document).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let now = Timestamp(Duration::from_secs(1_800_000_000));
        let clock = Rc::new(Cell::new(now));
        let of_gateway = Rc::clone(&clock);
        let surroundings = Surroundings { clock: Box::new(move || of_gateway.get()), seed: 7 };
        let gateway = RefCell::new(Gateway::new(loaded, &document, surroundings));
        let mut bench = Bench { gateway, host: Canned::default(), now, next: 1, clock };
        bench.give(Input::Begin);
        bench
    }

    /// A client asks: all that happens until the worker waits for its first answers.
    pub(crate) fn request(&mut self, body: &[u8]) {
        let id = RequestId(self.next);
        self.next += 1;
        let request = HttpRequest {
            method: "POST".to_owned(),
            path: "/graphql".to_owned(),
            headers: vec![
                ("host".to_owned(), b"weir".to_vec()),
                ("content-type".to_owned(), b"application/json".to_vec()),
            ],
            body: body.to_vec(),
        };
        self.give(Input::Request { id, request });
    }

    /// The answers to the calls that wait now, made ready so that no time is spent on it later.
    pub(crate) fn answers(&mut self) -> Vec<Input> {
        let due = std::mem::take(&mut self.host.due);
        let answered = |(call, body): (CallId, Vec<u8>)| {
            let response = match self.host.answers.get(&body) {
                Some(response) => response.clone(),
                None => {
                    let response =
                        HttpResponse { status: 200, headers: headers(), body: answers::answer(&body) };
                    self.host.answers.insert(body, response.clone());
                    response
                }
            };
            Input::CallDone { call, response }
        };
        due.into_iter().map(answered).collect()
    }

    /// Gives the worker one answer.
    pub(crate) fn give(&mut self, input: Input) {
        drive(&self.gateway, &mut self.host, self.now, input);
        while std::mem::take(&mut self.host.woken) {
            drive(&self.gateway, &mut self.host, self.now, Input::Tick);
        }
    }

    /// Whether the worker does nothing before its timer.
    pub(crate) fn is_idle(&self) -> bool {
        self.host.due.is_empty()
    }

    /// Lets time pass until the worker's timer.
    pub(crate) fn wait(&mut self) {
        let delay = self.host.timer.expect("it waits for something");
        self.now = self.now.after(delay);
        self.clock.set(self.now);
        self.give(Input::Tick);
    }

    /// How many replies were given since the last time, and the last one.
    pub(crate) fn replies(&mut self) -> (usize, Option<Reply>) {
        (std::mem::take(&mut self.host.replies), self.host.reply.take())
    }

    /// Everything, until `count` requests with this body are answered.
    pub(crate) fn execute(&mut self, body: &[u8], count: usize) -> Reply {
        for _ in 0..count {
            self.request(body);
        }
        let mut answered = 0;
        loop {
            let (replies, last) = self.replies();
            answered += replies;
            if let (true, Some(reply)) = (answered == count, last) {
                return reply;
            }
            if self.is_idle() {
                self.wait();
            }
            for answer in self.answers() {
                self.give(answer);
            }
        }
    }
}

/// What Envoy hands over with an answer of a subgraph.
fn headers() -> Vec<(String, Vec<u8>)> {
    [
        (":status", "200"),
        ("content-type", "application/json"),
        ("content-length", "4711"),
        ("date", "Tue, 24 Nov 2026 02:00:00 GMT"),
        ("x-envoy-upstream-service-time", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .to_vec()
}

impl Host for Canned {
    fn call(&mut self, call: Call) -> Result<(), CallFailure> {
        self.due.push_back((call.id, call.body.to_vec()));
        Ok(())
    }

    fn reply(&mut self, _: RequestId, reply: Reply) {
        self.replies += 1;
        self.reply = Some(reply);
    }

    fn shared(&mut self, ask: Ask) -> SharedReply {
        match ask {
            Ask::Get { .. } => SharedReply::Got { value: None, cas: None },
            Ask::Set { .. } => SharedReply::Set(Ok(())),
        }
    }

    fn count(&mut self, _: Metric, _: i64) {}

    fn set(&mut self, _: Metric, _: u64) {}

    fn record(&mut self, _: Metric, _: u64) {}

    fn read(&mut self, _: Metric) -> u64 {
        0
    }

    fn subgraphs(&mut self, _: &[String]) {}

    fn log(&mut self, level: Level, line: &str) {
        assert!(!matches!(level, Level::Warn | Level::Error), "{line}");
    }

    fn wake(&mut self) {
        self.woken = true;
    }

    fn set_timer(&mut self, delay: Option<Duration>) {
        self.timer = delay;
    }
}
