//! The fleet's store (L3): what `weir_cache::Store` wants to be asked, as calls of the host.

use std::time::Duration;

use weir_cache::{Fetched, Found, Get, Key, Put, Skipped, StoreAnswer, StoreCall, StoreSettings};

use super::{Calling, Gateway};
use crate::config::StoreConfig;
use crate::event::{Call, CallFailure, Header, HttpResponse, Output, Timestamp};
use crate::metric::{Layer, Metric};

/// Plans on their way to the store, at most.
const MAX_WRITES: usize = 16;

/// The breaker stays open for at most this many times its first time.
const MAX_BACKOFF: u32 = 32;

/// The time that `plan_cache.layers.l3.max_size` is about.
const HOUR: Duration = Duration::from_secs(3600);

/// How many plans were written lately.
#[derive(Debug, Default)]
pub(super) struct Writes {
    since: Timestamp,
    count: usize,
    was_open: bool,
}

/// How the settings of L3 are put.
pub(super) fn settings(config: &StoreConfig) -> StoreSettings {
    StoreSettings {
        prefix: config.target.path.trim_end_matches('/').to_owned(),
        ttl: Some(config.ttl),
        max_object: config.max_object_bytes,
        max_puts: MAX_WRITES,
        timeout: config.timeout,
        failures: u32::try_from(config.failure_threshold).unwrap_or(u32::MAX),
        backoff: config.reset_timeout,
        max_backoff: config.reset_timeout.saturating_mul(MAX_BACKOFF),
    }
}

impl Gateway {
    /// Sends a call to the store.
    pub(super) fn store_call(&mut self, calling: Calling, call: StoreCall) {
        let id = self.next_call_id();
        let Some(config) = &self.cache_config.store else { return };
        let StoreCall { method, path, body } = call;
        let mut headers: Vec<Header> = Vec::new();
        if method == "PUT" {
            headers.push(("content-type".into(), b"application/octet-stream".into()));
        }
        let call = Call {
            id,
            request: None,
            method,
            cluster: config.target.cluster.clone(),
            authority: config.target.authority.clone(),
            path,
            headers: headers.into(),
            body: body.into(),
            timeout: config.timeout,
        };
        self.send(calling, call);
    }

    /// What the answer to a question for a plan means.
    pub(super) fn store_fetched(
        &mut self,
        now: Timestamp,
        get: Get,
        answer: Result<HttpResponse, CallFailure>,
    ) -> Option<Found> {
        let fetched = self.store.as_mut()?.got(now.0, get, answer_of(answer));
        self.note_breaker(now);
        match fetched {
            Fetched::Hit(found) => Some(found),
            Fetched::Miss => None,
            Fetched::Failed => {
                self.count(Metric::StoreFailures, 1);
                None
            }
        }
    }

    /// Writes a new plan, behind whatever waits for it.
    pub(super) fn write_to_store(&mut self, now: Timestamp, key: Key, entry: &[u8]) {
        let Some(config) = &self.cache_config.store else { return };
        if now.since(self.writes.since) >= HOUR {
            self.writes.since = now;
            self.writes.count = 0;
        }
        if self.writes.count >= config.max_size {
            return self.count(Metric::StoreWritesDropped, 1);
        }
        let Some(store) = &mut self.store else { return };
        match store.put(now.0, key, entry.to_vec()) {
            Ok((put, call)) => {
                self.writes.count = self.writes.count.saturating_add(1);
                self.store_call(Calling::StorePut(Box::new(put)), call);
            }
            Err(Skipped::Open) => self.count(Metric::StoreSkipped, 1),
            Err(Skipped::Busy | Skipped::TooLarge) => self.count(Metric::StoreWritesDropped, 1),
        }
    }

    /// A plan was written, or not.
    pub(super) fn store_put_ended(
        &mut self,
        now: Timestamp,
        put: Put,
        answer: Result<HttpResponse, CallFailure>,
    ) {
        let Some(store) = &mut self.store else { return };
        let kept = store.put_done(now.0, put, &answer_of(answer));
        self.count(if kept { Metric::StoreWrites } else { Metric::StoreFailures }, 1);
        self.note_breaker(now);
    }

    /// A tick has come.
    pub(super) fn tend_store(&mut self, now: Timestamp) {
        self.note_breaker(now);
        let Some(store) = &mut self.store else { return };
        let counts = store.take_counts();
        let unfit = counts.corrupt.saturating_add(counts.foreign);
        self.count_many(Metric::PlanCacheUnfit(Layer::L3), unfit);
        self.count_many(Metric::PlanCacheEvictions(Layer::L3, crate::metric::Eviction::Ttl), counts.expired);
    }

    /// Takes back what the gauge says of this worker's breaker.
    pub(super) fn retire_store(&mut self) {
        if std::mem::take(&mut self.writes.was_open) {
            self.count(Metric::StoreBreakerOpen, -1);
        }
    }

    fn note_breaker(&mut self, now: Timestamp) {
        let is_open = self.store.as_ref().is_some_and(|store| store.is_open(now.0));
        if is_open != self.writes.was_open {
            self.writes.was_open = is_open;
            self.count(Metric::StoreBreakerOpen, if is_open { 1 } else { -1 });
            let what = if is_open { "fails: it is left alone for a while" } else { "is asked again" };
            let line = format!("weir: the store of plans (plan_cache.layers.l3) {what}");
            self.outputs.push_back(Output::Log(crate::event::Level::Warn, line));
        }
    }
}

fn answer_of(answer: Result<HttpResponse, CallFailure>) -> StoreAnswer {
    match answer {
        Ok(HttpResponse { status, body, .. }) => StoreAnswer::Answered { status, body },
        Err(_) => StoreAnswer::Failed,
    }
}
