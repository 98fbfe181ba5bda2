//! A subgraph's answer, read for one fetch of one plan: all requests that run this plan can use it.

use std::rc::Rc;

use weir_planner::plan::{ExecutablePlan, FetchId, Target};
use weir_traffic::outcome::FailureClass;

use super::share::Share;
use crate::error::Code;
use crate::response::errors::{GraphQlError, Reported, reported};
use crate::response::read::{Data, SubgraphResponse, read};
use crate::response::rewrite::rewrite;
use crate::response::segment::{Segment, Value};

/// A subgraph's answer, as far as it decides how its body is read.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// The subgraph's name.
    pub(crate) service: &'a str,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(super) segment: Rc<Segment>,
    /// What the fetch asks for; of an entity fetch without the lists that don't fit what was asked.
    pub(super) data: Option<Data>,
    pub(super) errors: Vec<Reported>,
    /// The answer is no GraphQL response.
    pub(super) unusable: Option<GraphQlError>,
    /// The answer breaks off its promise, although it may hold something.
    pub(super) broken: Option<GraphQlError>,
    /// Representations that were sent, for each lookup.
    keys: Vec<usize>,
    /// Bytes of the answer.
    bytes: usize,
}

impl Reading {
    /// Reads an answer to a call of `fetch` with so many representations for each lookup.
    pub(crate) fn new(
        plan: &ExecutablePlan,
        fetch: FetchId,
        keys: Vec<usize>,
        answer: Answer<'_>,
    ) -> Reading {
        let bytes = answer.body.len();
        let Some(planned) = plan.fetches.get(fetch.0 as usize) else { return Reading::default() };
        let typename = plan.names.find("__typename");
        let Answer { status, body, service } = answer;
        let empty = body.is_empty();
        let response = match read(plan, typename, &planned.target, body) {
            Ok(response) if response.has_data || response.errors.is_some() => response,
            unusable => {
                let error = unusable_error(unusable, empty, status, service);
                return Reading { unusable: Some(error.of(service)), keys, bytes, ..Reading::default() };
            }
        };
        let SubgraphResponse { mut segment, mut data, errors, .. } = response;
        let silent = errors.is_none();
        let errors = errors.map(|raw| reported(&raw, service)).unwrap_or_default();
        let mut broken = None;
        match (&mut data, &planned.target) {
            (Some(Data::Root(None)), Target::Root { .. }) => {
                broken = Some("\"data\" is not an object".to_owned())
            }
            (Some(Data::Root(Some(object))), Target::Root { shape, output_rewrites, .. }) => {
                rewrite(plan, typename, &mut segment, output_rewrites, Value::Object(*object));
                if silent
                    && output_rewrites.is_empty()
                    && let Some(missing) =
                        shape.0.iter().find(|field| segment.get(*object, field.key).is_none())
                {
                    broken = Some(format!("\"data\" lacks the field \"{}\"", plan.name(missing.key)));
                }
            }
            (Some(Data::Entities(lists)), Target::Entities(lookups)) => {
                for ((slot, lookup), sent) in lists.iter_mut().zip(lookups).zip(&keys) {
                    let list = slot.filter(|_| *sent > 0);
                    *slot = list.filter(|list| list.len() == *sent);
                    match list {
                        Some(list) if list.len() == *sent => {
                            let rewrites = &lookup.output_rewrites;
                            rewrite(plan, typename, &mut segment, rewrites, Value::List(list));
                        }
                        Some(list) => {
                            let has = list.len();
                            broken = Some(format!("it has {has} entities where {sent} were asked for"));
                        }
                        None if silent && *sent > 0 => {
                            broken = Some("\"_entities\" is not a list".to_owned())
                        }
                        None => {}
                    }
                }
            }
            (None, _) if silent => broken = Some("\"data\" is null, without an error".to_owned()),
            _ => {}
        }
        let broken = broken.map(|what| malformed(service, &what).of(service));
        Reading { segment: Rc::new(segment), data, errors, unusable: None, broken, keys, bytes }
    }

    /// The representations that were sent for a lookup.
    pub(super) fn keys_of(&self, lookup: usize) -> usize {
        self.keys.get(lookup).copied().unwrap_or(0)
    }

    /// What of its bytes is a request's that shares it.
    pub(crate) fn bytes_of(&self, share: &Share) -> usize {
        match share {
            Share::Whole => self.bytes,
            Share::Some(lookups) => {
                let own = lookups.iter().fold(0_usize, |sum, pairs| sum.saturating_add(pairs.len()));
                let all = self.keys.iter().fold(0_usize, |sum, keys| sum.saturating_add(*keys));
                self.bytes.saturating_mul(own).checked_div(all).unwrap_or(self.bytes)
            }
        }
    }

    /// What kind of failure it shows of the subgraph: `status` is what its HTTP status says, and errors with one of `codes` are
    /// failures too.
    pub(crate) fn failure(&self, status: Option<FailureClass>, codes: &[String]) -> Option<FailureClass> {
        if self.unusable.is_some() {
            return status.or(Some(FailureClass::Malformed));
        }
        let listed = |reported: &Reported| codes.iter().any(|code| *code == reported.error.code);
        if self.broken.is_some() {
            Some(FailureClass::Malformed)
        } else if self.errors.iter().any(listed) {
            Some(FailureClass::GraphQl)
        } else {
            status.filter(|_| self.data.is_none())
        }
    }

    /// Whether nothing in it says for which of the representations the call has failed: one of them may have failed all.
    pub(crate) fn fails_all(&self) -> bool {
        self.unusable.is_some() || self.data.is_none()
    }
}

fn malformed(service: &str, what: &str) -> GraphQlError {
    let message = format!("The answer of subgraph \"{service}\" is not a GraphQL response: {what}.");
    GraphQlError::new(Code::SubgraphMalformed, message)
}

fn unusable_error(
    unusable: Result<SubgraphResponse, String>,
    empty: bool,
    status: u16,
    service: &str,
) -> GraphQlError {
    if (200..300).contains(&status) {
        return match unusable {
            _ if empty => malformed(service, "the body is empty"),
            Err(what) => malformed(service, &what),
            Ok(_) => malformed(service, "neither \"data\" nor \"errors\" is there"),
        };
    }
    let message = format!("Subgraph \"{service}\" answered with HTTP status {status}.");
    let mut error = GraphQlError::new(Code::SubgraphHttpError, message);
    error.extensions.insert("http".into(), serde_json::json!({"status": status}));
    error
}
