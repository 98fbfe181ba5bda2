//! The worker's gateway: every request in work, and what each waits for.

mod acquire;
mod admin;
mod call;
mod cells;
mod entity_batching;
mod intake;
mod lease;
mod monitor;
mod reload;
mod request_sharing;
mod routes;
mod runtime;
mod store;
mod tasks;
mod traffic;
mod upkeep;
mod warm_up;
mod work;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use lru::LruCache;
use weir_cache::{Get, Key, Put, Shared, SharedSettings, Store, Strategy, Totals};
use weir_planner::plan::{FetchId, OperationKind, SubgraphId};
use xxhash_rust::xxh3::xxh3_64;

use self::acquire::Acquisition;
use self::entity_batching::Batches;
use self::lease::Lease;
use self::monitor::Monitor;
use self::reload::Reload;
use self::request_sharing::Lead;
use self::routes::CallHeaders;
use self::runtime::RuntimeSettings;
use self::tasks::Tasks;
use self::traffic::{Sent, Traffic};
pub use self::upkeep::TICK;
pub(crate) use self::warm_up::Item;
pub use self::warm_up::Progress;
use self::warm_up::WarmUp;
use self::work::Work;
use crate::Config;
use crate::config::{EntityBatchingConfig, Loaded, PlanCacheConfig};
use crate::engine::{Engine, Labels};
use crate::error::Code;
use crate::error_policy::redact;
use crate::event::{Call, CallId, Header, Input, Level, Output, ReceivedHeader, Reply, RequestId, Timestamp};
use crate::headers;
use crate::limit::Limit;
use crate::loader::Loader;
use crate::metric::Metric;
use crate::plans::Plans;
use crate::prepare::Refused;
use crate::protocol::{self, Media};
use crate::response::errors::GraphQlError;

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The GraphQL endpoint: give the whole request to the core.
    GraphQl,
    /// Liveness (`/health`): answer 200.
    Health,
    /// Readiness (`/ready`): answer by [`Gateway::readiness`].
    Ready,
    /// None of Weir's business: let the host route it.
    Pass,
}

/// Whether the gateway should get traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It should.
    Ready,
    /// Not while these subgraphs, without which it shall get none (`health_check.required_for_ready`), are down or unknown.
    Missing(Vec<String>),
    /// Not before its warm-up has come this far to its end, or `plan_cache.warm_up.max_time` has passed.
    Warming(Progress),
}

/// Failures to plan that are remembered.
const MAX_FAILURES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

/// What the core needs of the host beside [`crate::Host`], once.
pub struct Surroundings {
    /// A clock of the same epoch as `now`, for what takes time within one input. Reading it must be cheap.
    pub clock: Box<dyn Fn() -> Timestamp>,
    /// Another number for each worker, and for each time that it starts.
    pub seed: u64,
}

/// The gateway of one worker.
pub struct Gateway {
    engine: Rc<Engine>,
    generation: u64,
    last_generation: u64,
    plans: Plans,
    labels: Labels,
    /// The filter's configuration as text, and its hash.
    document: Rc<str>,
    configuration: u64,
    /// The plan cache's settings in force.
    cache_config: PlanCacheConfig,
    clock: Box<dyn Fn() -> Timestamp>,
    /// This worker's number.
    worker: u64,
    requests: HashMap<RequestId, Request>,
    /// Operations in `requests`.
    operations: usize,
    /// Deadlines of `requests`, soonest first.
    deadlines: BTreeSet<(Timestamp, RequestId)>,
    calls: HashMap<CallId, Calling>,
    loader: Loader,
    /// Requests whose execution others may share, by the number of what they say.
    leaders: HashMap<u64, Vec<RequestId>>,
    /// Requests that share the execution of another, with their deadlines.
    followers: HashMap<RequestId, (RequestId, Timestamp)>,
    traffic: Traffic,
    /// By the subgraphs' places in metrics.
    batches: Vec<Option<Batches>>,
    /// The settings of these, with changes made at run time.
    batching: Vec<EntityBatchingConfig>,
    /// See [`routes::plain`].
    plain_headers: Rc<[Header]>,
    next_call: u64,
    acquisitions: HashMap<Key, Acquisition>,
    /// Acquisitions that wait for another worker.
    waiting: BTreeSet<(Timestamp, Key)>,
    /// Operations that could not be planned, until when.
    failures: LruCache<Key, (Timestamp, Rc<str>, Refused)>,
    shared: Option<Shared>,
    store: Option<Store>,
    /// Time of lookups that was not counted yet.
    looked_micros: u64,
    writes: store::Writes,
    tasks: Tasks,
    /// What was told of this worker's memory: its size, and what happened.
    told: ((usize, usize), Totals),
    /// Longer than any acquisition takes.
    patience: Duration,
    lease: Lease,
    runtime: RuntimeSettings,
    reload: Reload,
    warm_up: WarmUp,
    monitor: Monitor,
    /// When the start's warm-up has had its time; `None` before the first input.
    ready_at: Option<Timestamp>,
    next_tick: Timestamp,
    outputs: VecDeque<Output>,
}

/// A request in work.
struct Request {
    /// The supergraph that it began with.
    engine: Rc<Engine>,
    deadline: Timestamp,
    media: Media,
    work: Work,
    /// The number of that supergraph.
    generation: u64,
    /// How many operations it counts for.
    operations: usize,
    /// Its fetches that have not started, with their groups; see [`Loader::expect`].
    expected: Vec<(u32, FetchId, u64)>,
    /// What may be forwarded of the client's headers.
    headers: Vec<ReceivedHeader>,
    call_headers: Vec<(SubgraphId, CallHeaders)>,
    response_headers: headers::Collected,
    /// What others need who share its execution.
    lead: Option<Box<Lead>>,
}

/// What a call in flight is for.
enum Calling {
    /// Fetches of plans.
    Flight(Sent),
    /// The same, when nobody waits for it any more, and until when it is remembered.
    Abandoned(Sent, Timestamp),
    /// Whether a subgraph is well.
    Check(SubgraphId),
    /// A plan from the store.
    StoreGet(Key, Box<Get>),
    /// A plan for the store.
    StorePut(Box<Put>),
    /// A newer supergraph.
    Supergraph,
}

impl Gateway {
    /// A gateway for a configuration; `document` is its text.
    pub fn new(loaded: Loaded, document: &str, surroundings: Surroundings) -> Gateway {
        let Loaded { config, supergraph, .. } = loaded;
        let Surroundings { clock, seed } = surroundings;
        let cache_config = config.plan_cache.clone();
        let shared = cache_config.shared.enabled.then(|| Shared::new(shared_settings(&cache_config), seed));
        let store = cache_config.store.as_ref().map(|store| Store::new(store::settings(store), seed));
        let mut labels = Labels::default();
        // An engine labels its subgraphs in their order.
        let config_batching = config.subgraphs.iter().map(|subgraph| subgraph.entity_batching).collect();
        let store_timeout = cache_config.store.as_ref().map_or(Duration::ZERO, |store| store.timeout);
        let patience = [cache_config.shared.claim_time, store_timeout, config.limits.max_planning_time]
            .into_iter()
            .fold(Duration::from_secs(1), Duration::saturating_add);
        Gateway {
            plans: Plans::new(&cache_config),
            engine: Rc::new(Engine::new(config, supergraph, &mut labels)),
            generation: 0,
            last_generation: 0,
            labels,
            document: document.into(),
            configuration: xxh3_64(document.as_bytes()),
            cache_config,
            clock,
            worker: seed,
            requests: HashMap::new(),
            operations: 0,
            deadlines: BTreeSet::new(),
            calls: HashMap::new(),
            loader: Loader::default(),
            leaders: HashMap::new(),
            followers: HashMap::new(),
            traffic: Traffic::default(),
            batches: Vec::new(),
            batching: config_batching,
            plain_headers: routes::plain(),
            next_call: 0,
            acquisitions: HashMap::new(),
            waiting: BTreeSet::new(),
            failures: LruCache::new(MAX_FAILURES),
            shared,
            store,
            looked_micros: 0,
            writes: store::Writes::default(),
            tasks: Tasks::default(),
            told: Default::default(),
            patience,
            lease: Lease::default(),
            runtime: RuntimeSettings::default(),
            reload: Reload::default(),
            warm_up: WarmUp::default(),
            monitor: Monitor::default(),
            ready_at: None,
            next_tick: Timestamp::default(),
            outputs: VecDeque::new(),
        }
    }

    /// The configuration in service.
    pub fn config(&self) -> &Config {
        &self.engine.config
    }

    /// Whether it should get traffic.
    pub fn readiness(&self, now: Timestamp) -> Readiness {
        let waits = match self.ready_at {
            None => !self.cache_config.warm_up.operations.is_empty(),
            Some(ready_at) => ready_at > now && self.reload.serves_the_first() && !self.warm_up.is_over(),
        };
        if waits {
            return Readiness::Warming(self.warm_up.progress());
        }
        let missing = self.missing_subgraphs();
        if missing.is_empty() { Readiness::Ready } else { Readiness::Missing(missing) }
    }

    /// Whether requests or plans are in work, besides what it does some times a second for ever.
    pub fn is_at_work(&self) -> bool {
        let waits = !(self.requests.is_empty() && self.acquisitions.is_empty() && self.calls.is_empty());
        waits || !self.loader.is_empty()
    }

    /// Where a request's path (with its query) leads.
    pub fn route(&self, path: &str) -> Route {
        match path.split('?').next().unwrap_or(path) {
            "/health" => Route::Health,
            "/ready" => Route::Ready,
            path if path == self.engine.config.path => Route::GraphQl,
            _ => Route::Pass,
        }
    }

    /// Takes note of `input`; what follows from it is then to be had from [`Gateway::poll_output`].
    pub fn handle(&mut self, now: Timestamp, input: Input) {
        self.traffic.now = now;
        if self.ready_at.is_none() {
            self.begin_service(now);
        }
        match input {
            Input::Request { id, request } => self.request(now, id, request),
            Input::CallDone { call, response } => self.call_done(now, call, response),
            Input::CallFailed { call, failure } => self.call_failed(now, call, failure),
            Input::Shared { task, reply } => self.shared_answered(now, task, reply),
            Input::Counters(values) => self.counters_read(now, &values),
            Input::Admin { id, request } => self.administer(now, id, &request),
            Input::ClientGone { id } => self.client_gone(now, id),
            Input::Begin => {}
            Input::Retire => self.retire(),
            Input::Tick => self.tick(now),
        }
        self.send_flights(now);
    }

    /// The first input has come: the clock is known, the host can be asked.
    fn begin_service(&mut self, now: Timestamp) {
        let warm_up = &self.cache_config.warm_up;
        let ready_at = now.after(warm_up.max_time);
        let items: Vec<Item> = warm_up.operations.iter().cloned().map(Item::Configured).collect();
        self.ready_at = Some(ready_at);
        let own = self.engine.config.subgraphs.iter().map(|subgraph| subgraph.traffic.clone());
        self.set_traffic(now, own.collect());
        self.warm_up(WarmUp::new(items, self.worker, ready_at));
        self.lease = Lease::new(now);
        // What others have agreed on before this one answers anybody.
        self.read_cell(cells::Cell::ReadSettings);
        if self.engine.config.fetch.is_some() {
            self.read_cell(cells::Cell::ReadOffer);
        }
    }

    /// The next thing to do, until there is none. To be called after every [`Gateway::handle`].
    pub fn poll_output(&mut self) -> Option<Output> {
        loop {
            match self.outputs.pop_front()? {
                // Its request has ended since: nobody waits for the answer.
                Output::Call(call) if matches!(self.calls.get(&call.id), None | Some(Calling::Abandoned(..))) => {
                    if let Some(Calling::Abandoned(sent, expires)) = self.calls.remove(&call.id) {
                        self.unsent(call.id, &sent, expires);
                    }
                }
                output => return Some(output),
            }
        }
    }

    /// Whether [`Gateway::poll_output`] has something.
    pub fn has_output(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// Whether the next output is a reply.
    pub fn replies_next(&self) -> bool {
        matches!(self.outputs.front(), Some(Output::Reply { .. }))
    }

    /// When [`Input::Tick`] is needed next.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let deadline = self.deadlines.first().map(|(at, _)| *at);
        let waiting = self.waiting.first().map(|(at, _)| *at);
        let own = [deadline, waiting, self.loader.poll_timeout(), self.traffic.poll_timeout(), Some(self.next_tick)];
        own.into_iter().flatten().min()
    }

    fn client_gone(&mut self, now: Timestamp, id: RequestId) {
        let gone = self.forget(id);
        if gone.is_some() || self.stop_following(id) {
            self.count(Metric::ClientsGone, 1);
        }
        if let Some(lead) = gone.and_then(|request| request.lead) {
            self.pass_on(now, *lead);
        }
    }

    fn tick(&mut self, now: Timestamp) {
        self.loader.turn(now);
        self.look_again(now);
        self.end_late(now);
        self.tend_calls(now);
        self.keep_up(now);
    }

    /// Answers the requests whose deadline has passed.
    fn end_late(&mut self, now: Timestamp) {
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
        let late = |engine: &Engine| {
            let limit = engine.config.request_timeout.as_millis();
            let message = format!("The request took longer than {limit} ms (request_timeout).");
            [GraphQlError::new(Code::DeadlineExceeded, message)]
        };
        if let Some((leader, _)) = self.followers.get(&id).copied() {
            let error = late(&self.engine);
            let media = self.requests.get(&leader).map_or(Media::Json, |request| request.media);
            self.stop_following(id);
            self.count(Metric::DeadlinesExceeded, 1);
            return self.reply(id, protocol::refuse(media, &error, Code::DeadlineExceeded));
        }
        let Some(mut request) = self.forget(id) else { return };
        self.count(Metric::DeadlinesExceeded, 1);
        let error = late(&request.engine);
        let lead = request.lead.take();
        let mut reply = if request.work.is_batch() {
            request.work.into_reply(request.media, &protocol::refusal_body(&error))
        } else {
            protocol::refuse(request.media, &error, Code::DeadlineExceeded)
        };
        reply.code = Some(Code::DeadlineExceeded);
        self.answer_followers(lead, &reply);
        self.reply(id, reply);
    }

    /// Makes the calls that an operation is ready for, or ends it if nothing is left to wait for.
    fn advance(&mut self, now: Timestamp, id: RequestId, part: u32) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let left = request.deadline.since(now);
        let Some(execution) = request.work.running(part) else { return };
        let ready = execution.ready();
        // What starts now is not awaited any more, nor what turned out to have nothing to ask for.
        let started =
            request.expected.extract_if(.., |(of, fetch, _)| *of == part && !execution.is_awaited(*fetch));
        let started: Vec<_> = started.collect();
        let goes_on = !(ready.is_empty() && execution.is_done());
        for (_, fetch, group) in &started {
            if !ready.iter().any(|call| call.fetch == *fetch) {
                self.loader.unexpect(*group);
            }
        }
        if goes_on {
            for call in ready {
                let group =
                    started.iter().find(|(_, fetch, _)| *fetch == call.fetch).map(|(.., group)| *group);
                self.get_for(now, id, part, left, call, group);
            }
            return;
        }
        let Some(request) = self.requests.get_mut(&id) else { return };
        let Some(execution) = request.work.take(part) else { return };
        let (config, outputs) = (&request.engine.config, &mut self.outputs);
        let (body, errors) = execution.finish(config.limits.max_response_bytes, |errors| {
            redact(config, errors, |line| outputs.push_back(Output::Log(Level::Debug, line)));
        });
        request.work.end(part, body, protocol::code_of(&errors));
        if errors.iter().any(|error| error.code == Code::ResponseTooLarge.text()) {
            self.count(Metric::LimitHit(Limit::ResponseBytes), 1);
        }
        self.reply_if_done(id);
    }

    /// Notes the fetches of an operation that are to come, for others to wait for.
    fn expect(&mut self, id: RequestId, part: u32) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let engine = Rc::clone(&request.engine);
        let Some(execution) = request.work.running(part) else { return };
        if execution.kind() != OperationKind::Query {
            return;
        }
        let awaited: Vec<FetchId> = execution.awaited().collect();
        for fetch in awaited {
            // A plan that was at hand after all has let it begin, and be noted, before.
            if request.expected.iter().any(|(of, known, _)| (*of, *known) == (part, fetch)) {
                continue;
            }
            let Some(subgraph) = request.work.plan(part).and_then(|plan| plan.fetches.get(fetch.0 as usize))
            else {
                continue;
            };
            let subgraph = subgraph.subgraph;
            if !self.batching.get(engine.label(subgraph).0 as usize).is_some_and(|config| config.enabled) {
                continue;
            }
            let seed = request.headers_to(&self.plain_headers, subgraph).seed ^ request.generation;
            let Some(execution) = request.work.running(part) else { return };
            let group = execution.group(fetch, seed);
            self.loader.expect(group);
            request.expected.push((part, fetch, group));
        }
    }

    fn reply_if_done(&mut self, id: RequestId) {
        if !self.requests.get(&id).is_some_and(|request| request.work.is_done()) {
            return;
        }
        let Some(request) = self.forget(id) else { return };
        let has_errors = request.work.has_errors();
        let mut reply = request.work.into_reply(request.media, b"null");
        request.response_headers.finish(&request.engine.config, has_errors, &mut reply.headers);
        self.answer_followers(request.lead, &reply);
        self.reply(id, reply);
    }

    /// Ends the work for a request: its late answers will find nobody.
    fn forget(&mut self, id: RequestId) -> Option<Request> {
        let request = self.requests.remove(&id)?;
        self.deadlines.remove(&(request.deadline, id));
        self.stop_leading(id, &request);
        for (.., group) in &request.expected {
            self.loader.unexpect(*group);
        }
        if request.work.mutates() {
            self.loader.mutated();
        }
        if !request.work.is_done() {
            let mut dropped = Vec::new();
            self.loader.forget(id, |call| dropped.push(call));
            dropped.into_iter().for_each(|call| self.abandon(call));
        }
        if request.work.is_waiting() {
            self.stop_waiting(id);
        }
        self.operations = self.operations.saturating_sub(request.operations);
        self.count(Metric::RequestsActive, -1);
        Some(request)
    }

    fn next_call_id(&mut self) -> CallId {
        let id = CallId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1);
        id
    }

    fn send(&mut self, calling: Calling, call: Call) {
        self.calls.insert(call.id, calling);
        self.outputs.push_back(Output::Call(call));
    }

    fn reply(&mut self, id: RequestId, reply: Reply) {
        if reply.code.is_some() {
            self.count(Metric::RequestErrors, 1);
        }
        self.outputs.push_back(Output::Reply { id, reply });
    }

    fn count_many(&mut self, metric: Metric, by: u64) {
        if by > 0 {
            self.count(metric, i64::try_from(by).unwrap_or(i64::MAX));
        }
    }

    fn count(&mut self, metric: Metric, by: i64) {
        self.outputs.push_back(Output::Count(metric, by));
    }
}

/// How the settings of L2 are put.
fn shared_settings(config: &PlanCacheConfig) -> SharedSettings {
    let layer = &config.shared.layer;
    SharedSettings {
        max_entries: layer.max_size,
        max_bytes: layer.max_bytes,
        ttl: Some(layer.ttl),
        renew_on_hit: layer.renew_ttl,
        batch: match layer.strategy {
            Strategy::Lru => None,
            Strategy::LruBatch => Some(u8::try_from(layer.batch_eviction_percentage).unwrap_or(50)),
        },
        claim: config.shared.claim_time,
    }
}
