//! What a subgraph's answer adds to a request: data to the tree, errors in the client's terms.

use std::rc::Rc;

use weir_planner::plan::{Fetch, FetchId, PathSegment, Shape, Target};

use super::execution::{Execution, Lookup};
use super::locate::{Place, common_path, object_at, tree_path};
use super::paths::renamed;
use crate::error::Code;
use crate::response::errors::{GraphQlError, PathItem, Reported, reported};
use crate::response::merge::merge;
use crate::response::read::{Data, read};
use crate::response::rewrite::rewrite;
use crate::response::tree::{Object, Value};

/// A subgraph's answer, as far as it decides how its body is read.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// The subgraph's name.
    pub(crate) service: &'a str,
}

/// The most values copied in one request because several places share an entity: ten thousand reviews by one
/// author with ten thousand friends must not fill the worker's memory. A million values are some 30 MB.
const MAX_COPIED: usize = 1_000_000;

/// How many values an object holds.
fn size(object: &Object) -> usize {
    object.0.iter().fold(1, |sum, (_, value)| sum.saturating_add(size_of_value(value)))
}

fn size_of_value(value: &Value) -> usize {
    match value {
        Value::Object(object) => size(object),
        Value::List(items) => items.iter().fold(1, |sum, item| sum.saturating_add(size_of_value(item))),
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
        let body = self.bodies.push(answer.body);
        let service = answer.service;
        let ok_status = (200..300).contains(&answer.status);
        let response = match read(&plan, &planned.target, &mut self.bodies, body) {
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
                self.report(planned, &lookups, error, response.data.as_ref());
            }
        }
        match response.data {
            Some(Data::Root(value)) => self.merge_root(fetch, planned, &lookups, value, silent, service),
            Some(Data::Entities(lists)) => {
                self.merge_entities(fetch, planned, lookups, lists, silent, service)
            }
            None if silent => {
                self.malformed(fetch, &lookups, service, "\"data\" is null, without an error");
            }
            None => {}
        }
        // Without an error of the subgraph's own, only Weir's finding that the answer is broken fails a fetch.
        !(failed || silent && self.has_failed(fetch))
    }

    fn merge_root(
        &mut self,
        fetch: FetchId,
        planned: &Fetch,
        lookups: &[Lookup],
        mut value: Value,
        silent: bool,
        service: &str,
    ) {
        let plan = Rc::clone(&self.plan);
        if let Target::Root { output_rewrites, .. } = &planned.target {
            rewrite(&plan, self.typename, &mut self.bodies, output_rewrites, &mut value);
        }
        let Value::Object(data) = value else {
            self.malformed(fetch, lookups, service, "\"data\" is not an object");
            return;
        };
        if silent
            && let Target::Root { shape, output_rewrites, .. } = &planned.target
            && output_rewrites.is_empty()
            && let Some(missing) = shape.0.iter().find(|field| data.get(field.key).is_none())
        {
            let what = format!("\"data\" lacks the field \"{}\"", plan.name(missing.key));
            self.malformed(fetch, lookups, service, &what);
        }
        let places: Vec<Place> =
            lookups.iter().flat_map(|lookup| &lookup.places).flatten().cloned().collect();
        self.merge_at(fetch, lookups, &places, data);
    }

    fn merge_entities(
        &mut self,
        fetch: FetchId,
        planned: &Fetch,
        lookups: Vec<Lookup>,
        lists: Vec<Option<Vec<Value>>>,
        silent: bool,
        service: &str,
    ) {
        let plan = Rc::clone(&self.plan);
        let Target::Entities(entity_lookups) = &planned.target else { return };
        let mut broken = None;
        for ((lookup, planned), list) in lookups.iter().zip(entity_lookups).zip(lists) {
            let sent = lookup.places.len();
            if sent == 0 {
                continue;
            }
            let Some(entities) = list else {
                if silent {
                    broken = Some("\"_entities\" is not a list".to_owned());
                }
                continue;
            };
            if entities.len() != sent {
                broken = Some(format!("it has {} entities where {sent} were asked for", entities.len()));
                continue;
            }
            for (mut entity, places) in entities.into_iter().zip(&lookup.places) {
                rewrite(&plan, self.typename, &mut self.bodies, &planned.output_rewrites, &mut entity);
                // A null entity is an answer: the subgraph does not know it.
                if let Value::Object(entity) = entity {
                    self.merge_at(fetch, &lookups, places, entity);
                }
            }
        }
        if let Some(what) = broken {
            self.malformed(fetch, &lookups, service, &what);
        }
    }

    fn merge_at(&mut self, fetch: FetchId, lookups: &[Lookup], places: &[Place], object: Object) {
        let Some((last, others)) = places.split_last() else { return };
        if !others.is_empty() {
            let values = others.len().saturating_mul(size(&object));
            self.copied = self.copied.saturating_add(values);
            if self.copied > MAX_COPIED {
                let message = format!("The answer holds more than {MAX_COPIED} copies of shared values.");
                return self.blame(fetch, lookups, GraphQlError::new(Code::ResponseTooLarge, message));
            }
        }
        for place in others {
            if let Some(target) = object_at(&mut self.root, place) {
                merge(target, object.clone());
            }
        }
        if let Some(target) = object_at(&mut self.root, last) {
            merge(target, object);
        }
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
