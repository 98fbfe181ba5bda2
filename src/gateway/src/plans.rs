//! This worker's plans (L1), and what it knows of operations' texts so that none is parsed twice.

use std::rc::Rc;
use std::time::Duration;

use weir_cache::{Cost, Evicted, Inserted, Key, Memory, MemorySettings, Strategy};
use weir_planner::ExecutablePlan;
use xxhash_rust::xxh3::{xxh3_128, xxh3_128_with_seed};

use crate::config::{LayerConfig, PlanCacheConfig};
use crate::known::Known;

/// Longer operation texts are not kept.
const MAX_CACHED_TEXT: usize = 16 * 1024;

/// Bytes of one plan above which it is not kept: a plan of an everyday operation has some ten thousand.
const MAX_PLAN_BYTES: usize = 1 << 20;

/// Bytes of all that is known of texts.
const MAX_TEXT_BYTES: usize = 32 << 20;

/// Texts for each plan, at most: the same operation is written in several ways, and with other literals.
const TEXTS_PER_PLAN: usize = 4;

/// What a table's entry takes beside what it holds.
const ENTRY_BYTES: usize = 160;

/// A plan and what proves whose it is.
pub(crate) struct Planned {
    /// The normalised operation.
    pub(crate) text: Rc<str>,
    /// The combination of values that it was made for.
    pub(crate) variant: Rc<str>,
    pub(crate) plan: Rc<ExecutablePlan>,
    /// How long it took to make.
    pub(crate) planning: Duration,
}

/// What a worker has of one supergraph.
pub(crate) struct Plans {
    texts: Memory<Rc<Known>>,
    memory: Memory<Rc<Planned>>,
}

impl Plans {
    /// Empty.
    pub(crate) fn new(config: &PlanCacheConfig) -> Plans {
        Plans { texts: Memory::new(texts(config)), memory: Memory::new(settings(config)) }
    }

    /// Goes over to other settings.
    pub(crate) fn configure(&mut self, now: Duration, config: &PlanCacheConfig) -> Evicted {
        self.texts.set_settings(now, texts(config));
        self.memory.set_settings(now, settings(config))
    }

    /// What is known of an operation. The hash finds it, the text proves it: a client that crafts a collision gets
    /// a miss.
    pub(crate) fn known(&mut self, now: Duration, text: &str, name: Option<&str>) -> Option<Rc<Known>> {
        let known = self.texts.get(now, text_key(text, name))?;
        (*known.text == *text && known.name.as_deref() == name).then(|| Rc::clone(known))
    }

    /// Keeps what was found out of an operation.
    pub(crate) fn learn(&mut self, now: Duration, known: &Rc<Known>) {
        if known.text.len() <= MAX_CACHED_TEXT {
            let cost = Cost { bytes: known.weight().saturating_add(ENTRY_BYTES), work: Duration::ZERO };
            self.texts.insert(now, text_key(&known.text, known.name.as_deref()), Rc::clone(known), cost);
        }
    }

    /// The plan of an operation for one combination of values.
    pub(crate) fn plan(
        &mut self,
        now: Duration,
        key: Key,
        text: &Rc<str>,
        variant: &str,
    ) -> Option<Rc<Planned>> {
        let planned = self.memory.get(now, key)?;
        let proved =
            (Rc::ptr_eq(&planned.text, text) || planned.text == *text) && *planned.variant == *variant;
        proved.then(|| Rc::clone(planned))
    }

    /// Keeps a plan.
    pub(crate) fn insert(&mut self, now: Duration, key: Key, planned: &Rc<Planned>) -> Inserted {
        let bytes = planned.weight();
        if bytes > MAX_PLAN_BYTES {
            return Inserted { admitted: false, evicted: Evicted::default() };
        }
        self.memory.insert(now, key, Rc::clone(planned), Cost { bytes, work: planned.planning })
    }

    /// Plans kept, and their bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.memory.len(), self.memory.bytes())
    }

    /// What happened to plans since the start.
    pub(crate) fn totals(&self) -> &weir_cache::Totals {
        self.memory.totals()
    }

    /// The most used plans, hottest first.
    pub(crate) fn hottest(&self, count: usize) -> Vec<Rc<Planned>> {
        self.memory.hottest(count).into_iter().map(|(_, planned)| Rc::clone(planned)).collect()
    }

    /// Lets go of some of what is over its time.
    pub(crate) fn expire(&mut self, now: Duration, at_most: usize) {
        self.texts.expire(now, at_most);
        self.memory.expire(now, at_most);
    }
}

impl Planned {
    /// About what it takes of memory.
    fn weight(&self) -> usize {
        let texts = self.text.len().saturating_add(self.variant.len());
        self.plan.weight().saturating_add(texts).saturating_add(ENTRY_BYTES)
    }
}

fn settings(config: &PlanCacheConfig) -> MemorySettings {
    let LayerConfig { max_size, max_bytes, ttl, renew_ttl, strategy, batch_eviction_percentage } =
        config.memory;
    MemorySettings {
        max_entries: max_size,
        max_bytes,
        ttl: Some(ttl),
        renew_on_hit: renew_ttl,
        strategy,
        batch_percentage: u8::try_from(batch_eviction_percentage).unwrap_or(50),
        admission: config.admission,
    }
}

fn texts(config: &PlanCacheConfig) -> MemorySettings {
    MemorySettings {
        max_entries: config.memory.max_size.saturating_mul(TEXTS_PER_PLAN),
        max_bytes: MAX_TEXT_BYTES.min(config.memory.max_bytes),
        strategy: Strategy::LruBatch,
        // A client with values in its texts sends each once: such must not push out those that come again.
        admission: true,
        ..settings(config)
    }
}

/// The key of a text with the name of one of its operations.
fn text_key(text: &str, name: Option<&str>) -> Key {
    let hash = xxh3_128(text.as_bytes());
    Key(match name {
        None => hash,
        Some(name) => xxh3_128_with_seed(name.as_bytes(), hash as u64).wrapping_add(hash),
    })
}
