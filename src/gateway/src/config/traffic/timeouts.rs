//! How long calls to a subgraph may take, reckoned ahead of them.

use std::time::Duration;

use super::super::catalogue::{HOUR, OFF, ON, millis};
use super::super::choice::Switch;
use super::super::group::group;
use super::super::number::Number;
use super::super::shape::Span;

group! {
    /// The settings of a subgraph's table of timeouts.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TimeoutsConfig at "pre_calculated_timeouts" {
        enabled: bool = "enabled", Switch: ON,
            "Whether timeouts and delays are read from a table that is calculated beside the traffic; on, since a call then does no arithmetic of its own. Off: every call has the subgraph's `timeout`.";
        calculation_interval: Duration = "calculation_interval", Span: millis(10_000, 100, HOUR),
            "Time between two calculations; 10s follows a subgraph that slows down before its calls reach the timeout.";
        adapt_to_latency: bool = "adapt_to_latency", Switch: OFF,
            "Whether the request timeout follows the latency measured, between `min_timeout` and the subgraph's `timeout`, so that one that stalls is cut early; off, since what one has set should hold until one wants this (the preset `production` does).";
        percentile: u32 = "percentile", Number: Number::new(99, 50, 99),
            "The percentile of latency that the timeout is made of; 99, so that what is slow and healthy is within it.";
        margin_percent: u32 = "margin_percent", Number: Number::new(300, 100, 10_000),
            "The timeout, in percent of that percentile; 300 gives the slowest calls three times their usual time.";
        min_timeout: Duration = "min_timeout", Span: millis(1_000, 1, HOUR),
            "The shortest timeout that latency leads to; 1s, since cutting calls of some milliseconds after tens of them saves nobody anything and turns each pause of a garbage collector into an error. Never above the subgraph's `timeout`, which bounds it.";
    }
}
