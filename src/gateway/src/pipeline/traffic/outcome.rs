//! How calls end: what that says of the subgraph, and what is done about it.

use std::time::Duration;

use weir_traffic::backoff;
use weir_traffic::outcome::FailureClass;

use super::Gateway;
use super::cells::Edit;
use super::guard::{BreakerCopy, add};
use super::sent::Sent;
use super::upkeep::micros;
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
/// §15.6); 429 says that it has too much to do (RFC 6585 §4), and is a failure like these.
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

/// How long after its time an answer may come that is not lost.
const ANSWER_MARGIN: Duration = Duration::from_secs(1);

impl Gateway {
    /// A call has ended, well or with a failure: its slot is free, and all who learn from that hear of it.
    pub(in crate::pipeline) fn call_ended(
        &mut self,
        now: Timestamp,
        call: CallId,
        sent: &Sent,
        failure: Option<FailureClass>,
    ) {
        self.learn(now, sent, failure);
        self.free_slot(sent.label);
        self.forget_hedge(call, sent);
        self.pump(now, sent.label);
        self.ask_for_slots(now, sent.label);
    }

    /// The breaker, the timeouts and the limit hear how a call has ended.
    fn learn(&mut self, now: Timestamp, sent: &Sent, failure: Option<FailureClass>) {
        let Sent { label, breaker, probe, .. } = *sent;
        let took = now.since(sent.at);
        let Some(guard) = self.traffic.guard_mut(label) else { return };
        // Its request had less time left than calls usually take: that is not the subgraph's fault.
        let usual = || guard.table.quantile(0.99);
        let says_nothing =
            failure == Some(FailureClass::Timeout) && sent.is_cut && usual().is_none_or(|usual| took < usual);
        if let Some(limiter) = &mut guard.limiter
            && !says_nothing
        {
            let dropped = matches!(
                failure,
                Some(
                    FailureClass::Timeout
                        | FailureClass::Refused
                        | FailureClass::Connect
                        | FailureClass::Reset
                )
            );
            limiter.answered(now.0, took, guard.pool.in_use(), dropped);
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
        guard.counts.call_micros = guard.counts.call_micros.saturating_add(micros(took));
        let measures = guard.settings.traffic.breaker.collect_latency_metrics;
        let fine = failure.is_none_or(|class| !guard.failures.contains(class));
        let is_current = sent.layout == guard.layout && guard.settings.traffic.breaker.enabled;
        let edit = match (probe, guard.breakers.get_mut(breaker).filter(|_| is_current)) {
            (_, None) => None,
            (Some(probe), Some(_)) if says_nothing => Some(Edit::Withdraw { breaker, probe }),
            (Some(probe), Some(_)) => Some(Edit::Probed { breaker, probe, fine }),
            (None, Some(_)) if says_nothing => None,
            (None, Some(copy)) => {
                let BreakerCopy { breaker: state, tally, .. } = copy;
                if fine {
                    tally.fine(state, sent.epoch);
                } else {
                    tally.failed(state, sent.epoch);
                }
                (!copy.is_edited && copy.tally.is_due(&copy.breaker)).then(|| {
                    copy.is_edited = true;
                    Edit::Record { breaker, tally: copy.tally.take() }
                })
            }
        };
        if let Some(edit) = edit {
            self.edit(label, edit);
        }
        if measures {
            self.outputs.push_back(Output::Record(Metric::CallLatency(label), micros(took)));
        }
    }

    /// Nobody waits for a call any more. It goes on, and keeps its slot until it ends. The answer of one that a stream has sent
    /// is lost with that stream: it keeps its slot until it most probably has ended, and if it took longer than calls do
    /// already, that is all that will be known of it.
    pub(in crate::pipeline) fn abandon(&mut self, call: CallId) {
        let Some(Calling::Flight(sent)) = self.calls.get(&call) else { return };
        let (sent, now) = (*sent, self.traffic.now);
        let usual = self.traffic.guard(sent.label).and_then(|guard| guard.table.quantile(0.99));
        let longest = usual.map(|usual| usual.saturating_mul(2));
        let is_overdue = longest.is_some_and(|longest| now.since(sent.at) >= longest);
        let until = match longest {
            _ if sent.by.is_none() => sent.until.after(ANSWER_MARGIN),
            Some(longest) if !is_overdue => sent.at.after(longest).min(sent.until),
            _ => sent.until,
        };
        if sent.by.is_some() && is_overdue {
            self.learn(now, &sent, Some(FailureClass::Timeout));
        }
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
        self.pump(self.traffic.now, sent.label);
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
