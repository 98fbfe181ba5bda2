//! When Envoy's tick must be set anew: as seldom as will do.
//!
//! Envoy has one periodic tick per root. It is used as a one-shot timer: after it fires, the period is set to
//! what the gateway wants next. Between two firings a wish is passed on only if it is for an earlier time, so
//! that a request that comes and goes sets no timer at all; the price is one idle tick after the last request.

use std::time::Duration;

use weir_gateway::Timestamp;

/// The state of the tick.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    /// In milliseconds; 0: off.
    period: u32,
    fires_at: Timestamp,
    /// It has fired and not been set since: Envoy repeats the period unless told otherwise.
    fired: bool,
}

impl Timer {
    /// The tick's callback runs.
    pub(crate) fn on_fired(&mut self, now: Timestamp) {
        self.fires_at = now.after(Duration::from_millis(self.period.into()));
        self.fired = true;
    }

    /// The period in milliseconds (0: off) to be set so that it fires `delay` from now or earlier; `None` if
    /// it is right as it is. Delays are rounded up to whole milliseconds, since Envoy takes 0 as "off".
    pub(crate) fn want(&mut self, now: Timestamp, delay: Option<Duration>) -> Option<u32> {
        let period = delay.map_or(0, whole_milliseconds);
        let wanted_at = now.after(Duration::from_millis(period.into()));
        let keep = if self.fired {
            // Envoy repeats the period from now on.
            self.period == period
        } else if self.period == 0 {
            period == 0
        } else {
            period == 0 || self.fires_at <= wanted_at
        };
        if self.fired || !keep {
            self.fires_at = wanted_at;
        }
        self.fired = false;
        if keep {
            return None;
        }
        self.period = period;
        Some(period)
    }
}

fn whole_milliseconds(delay: Duration) -> u32 {
    let milliseconds = delay.as_nanos().div_ceil(1_000_000).max(1);
    u32::try_from(milliseconds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(milliseconds: u64) -> Timestamp {
        Timestamp(Duration::from_millis(milliseconds))
    }

    const fn after(milliseconds: u64) -> Option<Duration> {
        Some(Duration::from_millis(milliseconds))
    }

    #[test]
    fn a_later_wish_and_no_wish_leave_the_tick_alone() {
        let mut timer = Timer::default();
        assert_eq!(timer.want(at(0), None), None);
        assert_eq!(timer.want(at(0), after(100)), Some(100));
        assert_eq!(timer.want(at(50), after(100)), None);
        assert_eq!(timer.want(at(60), None), None);
    }

    #[test]
    fn an_earlier_wish_sets_it() {
        let mut timer = Timer::default();
        assert_eq!(timer.want(at(0), after(100)), Some(100));
        assert_eq!(timer.want(at(10), after(20)), Some(20));
    }

    #[test]
    fn after_firing_the_next_wish_counts_whatever_it_is() {
        let mut timer = Timer::default();
        assert_eq!(timer.want(at(0), after(5)), Some(5));
        timer.on_fired(at(9));
        assert_eq!(timer.want(at(9), after(5)), None);
        timer.on_fired(at(18));
        assert_eq!(timer.want(at(18), after(80)), Some(80));
        timer.on_fired(at(98));
        assert_eq!(timer.want(at(98), None), Some(0));
        assert_eq!(timer.want(at(99), after(1)), Some(1));
    }

    #[test]
    fn delays_are_rounded_up_and_never_off() {
        assert_eq!(whole_milliseconds(Duration::ZERO), 1);
        assert_eq!(whole_milliseconds(Duration::from_micros(1_500)), 2);
        assert_eq!(whole_milliseconds(Duration::MAX), u32::MAX);
    }
}
