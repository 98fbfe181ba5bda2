//! What a subgraph's answer adds to a request: data to the tree, errors in the client's terms.

use std::rc::Rc;

use weir_planner::plan::{EntityLookup, Fetch, FetchId, PathSegment, Shape, Target};

use super::execution::{Execution, Lookup, Place};
use super::locate::{common_path, places};
use super::paths::renamed;
use crate::error::Code;
use crate::response::errors::{GraphQlError, MAX_ERRORS, PathItem, Reported, reported};
use crate::response::read::{Data, read};
use crate::response::rewrite::rewrite;
use crate::response::segment::{List, ObjectId, Segment, Value};
use crate::response::tree::Node;

/// A subgraph's answer, as far as it decides how its body is read.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// The subgraph's name.
    pub(crate) service: &'a str,
}

/// The most objects that are kept apart in one request although several places show the same entity: ten thousand
/// reviews by one author with ten thousand friends must not fill the worker's memory.
const MAX_COPIED: usize = 1_000_000;

/// An answer that is being merged.
struct Merging {
    segment: Rc<Segment>,
    /// Whether the tree has it already.
    is_copy: bool,
    /// How it is in the tree for the places that come now, and the path of those.
    instance: Option<u32>,
    path: usize,
    /// The keys that this instance was merged for.
    used: Vec<bool>,
}

impl Merging {
    fn new(segment: Rc<Segment>, keys: usize, is_copy: bool) -> Merging {
        Merging { segment, is_copy, instance: None, path: 0, used: vec![false; keys] }
    }
}

/// How many values a value holds, itself included.
fn size(segment: &Segment, value: Value) -> usize {
    let sum = |sum: usize, value: Value| sum.saturating_add(size(segment, value));
    match value {
        Value::Object(object) => segment.fields(object).iter().map(|field| field.value).fold(1, sum),
        Value::List(list) => segment.items(list).iter().copied().fold(1, sum),
        Value::Null | Value::Leaf(_) | Value::Mismatch => 1,
    }
}

impl Execution {
    /// Ends a fetch without an answer: `error` stands at the place of what it would have found.
    pub(crate) fn fail(&mut self, fetch: FetchId, error: GraphQlError) {
        if let Some(lookups) = self.end(fetch) {
            self.blame(fetch, &lookups, error);
        }
    }

    /// Ends a fetch with the subgraph's answer. False if the answer was no use: the subgraph is at fault.
    pub(crate) fn absorb(&mut self, fetch: FetchId, answer: Answer<'_>) -> bool {
        let Some(lookups) = self.end(fetch) else { return true };
        let plan = Rc::clone(&self.plan);
        let Some(planned) = plan.fetches.get(fetch.0 as usize) else { return true };
        let empty = answer.body.is_empty();
        let service = answer.service;
        let ok_status = (200..300).contains(&answer.status);
        let response = match read(&plan, self.typename, &planned.target, answer.body) {
            Ok(response) if response.has_data || response.errors.is_some() => response,
            unusable => {
                let error = if ok_status {
                    let what = match unusable {
                        _ if empty => "the body is empty".to_owned(),
                        Err(what) => what,
                        Ok(_) => "neither \"data\" nor \"errors\" is there".to_owned(),
                    };
                    GraphQlError::new(
                        Code::SubgraphMalformed,
                        format!("The answer of subgraph \"{service}\" is not a GraphQL response: {what}."),
                    )
                } else {
                    let mut error = GraphQlError::new(
                        Code::SubgraphHttpError,
                        format!("Subgraph \"{service}\" answered with HTTP status {}.", answer.status),
                    );
                    error.extensions.insert("http".into(), serde_json::json!({"status": answer.status}));
                    error
                };
                self.blame(fetch, &lookups, error.of(service));
                return false;
            }
        };
        let failed = response.data.is_none();
        if failed || response.errors.is_some() {
            self.mark_failed(fetch);
        }
        let silent = response.errors.is_none();
        if let Some(raw) = &response.errors {
            for error in reported(raw, service) {
                self.report(planned, &lookups, error, &response.segment, response.data.as_ref());
            }
        }
        let segment = response.segment;
        match response.data {
            Some(Data::Root(data)) => {
                self.merge_root(fetch, planned, &lookups, segment, data, silent, service);
            }
            Some(Data::Entities(lists)) => {
                self.merge_entities(fetch, planned, &lookups, segment, &lists, silent, service);
            }
            None if silent => {
                self.malformed(fetch, &lookups, service, "\"data\" is null, without an error");
            }
            None => {}
        }
        // Without an error of the subgraph's own, only Weir's finding that the answer is broken fails a fetch.
        !(failed || silent && self.has_failed(fetch))
    }

    #[allow(clippy::too_many_arguments, reason = "one step of absorb, cut out for reading")]
    fn merge_root(
        &mut self,
        fetch: FetchId,
        planned: &Fetch,
        lookups: &[Lookup],
        mut segment: Segment,
        data: Option<ObjectId>,
        silent: bool,
        service: &str,
    ) {
        let plan = Rc::clone(&self.plan);
        let Target::Root { shape, output_rewrites, .. } = &planned.target else { return };
        let Some(data) = data else {
            self.malformed(fetch, lookups, service, "\"data\" is not an object");
            return;
        };
        rewrite(&plan, self.typename, &mut segment, output_rewrites, Value::Object(data));
        if silent
            && output_rewrites.is_empty()
            && let Some(missing) = shape.0.iter().find(|field| segment.get(data, field.key).is_none())
        {
            let what = format!("\"data\" lacks the field \"{}\"", plan.name(missing.key));
            self.malformed(fetch, lookups, service, &what);
        }
        let mut answer = Merging::new(Rc::new(segment), 1, false);
        for place in lookups.iter().flat_map(|lookup| &lookup.places) {
            self.merge_at(fetch, lookups, &mut answer, *place, data);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "one step of absorb, cut out for reading")]
    fn merge_entities(
        &mut self,
        fetch: FetchId,
        planned: &Fetch,
        lookups: &[Lookup],
        mut segment: Segment,
        lists: &[Option<List>],
        silent: bool,
        service: &str,
    ) {
        let plan = Rc::clone(&self.plan);
        let Target::Entities(entity_lookups) = &planned.target else { return };
        let mut broken = None;
        let mut whole = Vec::with_capacity(lookups.len());
        for ((lookup, planned), list) in lookups.iter().zip(entity_lookups).zip(lists) {
            whole.push(None);
            if lookup.keys == 0 {
                continue;
            }
            let Some(list) = list else {
                if silent {
                    broken = Some("\"_entities\" is not a list".to_owned());
                }
                continue;
            };
            if list.len() != lookup.keys {
                let (has, sent) = (list.len(), lookup.keys);
                broken = Some(format!("it has {has} entities where {sent} were asked for"));
                continue;
            }
            if !planned.output_rewrites.is_empty() {
                let rewrites = &planned.output_rewrites;
                rewrite(&plan, self.typename, &mut segment, rewrites, Value::List(*list));
            }
            if let Some(slot) = whole.last_mut() {
                *slot = Some(*list);
            }
        }
        let segment = Rc::new(segment);
        let mut is_copy = false;
        for (lookup, list) in lookups.iter().zip(whole) {
            let Some(list) = list else { continue };
            let mut answer = Merging::new(Rc::clone(&segment), lookup.keys, is_copy);
            is_copy = true;
            for place in &lookup.places {
                // A null entity is an answer: the subgraph does not know it.
                if let Some(Value::Object(entity)) = segment.items(list).get(place.key).copied() {
                    self.merge_at(fetch, lookups, &mut answer, *place, entity);
                }
            }
        }
        if let Some(what) = broken {
            self.malformed(fetch, lookups, service, &what);
        }
    }

    /// Merges an object of an answer at one place.
    fn merge_at(
        &mut self,
        fetch: FetchId,
        lookups: &[Lookup],
        answer: &mut Merging,
        place: Place,
        object: ObjectId,
    ) {
        let again = answer.used.get(place.key).copied().unwrap_or(false);
        // At places of one path, whatever else is fetched for the one is fetched for the other.
        let fits = if self.shares { answer.path == place.path } else { !again };
        if again && !self.shares {
            self.copied = self.copied.saturating_add(size(&answer.segment, Value::Object(object)));
            if self.copied > MAX_COPIED {
                let message = format!("The answer holds more than {MAX_COPIED} copies of shared values.");
                return self.blame(fetch, lookups, GraphQlError::new(Code::ResponseTooLarge, message));
            }
        }
        let instance = match answer.instance {
            Some(instance) if fits => instance,
            before => {
                let instance = self.tree.add(Rc::clone(&answer.segment), answer.is_copy || before.is_some());
                answer.used.fill(false);
                (answer.instance, answer.path) = (Some(instance), place.path);
                instance
            }
        };
        let node = Node::new(instance, object);
        if again && fits {
            self.tree.share(node);
        }
        if let Some(used) = answer.used.get_mut(place.key) {
            *used = true;
        }
        self.tree.merge(place.node, node);
    }

    fn malformed(&mut self, fetch: FetchId, lookups: &[Lookup], service: &str, what: &str) {
        let message = format!("The answer of subgraph \"{service}\" is not a GraphQL response: {what}.");
        self.blame(fetch, lookups, GraphQlError::new(Code::SubgraphMalformed, message).of(service));
    }

    /// Adds an error that the subgraph reported, at every place of the client's response that it concerns.
    fn report(
        &mut self,
        planned: &Fetch,
        lookups: &[Lookup],
        reported: Reported,
        segment: &Segment,
        data: Option<&Data>,
    ) {
        let Reported { error, path } = reported;
        match &planned.target {
            Target::Root { path: at, shape, .. } if path.is_empty() => {
                let at = self.place_of_root(at, shape);
                self.push_error(error.at(at));
            }
            Target::Root { path: at, output_rewrites, .. } => {
                let value = match data {
                    Some(Data::Root(Some(object))) => Some(Value::Object(*object)),
                    _ => None,
                };
                let path = renamed(&self.plan, self.typename, segment, output_rewrites, value, path);
                let mut known = lookups.iter().flat_map(|lookup| &lookup.places);
                let only = known.next().filter(|_| known.next().is_none());
                let only = only.and_then(|place| {
                    places(&self.plan, &self.tree, at, 1, &|node| self.tree.is(place.node, node)).pop()
                });
                let at = match only {
                    Some(only) => only.into_iter().chain(path).collect(),
                    None => common_path(&self.plan, at),
                };
                self.push_error(error.at(at));
            }
            Target::Entities(entity_lookups) => {
                let mut items = path.into_iter();
                let at = match items.next() {
                    Some(PathItem::Key(alias)) => {
                        entity_lookups.iter().position(|lookup| self.plan.name(lookup.alias) == alias)
                    }
                    _ => None,
                };
                let index = match items.next() {
                    Some(PathItem::Index(index)) => Some(index),
                    _ => None,
                };
                let lookup = at.and_then(|at| entity_lookups.get(at).zip(lookups.get(at)));
                let found = lookup.zip(index).filter(|((_, lookup), index)| *index < lookup.keys);
                let Some(((planned, lookup), index)) = found else {
                    let at = entity_lookups.get(at.unwrap_or(0)).and_then(|lookup| lookup.paths.first());
                    let at = at.map(|path| common_path(&self.plan, path)).unwrap_or_default();
                    self.push_error(error.at(at));
                    return;
                };
                let value = match data {
                    Some(Data::Entities(lists)) => at
                        .and_then(|at| lists.get(at).copied().flatten())
                        .and_then(|list| segment.items(list).get(index).copied()),
                    _ => None,
                };
                let rewrites = &planned.output_rewrites;
                let rest =
                    renamed(&self.plan, self.typename, segment, rewrites, value, items.collect::<Vec<_>>());
                for mut at in self.places_of(planned, lookup, index) {
                    at.extend(rest.iter().cloned());
                    self.push_error(error.clone().at(at));
                }
            }
        }
    }

    /// Where the objects of one representation stand in the response.
    fn places_of(&self, planned: &EntityLookup, lookup: &Lookup, key: usize) -> Vec<Vec<PathItem>> {
        let mut all = Vec::new();
        for (number, path) in planned.paths.iter().enumerate() {
            let here = || lookup.places.iter().filter(|place| (place.key, place.path) == (key, number));
            if here().next().is_none() {
                continue;
            }
            let most = MAX_ERRORS.saturating_sub(all.len());
            let is_one = |node| here().any(|place| self.tree.is(place.node, node));
            all.extend(places(&self.plan, &self.tree, path, most, &is_one));
        }
        all
    }

    /// What the failure of a whole root fetch concerns: its field if it has one, else all of the response.
    fn place_of_root(&self, path: &[PathSegment], shape: &Shape) -> Vec<PathItem> {
        let mut at = common_path(&self.plan, path);
        if let [field] = shape.0.as_slice() {
            at.push(PathItem::Key(self.plan.name(field.key).to_owned()));
        }
        at
    }

    /// Puts the error of a whole fetch wherever data of it was awaited: once for each path of a batch, so that
    /// every null it causes is accounted for.
    fn blame(&mut self, fetch: FetchId, lookups: &[Lookup], error: GraphQlError) {
        self.mark_failed(fetch);
        let Some(planned) = self.plan.fetches.get(fetch.0 as usize) else { return };
        let mut paths: Vec<Vec<PathItem>> = Vec::new();
        match &planned.target {
            Target::Root { path, shape, .. } => paths.push(self.place_of_root(path, shape)),
            Target::Entities(entity_lookups) => {
                let awaited = entity_lookups.iter().zip(lookups).filter(|(_, lookup)| lookup.keys > 0);
                for path in awaited.flat_map(|(lookup, _)| &lookup.paths) {
                    let at = common_path(&self.plan, path);
                    if !paths.contains(&at) {
                        paths.push(at);
                    }
                }
            }
        }
        for path in paths {
            self.push_error(error.clone().at(path));
        }
    }
}
