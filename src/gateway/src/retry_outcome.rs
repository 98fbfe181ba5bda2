//! What became of retries, as metrics name it.

/// What became of a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetryOutcome {
    /// It was sent, or will be after its delay.
    Sent,
    /// What was tried again came to a good end.
    Succeeded,
    /// It failed for good.
    Exhausted,
    /// It was not sent: the budget is used up.
    NoBudget,
    /// It was not sent: the request's time would not have been enough.
    NoTime,
}

impl RetryOutcome {
    /// All.
    pub const ALL: [RetryOutcome; 5] = [
        RetryOutcome::Sent,
        RetryOutcome::Succeeded,
        RetryOutcome::Exhausted,
        RetryOutcome::NoBudget,
        RetryOutcome::NoTime,
    ];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            RetryOutcome::Sent => "sent",
            RetryOutcome::Succeeded => "succeeded",
            RetryOutcome::Exhausted => "exhausted",
            RetryOutcome::NoBudget => "no_budget",
            RetryOutcome::NoTime => "no_time",
        }
    }
}
