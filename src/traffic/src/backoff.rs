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
