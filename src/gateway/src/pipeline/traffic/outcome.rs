//! How calls end: what that says of the subgraph, and what is done about it.

use std::time::Duration;

use weir_traffic::backoff;
use weir_traffic::outcome::FailureClass;

use super::Gateway;
use super::cells::Edit;
use super::guard::{BreakerCopy, add};
use super::sent::Sent;
use crate::event::{CallFailure, CallId, Output, ReceivedHeader, Timestamp};
use crate::metric::{Metric, SubgraphId};
use crate::pipeline::Calling;

/// The class of a failure without an answer.
pub(in crate::pipeline) fn class_of(failure: CallFailure) -> FailureClass {
    match failure {
        CallFailure::Refused => FailureClass::Refused,
        CallFailure::Unreachable => FailureClass::Connect,
        CallFailure::TimedOut => FailureClass::Timeout,
        CallFailure::Reset | CallFailure::Interrupted => FailureClass::Reset,
    }
}

/// The failure that a status is by itself, and when the subgraph wants to be asked again. 5xx is the server's fault (RFC 9110
/// §15.6); 429 says that it has too much to do (RFC 6585 §4).
pub(in crate::pipeline) fn class_of_status(
    now: Timestamp,
    status: u16,
    headers: &[ReceivedHeader],
) -> (Option<FailureClass>, Option<Duration>) {
    let class = (status == 429 || status >= 500).then_some(FailureClass::Http5xx);
    let after = class.and_then(|_| headers.iter().find(|(name, _)| name == "retry-after"));
    (class, after.and_then(|(_, value)| backoff::retry_after(value, now.0)))
}

/// Statuses that a gateway or a server gives before it has done anything with the request; 429 only if it says when to come
/// again.
pub(in crate::pipeline) fn is_passing(status: u16, retry_after: Option<Duration>) -> bool {
    matches!(status, 502..=504) || (status == 429 && retry_after.is_some())
}

impl Gateway {
    /// A call has ended, well or with a failure: its slot is free, and the breaker, the timeouts and the limit hear of it.
    pub(in crate::pipeline) fn call_ended(
        &mut self,
        now: Timestamp,
        call: CallId,
        sent: &Sent,
        failure: Option<FailureClass>,
    ) {
        let Sent { label, breaker, probe, .. } = *sent;
        let took = now.since(sent.at);
        let Some(guard) = self.traffic.guard_mut(label) else { return };
        let in_flight = guard.pool.in_use();
        guard.pool.release();
        if let Some(limiter) = &mut guard.limiter {
            let dropped = matches!(failure, Some(FailureClass::Timeout | FailureClass::Refused));
            limiter.answered(now.0, took, in_flight, dropped);
        }
        match failure {
            Some(FailureClass::Timeout) => guard.table.timed_out(took),
            // These end quickly and say nothing of how long an answer takes.
            Some(FailureClass::Connect | FailureClass::Reset | FailureClass::Refused) => {}
            _ => guard.table.answered(took),
        }
        if let Some(class) = failure {
            guard.counts.error(class);
        }
        guard.counts.call_micros = guard.counts.call_micros.saturating_add(super::upkeep::micros(took));
        let fine = failure.is_none_or(|class| !guard.failures.contains(class));
        let measures = guard.settings.traffic.breaker.collect_latency_metrics;
        let edit = match (probe, guard.breakers.get_mut(breaker)) {
            _ if !guard.settings.traffic.breaker.enabled => None,
            (Some(probe), _) => Some(Edit::Probed { breaker, probe, fine }),
            (None, Some(copy)) => {
                let BreakerCopy { breaker: state, tally, .. } = copy;
                if fine { tally.fine(state, sent.epoch) } else { tally.failed(state, sent.epoch) }
                (!copy.is_edited && copy.tally.is_due(&copy.breaker)).then(|| {
                    copy.is_edited = true;
                    Edit::Record { breaker, tally: copy.tally.take() }
                })
            }
            (None, None) => None,
        };
        if let Some(edit) = edit {
            self.edit(label, edit);
        }
        if measures {
            self.outputs.push_back(Output::Record(Metric::CallLatency(label), super::upkeep::micros(took)));
        }
        self.forget_hedge(call, sent);
        self.pump(now, label);
    }

    /// Nobody waits for a call any more. It goes on, and keeps its slot until it ends; if its answer is lost with the stream
    /// that sent it, until it most probably has ended.
    pub(in crate::pipeline) fn abandon(&mut self, call: CallId) {
        let Some(Calling::Flight(sent)) = self.calls.get(&call) else { return };
        let sent = *sent;
        let usual = self.traffic.guard(sent.label).and_then(|guard| guard.table.quantile(0.99));
        let until = usual.map_or(sent.until, |usual| sent.at.after(usual.saturating_mul(2)).min(sent.until));
        self.forget_hedge(call, &sent);
        self.calls.insert(call, Calling::Abandoned(sent, until));
        self.traffic.expiries.insert((until, call));
    }

    fn forget_hedge(&mut self, call: CallId, sent: &Sent) {
        if let Some(at) = sent.hedge_at {
            self.traffic.hedges.remove(&(at, call));
        }
    }

    /// A call that nobody waits for has ended after all.
    pub(in crate::pipeline) fn abandoned_ended(
        &mut self,
        now: Timestamp,
        call: CallId,
        (sent, expires): (&Sent, Timestamp),
        failure: Option<FailureClass>,
    ) {
        self.traffic.expiries.remove(&(expires, call));
        self.call_ended(now, call, sent, failure);
    }

    /// A call was dropped before the host had it.
    pub(in crate::pipeline) fn unsent(&mut self, call: CallId, sent: &Sent, expires: Timestamp) {
        self.traffic.expiries.remove(&(expires, call));
        self.free_slot(sent.label);
    }

    /// Frees the slots of calls whose answers are lost.
    pub(super) fn expire_calls(&mut self, now: Timestamp) {
        while let Some((at, call)) = self.traffic.expiries.first().copied() {
            if at > now {
                break;
            }
            self.traffic.expiries.remove(&(at, call));
            if let Some(Calling::Abandoned(sent, _)) = self.calls.remove(&call) {
                self.free_slot(sent.label);
                self.pump(now, sent.label);
            }
        }
    }

    /// Counts how a flight that was asked for again has ended.
    pub(in crate::pipeline) fn tried(&mut self, label: SubgraphId, tries: u32, is_hedge: bool, fine: bool) {
        let Some(guard) = self.traffic.guard_mut(label) else { return };
        if is_hedge && fine {
            add(&mut guard.counts.hedges_won);
        }
        if tries > 0 {
            let outcome = if fine {
                crate::metric::RetryOutcome::Succeeded
            } else {
                crate::metric::RetryOutcome::Exhausted
            };
            guard.counts.retry(outcome);
        }
    }
}
