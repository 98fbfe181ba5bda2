//! One request's progress through its plan.
//!
//! There are no waves: a fetch starts as soon as the fetches it reads from have ended. A fetch that failed
//! has ended too; what it would have found is missing, and so are the objects that others would have looked
//! up with it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use weir_planner::plan::{ExecutablePlan, Fetch, FetchId, NameId, SubgraphId, Target};
use xxhash_rust::xxh3::xxh3_64;

use super::locate::{Place, locate};
use super::paths::shown;
use super::representation::write_representation;
use crate::response::errors::{self, GraphQlError};
use crate::response::project::project;
use crate::response::tree::{Bodies, Object, Value, typename_id};

/// The most errors kept of one request. A reply shows [`errors::MAX_ERRORS`]; the rest only says which nulls
/// are accounted for.
const MAX_KEPT: usize = 1_000;

/// A call that may be made now.
#[derive(Debug)]
pub(crate) struct ReadyCall {
    pub(crate) fetch: FetchId,
    pub(crate) subgraph: SubgraphId,
    pub(crate) body: Vec<u8>,
}

/// The client's variables: name and raw JSON text.
pub(crate) type Variables = Vec<(Cow<'static, str>, String)>;

/// One request in work.
pub(crate) struct Execution {
    pub(super) plan: Rc<ExecutablePlan>,
    pub(super) typename: Option<NameId>,
    pub(super) bodies: Bodies,
    pub(super) root: Value,
    pub(super) errors: Vec<GraphQlError>,
    variables: Variables,
    progress: Vec<Progress>,
    /// Values copied so far because several places share an entity.
    pub(super) copied: usize,
}

enum Progress {
    Waiting,
    /// In flight; the places its answer goes to, for each lookup and each representation sent.
    Running(Vec<Lookup>),
    Ended,
    /// Ended too, but what it would have found is missing.
    Failed,
}

/// Which places one `_entities` field completes: `places[i]` belong to the i-th representation.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    pub(crate) places: Vec<Vec<Place>>,
}

impl Execution {
    pub(crate) fn new(plan: Rc<ExecutablePlan>, variables: Variables) -> Execution {
        let typename = typename_id(&plan);
        let progress = plan.fetches.iter().map(|_| Progress::Waiting).collect();
        let root = Value::Object(Object::default());
        Execution {
            plan,
            typename,
            bodies: Bodies::default(),
            root,
            errors: Vec::new(),
            variables,
            progress,
            copied: 0,
        }
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
            let started = self.holds(fetch).then(|| self.body_of(fetch)).flatten();
            let progress = match started {
                Some((body, lookups)) => {
                    let fetch_id = FetchId(u32::try_from(index).unwrap_or(u32::MAX));
                    calls.push(ReadyCall { fetch: fetch_id, subgraph: fetch.subgraph, body });
                    Progress::Running(lookups)
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

    /// Notes that a running fetch has ended, and returns where its answer goes. `None` if it was not
    /// running.
    pub(super) fn end(&mut self, fetch: FetchId) -> Option<Vec<Lookup>> {
        let slot = self.progress.get_mut(fetch.0 as usize)?;
        match std::mem::replace(slot, Progress::Ended) {
            Progress::Running(lookups) => Some(lookups),
            other => {
                *slot = other;
                None
            }
        }
    }

    /// Notes that an ended fetch did not find what it was for.
    pub(super) fn mark_failed(&mut self, fetch: FetchId) {
        if let Some(slot) = self.progress.get_mut(fetch.0 as usize) {
            *slot = Progress::Failed;
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
    pub(super) fn has_failed(&self, fetch: FetchId) -> bool {
        matches!(self.progress.get(fetch.0 as usize), Some(Progress::Failed))
    }

    /// Bytes of subgraph answers kept so far.
    pub(crate) fn bytes(&self) -> usize {
        self.bodies.bytes()
    }

    /// Writes the response: `{"data":…}` and `errors`, if there are any, as `redact` leaves them. Returns its
    /// JSON and the errors. Where `data` would be larger than `max_bytes` there is an error instead: an entity at many places is
    /// written at each, so the answer can be larger than what the subgraphs sent.
    pub(crate) fn finish(
        mut self,
        max_bytes: usize,
        redact: impl FnOnce(&mut [GraphQlError]),
    ) -> (Vec<u8>, Vec<GraphQlError>) {
        let mut out = Vec::with_capacity(self.bodies.bytes().saturating_add(64));
        out.extend_from_slice(b"{\"data\":");
        match &self.root {
            Value::Object(root) => {
                project(&self.plan, self.typename, &self.bodies, root, max_bytes, &mut self.errors, &mut out);
            }
            _ => out.extend_from_slice(b"null"),
        }
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
    fn body_of(&self, fetch: &Fetch) -> Option<(Vec<u8>, Vec<Lookup>)> {
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
        let lookups = match &fetch.target {
            Target::Root { path, .. } => vec![self.places_of_root(path)?],
            Target::Entities(entity_lookups) => {
                let lacks_input = self.lacks_input(fetch);
                let mut lookups = Vec::with_capacity(entity_lookups.len());
                for lookup in entity_lookups {
                    write_key(&lookup.variable, &mut first, &mut body);
                    lookups.push(self.representations(lookup, lacks_input, &mut body));
                }
                if lookups.iter().all(|lookup| lookup.places.is_empty()) {
                    return None;
                }
                lookups
            }
        };
        body.extend_from_slice(b"}}");
        Some((body, lookups))
    }

    fn places_of_root(&self, path: &[weir_planner::plan::PathSegment]) -> Option<Lookup> {
        let mut places = Vec::new();
        locate(&self.plan, self.typename, &self.bodies, &self.root, path, &mut |_, place| {
            places.push(place.clone());
        });
        (!places.is_empty()).then(|| Lookup { places: vec![places] })
    }

    /// Writes the list of representations, each one once however many objects share it.
    fn representations(
        &self,
        lookup: &weir_planner::plan::EntityLookup,
        lacks_input: bool,
        body: &mut Vec<u8>,
    ) -> Lookup {
        let mut places: Vec<Vec<Place>> = Vec::new();
        let mut seen: HashMap<u64, (usize, std::ops::Range<usize>)> = HashMap::new();
        body.push(b'[');
        for path in &lookup.paths {
            locate(&self.plan, self.typename, &self.bodies, &self.root, path, &mut |object, place| {
                let comma = body.len();
                if !places.is_empty() {
                    body.push(b',');
                }
                let start = body.len();
                if !write_representation(
                    &self.plan,
                    self.typename,
                    &self.bodies,
                    lookup,
                    object,
                    lacks_input,
                    body,
                ) {
                    body.truncate(comma);
                    return;
                }
                let range = start..body.len();
                let hash = xxh3_64(body.get(range.clone()).unwrap_or_default());
                let known =
                    seen.get(&hash).filter(|(_, old)| body.get(old.clone()) == body.get(range.clone()));
                if let Some(at) = known.and_then(|(index, _)| places.get_mut(*index)) {
                    at.push(place.clone());
                    body.truncate(comma);
                } else {
                    seen.insert(hash, (places.len(), range));
                    places.push(vec![place.clone()]);
                }
            });
        }
        body.push(b']');
        Lookup { places }
    }
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
