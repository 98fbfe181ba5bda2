//! Whether a subgraph answers active checks, as all workers see it.
//!
//! The holder of the lease checks and writes; the others read. One check in vain is no news: the state changes only after some in
//! a row that say otherwise (hysteresis, with the thresholds that Envoy and most load balancers have). A
//! subgraph that was not checked yet is up: nothing speaks against it.

use std::time::Duration;

/// How many checks in a row change the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Fine ones, of a subgraph that is down; 0 counts as 1.
    pub healthy_threshold: u32,
    /// Failed ones, of a subgraph that is up; 0 counts as 1.
    pub unhealthy_threshold: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { healthy_threshold: 2, unhealthy_threshold: 3 }
    }
}

/// The state that all workers share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    is_down: bool,
    /// Checks in a row that spoke against the state.
    contrary: u32,
    /// In milliseconds since the Unix epoch; 0: never.
    checked_at: u64,
}

const FORMAT: u8 = 1;

impl Health {
    /// The state in a value of the shared data; unknown if it can't be read or is of another version's format.
    pub fn decode(value: &[u8]) -> Health {
        read(value).unwrap_or_default()
    }

    /// The value, 14 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut value = vec![FORMAT, u8::from(self.is_down)];
        value.extend_from_slice(&self.contrary.to_le_bytes());
        value.extend_from_slice(&self.checked_at.to_le_bytes());
        value
    }

    /// A check has ended; whether it is up from now on, if that is a change.
    pub fn checked(&mut self, now: Duration, settings: &Settings, fine: bool) -> Option<bool> {
        self.checked_at = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        if fine != self.is_down {
            self.contrary = 0;
            return None;
        }
        self.contrary = self.contrary.saturating_add(1);
        let threshold = if fine { settings.healthy_threshold } else { settings.unhealthy_threshold };
        if self.contrary < threshold {
            return None;
        }
        self.contrary = 0;
        self.is_down = !fine;
        Some(fine)
    }

    /// Whether it is up, as far as is known.
    pub fn is_up(&self) -> bool {
        !self.is_down
    }

    /// Whether it is up and nothing speaks against that.
    pub fn is_settled(&self) -> bool {
        !self.is_down && self.contrary == 0
    }

    /// When the last check ended, since the epoch; `None`: it was never checked.
    pub fn checked_at(&self) -> Option<Duration> {
        (self.checked_at > 0).then(|| Duration::from_millis(self.checked_at))
    }
}

fn read(value: &[u8]) -> Option<Health> {
    let (&[format, is_down], rest) = value.split_first_chunk::<2>()?;
    let (contrary, rest) = rest.split_first_chunk::<4>()?;
    let checked_at: &[u8; 8] = rest.try_into().ok()?;
    (format == FORMAT && is_down <= 1).then(|| Health {
        is_down: is_down == 1,
        contrary: u32::from_le_bytes(*contrary),
        checked_at: u64::from_le_bytes(*checked_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const SETTINGS: Settings = Settings { healthy_threshold: 2, unhealthy_threshold: 3 };
    const NOW: Duration = Duration::from_secs(1_800_000_000);

    fn changes(health: &mut Health, checks: &[bool]) -> Vec<Option<bool>> {
        checks.iter().map(|fine| health.checked(NOW, &SETTINGS, *fine)).collect()
    }

    #[test]
    fn it_goes_down_after_three_failures_in_a_row_and_up_after_two_that_are_fine() {
        let mut health = Health::default();
        assert_eq!((health.is_up(), health.checked_at()), (true, None));
        assert_eq!(changes(&mut health, &[false, false, true, false, false]), [None; 5]);
        assert!(health.is_up());
        assert_eq!(changes(&mut health, &[false]), [Some(false)]);
        assert!(!health.is_up());
        assert_eq!(changes(&mut health, &[false, true, false, true]), [None; 4]);
        assert_eq!(changes(&mut health, &[true, true]), [Some(true), None]);
        assert_eq!((health.is_up(), health.checked_at()), (true, Some(NOW)));
    }

    #[test]
    fn thresholds_of_zero_are_of_one() {
        let settings = Settings { healthy_threshold: 0, unhealthy_threshold: 0 };
        let mut health = Health::default();
        assert_eq!(health.checked(NOW, &settings, false), Some(false));
        assert_eq!(health.checked(NOW, &settings, true), Some(true));
    }

    #[test]
    fn a_value_reads_back_and_any_other_is_unknown() {
        let mut health = Health::default();
        changes(&mut health, &[false, false, false, true]);
        let value = health.encode();
        assert!(value.len() <= 64);
        assert_eq!(Health::decode(&value), health);
        for length in 0..value.len() {
            assert_eq!(Health::decode(&value[..length]), Health::default());
        }
        let mut other = value.clone();
        other[0] = 2;
        assert_eq!(Health::decode(&other), Health::default());
        assert_eq!(Health::decode(&[value.as_slice(), &[0]].concat()), Health::default());
    }
}
