//! What the workers agree on about a subgraph: its breakers, its slots, its health. One value of shared data each, edited
//! by reading it, and writing it back if nobody else has written since.

use std::borrow::Cow;
use std::time::Duration;

use weir_cache::{Ask, Refused, Reply};
use weir_traffic::breaker::{Breaker, Claim, Forced, Tally, Transition};
use weir_traffic::health::Health;
use weir_traffic::pool;

use super::guard::{BREAKERS, Stop};
use super::{Claiming, Gateway};
use crate::event::{RequestId, Timestamp};
use crate::loader::Departure;
use crate::metric::SubgraphId;
use crate::pipeline::cells::Cell;
use crate::pipeline::upkeep::TICK;

/// How often an edit is tried that other workers' get in the way of. Two workers that race lose a turn each at most; more
/// tries than workers only happen to the unlucky.
const MAX_TRIES: u32 = 16;

/// As `runtime.rs` has it: no value has this number, and a missing key is created whatever the number (HOST §1).
const MISSING: Option<u32> = Some(u32::MAX);

/// A value of shared data, what is done with it, and how often that was tried.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pipeline) struct TrafficCell {
    label: SubgraphId,
    edit: Edit,
    /// Of the subgraph's breakers when it was begun.
    layout: u32,
    tries: u32,
    /// What was written, while the host has it.
    written: Option<Written>,
}

/// What is done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Edit {
    /// Looks how a breaker is.
    Read { breaker: usize },
    /// Asks whether a flight may be a probe.
    Claim { breaker: usize, claim: u64 },
    /// Tells how calls have ended.
    Record { breaker: usize, tally: Tally },
    /// Tells how a probe has ended.
    Probed { breaker: usize, probe: u64, fine: bool },
    /// Tells that a probe has shown nothing.
    Withdraw { breaker: usize, probe: u64 },
    /// An operator's word.
    Force { breaker: usize, forced: Option<Forced>, answer: Option<RequestId> },
    /// Changes this worker's share of the slots.
    Share,
    /// Looks how healthy it is.
    ReadHealth,
    /// Tells how a check has ended.
    Checked { fine: bool },
}

/// What comes of an edit once it is written.
#[derive(Debug, Clone, PartialEq)]
enum Written {
    Breaker {
        state: Breaker,
        transition: Option<Transition>,
        claimed: Option<Claim>,
    },
    /// `None`: nothing is to be written.
    Share(Option<pool::Edit>),
    Health {
        state: Health,
        changed: Option<bool>,
    },
}

impl TrafficCell {
    /// The key of the value; `names` are the subgraphs'.
    pub(in crate::pipeline) fn key(&self, names: &[String], breakers: usize) -> Cow<'static, str> {
        let name = names.get(self.label.0 as usize).map_or("", String::as_str);
        Cow::Owned(match self.edit {
            Edit::Read { breaker }
            | Edit::Claim { breaker, .. }
            | Edit::Record { breaker, .. }
            | Edit::Probed { breaker, .. }
            | Edit::Withdraw { breaker, .. }
            | Edit::Force { breaker, .. } => {
                if breakers == BREAKERS {
                    format!("weir.breakers.{breaker:02}.{name}")
                } else {
                    format!("weir.breaker.{name}")
                }
            }
            Edit::Share => format!("weir.pool.{name}"),
            Edit::ReadHealth | Edit::Checked { .. } => format!("weir.health.{name}"),
        })
    }

    fn breaker(&self) -> Option<usize> {
        match self.edit {
            Edit::Read { breaker }
            | Edit::Claim { breaker, .. }
            | Edit::Record { breaker, .. }
            | Edit::Probed { breaker, .. }
            | Edit::Withdraw { breaker, .. }
            | Edit::Force { breaker, .. } => Some(breaker),
            Edit::Share | Edit::ReadHealth | Edit::Checked { .. } => None,
        }
    }
}

impl Gateway {
    /// Begins an edit; it ends within the same turn.
    pub(super) fn edit(&mut self, label: SubgraphId, edit: Edit) {
        let layout = self.traffic.guard(label).map_or(0, |guard| guard.layout);
        self.try_edit(TrafficCell { label, edit, layout, tries: 0, written: None });
    }

    /// Forces all breakers of a subgraph, or lets them go, and answers the operator.
    pub(in crate::pipeline) fn force(&mut self, label: SubgraphId, forced: Option<Forced>, id: RequestId) {
        let breakers = self.traffic.guard(label).map_or(1, |guard| guard.breakers.len());
        for breaker in 0..breakers {
            // The last one answers: edits of one turn are made in their order.
            let answer = (breaker.saturating_add(1) == breakers).then_some(id);
            self.edit(label, Edit::Force { breaker, forced, answer });
        }
    }

    fn try_edit(&mut self, mut cell: TrafficCell) {
        cell.tries = cell.tries.saturating_add(1);
        cell.written = None;
        let key = self.key_of(&cell);
        self.ask_cell(Cell::Traffic(Box::new(cell)), Ask::Get { key });
    }

    fn key_of(&self, cell: &TrafficCell) -> String {
        let breakers = self.traffic.guard(cell.label).map_or(1, |guard| guard.breakers.len());
        cell.key(self.labels.names(), breakers).into_owned()
    }

    /// The host has answered.
    pub(in crate::pipeline) fn traffic_answered(
        &mut self,
        now: Timestamp,
        mut cell: Box<TrafficCell>,
        reply: Reply,
    ) {
        match reply {
            // The breakers are others by now.
            Reply::Got { .. } if !self.is_current(&cell) => self.edited(now, &cell, None),
            Reply::Got { value, cas } => match self.change(now, &cell, value.as_deref()) {
                Change::Write(written) => {
                    let value = written.encode();
                    cell.written = Some(written);
                    let key = self.key_of(&cell);
                    self.ask_cell(Cell::Traffic(cell), Ask::Set { key, value, cas: cas.or(MISSING) });
                }
                Change::Keep(found) => self.edited(now, &cell, Some(found)),
            },
            Reply::Set(Ok(())) => {
                let written = cell.written.take();
                self.edited(now, &cell, written);
            }
            Reply::Set(Err(Refused::CasMismatch)) if cell.tries < MAX_TRIES => self.try_edit(*cell),
            Reply::Set(Err(_)) => self.edited(now, &cell, None),
        }
    }

    fn is_current(&self, cell: &TrafficCell) -> bool {
        cell.breaker().is_none()
            || self.traffic.guard(cell.label).is_some_and(|guard| guard.layout == cell.layout)
    }

    /// What becomes of a value.
    fn change(&mut self, now: Timestamp, cell: &TrafficCell, value: Option<&[u8]>) -> Change {
        let random = self.random();
        let Some(guard) = self.traffic.guard_mut(cell.label) else {
            return Change::Keep(Written::Health { state: Health::default(), changed: None });
        };
        let settings = &guard.breaker_settings;
        let mut state = if cell.breaker().is_some() {
            Breaker::decode(value.unwrap_or_default())
        } else {
            Breaker::default()
        };
        let before = state.clone();
        let (mut transition, mut claimed) = (None, None);
        match &cell.edit {
            Edit::Read { .. } => {}
            Edit::Claim { .. } => claimed = Some(state.claim(now.0, settings)),
            Edit::Record { tally, .. } => transition = state.record(now.0, settings, *tally, random),
            Edit::Probed { probe, fine, .. } => {
                transition = state.probed(now.0, settings, *probe, *fine, random);
            }
            Edit::Withdraw { probe, .. } => state.withdraw(*probe),
            Edit::Force { forced, .. } => transition = state.force(now.0, *forced),
            Edit::Share => {
                let waiting = u32::try_from(guard.queue.len()).unwrap_or(u32::MAX);
                return match guard.pool.exchange(now.0, waiting, value) {
                    Some(edit) => Change::Write(Written::Share(Some(edit))),
                    None => Change::Keep(Written::Share(None)),
                };
            }
            Edit::ReadHealth => {
                return Change::Keep(Written::Health {
                    state: Health::decode(value.unwrap_or_default()),
                    changed: None,
                });
            }
            Edit::Checked { fine } => {
                let mut health = Health::decode(value.unwrap_or_default());
                let changed = health.checked(now.0, &guard.settings.health(), *fine);
                return Change::Write(Written::Health { state: health, changed });
            }
        }
        let is_new = state != before;
        let written = Written::Breaker { state, transition, claimed };
        if is_new { Change::Write(written) } else { Change::Keep(written) }
    }

    /// An edit has ended; `None`: in vain.
    fn edited(&mut self, now: Timestamp, cell: &TrafficCell, result: Option<Written>) {
        let label = cell.label;
        if let (Some(at), Some(guard)) = (cell.breaker(), self.traffic.guard_mut(label))
            && guard.layout == cell.layout
            && let Some(copy) = guard.breakers.get_mut(at)
        {
            if matches!(cell.edit, Edit::Record { .. }) {
                copy.is_edited = false;
            }
            if let Some(Written::Breaker { state, .. }) = &result {
                copy.breaker = state.clone();
                copy.read_at = now;
            }
        }
        match (&cell.edit, result) {
            (Edit::Claim { claim, .. }, result) => {
                let claimed = match result {
                    Some(Written::Breaker { claimed: Some(claimed), .. }) => claimed,
                    // The others were quicker again and again: they have sent the probes.
                    _ => Claim::Refuse { until: now.after(TICK).0 },
                };
                self.claimed(now, *claim, &claimed);
            }
            (Edit::Force { answer, .. }, result) => {
                if let Some(id) = answer {
                    self.breaker_forced(*id, label, result.is_some());
                }
                if let Some(Written::Breaker { transition: Some(transition), .. }) = result {
                    self.tell_transition(label, &transition);
                }
            }
            (
                Edit::Read { .. } | Edit::Record { .. } | Edit::Probed { .. },
                Some(Written::Breaker { transition, .. }),
            ) => {
                if let Some(transition) = transition {
                    self.tell_transition(label, &transition);
                }
                // What waits hears of it at once, whether the breaker has opened or closed.
                self.pump(now, label);
            }
            (Edit::Share, result) => {
                if let Some(guard) = self.traffic.guard_mut(label) {
                    guard.is_sharing = false;
                    if let Some(Written::Share(Some(edit))) = result {
                        guard.pool.granted(edit.grant);
                    }
                }
                self.pump(now, label);
                self.refuse_beyond(now, label);
            }
            (Edit::ReadHealth | Edit::Checked { .. }, Some(Written::Health { state, changed })) => {
                self.health_is(now, label, state, changed);
            }
            _ => {}
        }
    }

    /// A flight has its answer whether it may be a probe.
    fn claimed(&mut self, now: Timestamp, claim: u64, claimed: &Claim) {
        let Some(Claiming { waiting, label, breaker }) = self.traffic.claims.remove(&claim) else { return };
        let departure = self.recall(now, waiting);
        let probe = match claimed {
            Claim::Pass => None,
            Claim::Probe(number) => {
                if let Some(transition) = Transition::of_probe(*number) {
                    self.tell_transition(label, &transition);
                }
                Some(*number)
            }
            Claim::Refuse { until } => {
                self.free_slot(label);
                // Those that hold the places are on their way: that is soon decided.
                let until = (*until != Duration::MAX).then(|| Timestamp(*until).min(now.after(TICK)));
                self.stop(now, waiting.flight, label, Stop::CircuitOpen { until });
                return self.pump(now, label);
            }
        };
        match departure {
            // Its answer must not be lost with the stream of one who may leave.
            Some(departure) => {
                let departure =
                    Departure { is_at_once: probe.is_none() && departure.is_at_once, ..departure };
                self.launch(now, departure, label, breaker, probe, false);
            }
            // Whoever wanted it has gone within this turn; a probe's place lapses.
            None => {
                self.free_slot(label);
                self.pump(now, label);
            }
        }
    }
}

enum Change {
    /// Write this.
    Write(Written),
    /// Nothing to write: this is so already.
    Keep(Written),
}

impl Written {
    fn encode(&self) -> Vec<u8> {
        match self {
            Written::Breaker { state, .. } => state.encode(),
            Written::Share(edit) => edit.as_ref().map(|edit| edit.value.clone()).unwrap_or_default(),
            Written::Health { state, .. } => state.encode(),
        }
    }
}
