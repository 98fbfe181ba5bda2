//! From the headers of the subgraphs' answers to those of the reply.

use std::borrow::Cow;

use super::cache_control::CacheControl;
use super::rule::{Forward, Merge, Names, Rule};
use crate::Config;
use crate::config::SubgraphConfig;
use crate::event::{Header, ReceivedHeader};

/// The most headers that the subgraphs may add to one reply, and their bytes. Envoy drops *all* headers of a
/// reply that has more than 1024 or a megabyte of them, and clients take some ten kilobytes.
const MAX_HEADERS: usize = 200;
const MAX_BYTES: usize = 32 * 1024;

const CACHE_CONTROL: &str = "cache-control";

/// What the answers to one request have brought so far.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// Each answer's, with the place of its fetch: answers come in any order, and the reply must not show it.
    answers: Vec<(Place, Vec<Kept>)>,
    headers: usize,
    bytes: usize,
}

/// The operation's place in a batch, and the fetch's in its plan.
type Place = (u32, u32);

#[derive(Debug)]
enum Kept {
    Header(Header, Merge),
    Cache(CacheControl),
}

impl Collected {
    /// Takes what the rules want of an answer's headers. False if something had to be left out because the
    /// reply would get too many.
    pub(crate) fn take(
        &mut self,
        config: &Config,
        subgraph: &SubgraphConfig,
        place: (u32, u32),
        headers: Vec<ReceivedHeader>,
    ) -> bool {
        let mut kept: Vec<Kept> = Vec::new();
        for rule in &config.headers.response {
            // Inserted once, into the reply; see `finish`.
            if !matches!(rule, Rule::Insert { .. }) {
                apply(rule, &headers, &mut kept);
            }
        }
        for rule in &subgraph.headers.response {
            apply(rule, &headers, &mut kept);
        }
        let mut complete = true;
        kept.retain(|kept| {
            let Kept::Header((name, value), _) = kept else { return true };
            let headers = self.headers.saturating_add(1);
            let bytes = self.bytes.saturating_add(name.len()).saturating_add(value.len());
            let fits = headers <= MAX_HEADERS && bytes <= MAX_BYTES;
            if fits {
                (self.headers, self.bytes) = (headers, bytes);
            }
            complete &= fits;
            fits
        });
        if !kept.is_empty() {
            self.answers.push((place, kept));
        }
        complete
    }

    /// Adds what was collected to a reply's headers. A reply with errors is for no cache.
    pub(crate) fn finish(mut self, config: &Config, has_errors: bool, out: &mut Vec<Header>) {
        let own = out.len();
        let mut cache: Option<CacheControl> = None;
        self.answers.sort_by_key(|(place, _)| *place);
        for (_, kept) in self.answers {
            // What this answer adds replaces what others did, not its own headers of the same name.
            let mut start = out.len();
            for kept in kept {
                let (header, merge) = match kept {
                    Kept::Cache(found) => {
                        cache = Some(match cache {
                            Some(cache) => cache.and(found),
                            None => found,
                        });
                        continue;
                    }
                    Kept::Header(header, merge) => (header, merge),
                };
                let before = |out: &[Header], start: usize| {
                    out.iter().take(start).skip(own).any(|(name, _)| *name == header.0)
                };
                match merge {
                    Merge::First if before(out, start) => continue,
                    Merge::Last if before(out, start) => {
                        let mut index = 0_usize;
                        let old = out.len();
                        out.retain(|(name, _)| {
                            let replaced = index >= own && index < start && *name == header.0;
                            index = index.saturating_add(1);
                            !replaced
                        });
                        start = start.saturating_sub(old.saturating_sub(out.len()));
                    }
                    _ => {}
                }
                // A second `vary: origin` says nothing new; a second cookie of the same value does no harm.
                if !(header.0 == "vary" && out.contains(&header)) {
                    out.push(header);
                }
            }
        }
        if let Some(found) = cache {
            let found = if has_errors { CacheControl::no_store() } else { found };
            if let Some(value) = found.value() {
                out.push((Cow::Borrowed(CACHE_CONTROL), Cow::Owned(value.into_bytes())));
                if found.may_store() {
                    // Two clients may get two media types from one URL.
                    out.push((Cow::Borrowed("vary"), Cow::Borrowed(b"accept")));
                }
            }
        }
        for rule in &config.headers.response {
            if let Rule::Insert { name, value } = rule {
                out.retain(|(old, _)| old != name);
                out.push((Cow::Owned(name.clone()), Cow::Owned(value.clone().into_bytes())));
            }
        }
    }
}

fn apply(rule: &Rule, headers: &[ReceivedHeader], kept: &mut Vec<Kept>) {
    match rule {
        Rule::Forward(forward) => forward_from(forward, headers, kept),
        Rule::Insert { name, value } => {
            drop_named(kept, |old| old == name);
            kept.push(header(name, value.as_bytes().to_vec(), Merge::Last));
        }
        Rule::Remove(names) => {
            drop_named(kept, |old| names.has(old));
        }
    }
}

fn forward_from(forward: &Forward, headers: &[ReceivedHeader], kept: &mut Vec<Kept>) {
    let target = |name: &str| forward.rename.clone().unwrap_or_else(|| name.to_owned());
    drop_named(kept, |old| match (&forward.which, &forward.rename) {
        (_, Some(target)) => old == target,
        (Names::List(names), None) => names.iter().any(|name| name == old),
        _ => forward.takes(old) && headers.iter().any(|(name, _)| name == old),
    });
    for (name, value) in headers.iter().filter(|(name, _)| forward.takes(name)) {
        let merge = forward.merge_of(name);
        if merge != Merge::Strictest {
            kept.push(header(&target(name), value.clone(), merge));
        }
    }
    if let (Names::List(names), Some(default)) = (&forward.which, &forward.default) {
        for name in names.iter().filter(|name| !headers.iter().any(|(n, _)| n == *name)) {
            let merge = forward.merge_of(name);
            if merge != Merge::Strictest {
                kept.push(header(&target(name), default.as_bytes().to_vec(), merge));
            }
        }
    }
    if forward.takes(CACHE_CONTROL) && forward.merge_of(CACHE_CONTROL) == Merge::Strictest {
        kept.push(Kept::Cache(cache_control(forward, headers)));
    }
}

/// What an answer allows caches: an answer that does not say counts too, or the others would speak for it.
fn cache_control(forward: &Forward, headers: &[ReceivedHeader]) -> CacheControl {
    let values = |name: &'static str| {
        headers.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_slice())
    };
    if values(CACHE_CONTROL).next().is_some() {
        let age = values("age").next().and_then(|age| std::str::from_utf8(age).ok()?.trim().parse().ok());
        return CacheControl::parse(values(CACHE_CONTROL), age.unwrap_or(0));
    }
    match &forward.default {
        Some(default) => CacheControl::parse([default.as_bytes()].into_iter(), 0),
        None => CacheControl::no_store(),
    }
}

fn drop_named(kept: &mut Vec<Kept>, is_dropped: impl Fn(&str) -> bool) {
    kept.retain(|kept| match kept {
        Kept::Header((name, _), _) => !is_dropped(name),
        Kept::Cache(_) => !is_dropped(CACHE_CONTROL),
    });
}

fn header(name: &str, value: Vec<u8>, merge: Merge) -> Kept {
    Kept::Header((Cow::Owned(name.to_owned()), Cow::Owned(value)), merge)
}
