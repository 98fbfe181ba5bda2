//! This worker's plans: an operation that was planned is not parsed again.

use std::num::NonZeroUsize;
use std::rc::Rc;

use lru::LruCache;
use weir_planner::ExecutablePlan;
use weir_planner::plan::OperationKind;
use xxhash_rust::xxh3::xxh3_64;

/// Longer operation texts are not kept: the key holds the text, and memory is bounded by
/// `max_cached_plans` times this.
const MAX_CACHED_TEXT: usize = 16 * 1024;

/// The most plans kept for one operation, one for each combination of the variables in `@skip` and
/// `@include` that was asked for.
const MAX_VARIANTS: usize = 16;

/// What is known of an operation without parsing it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) kind: OperationKind,
    /// Its variables, as far as requests are checked against them.
    pub(crate) variables: Vec<weir_planner::OperationVariable>,
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
}

/// A bounded cache of plans, least recently used out first.
pub(crate) struct Plans {
    entries: LruCache<u64, Entry>,
}

impl Plans {
    /// A cache for `max` operations; at least one.
    pub(crate) fn new(max: usize) -> Plans {
        Plans { entries: LruCache::new(NonZeroUsize::new(max).unwrap_or(NonZeroUsize::MIN)) }
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
        if text.len() > MAX_CACHED_TEXT || variant.len() > MAX_CACHED_TEXT {
            return false;
        }
        if let Some(entry) = self.entry(text, name) {
            if entry.variants.len() >= MAX_VARIANTS {
                entry.variants.remove(0);
            }
            entry.variants.push((variant, Rc::clone(plan)));
            return false;
        }
        let entry = Entry {
            text: text.into(),
            name: name.map(Into::into),
            known: Rc::clone(known),
            variants: vec![(variant, Rc::clone(plan))],
        };
        let full = self.entries.len() >= self.entries.cap().get();
        self.entries.put(key(text, name), entry);
        full
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
