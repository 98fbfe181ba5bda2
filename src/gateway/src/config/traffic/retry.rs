//! Which calls to a subgraph are made again, and when.

use std::time::Duration;

use super::super::catalogue::{HOUR, millis};
use super::super::choice::Choice;
use super::super::group::group;
use super::super::number::Number;
use super::super::shape::Span;
use super::super::words::Words;
use super::failure::{Failure, retried};

/// How delays grow from one repetition to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackoffStrategy {
    /// Each is at most twice the one before.
    Exponential,
    /// Each is at most the same.
    Constant,
}

const STRATEGIES: Choice<BackoffStrategy> = Choice {
    words: &[("exponential", BackoffStrategy::Exponential), ("constant", BackoffStrategy::Constant)],
    default: Some(BackoffStrategy::Exponential),
    unset: "",
    kind: "`exponential` or `constant`",
};

/// After these the subgraph has likely done nothing yet.
const RETRIED: &[Failure] = &[Failure::Connect, Failure::Reset, Failure::Refused, Failure::Http5xx];

group! {
    /// The settings of repeated calls.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct RetryConfig at "connection_pool.retry_policy" {
        max_retries: u32 = "max_retries", Number: Number::new(3, 0, 10),
            "How often a call that failed is made again, if it is a query's, its failure is among `retry_on`, and budget and deadline allow it; 3 get past an instance that restarts. 0: never.";
        backoff_strategy: BackoffStrategy = "backoff_strategy", Choice<BackoffStrategy>: STRATEGIES,
            "Whether the delay doubles with each repetition or stays at `base_delay`; `exponential`, since what failed twice needs more time. The delay is drawn at random from zero to that, so that not all come back at once; a `Retry-After` holds in its place.";
        base_delay: Duration = "base_delay", Span: millis(100, 1, 60_000),
            "The most that the first repetition waits; 100ms is little to a client and much to a connection that has to be made anew.";
        max_delay: Duration = "max_delay", Span: millis(5_000, 1, HOUR),
            "The most that any repetition waits; 5s is half of the default timeout of a call.";
        budget_percent: u32 = "budget_percent", Number: Number::new(10, 0, 100),
            "Repetitions and hedged calls in percent of the subgraph's calls; 10, so that one that fails gets at most a tenth more than its usual load, whatever `max_retries` says.";
        retry_on: Vec<Failure> = "retry_on", Words<Failure>: retried(RETRIED),
            "After which failures: no connection, no answer in time, a connection that broke off, Envoy's own refusal, a status that says that trying again may help (502, 503, 504, and 429 with `Retry-After`). Not `timeout` by default, since the client has waited its share and the subgraph may be at work still.";
    }
}
