//! A new supergraph without a restart (DESIGN §4, invariant 7).
//!
//! The holder of the lease polls the source and checks what it gets; a supergraph that passes is put into the shared data
//! and *offered*. Each worker then builds its planner beside the old one and makes the hottest plans anew. When the
//! leader has finished, it says *go*, and all go over at their next tick. Requests in work finish on the old supergraph.

use std::rc::Rc;
use std::time::Duration;

use weir_planner::Supergraph;
use xxhash_rust::xxh3::xxh3_64;

use super::cells::Cell;
use super::warm_up::{Item, WarmUp};
use super::{Calling, Gateway};
use crate::config::{FetchConfig, load_with};
use crate::engine::Engine;
use crate::event::{Call, CallFailure, CallId, Header, HttpResponse, Level, Output, Timestamp};
use crate::metric::{Layer, Metric};
use crate::plans::Plans;

const FORMAT: u8 = 1;

/// The largest supergraph that is taken.
const MAX_SDL: usize = 16 << 20;

/// The back-off grows to this many intervals.
const MAX_BACKOFF: u32 = 16;

/// When the hottest plans take longer than this, the new supergraph is served without the rest.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is going on with supergraphs.
#[derive(Default)]
pub(super) struct Reload {
    /// Which offer this worker serves or prepares; 0: the configuration's own.
    version: u64,
    /// The highest number that was seen, also of offers that were refused.
    seen: u64,
    preparing: Option<Preparing>,
    /// Which offer is being read from the shared data.
    reading: Option<Offer>,
    /// What the leader is about to offer.
    offering: Option<Offer>,
    asking: bool,
    next_fetch: Timestamp,
    failures: u32,
    etag: Option<Vec<u8>>,
    /// The last one that was refused: its fault is told once.
    refused: Option<u64>,
}

/// A new engine, not yet in service.
struct Preparing {
    engine: Rc<Engine>,
    plans: Plans,
    generation: u64,
    offer: Offer,
    since: Timestamp,
    cas: Option<u32>,
    said_go: bool,
}

/// What all workers know of a new supergraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Offer {
    /// Of the configuration that it is for.
    configuration: u64,
    version: u64,
    /// Of the SDL.
    hash: u64,
    go: bool,
}

impl Offer {
    fn encode(self) -> Vec<u8> {
        let mut value = vec![FORMAT];
        for number in [self.configuration, self.version, self.hash] {
            value.extend_from_slice(&number.to_le_bytes());
        }
        value.push(u8::from(self.go));
        value
    }

    fn decode(value: &[u8]) -> Option<Offer> {
        let (&[format], rest) = value.split_first_chunk::<1>()?;
        let (configuration, rest) = rest.split_first_chunk::<8>()?;
        let (version, rest) = rest.split_first_chunk::<8>()?;
        let (hash, rest) = rest.split_first_chunk::<8>()?;
        let [go] = rest.first_chunk::<1>()?;
        let number = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
        (format == FORMAT).then(|| Offer {
            configuration: number(configuration),
            version: number(version),
            hash: number(hash),
            go: *go != 0,
        })
    }
}

impl Reload {
    /// Whether the worker serves what it started with and prepares nothing else.
    pub(super) fn serves_the_first(&self) -> bool {
        self.version == 0 && self.preparing.is_none()
    }
}

impl Gateway {
    /// The engine and the generation that a warm-up is for.
    pub(super) fn engine_to_warm(&self) -> (Rc<Engine>, u64) {
        match &self.reload.preparing {
            Some(preparing) => (Rc::clone(&preparing.engine), preparing.generation),
            None => (Rc::clone(&self.engine), self.generation),
        }
    }

    /// The plans of a generation, if it is in service or about to be.
    pub(super) fn plans_of(&mut self, generation: u64) -> Option<&mut Plans> {
        if generation == self.generation {
            return Some(&mut self.plans);
        }
        let preparing = self.reload.preparing.as_mut()?;
        (preparing.generation == generation).then_some(&mut preparing.plans)
    }

    /// A tick has come.
    pub(super) fn go_on_reloading(&mut self, now: Timestamp) {
        if self.engine.config.fetch.is_none() {
            return;
        }
        self.read_cell(Cell::ReadOffer);
        if self.lease.is_held(now) {
            self.fetch(now);
        } else {
            // Whoever becomes the leader asks at once.
            self.reload.next_fetch = now;
        }
        self.say_go(now);
    }

    fn fetch(&mut self, now: Timestamp) {
        let reload = &mut self.reload;
        if reload.asking || reload.next_fetch > now || reload.preparing.is_some() || reload.offering.is_some()
        {
            return;
        }
        let Some(FetchConfig { target, timeout, .. }) = &self.engine.config.fetch else { return };
        let mut headers: Vec<Header> = vec![("accept".into(), b"*/*".into())];
        if let Some(etag) = &reload.etag {
            headers.push(("if-none-match".into(), etag.clone().into()));
        }
        reload.asking = true;
        let id = CallId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1);
        let call = Call {
            id,
            request: None,
            method: "GET",
            cluster: target.cluster.clone(),
            authority: target.authority.clone(),
            path: target.path.clone(),
            headers,
            body: Vec::new(),
            timeout: *timeout,
        };
        self.count(Metric::SupergraphFetches, 1);
        self.send(Calling::Supergraph, call);
    }

    /// The source has answered, or not.
    pub(super) fn fetched(&mut self, now: Timestamp, answer: Result<HttpResponse, CallFailure>) {
        self.reload.asking = false;
        let interval = self.engine.config.fetch.as_ref().map_or(Duration::MAX, |fetch| fetch.interval);
        let wrong = match answer {
            Ok(HttpResponse { status: 304, .. }) => None,
            Ok(HttpResponse { status: 200, headers, body }) => match String::from_utf8(body) {
                Ok(sdl) if sdl.len() <= MAX_SDL => {
                    self.reload.etag =
                        headers.into_iter().find(|(name, _)| name == "etag").map(|(_, value)| value);
                    self.offer(now, sdl);
                    None
                }
                Ok(_) => Some(format!("it is larger than {MAX_SDL} bytes")),
                Err(_) => Some("it is not UTF-8".to_owned()),
            },
            Ok(HttpResponse { status, .. }) => Some(format!("the answer has HTTP status {status}")),
            Err(failure) => Some(format!("no answer ({failure:?})")),
        };
        let reload = &mut self.reload;
        let delay = match &wrong {
            None => {
                reload.failures = 0;
                interval
            }
            Some(_) => {
                reload.failures = reload.failures.saturating_add(1);
                let factor =
                    1_u32.checked_shl(reload.failures.min(16)).unwrap_or(MAX_BACKOFF).min(MAX_BACKOFF);
                interval.saturating_mul(factor)
            }
        };
        reload.next_fetch = now.after(delay);
        if let Some(why) = wrong {
            self.count(Metric::SupergraphFetchFailures, 1);
            let seconds = delay.as_secs_f64();
            let line = format!(
                "weir: the supergraph could not be fetched: {why}; the next try is in {seconds:.1} s"
            );
            self.outputs.push_back(Output::Log(Level::Warn, line));
        }
    }

    /// The leader has a supergraph in hand: if it is new and sound, all shall have it.
    fn offer(&mut self, now: Timestamp, sdl: String) {
        let hash = xxh3_64(sdl.as_bytes());
        if hash == self.engine.supergraph.hash() || self.reload.refused == Some(hash) {
            return;
        }
        let offer = Offer {
            configuration: self.configuration,
            version: self.reload.seen.saturating_add(1),
            hash,
            go: false,
        };
        if self.prepare_engine(now, &sdl, offer) {
            self.reload.offering = Some(offer);
            self.write_cell(Cell::WroteSdl, sdl.into_bytes(), None);
        }
    }

    /// The supergraph is where the others will find it.
    pub(super) fn sdl_written(&mut self, written: bool) {
        let Some(offer) = self.reload.offering.take() else { return };
        if written {
            self.reload.seen = self.reload.seen.max(offer.version);
            self.write_cell(Cell::WroteOffer, offer.encode(), None);
        } else {
            self.drop_preparing();
        }
    }

    fn drop_preparing(&mut self) {
        if let Some(preparing) = self.reload.preparing.take() {
            self.resized(preparing.plans.size(), (0, 0));
        }
    }

    /// What is on offer.
    pub(super) fn offer_read(&mut self, now: Timestamp, value: Option<&[u8]>, cas: Option<u32>) {
        let Some(offer) = value.and_then(Offer::decode) else { return };
        if offer.configuration != self.configuration {
            return;
        }
        self.reload.seen = self.reload.seen.max(offer.version);
        if let Some(preparing) = &mut self.reload.preparing
            && preparing.offer.version == offer.version
        {
            preparing.cas = cas;
            preparing.offer.go |= offer.go;
            if preparing.offer.go {
                self.go_over(now);
            }
            return;
        }
        let serves = self.engine.supergraph.hash() == offer.hash || self.reload.refused == Some(offer.hash);
        if serves || self.reload.reading == Some(offer) || self.reload.offering.is_some() {
            if serves {
                self.reload.version = offer.version;
            }
            return;
        }
        self.reload.reading = Some(offer);
        self.read_cell(Cell::ReadSdl);
    }

    /// The offered supergraph.
    pub(super) fn sdl_read(&mut self, now: Timestamp, value: Option<Vec<u8>>) {
        let Some(offer) = self.reload.reading.take() else { return };
        // Another is being written: its offer will be read.
        let Some(sdl) = value.and_then(|bytes| String::from_utf8(bytes).ok()) else { return };
        if xxh3_64(sdl.as_bytes()) == offer.hash && self.prepare_engine(now, &sdl, offer) && offer.go {
            // It began to serve after the others: before this one has answered anybody, most likely.
            self.go_over(now);
        }
    }

    /// Builds an engine beside the one in service; false if the supergraph is refused.
    fn prepare_engine(&mut self, now: Timestamp, sdl: &str, offer: Offer) -> bool {
        let loaded = match load_with(&self.document, Some(sdl)) {
            Ok(loaded) => loaded,
            Err(problems) => {
                self.reload.refused = Some(offer.hash);
                self.count(Metric::SupergraphsRefused, 1);
                for problem in problems.iter().take(20) {
                    let line =
                        format!("weir: the new supergraph is refused, the old one serves on: {problem}");
                    self.outputs.push_back(Output::Log(Level::Error, line));
                }
                return false;
            }
        };
        let supergraph: Supergraph = loaded.supergraph;
        let config = loaded.config;
        let known = self.labels.names().len();
        let engine = Rc::new(Engine::new(config, supergraph, &mut self.labels));
        if self.labels.names().len() != known {
            self.outputs.push_back(Output::Subgraphs(self.labels.names().to_vec()));
        }
        self.drop_preparing();
        self.last_generation = self.last_generation.wrapping_add(1);
        let configured = self.cache_config.warm_up.operations.clone();
        let hottest = self.plans.hottest(self.cache_config.warm_up.hottest);
        let plans = Plans::new(&self.cache_config);
        let generation = self.last_generation;
        self.reload.preparing =
            Some(Preparing { engine, plans, generation, offer, since: now, cas: None, said_go: false });
        let items = hottest.into_iter().map(Item::Former).chain(configured.into_iter().map(Item::Configured));
        self.warm_up(WarmUp::new(items, self.worker, now.after(PATIENCE)));
        self.outputs.push_back(Output::Wake);
        true
    }

    /// The leader tells all to go over once its own plans are ready.
    fn say_go(&mut self, now: Timestamp) {
        let is_leader = self.lease.is_held(now);
        let is_warm = self.warm_up.is_over();
        let Some(preparing) = &mut self.reload.preparing else { return };
        let ready = is_warm || now.since(preparing.since) > PATIENCE;
        if is_leader && ready && !preparing.said_go && preparing.cas.is_some() {
            preparing.said_go = true;
            let (offer, cas) = (Offer { go: true, ..preparing.offer }, preparing.cas);
            self.write_cell(Cell::WroteOffer, offer.encode(), cas);
            self.read_cell(Cell::ReadOffer);
        }
    }

    /// Puts the new engine in service.
    fn go_over(&mut self, now: Timestamp) {
        let Some(preparing) = self.reload.preparing.take() else { return };
        let Preparing { engine, plans, generation, offer, .. } = preparing;
        // The new plans were counted as they came.
        self.resized(self.plans.size(), (0, 0));
        self.engine = engine;
        self.plans = plans;
        self.generation = generation;
        self.reload.version = offer.version;
        self.failures.clear();
        self.count(Metric::SupergraphsTaken, 1);
        let line = format!("weir: supergraph {:016x} is served now", self.engine.supergraph.hash());
        self.outputs.push_back(Output::Log(Level::Info, line));
        // What is left of the hottest plans is made beside the traffic.
        self.warm_up.calm(now);
    }

    /// Keeps the gauges of L1 in step with its size.
    pub(super) fn resized(&mut self, before: (usize, usize), after: (usize, usize)) {
        let change = |before: usize, after: usize| {
            i64::try_from(after).unwrap_or(i64::MAX).saturating_sub(i64::try_from(before).unwrap_or(i64::MAX))
        };
        self.count(Metric::PlanCacheEntries(Layer::L1), change(before.0, after.0));
        self.count(Metric::PlanCacheBytes(Layer::L1), change(before.1, after.1));
    }
}
