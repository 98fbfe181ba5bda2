//! How long to wait before a call is repeated: at random, or as the subgraph asks.

use std::time::{Duration, SystemTime};

/// Full jitter: anything from zero up to `ceiling`, each as likely, so that callers that failed together don't come back
/// together (Brooker, "Exponential Backoff And Jitter", AWS 2015). The ceiling grows with the attempts:
/// [`TimeoutTable::retry`](crate::timeout_table::TimeoutTable::retry). `random` must be uniform over all 64 bits.
pub fn delay(ceiling: Duration, random: u64) -> Duration {
    let ceiling = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
    // The high half of the product is uniform below the ceiling (Lemire 2019), without a division.
    let share = u128::from(ceiling).saturating_mul(u128::from(random)) >> 64_u32;
    Duration::from_nanos(u64::try_from(share).unwrap_or(ceiling))
}

/// A subgraph that asks for a longer pause is taken to ask for this one.
pub const MOST_RETRY_AFTER: Duration = Duration::from_hours(24);

/// The field `Retry-After` (RFC 9110 §10.2.3): seconds, or a date in any of the three forms (§5.6.7), which is compared
/// with `now`. At most [`MOST_RETRY_AFTER`]; zero for a date that has passed; `None` if it is neither.
pub fn retry_after(value: &[u8], now: Duration) -> Option<Duration> {
    let value = value.trim_ascii();
    // The longest date is `Wednesday, 09-Sep-26 11:22:33 GMT`, and so many digits are beyond any bound anyway.
    if value.is_empty() || value.len() > 64 {
        return None;
    }
    let asked = if value.iter().all(u8::is_ascii_digit) {
        let digit = |seconds: u64, digit: &u8| {
            seconds.saturating_mul(10).saturating_add(u64::from(digit.saturating_sub(b'0')))
        };
        Duration::from_secs(value.iter().fold(0, digit))
    } else {
        let date = httpdate::parse_http_date(std::str::from_utf8(value).ok()?).ok()?;
        date.duration_since(SystemTime::UNIX_EPOCH).ok()?.saturating_sub(now)
    };
    Some(asked.min(MOST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::Dice;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const CEILING: Duration = Duration::from_millis(100);
    /// Mon, 03 Aug 2026 10:00:00 GMT.
    const NOW: Duration = Duration::from_secs(1_785_751_200);

    #[test]
    fn delays_reach_from_zero_to_the_ceiling_each_as_likely() {
        assert_eq!(delay(CEILING, 0), Duration::ZERO);
        assert_eq!(delay(CEILING, 1 << 63), CEILING / 2);
        assert_eq!(delay(CEILING, u64::MAX), CEILING - Duration::from_nanos(1));
        assert_eq!(delay(Duration::ZERO, u64::MAX), Duration::ZERO);
        assert!(delay(Duration::MAX, u64::MAX) > Duration::from_hours(24 * 365 * 500));
        let mut dice = Dice(6);
        let mut tenths = [0_u32; 10];
        for _ in 0..100_000 {
            tenths[delay(CEILING, dice.next()).as_millis() as usize / 10] += 1;
        }
        // Five standard deviations of a binomial distribution: 5 * sqrt(100,000 * 0.1 * 0.9).
        assert!(tenths.iter().all(|count| count.abs_diff(10_000) < 475), "{tenths:?}");
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let seconds = |text: &str| retry_after(text.as_bytes(), NOW).map(|wait| wait.as_secs());
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("99999999999999999999999999"), Some(86_400));
        assert_eq!(seconds("Mon, 03 Aug 2026 10:00:07 GMT"), Some(7));
        assert_eq!(seconds("Monday, 03-Aug-26 10:00:07 GMT"), Some(7));
        assert_eq!(seconds("Mon Aug  3 10:00:07 2026"), Some(7));
        assert_eq!(seconds("Mon, 03 Aug 2026 09:59:59 GMT"), Some(0), "has passed");
        assert_eq!(seconds("Fri, 31 Dec 9999 23:59:59 GMT"), Some(86_400));
        for garbage in ["", " ", "-1", "+5", "1.5", "5s", "soon", "Mon, 30 Feb 2026 10:00:00 GMT", "\u{661}"]
        {
            assert_eq!(seconds(garbage), None, "{garbage:?}");
        }
        assert_eq!(retry_after(&[b'1'; 1000], NOW), None);
        assert_eq!(retry_after(&[0xff, 0x00], NOW), None);
    }

    #[test]
    fn garbage_never_panics_and_is_bounded() {
        const DATE: &[u8] = b"Mon, 03 Aug 2026 10:00:07 GMT";
        let mut dice = Dice(7);
        for _ in 0..20_000 {
            let mut value = DATE.to_vec();
            for _ in 0..=dice.below(4) {
                let at = dice.below(value.len() as u64) as usize;
                value[at] = dice.next() as u8;
            }
            value.truncate(dice.below(40) as usize);
            let now = Duration::from_secs(dice.next() >> dice.below(64));
            assert!(retry_after(&value, now).is_none_or(|wait| wait <= MOST_RETRY_AFTER), "{value:?}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn no_bytes_panic(value: Vec<u8>, text in "[A-Za-z]{3,9},? ?[0-9A-Za-z :-]{0,30}", now: u64) {
            for value in [value.as_slice(), text.as_bytes()] {
                retry_after(value, Duration::from_secs(now));
            }
        }
    }
}
