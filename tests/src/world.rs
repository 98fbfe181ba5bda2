//! A simulated world: the gateway, subgraphs that do as they are told, and a clock that jumps.
//!
//! Nothing sleeps and nothing is left to chance: [`World::run`] moves the clock to the next thing that
//! happens (an answer, a timer, a wake-up) until nothing is left. So "the deadline passes after 30 s" takes
//! microseconds and always takes the same way.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value as Json;
use weir_gateway::config::Loaded;
use weir_gateway::event::{
    Call, CallFailure, CallId, HttpRequest, HttpResponse, Level, ReceivedHeader, Reply, Timestamp,
};
use weir_gateway::metric::Metric;
use weir_gateway::{Ask, Gateway, Host, Input, Readiness, RequestId, SharedReply, Surroundings, drive};

use crate::dataset::Dataset;
use crate::reference::server::Server;
use crate::shared_data::SharedData;
use crate::subgraph;
use crate::suite::Suite;

/// How a subgraph takes its next calls.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// Answers from its data.
    Answer,
    /// Answers with this status and body.
    Raw(u16, String),
    /// Answers from its data, changed by this function.
    Changed(fn(Json) -> Json),
    /// Answers from its data, with the value of this header of the call behind each string but keys and types.
    Marked(&'static str),
    /// Answers from its data, but fails whole calls that hold this text.
    Poisoned(&'static str),
    /// Fails on the way.
    Fail(CallFailure),
    /// The host refuses the call.
    Refuse,
    /// Never answers; the host's timeout ends it.
    Hang,
}

struct Subgraph {
    data: Data,
    behaviour: Behaviour,
    latency: Duration,
    /// Headers of its answers.
    headers: Vec<ReceivedHeader>,
}

/// What a subgraph answers from.
enum Data {
    /// Any query over all the data, taken as valid.
    Loose(Dataset),
    /// What a real subgraph with its schema would answer.
    Strict(Rc<Server>),
}

impl Data {
    fn answer(&self, body: &Json) -> String {
        match self {
            Data::Loose(dataset) => subgraph::execute(dataset, body).to_string(),
            Data::Strict(server) => server.answer(body).body(),
        }
    }
}

/// The world.
///
/// It has one worker unless [`World::add_worker`] adds some; what isn't told otherwise goes to the first.
pub struct World {
    workers: Vec<RefCell<Gateway>>,
    host: SimulatedHost,
    document: String,
    next_request: u32,
}

struct SimulatedHost {
    now: Timestamp,
    subgraphs: HashMap<String, Subgraph>,
    /// What will happen when; the number keeps the order of what happens at the same time.
    agenda: BTreeMap<(Timestamp, u64), (usize, Input)>,
    scheduled: u64,
    /// The worker whose turn it is.
    active: usize,
    /// Of each worker.
    timers: Vec<Option<Timestamp>>,
    woken: Vec<bool>,
    clock: Rc<Cell<Timestamp>>,
    shared: SharedData,
    refused: HashMap<String, CallFailure>,
    /// What other HTTP services than subgraphs answer, by cluster.
    services: HashMap<String, Service>,
    calls: Vec<Call>,
    /// The requests whose streams have sent calls, by worker and call.
    senders: HashMap<(usize, CallId), RequestId>,
    /// Calls to other services.
    own_calls: Vec<Call>,
    replies: BTreeMap<RequestId, (Timestamp, Reply)>,
    replies_this_turn: usize,
    largest_turn: usize,
    counts: HashMap<Metric, i64>,
    counts_of: HashMap<(usize, Metric), i64>,
    log: Vec<String>,
}

/// An HTTP service that is no subgraph: `None` is a refused connection.
pub type Service = Box<dyn FnMut(&Call) -> Option<HttpResponse>>;

impl World {
    /// A world around the store's supergraph, with `settings` merged into its configuration.
    pub fn store(settings: Json) -> World {
        World::new(include_str!("../fixtures/store.graphql"), Dataset::store(), settings)
    }

    /// The same with traffic control as operators get it unless `settings` say otherwise. The other worlds have none: there
    /// what fails, fails at once and each time.
    pub fn controlled(mut settings: Json) -> World {
        if let Json::Object(settings) = &mut settings {
            for part in ["circuit_breaker", "connection_pool", "health_check"] {
                settings.entry(part).or_insert_with(|| serde_json::json!({}));
            }
        }
        World::store(settings)
    }

    /// A world around any supergraph whose subgraphs have URLs; each answers any query from all the data.
    pub fn new(supergraph: &str, dataset: Dataset, settings: Json) -> World {
        World::around(supergraph, settings, false, |_| Data::Loose(dataset.clone()))
    }

    /// A world around a suite, whose subgraphs are strict: [`Suite::take_violations`] tells what they refused.
    pub fn suite(suite: &Suite, settings: Json) -> World {
        World::around(&suite.supergraph, settings, false, |name| Data::Strict(suite.server(name)))
    }

    /// The same, with all plans made by the second planner, which else is asked only where the library fails.
    pub fn suite_without_library(suite: &Suite, settings: Json) -> World {
        World::around(&suite.supergraph, settings, true, |name| Data::Strict(suite.server(name)))
    }

    fn around(supergraph: &str, settings: Json, without_library: bool, data: impl Fn(&str) -> Data) -> World {
        let mut config = serde_json::json!({"supergraph": {"inline": supergraph}});
        if let (Json::Object(config), Json::Object(settings)) = (&mut config, settings) {
            config.extend(settings);
            config.entry("circuit_breaker").or_insert_with(|| serde_json::json!({"enabled": false}));
            config.entry("health_check").or_insert_with(|| serde_json::json!({"mode": "off"}));
            let calm = || serde_json::json!({"retry_policy": {"max_retries": 0}});
            config.entry("connection_pool").or_insert_with(calm);
        }
        let loaded = weir_gateway::config::load(&config.to_string())
            .unwrap_or_else(|problems| panic!("bad configuration: {problems:#?}"));
        let subgraphs = loaded.config.subgraphs.iter().map(|subgraph| {
            let latency = Duration::from_millis(10);
            let data = data(&subgraph.name);
            let simulated = Subgraph { data, behaviour: Behaviour::Answer, latency, headers: Vec::new() };
            (subgraph.cluster.clone(), simulated)
        });
        let host = SimulatedHost {
            now: Timestamp(Duration::from_secs(1000)),
            subgraphs: subgraphs.collect(),
            agenda: BTreeMap::new(),
            scheduled: 0,
            active: 0,
            timers: Vec::new(),
            woken: Vec::new(),
            clock: Rc::new(Cell::new(Timestamp(Duration::from_secs(1000)))),
            shared: SharedData::default(),
            refused: HashMap::new(),
            services: HashMap::new(),
            calls: Vec::new(),
            senders: HashMap::new(),
            own_calls: Vec::new(),
            replies: BTreeMap::new(),
            replies_this_turn: 0,
            largest_turn: 0,
            counts: HashMap::new(),
            counts_of: HashMap::new(),
            log: Vec::new(),
        };
        let document = config.to_string();
        let mut world = World { workers: Vec::new(), host, document, next_request: 1 };
        let supergraph =
            if without_library { loaded.supergraph.without_library() } else { loaded.supergraph };
        world.start(Loaded { supergraph, ..loaded });
        world
    }

    fn start(&mut self, loaded: Loaded) {
        let clock = Rc::clone(&self.host.clock);
        let number = self.workers.len();
        let surroundings = Surroundings { clock: Box::new(move || clock.get()), seed: 7 + number as u64 };
        self.workers.push(RefCell::new(Gateway::new(loaded, &self.document, surroundings)));
        // As the filter sets it when it is configured.
        self.host.timers.push(Some(self.host.now));
        self.host.woken.push(false);
        self.run_for(Duration::ZERO);
    }

    /// One more worker of the same Envoy; returns its number.
    pub fn add_worker(&mut self) -> usize {
        let loaded = weir_gateway::config::load(&self.document).expect("the first worker took it");
        self.start(loaded);
        self.workers.len() - 1
    }

    /// Replaces all workers by one new one, as when Envoy is started again; services go on.
    pub fn restart(&mut self) {
        let loaded = weir_gateway::config::load(&self.document).expect("the first worker took it");
        self.workers.clear();
        self.host.timers.clear();
        self.host.woken.clear();
        self.host.agenda.clear();
        self.host.shared = SharedData::default();
        self.start(loaded);
    }

    /// The worker dies, as when its VM traps, and begins anew; its requests are lost.
    pub fn kill_worker(&mut self, worker: usize) {
        let loaded = weir_gateway::config::load(&self.document).expect("the first worker took it");
        let clock = Rc::clone(&self.host.clock);
        let seed = 1000 + self.host.scheduled * 16 + worker as u64;
        let surroundings = Surroundings { clock: Box::new(move || clock.get()), seed };
        self.workers[worker] = RefCell::new(Gateway::new(loaded, &self.document, surroundings));
        self.host.agenda.retain(|_, (of, _)| *of != worker);
        self.host.senders.retain(|(of, _), _| *of != worker);
        self.host.timers[worker] = Some(self.host.now);
        self.host.woken[worker] = false;
    }

    /// The worker ends, as when its configuration was replaced and its last stream has ended.
    pub fn retire(&mut self, worker: usize) {
        self.happen_at(worker, Input::Retire);
    }

    /// The data that the workers share.
    pub fn shared(&self) -> &SharedData {
        &self.host.shared
    }

    /// An HTTP service that is asked through `cluster`.
    pub fn serve(&mut self, cluster: &str, service: impl FnMut(&Call) -> Option<HttpResponse> + 'static) {
        self.host.services.insert(cluster.to_owned(), Box::new(service));
    }

    /// Whether a worker should get traffic.
    pub fn readiness(&self, worker: usize) -> Readiness {
        self.workers[worker].borrow().readiness(self.host.now)
    }

    /// An operator asks for a page of Weir's; its answer.
    pub fn administer(&mut self, worker: usize, method: &str, path: &str, body: &str) -> Reply {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        let request = HttpRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
            body: body.as_bytes().to_vec(),
        };
        self.happen_at(worker, Input::Admin { id, request });
        self.reply(id).expect("operators are answered at once").clone()
    }

    /// Tells a subgraph how to take its calls from now on.
    pub fn set(&mut self, subgraph: &str, behaviour: Behaviour) {
        self.subgraph(subgraph).behaviour = behaviour;
    }

    /// Tells a subgraph how long to take for an answer.
    pub fn latency(&mut self, subgraph: &str, latency: Duration) {
        self.subgraph(subgraph).latency = latency;
    }

    /// Tells a subgraph which headers to put on its answers.
    pub fn answer_with(&mut self, subgraph: &str, headers: &[(&str, &str)]) {
        let pairs = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
        self.subgraph(subgraph).headers = pairs.collect();
    }

    fn subgraph(&mut self, name: &str) -> &mut Subgraph {
        let gateway = self.workers[0].borrow();
        let config = gateway.config().subgraphs.iter().find(|subgraph| subgraph.name == name);
        let cluster = &config.unwrap_or_else(|| panic!("no subgraph {name}")).cluster;
        self.host.subgraphs.get_mut(cluster).expect("a subgraph for each cluster")
    }

    /// A client sends an operation.
    pub fn send(&mut self, query: &str) -> RequestId {
        self.send_body(&serde_json::json!({ "query": query }).to_string())
    }

    /// A client sends a body.
    pub fn send_body(&mut self, body: &str) -> RequestId {
        self.send_request(HttpRequest {
            method: "POST".to_owned(),
            path: "/graphql".to_owned(),
            headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
            body: body.as_bytes().to_vec(),
        })
    }

    /// A client sends a request.
    pub fn send_request(&mut self, request: HttpRequest) -> RequestId {
        self.send_request_to(0, request)
    }

    /// A client's request comes to some worker.
    pub fn send_request_to(&mut self, worker: usize, request: HttpRequest) -> RequestId {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        self.happen_at(worker, Input::Request { id, request });
        id
    }

    /// A client's operation comes to some worker.
    pub fn send_to(&mut self, worker: usize, query: &str) -> RequestId {
        let body = serde_json::json!({ "query": query }).to_string();
        self.send_request_to(
            worker,
            HttpRequest {
                method: "POST".to_owned(),
                path: "/graphql".to_owned(),
                headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
                body: body.into_bytes(),
            },
        )
    }

    /// A client goes away.
    pub fn leave(&mut self, id: RequestId) {
        self.leave_worker(0, id);
    }

    /// A client of some worker goes away.
    pub fn leave_worker(&mut self, worker: usize, id: RequestId) {
        self.host.lose_calls_of(worker, id);
        self.happen_at(worker, Input::ClientGone { id });
    }

    /// The host sends nothing to `cluster`.
    pub fn refuse_cluster(&mut self, cluster: &str, failure: CallFailure) {
        self.host.refused.insert(cluster.to_owned(), failure);
    }

    fn happen(&mut self, input: Input) {
        self.happen_at(0, input);
    }

    fn happen_at(&mut self, worker: usize, input: Input) {
        self.host.replies_this_turn = 0;
        let now = self.host.now;
        self.host.clock.set(now);
        self.host.active = worker;
        drive(&self.workers[worker], &mut self.host, now, input);
        self.host.largest_turn = self.host.largest_turn.max(self.host.replies_this_turn);
    }

    /// Lets everything happen that will, each at its time. What workers do some times a second for ever goes on
    /// only as long as they have other work.
    pub fn run(&mut self) {
        while (self.is_at_work() || !self.host.agenda.is_empty() || self.host.woken.contains(&true))
            && self.step()
        {}
    }

    fn is_at_work(&self) -> bool {
        self.workers.iter().any(|worker| worker.borrow().is_at_work())
    }

    /// Lets everything happen that will within `span`, and lets that time pass.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.host.now.after(span);
        while self.next_time().is_some_and(|at| at <= end) {
            self.step();
        }
        self.host.now = end;
    }

    /// Lets time pass while the host is busy, then the timer fire before anything else.
    pub fn stall(&mut self, span: Duration) {
        self.host.now = self.host.now.after(span);
        self.host.timers[0] = None;
        self.happen(Input::Tick);
    }

    fn next_time(&self) -> Option<Timestamp> {
        if self.host.woken.contains(&true) {
            return Some(self.host.now);
        }
        let agenda = self.host.agenda.first_key_value().map(|((at, _), _)| *at);
        self.host.timers.iter().flatten().copied().chain(agenda).min()
    }

    fn step(&mut self) -> bool {
        let Some(at) = self.next_time() else { return false };
        self.host.now = self.host.now.max(at);
        if let Some(worker) = self.host.woken.iter().position(|woken| *woken) {
            self.host.woken[worker] = false;
            self.happen_at(worker, Input::Tick);
        } else if self.host.agenda.first_key_value().is_some_and(|((due, _), _)| *due <= at) {
            if let Some((_, (worker, input))) = self.host.agenda.pop_first() {
                self.happen_at(worker, input);
            }
        } else if let Some(worker) =
            self.host.timers.iter().position(|timer| timer.is_some_and(|due| due <= at))
        {
            self.host.timers[worker] = None;
            self.happen_at(worker, Input::Tick);
        }
        true
    }

    /// Sends an operation, lets everything happen, and returns the reply's JSON.
    pub fn ask(&mut self, query: &str) -> Json {
        let id = self.send(query);
        self.run();
        self.json(id)
    }

    /// The reply to a request, if it has come.
    pub fn reply(&self, id: RequestId) -> Option<&Reply> {
        self.host.replies.get(&id).map(|(_, reply)| reply)
    }

    /// How long after `since` a request was answered.
    pub fn answered_after(&self, id: RequestId, since: Timestamp) -> Duration {
        self.host.replies.get(&id).unwrap_or_else(|| panic!("{id:?} has no reply")).0.since(since)
    }

    /// The reply's JSON.
    pub fn json(&self, id: RequestId) -> Json {
        let reply =
            self.reply(id).unwrap_or_else(|| panic!("{id:?} has no reply; log: {:#?}", self.host.log));
        serde_json::from_slice(&reply.body).unwrap_or_else(|error| {
            panic!("the reply is not JSON: {error}: {}", String::from_utf8_lossy(&reply.body))
        })
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.host.now
    }

    /// The calls made so far, as (cluster, query).
    pub fn calls(&self) -> Vec<(String, String)> {
        let query = |call: &Call| {
            let body: Json = serde_json::from_slice(&call.body).expect("a call's body is JSON");
            body["query"].as_str().expect("a call has a query").to_owned()
        };
        self.host.calls.iter().map(|call| (call.cluster.clone(), query(call))).collect()
    }

    /// The calls themselves.
    pub fn raw_calls(&self) -> &[Call] {
        &self.host.calls
    }

    /// The calls to services that are no subgraphs.
    pub fn own_calls(&self) -> &[Call] {
        &self.host.own_calls
    }

    /// A metric's value.
    pub fn count(&self, metric: Metric) -> i64 {
        self.host.counts.get(&metric).copied().unwrap_or(0)
    }

    /// What one worker added to a metric.
    pub fn count_of(&self, worker: usize, metric: Metric) -> i64 {
        self.host.counts_of.get(&(worker, metric)).copied().unwrap_or(0)
    }

    /// The most replies given in one turn so far.
    pub fn largest_turn(&self) -> usize {
        self.host.largest_turn
    }

    /// What was written to the log.
    pub fn log(&self) -> &[String] {
        &self.host.log
    }

    /// Whether the gateway waits for anything.
    pub fn waits(&self) -> bool {
        self.is_at_work()
    }
}

/// Appends `mark` to all strings but types and keys, which are no data of the header's.
fn append(value: &mut Json, mark: &str) {
    match value {
        Json::String(text) => text.push_str(mark),
        Json::Array(items) => items.iter_mut().for_each(|item| append(item, mark)),
        Json::Object(fields) => {
            let data =
                fields.iter_mut().filter(|(key, _)| !matches!(key.as_str(), "__typename" | "id" | "upc"));
            data.for_each(|(_, value)| append(value, mark));
        }
        _ => {}
    }
}

impl SimulatedHost {
    /// A stream of a worker has ended: the SDK drops the answers to the calls it has sent.
    fn lose_calls_of(&mut self, worker: usize, request: RequestId) {
        let senders = &self.senders;
        self.agenda.retain(|_, (of, input)| match input {
            Input::CallDone { call, .. } | Input::CallFailed { call, .. } if *of == worker => {
                senders.get(&(worker, *call)) != Some(&request)
            }
            _ => true,
        });
        self.senders.retain(|(of, _), sender| *of != worker || *sender != request);
    }

    fn schedule(&mut self, delay: Duration, input: Input) {
        self.scheduled += 1;
        self.agenda.insert((self.now.after(delay), self.scheduled), (self.active, input));
    }

    fn answer(
        &mut self,
        call: CallId,
        delay: Duration,
        status: u16,
        headers: Vec<ReceivedHeader>,
        body: String,
    ) {
        let response = HttpResponse { status, headers, body: body.into_bytes() };
        self.schedule(delay, Input::CallDone { call, response });
    }
}

impl Host for SimulatedHost {
    fn call(&mut self, call: Call) -> Result<(), CallFailure> {
        if let Some(failure) = self.refused.get(&call.cluster) {
            return Err(*failure);
        }
        if let Some(service) = self.services.get_mut(&call.cluster) {
            let (answer, id) = (service(&call), call.id);
            self.own_calls.push(call);
            match answer {
                Some(response) => {
                    self.schedule(Duration::from_millis(1), Input::CallDone { call: id, response });
                }
                None => {
                    let failure = CallFailure::Unreachable;
                    self.schedule(Duration::from_millis(1), Input::CallFailed { call: id, failure });
                }
            }
            return Ok(());
        }
        let subgraph =
            self.subgraphs.get(&call.cluster).unwrap_or_else(|| panic!("no cluster {}", call.cluster));
        let (behaviour, latency) = (subgraph.behaviour.clone(), subgraph.latency);
        let headers = subgraph.headers.clone();
        let (id, timeout) = (call.id, call.timeout);
        assert!(timeout >= Duration::from_millis(1), "Envoy takes a shorter timeout for none");
        // Read only where it is needed: what a call costs is measured around this.
        let body = match behaviour {
            Behaviour::Answer | Behaviour::Changed(_) | Behaviour::Marked(_) | Behaviour::Poisoned(_) => {
                serde_json::from_slice(&call.body).expect("a call's body is JSON")
            }
            _ => Json::Null,
        };
        let mark = match behaviour {
            Behaviour::Marked(name) => {
                let header = call.headers.iter().find(|(known, _)| known == name);
                header.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
            }
            _ => String::new(),
        };
        let text = String::from_utf8_lossy(&call.body).into_owned();
        if let Some(request) = call.request {
            self.senders.insert((self.active, call.id), request);
        }
        self.calls.push(call);
        if latency >= timeout {
            self.schedule(timeout, Input::CallFailed { call: id, failure: CallFailure::TimedOut });
            return Ok(());
        }
        match behaviour {
            Behaviour::Answer => {
                let text = subgraph.data.answer(&body);
                self.answer(id, latency, 200, headers, text);
            }
            Behaviour::Marked(_) => {
                let mut response =
                    serde_json::from_str(&subgraph.data.answer(&body)).expect("a subgraph sends JSON");
                append(&mut response, &mark);
                self.answer(id, latency, 200, headers, response.to_string());
            }
            Behaviour::Poisoned(poison) if text.contains(poison) => {
                let error = r#"{"data":null,"errors":[{"message":"poisoned"}]}"#.to_owned();
                self.answer(id, latency, 200, headers, error);
            }
            Behaviour::Poisoned(_) => {
                let text = subgraph.data.answer(&body);
                self.answer(id, latency, 200, headers, text);
            }
            Behaviour::Raw(status, text) => self.answer(id, latency, status, headers, text),
            Behaviour::Changed(change) => {
                let response =
                    serde_json::from_str(&subgraph.data.answer(&body)).expect("a subgraph sends JSON");
                let text = change(response).to_string();
                self.answer(id, latency, 200, headers, text);
            }
            Behaviour::Fail(failure) => self.schedule(latency, Input::CallFailed { call: id, failure }),
            Behaviour::Refuse => return Err(CallFailure::Refused),
            Behaviour::Hang => {
                self.schedule(timeout, Input::CallFailed { call: id, failure: CallFailure::TimedOut });
            }
        }
        Ok(())
    }

    fn reply(&mut self, id: RequestId, reply: Reply) {
        self.replies_this_turn += 1;
        self.lose_calls_of(self.active, id);
        let old = self.replies.insert(id, (self.now, reply));
        assert!(old.is_none(), "{id:?} was answered twice");
    }

    fn count(&mut self, metric: Metric, by: i64) {
        *self.counts_of.entry((self.active, metric)).or_default() += by;
        *self.counts.entry(metric).or_default() += by;
    }

    fn shared(&mut self, ask: Ask) -> SharedReply {
        self.shared.answer(ask)
    }

    fn set(&mut self, metric: Metric, value: u64) {
        self.counts.insert(metric, i64::try_from(value).expect("a gauge of reasonable size"));
    }

    fn record(&mut self, metric: Metric, _value: u64) {
        *self.counts.entry(metric).or_default() += 1;
    }

    fn read(&mut self, metric: Metric) -> u64 {
        self.counts.get(&metric).map_or(0, |count| u64::try_from(*count).expect("a sum is not negative"))
    }

    fn subgraphs(&mut self, _names: &[String]) {}

    fn log(&mut self, _level: Level, line: &str) {
        self.log.push(line.to_owned());
    }

    fn wake(&mut self) {
        let active = self.active;
        self.woken[active] = true;
    }

    fn set_timer(&mut self, delay: Option<Duration>) {
        let active = self.active;
        self.timers[active] = delay.map(|delay| self.now.after(delay));
    }
}
