//! What a subgraph's answer adds to a request: data to the tree, errors in the client's terms.

use std::rc::Rc;

use weir_planner::plan::{Fetch, FetchId, PathSegment, Shape, Target};

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
        let response = match read(&plan, &planned.target, answer.body) {
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
        let mut answer = Merging::new(Rc::new(segment));
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
        for (lookup, list) in lookups.iter().zip(whole) {
            let Some(list) = list else { continue };
            let mut answer = Merging::new(Rc::clone(&segment));
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
        let known = answer.instances.iter_mut().find(|known| known.path == place.path);
        let instance = match known {
            // Places of one path: whatever else is fetched for the one is fetched for the other.
            Some(known) if self.shares => {
                let node = Node::new(known.instance, object);
                if answer.used.contains(&(place.path, place.key)) {
                    self.tree.share(node);
                }
                known.instance
            }
            Some(known) if !answer.used.contains(&(place.path, place.key)) => known.instance,
            known => {
                let objects = answer.segment.objects();
                let is_copy = known.is_some() || answer.is_used();
                if known.is_some() {
                    self.copied = self.copied.saturating_add(objects);
                    if self.copied > MAX_COPIED {
                        let message =
                            format!("The answer holds more than {MAX_COPIED} copies of shared values.");
                        let error = GraphQlError::new(Code::ResponseTooLarge, message);
                        return self.blame(fetch, lookups, error);
                    }
                }
                let instance = self.tree.add(Rc::clone(&answer.segment), is_copy);
                answer.instances.retain(|known| known.path != place.path);
                answer.instances.push(Instance { path: place.path, instance });
                instance
            }
        };
        answer.used.push((place.path, place.key));
        self.tree.merge(place.node, Node::new(instance, object));
    }

    fn malformed(&mut self, fetch: FetchId, lookups: &[Lookup], service: &str, what: &str) {
        let message = format!("The answer of subgraph \"{service}\" is not a GraphQL response: {what}.");
        self.blame(fetch, lookups, GraphQlError::new(Code::SubgraphMalformed, message).of(service));
    }

    /// Adds an error that the subgraph reported, at every place of the client's response that it concerns.
    fn report(&mut self, planned: &Fetch, lookups: &[Lookup], reported: Reported, data: Option<&Data>) {
        let Reported { error, path } = reported;
        match &planned.target {
            Target::Root { path: at, shape, .. } if path.is_empty() => {
                let at = self.place_of_root(at, shape);
                self.push_error(error.at(at));
            }
            Target::Root { path: at, output_rewrites, .. } => {
                let value = if let Some(Data::Root(value)) = data { Some(value) } else { None };
                let path = renamed(&self.plan, self.typename, &self.bodies, output_rewrites, value, path);
                let places: Vec<&Place> =
                    lookups.iter().flat_map(|lookup| &lookup.places).flatten().collect();
                let at = match places.as_slice() {
                    [only] => tree_path(&self.plan, only).into_iter().chain(path).collect(),
                    _ => common_path(&self.plan, at),
                };
                self.push_error(error.at(at));
            }
            Target::Entities(entity_lookups) => {
                let mut items = path.into_iter();
                let lookup = match items.next() {
                    Some(PathItem::Key(alias)) => {
                        entity_lookups.iter().position(|lookup| self.plan.name(lookup.alias) == alias)
                    }
                    _ => None,
                };
                let index = match items.next() {
                    Some(PathItem::Index(index)) => Some(index),
                    _ => None,
                };
                let places =
                    lookup.and_then(|l| lookups.get(l)).zip(index).and_then(|(l, i)| l.places.get(i));
                let Some(places) = places else {
                    let at = entity_lookups.get(lookup.unwrap_or(0)).and_then(|lookup| lookup.paths.first());
                    let at = at.map(|path| common_path(&self.plan, path)).unwrap_or_default();
                    self.push_error(error.at(at));
                    return;
                };
                let mut rest: Vec<PathItem> = items.collect();
                if let Some((planned, (lookup, index))) =
                    lookup.and_then(|l| entity_lookups.get(l)).zip(lookup.zip(index))
                {
                    let value = match data {
                        Some(Data::Entities(lists)) => {
                            lists.get(lookup).and_then(Option::as_ref).and_then(|list| list.get(index))
                        }
                        _ => None,
                    };
                    let rewrites = &planned.output_rewrites;
                    rest = renamed(&self.plan, self.typename, &self.bodies, rewrites, value, rest);
                }
                for place in places.iter().take(crate::response::errors::MAX_ERRORS) {
                    let mut at = tree_path(&self.plan, place);
                    at.extend(rest.iter().cloned());
                    self.push_error(error.clone().at(at));
                }
            }
        }
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
                let awaited =
                    entity_lookups.iter().zip(lookups).filter(|(_, lookup)| !lookup.places.is_empty());
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
