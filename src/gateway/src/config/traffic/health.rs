//! How it is found out that a subgraph is down.

use std::time::Duration;

use super::super::catalogue::{OFF, millis};
use super::super::choice::{Choice, Switch};
use super::super::group::group;
use super::super::number::Number;
use super::super::shape::Span;

/// Who asks a subgraph whether it is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthMode {
    /// The worker that holds the lease.
    Weir,
    /// Envoy, by checks in the bootstrap.
    Envoy,
    /// Nobody.
    Off,
}

const MODES: Choice<HealthMode> = Choice {
    words: &[("weir", HealthMode::Weir), ("envoy", HealthMode::Envoy), ("off", HealthMode::Off)],
    default: Some(HealthMode::Weir),
    unset: "",
    kind: "`weir`, `envoy` or `off`",
};

group! {
    /// The settings of a subgraph's active checks.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct HealthConfig at "health_check" {
        mode: HealthMode = "mode", Choice<HealthMode>: MODES,
            "Who asks a subgraph for `{__typename}` every `connection_pool.health_check_interval`: `weir`, one worker for all, and a subgraph that is down is skipped at once with `SUBGRAPH_UNHEALTHY`; `envoy`, by checks that `weirctl` writes to the bootstrap, and Envoy refuses calls to a host that is down; `off`, nobody. `weir`, since it goes the way of the calls, with their headers and for each subgraph of a shared host.";
        timeout: Duration = "timeout", Span: millis(1_000, 10, 60_000),
            "How long a check may take; `{__typename}` takes a healthy subgraph milliseconds.";
        healthy_threshold: u32 = "healthy_threshold", Number: Number::new(2, 1, 100),
            "Checks in a row that must succeed before a subgraph that was down is up; 2, so that one that flaps is not let back by chance.";
        unhealthy_threshold: u32 = "unhealthy_threshold", Number: Number::new(3, 1, 100),
            "Checks in a row that must fail before it is down; 3, since a lost check says less than the calls do, which the breaker counts.";
        required_for_ready: bool = "required_for_ready", Switch: OFF,
            "Whether `/ready` is 503 while this subgraph is down; off, since else one dead subgraph takes the gateway, and what the others answer, out of service.";
    }
}
