//! A breaker as a value of the shared data.
//!
//! Shared data outlives the code that wrote it, so the first byte is the format's number. Numbers are little-endian. Largest is a
//! half-open breaker with [`MOST_PROBES`] on their way: 218 bytes.

use std::time::Duration;

use super::round::{Probe, Round};
use super::wait::millis;
use super::window::{BUCKETS, Bucket, Window};
use super::{Breaker, Forced, MOST_PROBES, State};

const FORMAT: u8 = 1;

pub(super) fn encode(breaker: &Breaker) -> Vec<u8> {
    let mut value = Vec::with_capacity(128);
    let forced = match breaker.forced {
        None => 0,
        Some(Forced::Open) => 1,
        Some(Forced::Closed) => 2,
    };
    let kind = match breaker.state {
        State::Closed { .. } => 0,
        State::Open { .. } => 1,
        State::HalfOpen(_) => 2,
    };
    value.extend_from_slice(&[FORMAT, forced, kind]);
    value.extend_from_slice(&breaker.epoch.to_le_bytes());
    value.extend_from_slice(&breaker.resets.to_le_bytes());
    match &breaker.state {
        State::Closed { streak, window } => {
            value.extend_from_slice(&streak.to_le_bytes());
            value.extend_from_slice(&window.length.to_le_bytes());
            value.extend_from_slice(&window.newest.to_le_bytes());
            for bucket in window.buckets {
                value.extend_from_slice(&bucket.calls.to_le_bytes());
                value.extend_from_slice(&bucket.failures.to_le_bytes());
            }
        }
        State::Open { until, wait } => {
            value.extend_from_slice(&millis(*until).to_le_bytes());
            value.extend_from_slice(&millis(*wait).to_le_bytes());
        }
        State::HalfOpen(round) => {
            for number in [round.most, round.fine, round.admitted] {
                value.extend_from_slice(&number.to_le_bytes());
            }
            value.extend_from_slice(&millis(round.probe_timeout).to_le_bytes());
            for probe in &round.probes {
                value.extend_from_slice(&probe.serial.to_le_bytes());
                value.extend_from_slice(&millis(probe.lapses).to_le_bytes());
            }
        }
    }
    value
}

/// `None`: it is of another format, or damaged.
pub(super) fn decode(value: &[u8]) -> Option<Breaker> {
    let mut rest = Rest(value);
    let [format, forced, kind] = rest.take()?;
    if format != FORMAT {
        return None;
    }
    let forced = match forced {
        0 => None,
        1 => Some(Forced::Open),
        2 => Some(Forced::Closed),
        _ => return None,
    };
    let (epoch, resets) = (rest.u32()?, rest.u32()?);
    let state = match kind {
        0 => State::Closed { streak: rest.u32()?, window: window(&mut rest)? },
        1 => State::Open { until: rest.time()?, wait: rest.time()? },
        2 => State::HalfOpen(round(&mut rest)?),
        _ => return None,
    };
    rest.0.is_empty().then_some(Breaker { forced, epoch, resets, state })
}

fn window(rest: &mut Rest<'_>) -> Option<Window> {
    let mut window =
        Window { length: rest.u64()?, newest: rest.u64()?, buckets: [Bucket::default(); BUCKETS] };
    for bucket in &mut window.buckets {
        *bucket = Bucket { calls: rest.u32()?, failures: rest.u32()? };
    }
    Some(window)
}

fn round(rest: &mut Rest<'_>) -> Option<Round> {
    let (most, fine, admitted) = (rest.u32()?, rest.u32()?, rest.u32()?);
    let probe_timeout = rest.time()?;
    let mut probes = Vec::new();
    // Bounded by the check of each: a value that was not written by us may be of any length.
    while !rest.0.is_empty() {
        let probe = Probe { serial: rest.u32()?, lapses: rest.time()? };
        let taken = fine.saturating_add(u32::try_from(probes.len()).unwrap_or(u32::MAX));
        if taken >= most || probe.serial >= admitted {
            return None;
        }
        probes.push(probe);
    }
    (fine < most && most <= MOST_PROBES).then_some(Round { most, fine, admitted, probe_timeout, probes })
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn time(&mut self) -> Option<Duration> {
        self.u64().map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, SECOND, opened, record, settings};
    use super::super::{Claim, Settings};
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// One of each kind, as large as they get.
    fn values() -> Vec<Breaker> {
        let most = Settings { half_open_max_calls: 1_000, ..settings() };
        let mut half_open = opened(NOW);
        let due = NOW + 30 * SECOND;
        while let Claim::Probe(_) = half_open.claim(due, &most) {}
        let mut forced = Breaker::default();
        forced.force(NOW, Some(Forced::Open));
        let mut counting = Breaker::default();
        let rate = Settings { failure_rate: 90, ..settings() };
        record(&mut counting, NOW + Duration::from_nanos(1), &rate, ".xx");
        vec![Breaker::default(), opened(NOW + Duration::from_nanos(1)), half_open, forced, counting]
    }

    #[test]
    fn values_read_back() {
        for breaker in values() {
            let value = breaker.encode();
            assert!(value.len() <= 256, "{} bytes", value.len());
            assert_eq!(Breaker::decode(&value), breaker);
        }
        let State::HalfOpen(round) = &values()[2].state else { panic!() };
        assert_eq!(round.probes.len(), 16);
    }

    #[test]
    fn what_cannot_be_read_is_a_closed_one() {
        for breaker in values() {
            let value = breaker.encode();
            for length in 0..value.len() {
                let decoded = Breaker::decode(&value[..length]);
                // Probes have no count of their own: fewer of them are a value too.
                let is_round = matches!(decoded.state, State::HalfOpen(_));
                assert!(decoded == Breaker::default() || is_round, "{length} bytes");
            }
            for (at, byte) in (0..value.len()).flat_map(|at| [0, 1, 2, 0x7f, 0xff].map(|byte| (at, byte))) {
                let mut value = value.clone();
                value[at] = byte;
                let mut decoded = Breaker::decode(&value);
                assert!(decoded.encode().len() <= 256);
                // And nothing that it says makes one stop working.
                for now in [Duration::ZERO, NOW, Duration::MAX] {
                    decoded.claim(now, &settings());
                    record(&mut decoded, now, &settings(), "x.x");
                    decoded.probed(now, &settings(), u64::MAX, false, u64::MAX);
                }
                assert!(decoded.encode().len() <= 256);
            }
            let mut newer = value.clone();
            newer[0] = 2;
            assert_eq!(Breaker::decode(&newer), Breaker::default());
        }
        assert_eq!(Breaker::decode(&[0; 100_000]), Breaker::default());
    }
}
