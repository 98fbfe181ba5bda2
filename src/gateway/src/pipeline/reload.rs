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
use super::upkeep::TICK;
use super::warm_up::{Item, WarmUp};
use super::{Calling, Gateway};
use crate::config::{FetchConfig, load_with};
use crate::engine::Engine;
use crate::event::{Call, CallFailure, CallId, Header, HttpResponse, Level, Output, Timestamp};
use crate::metric::Metric;
use crate::plans::Plans;

const FORMAT: u8 = 1;

/// Time between two readings of an SDL that is not the offered one.
const REREAD: Duration = Duration::from_secs(5);

/// How long after a worker's last word that it is still making plans the leader believes it.
const WARMING: Duration = Duration::from_millis(1000);

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
    /// Since when a question is under way.
    asking: Option<Timestamp>,
    next_fetch: Timestamp,
    failures: u32,
    etag: Option<Vec<u8>>,
    /// The offer whose SDL was not in its place, and when.
    mismatched: Option<(u64, Timestamp)>,
    /// Until when another worker still makes plans.
    others_warm_until: Timestamp,
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
    /// How long its engine took to build.
    built_in: Duration,
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
            // Whoever becomes the leader asks at once, and for all of it.
            self.reload.next_fetch = now;
            self.reload.etag = None;
        }
        self.say_go(now);
    }

    fn fetch(&mut self, now: Timestamp) {
        let reload = &mut self.reload;
        let Some(FetchConfig { target, timeout, .. }) = &self.engine.config.fetch else { return };
        // An answer that was lost by a panic is not waited for.
        let asks = reload.asking.is_some_and(|since| now.since(since) <= timeout.saturating_mul(2));
        if asks || reload.next_fetch > now || reload.preparing.is_some() {
            return;
        }
        let mut headers: Vec<Header> = vec![("accept".into(), b"*/*".into())];
        if let Some(etag) = &reload.etag {
            headers.push(("if-none-match".into(), etag.clone().into()));
        }
        reload.asking = Some(now);
        let id = CallId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1);
        let call = Call {
            id,
            request: None,
            method: "GET",
            cluster: target.cluster.clone(),
            authority: target.authority.clone(),
            path: target.path.clone(),
            headers: headers.into(),
            body: Rc::default(),
            timeout: *timeout,
        };
        self.count(Metric::SupergraphFetches, 1);
        self.send(Calling::Supergraph, call);
    }

    /// The source has answered, or not.
    pub(super) fn fetched(&mut self, now: Timestamp, answer: Result<HttpResponse, CallFailure>) {
        self.reload.asking = None;
        let interval = self.engine.config.fetch.as_ref().map_or(Duration::MAX, |fetch| fetch.interval);
        let wrong = match answer {
            Ok(HttpResponse { status: 304, .. }) => None,
            Ok(HttpResponse { status: 200, headers, body }) => match String::from_utf8(body) {
                Ok(sdl) if sdl.len() <= FetchConfig::MAX_SDL => {
                    self.reload.etag =
                        headers.into_iter().find(|(name, _)| name == "etag").map(|(_, value)| value);
                    self.offer(now, sdl);
                    None
                }
                Ok(_) => Some(format!("it is larger than {} bytes", FetchConfig::MAX_SDL)),
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
            self.reload.preparing = None;
            self.reload.etag = None;
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
            && (preparing.offer.version, preparing.offer.hash) == (offer.version, offer.hash)
        {
            preparing.cas = cas;
            preparing.offer.go |= offer.go;
            if preparing.offer.go {
                self.go_over(now);
            }
            return;
        }
        let serves = self.engine.supergraph.hash() == offer.hash || self.reload.refused == Some(offer.hash);
        // An SDL that was not the offered one may be read again when it has had time to be written.
        let waits = self
            .reload
            .mismatched
            .is_some_and(|(hash, since)| hash == offer.hash && now.since(since) < REREAD);
        if serves || waits || self.reload.reading == Some(offer) || self.reload.offering.is_some() {
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
        if xxh3_64(sdl.as_bytes()) != offer.hash {
            self.reload.mismatched = Some((offer.hash, now));
            return;
        }
        if self.prepare_engine(now, &sdl, offer) && offer.go {
            // It began to serve after the others: before this one has answered anybody, most likely.
            self.go_over(now);
        }
    }

    /// Builds an engine beside the one in service; false if the supergraph is refused.
    fn prepare_engine(&mut self, now: Timestamp, sdl: &str, offer: Offer) -> bool {
        let began = (self.clock)();
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
            self.renew_subgraphs(now);
        }
        self.last_generation = self.last_generation.wrapping_add(1);
        let configured = self.cache_config.warm_up.operations.clone();
        let hottest = self.plans.hottest(self.cache_config.warm_up.hottest);
        let plans = Plans::new(&self.cache_config);
        let built_in = (self.clock)().since(began);
        let generation = self.last_generation;
        self.reload.preparing = Some(Preparing {
            engine,
            plans,
            generation,
            offer,
            since: now,
            cas: None,
            said_go: false,
            built_in,
        });
        let items = hottest.into_iter().map(Item::Former).chain(configured.into_iter().map(Item::Configured));
        self.warm_up(WarmUp::new(items, self.worker, now.after(PATIENCE)));
        self.outputs.push_back(Output::Wake);
        true
    }

    /// The leader tells all to go over once nobody makes plans any more. It may itself have none to make: the main
    /// thread's root serves no requests.
    fn say_go(&mut self, now: Timestamp) {
        let is_leader = self.lease.is_held(now);
        let is_warm = self.warm_up.is_over();
        let others_warm = self.reload.others_warm_until > now;
        let Some(preparing) = &mut self.reload.preparing else { return };
        let preparing_for = now.since(preparing.since);
        if !is_warm && preparing_for <= PATIENCE {
            let until = u64::try_from(now.after(WARMING).0.as_millis()).unwrap_or(u64::MAX);
            self.write_cell(Cell::WroteWarming, until.to_le_bytes().to_vec(), None);
            return;
        }
        if !is_leader {
            return;
        }
        // The others hear of the offer at their next tick, and build their engines as long as this worker did.
        let heard =
            preparing_for > TICK.saturating_mul(3).saturating_add(preparing.built_in.saturating_mul(2));
        let ready = (heard && !others_warm) || preparing_for > PATIENCE;
        if ready && !preparing.said_go && preparing.cas.is_some() {
            preparing.said_go = true;
            let (offer, cas) = (Offer { go: true, ..preparing.offer }, preparing.cas);
            self.write_cell(Cell::WroteOffer, offer.encode(), cas);
            self.read_cell(Cell::ReadOffer);
        } else if !ready {
            self.read_cell(Cell::ReadWarming);
        } else if preparing.cas.is_none() && preparing_for > PATIENCE {
            // The offer is not there: it is made again.
            self.reload.preparing = None;
            self.reload.etag = None;
        }
    }

    /// Until when some worker still makes plans.
    pub(super) fn warming_read(&mut self, now: Timestamp, value: Option<&[u8]>) {
        let until = value.and_then(|value| value.first_chunk::<8>()).map(|bytes| u64::from_le_bytes(*bytes));
        let until = Timestamp(Duration::from_millis(until.unwrap_or(0)));
        // By a clock that is far ahead of this one nobody would ever be ready.
        self.reload.others_warm_until = until.min(now.after(WARMING));
    }

    /// An offer was written, or another worker's was quicker.
    pub(super) fn offer_written(&mut self, written: bool) {
        if !written && let Some(preparing) = &mut self.reload.preparing {
            preparing.said_go = false;
        }
    }

    /// Puts the new engine in service.
    fn go_over(&mut self, now: Timestamp) {
        let Some(preparing) = self.reload.preparing.take() else { return };
        let Preparing { engine, plans, generation, offer, .. } = preparing;
        self.tell_memory();
        self.engine = engine;
        self.renew_subgraphs(now);
        self.plans = plans;
        self.plans.configure(now.0, &self.cache_config);
        self.told.1 = weir_cache::Totals::default();
        self.tell_memory();
        self.generation = generation;
        self.reload.version = offer.version;
        self.failures.clear();
        self.count(Metric::SupergraphsTaken, 1);
        let line = format!("weir: supergraph {:016x} is served now", self.engine.supergraph.hash());
        self.outputs.push_back(Output::Log(Level::Info, line));
        // What is left of the hottest plans is made beside the traffic.
        self.warm_up.calm(now);
    }
}
