//! What a subgraph's answer adds to a request: data to the tree, errors in the client's terms.

use std::rc::Rc;

use weir_planner::plan::{EntityLookup, Fetch, FetchId, PathSegment, Shape, Target};

use super::execution::{Execution, Lookup, Place, Running};
use super::locate::{common_path, places};
use super::paths::renamed;
use super::reading::Reading;
use super::share::Share;
use crate::error::Code;
use crate::response::errors::{GraphQlError, MAX_ERRORS, PathItem, Reported};
use crate::response::read::Data;
use crate::response::segment::{List, ObjectId, Segment, Value};
use crate::response::tree::Node;

/// The most objects that are kept apart in one request although several places show the same entity: ten thousand
/// reviews by one author with ten thousand friends must not fill the worker's memory.
const MAX_COPIED: usize = 1_000_000;

/// An answer that is being merged.
struct Merging {
    segment: Rc<Segment>,
    /// What it counts for, where it is not counted yet.
    bytes: usize,
    /// How it is in the tree for the places that come now, and the path of those.
    instance: Option<u32>,
    path: usize,
    /// The keys that this instance was merged for.
    used: Vec<bool>,
}

impl Merging {
    fn new(segment: Rc<Segment>, keys: usize, bytes: usize) -> Merging {
        Merging { segment, bytes, instance: None, path: 0, used: vec![false; keys] }
    }
}

/// How many values a value holds, itself included.
fn size(segment: &Segment, value: Value) -> usize {
    let sum = |sum: usize, value: Value| sum.saturating_add(size(segment, value));
    match value {
        Value::Object(object) => segment.fields(object).iter().map(|field| field.value()).fold(1, sum),
        Value::List(list) => segment.items(list).iter().map(|item| item.value()).fold(1, sum),
        Value::Null | Value::Leaf(_) | Value::Mismatch => 1,
    }
}

impl Execution {
    /// A call of a fetch has ended without an answer: `error` stands at the place of what it would have found.
    pub(crate) fn fail(&mut self, fetch: FetchId, error: &GraphQlError) {
        if let Some(mut running) = self.take(fetch) {
            self.blame(fetch, &mut running, error);
            self.put(fetch, running);
        }
    }

    /// A call of a fetch was answered; `share` says what of the answer is this request's, which counts as `bytes` of its own.
    /// False if the answer was no use: the subgraph is at fault.
    pub(crate) fn absorb(&mut self, fetch: FetchId, reading: &Reading, share: &Share, bytes: usize) -> bool {
        let Some(mut running) = self.take(fetch) else { return true };
        let fine = self.absorb_into(&mut running, fetch, reading, share, bytes);
        self.put(fetch, running);
        fine
    }

    fn absorb_into(
        &mut self,
        running: &mut Running,
        fetch: FetchId,
        reading: &Reading,
        share: &Share,
        bytes: usize,
    ) -> bool {
        let plan = Rc::clone(&self.plan);
        let Some(planned) = plan.fetches.get(fetch.0 as usize) else { return true };
        if let Some(error) = &reading.unusable {
            self.blame(fetch, running, error);
            return false;
        }
        running.failed |= reading.data.is_none();
        for reported in &reading.errors {
            running.failed |= self.report(planned, &running.lookups, reported, reading, share);
        }
        self.walks.forget(&planned.target);
        match &reading.data {
            Some(Data::Root(Some(data))) => {
                let mut answer = Merging::new(Rc::clone(&reading.segment), 1, bytes);
                let lookups = std::mem::take(&mut running.lookups);
                for place in lookups.iter().flat_map(|lookup| lookup.places.iter()) {
                    self.merge_at(fetch, running, &mut answer, *place, *data);
                }
                running.lookups = lookups;
            }
            Some(Data::Entities(lists)) => self.merge_entities(fetch, running, reading, lists, share, bytes),
            Some(Data::Root(None)) | None => {}
        }
        if let Some(error) = &reading.broken {
            self.blame(fetch, running, error);
        }
        // Without an error of the subgraph's own, only Weir's finding that the answer is broken fails a fetch.
        !(reading.data.is_none() || reading.errors.is_empty() && running.failed)
    }

    fn merge_entities(
        &mut self,
        fetch: FetchId,
        running: &mut Running,
        reading: &Reading,
        lists: &[Option<List>],
        share: &Share,
        bytes: usize,
    ) {
        let lookups = std::mem::take(&mut running.lookups);
        let mut bytes = Some(bytes);
        for (number, (lookup, list)) in lookups.iter().zip(lists).enumerate() {
            let Some(list) = list else { continue };
            let theirs = share.by_own(number, lookup.keys);
            let mut answer =
                Merging::new(Rc::clone(&reading.segment), lookup.keys, bytes.take().unwrap_or(0));
            for place in lookup.places.iter() {
                let Some(at) = theirs.of(place.key) else { continue };
                // A null entity is an answer: the subgraph does not know it.
                let item = reading.segment.items(*list).get(at).map(|item| item.value());
                if let Some(Value::Object(entity)) = item {
                    self.merge_at(fetch, running, &mut answer, *place, entity);
                }
            }
        }
        running.lookups = lookups;
    }

    /// Merges an object of an answer at one place.
    fn merge_at(
        &mut self,
        fetch: FetchId,
        running: &mut Running,
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
                return self.blame(fetch, running, &GraphQlError::new(Code::ResponseTooLarge, message));
            }
        }
        let instance = match answer.instance {
            Some(instance) if fits => instance,
            _ => {
                let instance = self.tree.add(Rc::clone(&answer.segment), std::mem::take(&mut answer.bytes));
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

    /// Adds an error that the subgraph reported, at every place of the client's response that it concerns. False if it
    /// is about what others have asked for.
    fn report(
        &mut self,
        planned: &Fetch,
        lookups: &[Lookup],
        reported: &Reported,
        reading: &Reading,
        share: &Share,
    ) -> bool {
        let (segment, data) = (&reading.segment, reading.data.as_ref());
        let Reported { error, path } = reported.clone();
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
                let mut known = lookups.iter().flat_map(|lookup| lookup.places.iter());
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
                let own = at.zip(index).and_then(|(at, index)| share.own(at, index));
                if own.is_none() && at.zip(index).is_some_and(|(at, index)| index < reading.keys_of(at)) {
                    return false;
                }
                let found = lookup.zip(own).filter(|((_, lookup), own)| *own < lookup.keys);
                let Some(((planned, lookup), own)) = found else {
                    let at = entity_lookups.get(at.unwrap_or(0)).and_then(|lookup| lookup.paths.first());
                    let at = at.map(|path| common_path(&self.plan, path)).unwrap_or_default();
                    self.push_error(error.at(at));
                    return true;
                };
                let value = match data {
                    Some(Data::Entities(lists)) => at
                        .and_then(|at| lists.get(at).copied().flatten())
                        .and_then(|list| segment.items(list).get(index?).map(|item| item.value())),
                    _ => None,
                };
                let rewrites = &planned.output_rewrites;
                let rest =
                    renamed(&self.plan, self.typename, segment, rewrites, value, items.collect::<Vec<_>>());
                for mut at in self.places_of(planned, lookup, own) {
                    at.extend(rest.iter().cloned());
                    self.push_error(error.clone().at(at));
                }
            }
        }
        true
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
    fn blame(&mut self, fetch: FetchId, running: &mut Running, error: &GraphQlError) {
        running.failed = true;
        let Some(planned) = self.plan.fetches.get(fetch.0 as usize) else { return };
        let mut paths: Vec<Vec<PathItem>> = Vec::new();
        match &planned.target {
            Target::Root { path, shape, .. } => paths.push(self.place_of_root(path, shape)),
            Target::Entities(entity_lookups) => {
                let awaited =
                    entity_lookups.iter().zip(&running.lookups).filter(|(_, lookup)| lookup.keys > 0);
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
