//! Asking once more: retries after a failure, and second calls beside one that takes long.

use std::time::Duration;

use weir_traffic::hedge;
use weir_traffic::outcome::FailureClass;
use weir_traffic::retry::{self, Attempt, Refusal};

use super::Gateway;
use super::guard::{Look, add};
use super::sent::Sent;
use crate::event::{CallId, Timestamp};
use crate::loader::Outlook;
use crate::metric::{RetryOutcome, SubgraphId};
use crate::pipeline::Calling;

impl Gateway {
    /// Asks for a flight again, if its failure, the time left and the budget let it. False if it has to fail.
    pub(in crate::pipeline) fn ask_again(
        &mut self,
        now: Timestamp,
        sent: &Sent,
        outlook: Outlook,
        class: FailureClass,
        retry_after: Option<Duration>,
    ) -> bool {
        let random = self.random();
        let Some(guard) = self.traffic.guard_mut(sent.label) else { return false };
        let attempt = Attempt {
            number: outlook.tries,
            class,
            is_query: outlook.is_query,
            retry_after,
            ceiling: guard.table.retry(outlook.tries.saturating_sub(1)),
            usual: guard.usual(),
        };
        let settings = guard.settings.retry();
        let decided = retry::decide(attempt, &settings, &mut guard.budget, now.0, outlook.until.0, random);
        let outcome = match &decided {
            Ok(_) => Some(RetryOutcome::Sent),
            Err(Refusal::NoBudget) => Some(RetryOutcome::NoBudget),
            Err(Refusal::NoTime) => Some(RetryOutcome::NoTime),
            Err(_) => None,
        };
        if let Some(outcome) = outcome {
            guard.counts.retry(outcome);
        }
        match decided {
            Ok(delay) => {
                self.loader.again(now.after(delay), sent.flight);
                true
            }
            Err(_) => false,
        }
    }

    /// Takes so many repetitions from a subgraph's budget; false if there are not enough.
    pub(in crate::pipeline) fn may_send_again(
        &mut self,
        now: Timestamp,
        label: SubgraphId,
        calls: u64,
    ) -> bool {
        let Some(guard) = self.traffic.guard_mut(label) else { return false };
        guard.budget.left(now.0) >= calls && (0..calls).all(|_| guard.budget.take(now.0))
    }

    /// Sends the second calls that are due.
    pub(super) fn send_hedges(&mut self, now: Timestamp) {
        while let Some((at, call)) = self.traffic.hedges.first().copied() {
            if at > now {
                break;
            }
            self.traffic.hedges.remove(&(at, call));
            self.hedge(now, call);
        }
    }

    fn hedge(&mut self, now: Timestamp, call: CallId) {
        let Some(Calling::Flight(sent)) = self.calls.get(&call) else { return };
        let Sent { flight, label, breaker, until, .. } = *sent;
        let Some(guard) = self.traffic.guard_mut(label) else { return };
        // A breaker that is about to probe, or calls that wait for slots: no time for calls that may not be needed.
        if !matches!(guard.look(now, breaker), Look::Pass) || !guard.queue.is_empty() || !guard.take_slot(now)
        {
            return;
        }
        let usual = guard.usual();
        if !hedge::may_go(usual, &mut guard.budget, now.0, until.0) {
            self.free_slot(label);
            return self.pump(now, label);
        }
        match self.loader.recall(now, flight) {
            Some(departure) => {
                if let Some(guard) = self.traffic.guard_mut(label) {
                    add(&mut guard.counts.hedges);
                }
                self.launch(now, departure, label, breaker, None, true);
            }
            None => {
                self.free_slot(label);
                self.pump(now, label);
            }
        }
    }
}
