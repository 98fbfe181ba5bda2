//! This worker's plans: an operation that was planned is not parsed again.

use std::num::NonZeroUsize;
use std::rc::Rc;

use lru::LruCache;
use weir_planner::ExecutablePlan;
use weir_planner::plan::OperationKind;
use xxhash_rust::xxh3::xxh3_64;

use crate::limit::Limit;

/// Longer operation texts are not kept.
const MAX_CACHED_TEXT: usize = 16 * 1024;

/// Bytes of one plan above which it is not kept: a plan of an everyday operation has some ten thousand.
const MAX_PLAN_BYTES: usize = 1 << 20;

/// Bytes of all plans that are kept, whatever their number. A worker's sandbox has 1 GiB.
const MAX_BYTES: usize = 128 << 20;

/// The most plans kept for one operation, one for each combination of the variables in `@skip` and
/// `@include` that was asked for.
const MAX_VARIANTS: usize = 16;

/// What is known of an operation without parsing it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) kind: OperationKind,
    /// What values its variables take.
    pub(crate) variables: weir_planner::VariableTypes,
    /// The limits that it exceeds though they are only warned of.
    pub(crate) exceeded: Vec<Limit>,
    /// The variables whose values decide which plan serves a request.
    pub(crate) conditions: Vec<weir_planner::ConditionVariable>,
    /// The variables whose values are part of an introspection result.
    pub(crate) introspection: Vec<String>,
}

struct Entry {
    text: Box<str>,
    name: Option<Box<str>>,
    known: Rc<Known>,
    variants: Vec<(String, Rc<ExecutablePlan>)>,
    /// About what it takes of memory.
    bytes: usize,
}

/// A bounded cache of plans, least recently used out first.
pub(crate) struct Plans {
    entries: LruCache<u64, Entry>,
    bytes: usize,
}

impl Plans {
    /// A cache for `max` operations; at least one.
    pub(crate) fn new(max: usize) -> Plans {
        Plans { entries: LruCache::new(NonZeroUsize::new(max).unwrap_or(NonZeroUsize::MIN)), bytes: 0 }
    }

    /// What is known of an operation.
    pub(crate) fn known(&mut self, text: &str, name: Option<&str>) -> Option<Rc<Known>> {
        self.entry(text, name).map(|entry| Rc::clone(&entry.known))
    }

    /// The plan of an operation for one combination of condition values.
    pub(crate) fn plan(
        &mut self,
        text: &str,
        name: Option<&str>,
        variant: &str,
    ) -> Option<Rc<ExecutablePlan>> {
        let entry = self.entry(text, name)?;
        entry.variants.iter().find(|(v, _)| v == variant).map(|(_, plan)| Rc::clone(plan))
    }

    /// Keeps a plan. True if another operation had to go for it.
    pub(crate) fn insert(
        &mut self,
        text: &str,
        name: Option<&str>,
        known: &Rc<Known>,
        variant: String,
        plan: &Rc<ExecutablePlan>,
    ) -> bool {
        let bytes = plan.weight().saturating_add(variant.len());
        if text.len() > MAX_CACHED_TEXT || bytes > MAX_PLAN_BYTES {
            return false;
        }
        // An entry that gets a variant is taken out and put in again, for the total is kept in one place.
        let old = self.entry(text, name).is_some().then(|| self.entries.pop(&key(text, name))).flatten();
        let mut entry = match old {
            Some(entry) => {
                self.bytes = self.bytes.saturating_sub(entry.bytes);
                entry
            }
            None => Entry {
                text: text.into(),
                name: name.map(Into::into),
                known: Rc::clone(known),
                variants: Vec::new(),
                bytes: text.len(),
            },
        };
        if entry.variants.len() >= MAX_VARIANTS {
            let (_, oldest) = entry.variants.remove(0);
            entry.bytes = entry.bytes.saturating_sub(oldest.weight());
        }
        entry.bytes = entry.bytes.saturating_add(bytes);
        entry.variants.push((variant, Rc::clone(plan)));
        self.bytes = self.bytes.saturating_add(entry.bytes);
        let mut evicted = false;
        if let Some((_, out)) = self.entries.push(key(text, name), entry) {
            self.bytes = self.bytes.saturating_sub(out.bytes);
            evicted = true;
        }
        while self.bytes > MAX_BYTES
            && let Some((_, out)) = self.entries.pop_lru()
        {
            self.bytes = self.bytes.saturating_sub(out.bytes);
            evicted = true;
        }
        evicted
    }

    /// The hash finds the entry, the text proves it: a client that crafts a collision gets a miss.
    fn entry(&mut self, text: &str, name: Option<&str>) -> Option<&mut Entry> {
        self.entries
            .get_mut(&key(text, name))
            .filter(|entry| *entry.text == *text && entry.name.as_deref() == name)
    }
}

fn key(text: &str, name: Option<&str>) -> u64 {
    xxh3_64(text.as_bytes()).wrapping_add(name.map_or(0, |name| xxh3_64(name.as_bytes()).rotate_left(1)))
}
