//! Whether a failed call is made again, and when.
//!
//! Retries help against failures of single calls and harm against failures of a subgraph, which they load further. So
//! they have a [`Budget`]: whatever fails, a subgraph is offered at most the budget's percentage more calls than without
//! them (Google SRE Book, ch. 22, "Retry budgets"; Finagle's `RetryBudget`).

use std::time::Duration;

use crate::backoff;
use crate::budget::Budget;
use crate::outcome::{Classes, FailureClass};

/// What may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Times that one call may be repeated; none if 0.
    pub max_retries: u32,
    /// Failures after which it may.
    pub classes: Classes,
}

/// A call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// How often it was made, with the first time: 1 if it was not repeated yet.
    pub number: u32,
    /// How it failed.
    pub class: FailureClass,
    /// Whether it is a query. A mutation may have had its effect although no answer came.
    pub is_query: bool,
    /// What the subgraph asked for ([`backoff::retry_after`]).
    pub retry_after: Option<Duration>,
    /// The most to wait, from [`TimeoutTable::retry`](crate::timeout_table::TimeoutTable::retry) with `number - 1`.
    pub ceiling: Duration,
    /// How long the subgraph usually takes; zero if unknown.
    pub usual: Duration,
}

/// Why it is not made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Retries are off.
    Disabled,
    /// It may have had an effect.
    NotAQuery,
    /// Such a failure is not repeated.
    NotThisClass,
    /// It was repeated as often as it may.
    NoMoreTries,
    /// No answer could come in time.
    NoTime,
    /// The subgraph was offered as many retries as it may.
    NoBudget,
}

impl Refusal {
    /// All.
    pub const ALL: [Refusal; 6] = [
        Refusal::Disabled,
        Refusal::NotAQuery,
        Refusal::NotThisClass,
        Refusal::NoMoreTries,
        Refusal::NoTime,
        Refusal::NoBudget,
    ];

    /// Its word in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Refusal::Disabled => "disabled",
            Refusal::NotAQuery => "not_a_query",
            Refusal::NotThisClass => "not_this_class",
            Refusal::NoMoreTries => "no_more_tries",
            Refusal::NoTime => "no_time",
            Refusal::NoBudget => "no_budget",
        }
    }
}

/// How long to wait, from `now`, before the call is made again: at random up to the ceiling, after the pause that the
/// subgraph asked for. Never so long that the usual latency would end after `until`. Takes one repetition from the budget
/// only if the call is to be repeated.
pub fn decide(
    attempt: Attempt,
    settings: &Settings,
    budget: &mut Budget,
    now: Duration,
    until: Duration,
    random: u64,
) -> Result<Duration, Refusal> {
    if settings.max_retries == 0 {
        return Err(Refusal::Disabled);
    }
    if !attempt.is_query {
        return Err(Refusal::NotAQuery);
    }
    if !settings.classes.contains(attempt.class) {
        return Err(Refusal::NotThisClass);
    }
    if attempt.number > settings.max_retries {
        return Err(Refusal::NoMoreTries);
    }
    let asked = attempt.retry_after.unwrap_or_default();
    let needed = now.saturating_add(asked).saturating_add(attempt.usual);
    // An answer at the deadline itself is too late; and a retry without time to wait at random would come in step.
    let room = until.saturating_sub(needed);
    if room.is_zero() {
        return Err(Refusal::NoTime);
    }
    if !budget.take(now) {
        return Err(Refusal::NoBudget);
    }
    Ok(asked.saturating_add(backoff::delay(attempt.ceiling.min(room), random)))
}
