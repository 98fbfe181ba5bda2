//! How long a breaker is open, and when a wait is over whoever's clock it was begun by.

use std::time::Duration;

use super::Settings;

/// How much two workers' clocks may differ, and more.
pub const SLACK: Duration = Duration::from_secs(1);

/// How long it is open when it opens for the `resets`-th time in a row: at first what the settings say, so that recovery takes
/// no longer; then anything from what was the most before to twice as much (exponential, with jitter: all
/// Envoys saw the subgraph die at once and should not all come back to it at once), up to the settings' bound.
pub(super) fn wait(settings: &Settings, resets: u32, random: u64) -> Duration {
    let doublings = resets.saturating_sub(1).min(31);
    let ceiling = settings.reset_timeout.saturating_mul(1 << doublings).min(settings.max_reset_timeout);
    let floor = ceiling.checked_div(2).unwrap_or_default().max(settings.reset_timeout).min(ceiling);
    let spread = millis(ceiling.saturating_sub(floor));
    floor.saturating_add(Duration::from_millis(random.checked_rem(spread.max(1)).unwrap_or(0)))
}

/// Whether a wait of `wait` until `until` is over: also if it was begun by a clock that was set back since.
pub(super) fn is_over(now: Duration, until: Duration, wait: Duration) -> bool {
    until.saturating_sub(now).is_zero() || until.saturating_sub(now) > wait.saturating_add(SLACK)
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn whole(time: Duration) -> Duration {
    Duration::from_millis(millis(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_stay_within_their_bounds() {
        let of = |first: u64, most: u64| Settings {
            reset_timeout: Duration::from_millis(first),
            max_reset_timeout: Duration::from_millis(most),
            ..Settings::default()
        };
        for random in [0, 1, 999, u64::MAX / 3, u64::MAX] {
            assert_eq!(wait(&of(1_000, 1_000), 9, random), SECOND);
            assert_eq!(wait(&of(2_000, 1_000), 1, random), SECOND, "the bound is stronger");
            assert_eq!(wait(&of(0, 0), 9, random), Duration::ZERO);
            assert_eq!(wait(&of(1_000, 9_000), 1, random), SECOND);
            let second = wait(&of(1_000, 9_000), 2, random);
            assert!(second >= SECOND && second < 2 * SECOND, "{second:?}");
            let last = wait(&of(1_000, u64::MAX), u32::MAX, random);
            assert!(last >= SECOND * (1 << 30) && last < SECOND * (1 << 31), "{last:?}");
        }
    }
}
