//! What must hold, by rules of its own, told of each write in the order of the writes.

use std::time::Duration;

use super::super::round::parts;
use super::super::*;
use super::Counts;

/// Probes and streaks as they are, whatever the shared value says.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Truth {
    /// Let out since the breaker was last closed, as far as they may still matter.
    probes: Vec<Probe>,
    /// Failures in a row, while it is closed.
    streak: u32,
    /// Left out of what makes two worlds the same: it decides nothing.
    pub(super) counts: Ignored,
}

#[derive(Debug, Clone, Hash)]
struct Probe {
    number: u64,
    lapses: Duration,
    is_fine: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Ignored(pub(super) Counts);

impl std::hash::Hash for Ignored {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

impl Truth {
    /// A worker was let claim a probe, and has written that.
    pub(super) fn claimed(&mut self, now: Duration, settings: &Settings, number: u64) -> Result<(), String> {
        let (epoch, _) = parts(number);
        self.counts.0.probes += 1;
        let before = self.probes.len();
        self.probes.retain(|probe| match probe.is_fine {
            true => parts(probe.number).0 == epoch,
            false => now < probe.lapses,
        });
        self.counts.0.lapsed += u64::from(self.probes.len() < before);
        self.probes.push(Probe { number, lapses: now + settings.probe_timeout, is_fine: false });
        let under_way = self.under_way(now);
        let of_round = self.of_round(now, epoch);
        ensure(under_way <= settings.half_open_max_calls, || format!("{under_way} probes are under way"))?;
        ensure(of_round <= settings.half_open_max_calls, || format!("{of_round} probes in a round"))
    }

    /// A worker was refused a claim by what stood in `breaker`.
    pub(super) fn refused(
        &self,
        now: Duration,
        settings: &Settings,
        breaker: &Breaker,
        until: Duration,
    ) -> Result<(), String> {
        ensure(until > now, || "refused until the past".into())?;
        if breaker.phase(now) != Phase::HalfOpen {
            return Ok(());
        }
        let most = settings.half_open_max_calls;
        let is_full = self.under_way(now) >= most || self.of_round(now, breaker.epoch()) >= most;
        ensure(is_full, || format!("refused with a place free: {:?}", self.probes))
    }

    /// The end of a probe was written.
    pub(super) fn probed(
        &mut self,
        settings: &Settings,
        (before, after): (&Breaker, &Breaker),
        (number, fine): (u64, bool),
        transition: Option<Transition>,
    ) -> Result<(), String> {
        let (epoch, _) = parts(number);
        let is_current = epoch == before.epoch() && matches!(before.state, State::HalfOpen(_));
        let known = self.probes.iter_mut().find(|probe| probe.number == number);
        let is_known = known.is_some();
        match known {
            Some(probe) if fine && is_current => probe.is_fine = true,
            _ => self.probes.retain(|probe| probe.number != number),
        }
        let fines =
            self.probes.iter().filter(|probe| probe.is_fine && parts(probe.number).0 == epoch).count();
        let expected = match (is_current, fine) {
            (false, _) => None,
            (true, false) => Some(Phase::Open),
            (true, true) => {
                (is_known && fines == settings.half_open_max_calls as usize).then_some(Phase::Closed)
            }
        };
        let to = transition.map(|transition| transition.to);
        ensure(to == expected, || format!("{to:?} instead of {expected:?} after a probe, {fines} fine"))?;
        ensure(to.is_some() || before.epoch() == after.epoch(), || "changed without a transition".into())?;
        match to {
            Some(Phase::Closed) => {
                self.counts.0.closed += 1;
                self.begin_closed();
            }
            Some(Phase::Open) => {
                self.counts.0.reopened += 1;
                // Those that were fine have ended.
                self.probes.retain(|probe| !probe.is_fine);
            }
            _ => {}
        }
        Ok(())
    }

    /// Outcomes in this order were written.
    pub(super) fn recorded(
        &mut self,
        settings: &Settings,
        before: &Breaker,
        (epoch, outcomes): (u32, &[bool]),
        transition: Option<Transition>,
    ) -> Result<(), String> {
        let is_counted = before.is_counting() && before.epoch() == epoch;
        let mut longest = 0;
        for fine in outcomes.iter().filter(|_| is_counted) {
            self.streak = if *fine { 0 } else { self.streak + 1 };
            longest = longest.max(self.streak);
        }
        let is_streak = settings.failure_threshold > 0 && longest >= settings.failure_threshold;
        match transition {
            Some(Transition { why: Why::Rate { failures, calls }, to: Phase::Open, .. }) => {
                self.counts.0.opened_by_rate += 1;
                let is_right = !is_streak && settings.failure_rate > 0 && is_counted;
                ensure(is_right && calls >= 4 && failures * 2 >= calls, || format!("{failures} of {calls}"))?;
            }
            Some(Transition { why: Why::Streak { failures }, to: Phase::Open, .. }) => {
                self.counts.0.opened += 1;
                ensure(is_streak && failures == longest, || format!("{failures} failed, not {longest}"))?;
            }
            None => ensure(!is_streak, || format!("{longest} in a row did not open it"))?,
            other => return Err(format!("{other:?} after calls that were no probes")),
        }
        Ok(())
    }

    /// It begins closed, and whatever probes there are count no longer.
    pub(super) fn begin_closed(&mut self) {
        self.streak = 0;
        self.probes.clear();
    }

    /// The clock was set back: nobody is to wait until it has caught up.
    pub(super) fn set_back(&mut self) {
        self.probes.iter_mut().for_each(|probe| probe.lapses = Duration::ZERO);
    }

    fn under_way(&self, now: Duration) -> u32 {
        self.probes.iter().filter(|probe| !probe.is_fine && now < probe.lapses).count() as u32
    }

    /// Of this round, those that are fine and those on their way.
    fn of_round(&self, now: Duration, epoch: u32) -> u32 {
        let of_round = self.probes.iter().filter(|probe| parts(probe.number).0 == epoch);
        of_round.filter(|probe| probe.is_fine || now < probe.lapses).count() as u32
    }
}

pub(super) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
