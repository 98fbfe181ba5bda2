//! Equal queries that are in work at the same time share one execution (`request_sharing.enabled`).
//!
//! The first that comes is executed; those that come while it is get a copy of its reply. What they say must be equal
//! byte by byte: path, body, what the reply's form depends on, and all that is forwarded, save the trace context.

use std::time::Duration;

use weir_planner::plan::OperationKind;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{Gateway, Request};
use crate::event::{HttpRequest, ReceivedHeader, Reply, RequestId, Timestamp};
use crate::headers::{is_trace_context, keep_forwardable};
use crate::metric::Metric;
use crate::protocol::Media;

/// How old a request may be for others to share its execution: one that hangs must not gather everybody.
const MOST_AGE: Duration = Duration::from_secs(1);

/// The headers that decide how a body is read.
const READ_BY: [&str; 2] = ["content-type", "content-encoding"];

/// A request whose execution others may share.
pub(super) struct Lead {
    number: u64,
    arrived: Timestamp,
    /// Mutations answered before it came; see [`crate::loader::Loader::epoch`].
    epoch: u64,
    /// As the client sent it: should the client go, another one's becomes the first.
    request: HttpRequest,
    followers: Vec<Follower>,
}

#[derive(Debug, Clone, Copy)]
struct Follower {
    id: RequestId,
    arrived: Timestamp,
}

/// Finds candidates; what they say is compared.
fn number_of(request: &HttpRequest) -> u64 {
    xxh3_64_with_seed(&request.body, xxh3_64(request.path.as_bytes()))
}

fn said<'a>(headers: &'a [ReceivedHeader], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_slice())
}

fn forwarded(headers: &[ReceivedHeader]) -> impl Iterator<Item = &ReceivedHeader> {
    headers.iter().filter(|(name, _)| !is_trace_context(name))
}

impl Gateway {
    /// Lets a request share the execution of an equal one, if there is one.
    pub(super) fn follow(
        &mut self,
        now: Timestamp,
        arrived: Timestamp,
        id: RequestId,
        request: &HttpRequest,
        media: Media,
    ) -> bool {
        if !self.engine.config.request_sharing || request.method != "POST" {
            return false;
        }
        let number = number_of(request);
        let Some(leaders) = self.leaders.get(&number) else { return false };
        let leads = |leader: &&RequestId| {
            self.requests.get(leader).is_some_and(|leader| self.is_equal(now, leader, request, media))
        };
        let Some(leader) = leaders.iter().find(leads).copied() else { return false };
        let deadline = arrived.after(self.engine.config.request_timeout);
        let lead = self.requests.get_mut(&leader).and_then(|request| request.lead.as_mut());
        let Some(lead) = lead else { return false };
        lead.followers.push(Follower { id, arrived });
        self.followers.insert(id, (leader, deadline));
        self.deadlines.insert((deadline, id));
        self.operations = self.operations.saturating_add(1);
        self.count(Metric::RequestsActive, 1);
        self.count(Metric::RequestsShared, 1);
        true
    }

    fn is_equal(&self, now: Timestamp, leader: &Request, request: &HttpRequest, media: Media) -> bool {
        let Some(lead) = &leader.lead else { return false };
        let same = leader.generation == self.generation
            && lead.epoch == self.loader.epoch()
            && now.since(lead.arrived) <= MOST_AGE
            && leader.media == media
            && lead.request.body == request.body
            && lead.request.path == request.path
            && READ_BY.iter().all(|name| said(&lead.request.headers, name).eq(said(&request.headers, name)));
        same && {
            let mut own = request.headers.clone();
            keep_forwardable(&mut own, &self.engine.config);
            forwarded(&own).eq(forwarded(&leader.headers))
        }
    }

    /// Lets others share the execution of a query that has begun.
    pub(super) fn lead(
        &mut self,
        arrived: Timestamp,
        id: RequestId,
        kind: Option<OperationKind>,
        request: HttpRequest,
    ) {
        let shares = self.engine.config.request_sharing && request.method == "POST";
        let Some(leader) = self.requests.get_mut(&id) else { return };
        if !shares || kind != Some(OperationKind::Query) {
            return;
        }
        let number = number_of(&request);
        let epoch = self.loader.epoch();
        leader.lead = Some(Box::new(Lead { number, arrived, epoch, request, followers: Vec::new() }));
        self.leaders.entry(number).or_default().push(id);
    }

    /// A request ends: nobody can share its execution any more.
    pub(super) fn stop_leading(&mut self, id: RequestId, request: &Request) {
        let Some(lead) = &request.lead else { return };
        if let Some(leaders) = self.leaders.get_mut(&lead.number) {
            leaders.retain(|leader| *leader != id);
            if leaders.is_empty() {
                self.leaders.remove(&lead.number);
            }
        }
    }

    /// Those who share an execution get its reply too.
    pub(super) fn answer_followers(&mut self, lead: Option<Box<Lead>>, reply: &Reply) {
        for follower in lead.into_iter().flat_map(|lead| lead.followers) {
            if self.stop_following(follower.id) {
                self.reply(follower.id, reply.clone());
            }
        }
    }

    /// The client whose request was executed has gone: another's is, from the beginning, for what its stream had asked
    /// for is lost.
    pub(super) fn pass_on(&mut self, now: Timestamp, lead: Lead) {
        for Follower { id, arrived, .. } in lead.followers {
            if self.stop_following(id) {
                self.take_request(now, arrived, id, lead.request.clone());
            }
        }
    }

    /// A request shares no execution any more; false if it didn't.
    pub(super) fn stop_following(&mut self, id: RequestId) -> bool {
        let Some((leader, deadline)) = self.followers.remove(&id) else { return false };
        if let Some(lead) = self.requests.get_mut(&leader).and_then(|request| request.lead.as_mut()) {
            lead.followers.retain(|follower| follower.id != id);
        }
        self.deadlines.remove(&(deadline, id));
        self.operations = self.operations.saturating_sub(1);
        self.count(Metric::RequestsActive, -1);
        true
    }
}
