//! Connections to a subgraph, and how many calls it gets at once.

use std::time::Duration;

use super::super::catalogue::{HOUR, OFF, ON, millis};
use super::super::choice::Switch;
use super::super::group::group;
use super::super::number::Number;
use super::super::optional::Optional;
use super::super::shape::Span;

group! {
    /// The settings of a subgraph's calls at once, and of the connections that Envoy keeps for them. Connections belong
    /// to the bootstrap that `weirctl` writes; in one that is kept their settings do nothing.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PoolConfig at "connection_pool" {
        max_connections: u32 = "max_connections", Number: Number::new(1_024, 1, 100_000),
            "Calls to a subgraph at once, over all workers; over HTTP/1.1 each has a connection. 1024 is Envoy's own default for connections. Further calls wait.";
        max_queue: u32 = "max_queue", Number: Number::new(1_024, 0, 100_000),
            "Calls that wait on one worker; further ones, and those that cannot make their deadline, fail with `SUBGRAPH_OVERLOADED`. As many as may be in work, since of a longer queue the end is seldom in time. 0: nobody waits.";
        reuse_connections: bool = "reuse_connections", Switch: ON,
            "Whether a connection serves one call after the other (in the bootstrap); on, since a new one costs a round trip, with TLS two.";
        connection_timeout: Duration = "connection_timeout", Span: millis(5_000, 10, 60_000),
            "How long a connection may take to be made, TLS included (in the bootstrap); 5s lets a lost packet be sent again twice.";
        idle_timeout: Option<Duration> = "idle_timeout", Optional<Span>: Optional { shape: millis(600_000, 100, 24 * HOUR), unset: "10m over HTTP/2, 4s over HTTP/1.1" },
            "How long a connection without calls is kept (in the bootstrap). Over HTTP/2 10m: pings keep it alive in between and the end is announced. Over HTTP/1.1, and where ALPN may choose it, 4s: Node.js servers close after 5 seconds, and a call sent into a connection that is being closed fails. Set it, for both, to less than what your servers keep.";
        keep_alive: bool = "keep_alive", Switch: ON,
            "Whether connections are probed by TCP and, over HTTP/2, by pings, so that one that died unnoticed is given up within some seconds (in the bootstrap); on, since else its calls time out one after the other.";
        preconnect: bool = "preconnect", Switch: OFF,
            "Whether Envoy opens one connection ahead for each two in use (in the bootstrap); off, since it matters only where calls come in bursts and TLS is slow.";
        health_check_interval: Duration = "health_check_interval", Span: millis(30_000, 100, HOUR),
            "Time between two active checks of a subgraph (`health_check.mode`); 30s, since the breaker is quicker where there is traffic.";
        utilisation_above: u32 = "utilisation_above", Number: Number::new(90, 1, 100),
            "Percent of `max_connections` in use above which an alert is raised; from 90 on bursts wait.";
        connection_errors_above: u32 = "connection_errors_above", Number: Number::new(5, 0, 1_000_000),
            "Connections that fail or break in an interval above which an alert is raised; some few are lost with every restart.";
    }
}
