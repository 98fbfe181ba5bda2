//! One request's progress through its plan.
//!
//! There are no waves: a fetch starts as soon as the fetches it reads from have ended. A fetch that failed
//! has ended too; what it would have found is missing, and so are the objects that others would have looked
//! up with it.

use std::borrow::Cow;
use std::rc::Rc;

use weir_planner::plan::{
    EntityLookup, ExecutablePlan, Fetch, FetchId, NameId, OperationKind, PathSegment, SubgraphId, Target,
};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::keys::{KeyList, Keys};
use super::locate::locate;
use super::paths::shown;
use super::representation::Representations;
use super::walks::Walks;
use crate::response::bytes::hash;
use crate::response::errors::{self, GraphQlError};
use crate::response::project::project;
use crate::response::tree::{Node, Tree};

/// The most errors kept of one request. A reply shows [`errors::MAX_ERRORS`]; the rest only says which nulls
/// are accounted for.
const MAX_KEPT: usize = 1_000;

/// A call that may be made now.
#[derive(Debug)]
pub(crate) struct ReadyCall {
    pub(crate) fetch: FetchId,
    pub(crate) subgraph: SubgraphId,
    pub(crate) body: Vec<u8>,
    /// Where the representations stand in the body, for each lookup; none for a root fetch.
    pub(crate) lists: Vec<KeyList>,
}

/// The client's variables: name and raw JSON text.
pub(crate) type Variables = Vec<(Cow<'static, str>, String)>;

/// One request in work.
pub(crate) struct Execution {
    pub(super) plan: Rc<ExecutablePlan>,
    pub(super) typename: Option<NameId>,
    pub(super) tree: Tree,
    /// Whether the places of one path may share what is merged at them.
    pub(super) shares: bool,
    pub(super) errors: Vec<GraphQlError>,
    variables: Variables,
    progress: Vec<Progress>,
    /// Values copied so far because several places share an entity.
    pub(super) copied: usize,
    pub(super) walks: Walks,
}

enum Progress {
    Waiting,
    Running(Running),
    Ended,
    /// Ended too, but what it would have found is missing.
    Failed,
}

/// A fetch that was begun.
#[derive(Debug, Default)]
pub(super) struct Running {
    /// Where its answer goes, for each lookup and each representation.
    pub(super) lookups: Vec<Lookup>,
    /// The calls that it still waits for: it may share them with other requests, and so need several.
    pub(super) outstanding: u32,
    /// Whether one of them did not bring what it was for.
    pub(super) failed: bool,
}

/// What one `_entities` field completes (or a root fetch, which has one key).
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    /// The representations sent.
    pub(crate) keys: usize,
    /// The objects, in the order in which they were found.
    pub(crate) places: Rc<Vec<Place>>,
}

/// An object that one representation stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The representation's number.
    pub(crate) key: usize,
    /// The number of the path at which it was found.
    pub(crate) path: usize,
    pub(crate) node: Node,
}

impl Execution {
    pub(crate) fn new(plan: Rc<ExecutablePlan>, variables: Variables) -> Execution {
        let typename = plan.names.find("__typename");
        let progress = plan.fetches.iter().map(|_| Progress::Waiting).collect();
        let shares = !has_conditions(&plan);
        Execution {
            plan,
            typename,
            tree: Tree::new(),
            shares,
            errors: Vec::new(),
            variables,
            progress,
            copied: 0,
            walks: Walks::default(),
        }
    }

    /// Query or mutation.
    pub(crate) fn kind(&self) -> OperationKind {
        self.plan.kind
    }

    /// What it carries out.
    pub(crate) fn plan(&self) -> &Rc<ExecutablePlan> {
        &self.plan
    }

    /// The calls that may be made now. Fetches that turn out to have nothing to ask for end at once.
    pub(crate) fn ready(&mut self) -> Vec<ReadyCall> {
        let plan = Rc::clone(&self.plan);
        let mut calls = Vec::new();
        // One pass is enough: a fetch stands after all those it waits for.
        for (index, fetch) in plan.fetches.iter().enumerate() {
            if !matches!(self.progress.get(index), Some(Progress::Waiting)) || !self.may_start(fetch) {
                continue;
            }
            let started = self.holds(fetch).then(|| self.body_of(index, fetch)).flatten();
            let progress = match started {
                Some((body, lookups, lists)) => {
                    let fetch_id = FetchId(u32::try_from(index).unwrap_or(u32::MAX));
                    calls.push(ReadyCall { fetch: fetch_id, subgraph: fetch.subgraph, body, lists });
                    Progress::Running(Running { lookups, outstanding: 1, failed: false })
                }
                None => Progress::Ended,
            };
            if let Some(slot) = self.progress.get_mut(index) {
                *slot = progress;
            }
        }
        calls
    }

    /// Whether all fetches have ended.
    pub(crate) fn is_done(&self) -> bool {
        self.progress.iter().all(|progress| matches!(progress, Progress::Ended | Progress::Failed))
    }

    /// The fetches that have not started, and may: whether they do is decided by what is found before them.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = FetchId> + '_ {
        let waits = |index: &usize| matches!(self.progress.get(*index), Some(Progress::Waiting));
        let may =
            move |index: &usize| waits(index) && self.plan.fetches.get(*index).is_some_and(|f| self.holds(f));
        (0..self.plan.fetches.len()).filter(may).filter_map(|index| u32::try_from(index).ok().map(FetchId))
    }

    /// Whether a fetch has not started.
    pub(crate) fn is_awaited(&self, fetch: FetchId) -> bool {
        matches!(self.progress.get(fetch.0 as usize), Some(Progress::Waiting))
    }

    /// A number for all that a fetch must have in common with another to share a call with it, save the headers; other
    /// fetches have it by rare chance only.
    pub(crate) fn group(&self, fetch: FetchId, seed: u64) -> u64 {
        let Some(fetch) = self.plan.fetches.get(fetch.0 as usize) else { return seed };
        let mut group = xxh3_64_with_seed(fetch.document.as_bytes(), seed ^ u64::from(fetch.subgraph.0));
        for name in &fetch.variables {
            if let Some((_, json)) = self.variables.iter().find(|(n, _)| n == name) {
                group = xxh3_64_with_seed(json.as_bytes(), group);
            }
        }
        group
    }

    /// A running fetch waits for so many calls, one unless this is said.
    pub(crate) fn wait_for(&mut self, fetch: FetchId, calls: u32) {
        if let Some(Progress::Running(running)) = self.progress.get_mut(fetch.0 as usize) {
            running.outstanding = calls;
        }
    }

    /// A running fetch waits for so many calls more.
    pub(crate) fn wait_for_more(&mut self, fetch: FetchId, calls: u32) {
        if let Some(Progress::Running(running)) = self.progress.get_mut(fetch.0 as usize) {
            running.outstanding = running.outstanding.saturating_add(calls);
        }
    }

    /// Takes out a running fetch one of whose calls has ended, to be given back to [`Execution::put`]. `None` if it was
    /// not running.
    pub(super) fn take(&mut self, fetch: FetchId) -> Option<Running> {
        match self.progress.get_mut(fetch.0 as usize)? {
            Progress::Running(running) => {
                running.outstanding = running.outstanding.saturating_sub(1);
                Some(std::mem::take(running))
            }
            _ => None,
        }
    }

    /// Gives back a running fetch, which has ended if it waits for no other call.
    pub(super) fn put(&mut self, fetch: FetchId, running: Running) {
        if let Some(slot) = self.progress.get_mut(fetch.0 as usize) {
            *slot = match running {
                Running { outstanding: 0, failed: true, .. } => Progress::Failed,
                Running { outstanding: 0, failed: false, .. } => Progress::Ended,
                running => Progress::Running(running),
            };
        }
    }

    /// Adds an error whose path is in keys of the tree; beyond [`MAX_KEPT`] it is dropped.
    pub(super) fn push_error(&mut self, mut error: GraphQlError) {
        if self.errors.len() < MAX_KEPT {
            error.path = shown(&self.plan, &error.path);
            self.errors.push(error);
        }
    }

    /// Whether a fetch that `fetch` reads from has failed.
    fn lacks_input(&self, fetch: &Fetch) -> bool {
        fetch.after.iter().any(|id| self.has_failed(*id))
    }

    /// Whether a fetch did not find what it was for.
    fn has_failed(&self, fetch: FetchId) -> bool {
        matches!(self.progress.get(fetch.0 as usize), Some(Progress::Failed))
    }

    /// Bytes of subgraph answers kept so far.
    pub(crate) fn bytes(&self) -> usize {
        self.tree.bytes()
    }

    /// Writes the response: `{"data":…}` and `errors`, if there are any, as `redact` leaves them. Returns its
    /// JSON and the errors. Where `data` would be larger than `max_bytes` there is an error instead: an entity at many places is
    /// written at each, so the answer can be larger than what the subgraphs sent.
    pub(crate) fn finish(
        mut self,
        max_bytes: usize,
        redact: impl FnOnce(&mut [GraphQlError]),
    ) -> (Vec<u8>, Vec<GraphQlError>) {
        // Entities that several places show make it larger than what came: to grow is to copy all of it.
        let came = self.tree.bytes();
        let mut out = Vec::with_capacity(came.saturating_add(came.wrapping_div(4)).saturating_add(64));
        out.extend_from_slice(b"{\"data\":");
        project(&self.plan, self.typename, &self.tree, max_bytes, &mut self.errors, &mut out);
        if !self.errors.is_empty() {
            redact(&mut self.errors);
            out.push(b',');
            errors::write(&self.errors, &mut out);
        }
        out.push(b'}');
        (out, self.errors)
    }

    fn may_start(&self, fetch: &Fetch) -> bool {
        let ended = |id: &FetchId| {
            matches!(self.progress.get(id.0 as usize), Some(Progress::Ended | Progress::Failed))
        };
        fetch.after.iter().all(ended)
    }

    fn holds(&self, fetch: &Fetch) -> bool {
        fetch.when.iter().all(|condition| {
            let value = self.variables.iter().find(|(name, _)| *name == condition.variable);
            value.is_some_and(|(_, json)| json == if condition.is { "true" } else { "false" })
        })
    }

    /// The call's body, and where its answer goes; `None` if no object needs it.
    fn body_of(&mut self, index: usize, fetch: &Fetch) -> Option<(Vec<u8>, Vec<Lookup>, Vec<KeyList>)> {
        let mut body = Vec::with_capacity(fetch.document.len().saturating_add(256));
        body.extend_from_slice(b"{\"query\":");
        write_string(&fetch.document, &mut body);
        body.extend_from_slice(b",\"variables\":{");
        let mut first = true;
        for name in &fetch.variables {
            if let Some((name, json)) = self.variables.iter().find(|(n, _)| n == name) {
                write_key(name, &mut first, &mut body);
                body.extend_from_slice(json.as_bytes());
            }
        }
        let mut lists = Vec::new();
        let lookups = match &fetch.target {
            Target::Root { path, .. } => vec![self.places_of_root(path)?],
            Target::Entities(entity_lookups) => {
                let lacks_input = self.lacks_input(fetch);
                let mut lookups = Vec::with_capacity(entity_lookups.len());
                for (number, lookup) in entity_lookups.iter().enumerate() {
                    write_key(&lookup.variable, &mut first, &mut body);
                    let (lookup, list) =
                        self.representations((index, number), lookup, lacks_input, &mut body);
                    lookups.push(lookup);
                    lists.push(list);
                }
                if lookups.iter().all(|lookup| lookup.keys == 0) {
                    return None;
                }
                lookups
            }
        };
        body.extend_from_slice(b"}}");
        Some((body, lookups, lists))
    }

    fn places_of_root(&self, path: &[PathSegment]) -> Option<Lookup> {
        let mut places = Vec::new();
        locate(&self.plan, self.typename, &self.tree, path, &mut |node| {
            places.push(Place { key: 0, path: 0, node });
        });
        (!places.is_empty()).then_some(Lookup { keys: 1, places: Rc::new(places) })
    }

    /// Writes the list of representations, each one once however many objects share it. `number` is the lookup's: that of
    /// its fetch, and its own in that.
    fn representations(
        &mut self,
        number: (usize, usize),
        lookup: &EntityLookup,
        lacks_input: bool,
        body: &mut Vec<u8>,
    ) -> (Lookup, KeyList) {
        let (plan, typename, tree) = (&self.plan, self.typename, &self.tree);
        let mut places = Vec::new();
        let mut keys = Keys::default();
        let mut firsts: Vec<First> = Vec::new();
        let mut twins: Vec<(Node, Node)> = Vec::new();
        let mut writer = Representations::new(plan, typename, tree, lookup, lacks_input);
        body.push(b'[');
        let from = body.len();
        let mut all = true;
        let mut visit = |path: usize, node: Node| {
            let comma = body.len();
            if !keys.is_empty() {
                body.push(b',');
            }
            let start = body.len();
            if !writer.write(node, body) {
                body.truncate(comma);
                all = false;
                return;
            }
            let text = body.get(start..).unwrap_or_default();
            let hash = hash(text);
            if let Some(key) = keys.find(body, hash, text) {
                body.truncate(comma);
                let key = key as usize;
                if let Some(known) = firsts.get_mut(key) {
                    if known.path != path {
                        *known = First { path, node };
                    } else if self.shares && tree.are_equal(node, known.node) {
                        twins.push((node, known.node));
                        return;
                    }
                }
                places.push(Place { key, path, node });
            } else {
                let key = keys.push(hash, start, body.len()) as usize;
                firsts.push(First { path, node });
                places.push(Place { key, path, node });
            }
        };
        match self.walks.find(plan, lookup) {
            Some(known) => known.iter().for_each(|place| visit(place.path, tree.real(place.node))),
            None => {
                for (path, segments) in lookup.paths.iter().enumerate() {
                    locate(plan, typename, tree, segments, &mut |node| visit(path, node));
                }
            }
        }
        let list = KeyList { from, to: body.len(), keys };
        body.push(b']');
        for (node, first) in twins {
            self.tree.forward(node, first);
            self.tree.share(first);
        }
        let places = Rc::new(places);
        // One that has no representation for this lookup may have one for the next.
        if self.shares && all {
            self.walks.keep(&self.plan, number, &places);
        }
        (Lookup { keys: list.keys.len(), places }, list)
    }
}

/// The path at which an object with a representation was found last, and the first such object there.
struct First {
    path: usize,
    node: Node,
}

/// Whether some fetch is for objects below certain types only. Then two places that one fetch completes may differ in
/// what further fetches add to them, perhaps under the same key.
fn has_conditions(plan: &ExecutablePlan) -> bool {
    let conditional = |path: &[PathSegment]| path.iter().any(|s| matches!(s, PathSegment::Types(_)));
    plan.fetches.iter().any(|fetch| match &fetch.target {
        Target::Root { path, .. } => conditional(path),
        Target::Entities(lookups) => lookups.iter().flat_map(|l| &l.paths).any(|path| conditional(path)),
    })
}

fn write_key(name: &str, first: &mut bool, out: &mut Vec<u8>) {
    if !*first {
        out.push(b',');
    }
    *first = false;
    write_string(name, out);
    out.push(b':');
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    // Writing a string into memory cannot fail.
    let _ = sonic_rs::to_writer(out, text);
}
