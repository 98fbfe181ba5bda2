//! What a measured period says of a subgraph's connection pool: how large it should be, and why calls wait or fail.
//!
//! The spec's "Connection Pool Optimization" and "Connection Pool Exhaustion". How many calls are under way at once follows
//! from how many come and how long they take (J. D. C. Little, "A Proof for the Queuing Formula: L = λW", 1961); how much
//! room chance needs beyond that, from Erlang's formula for waiting (1917).

mod diagnosis;
mod erlang;

use std::time::Duration;

pub use diagnosis::{Cause, diagnose};

/// What was measured of one subgraph, over all workers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    /// How long it was measured.
    pub seconds: f64,
    /// Workers, each with a share of the pool.
    pub workers: u32,
    /// Calls that may be in flight at once.
    pub max_connections: u32,
    /// Calls that wanted a connection, those that were shed and retries among them; not those that the breaker refused.
    pub arrivals_per_second: f64,
    /// How long a call holds its connection, whether or not it succeeds, on average.
    pub latency: Duration,
    /// Of 99% of the calls, if known.
    pub latency_p99: Option<Duration>,
    /// The average latency of a longer time before, if known.
    pub usual_latency: Option<Duration>,
    /// Calls with a connection, on average over the time.
    pub in_flight: f64,
    /// The most at once.
    pub in_flight_peak: u32,
    /// Calls that waited for one, on average over the time.
    pub queued: f64,
    /// The most at once.
    pub queued_peak: u32,
    /// How long a call waited, on average over all calls.
    pub wait: Duration,
    /// The longest wait.
    pub wait_peak: Duration,
    /// Calls that were given up without a connection.
    pub shed: u64,
    /// Calls that the breaker refused.
    pub breaker_refused: u64,
    /// Calls that were made and failed.
    pub failures: Failures,
    /// Whether connections are used again.
    pub reuse_connections: bool,
    /// Connections that were made, if known.
    pub connections_made: Option<u64>,
    /// In percent: how much of the pool should be in use on average.
    pub target_utilisation: f64,
    /// How long a call should take on average, with its wait.
    pub max_latency: Duration,
}

/// Failed calls by class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    /// No connection could be made.
    pub connect: u64,
    /// It took too long.
    pub timeout: u64,
    /// The connection broke.
    pub reset: u64,
    /// Envoy would not send it: no healthy host, or its own limits.
    pub refused: u64,
    /// A status of 500 or above.
    pub http_5xx: u64,
    /// No GraphQL response.
    pub malformed: u64,
    /// Errors with a listed code.
    pub graphql: u64,
}

impl Failures {
    /// Connections that could not be made or broke.
    pub fn connection_errors(&self) -> u64 {
        self.connect.saturating_add(self.reset)
    }

    /// All.
    pub fn total(&self) -> u64 {
        let Failures { connect, timeout, reset, refused, http_5xx, malformed, graphql } = *self;
        [connect, timeout, reset, refused, http_5xx, malformed, graphql]
            .into_iter()
            .fold(0, u64::saturating_add)
    }
}

impl Observed {
    /// Calls in the period.
    pub fn calls(&self) -> f64 {
        finite(self.arrivals_per_second) * finite(self.seconds)
    }

    /// Connections that the calls need on average, if none has to wait: L = λW.
    pub fn load(&self) -> f64 {
        finite(self.arrivals_per_second) * self.latency.as_secs_f64()
    }

    /// In percent: how much of the pool was in use on average.
    pub fn utilisation(&self) -> f64 {
        100.0 * finite(self.in_flight) / f64::from(self.max_connections.max(1))
    }

    /// Connections that were wanted at once at the peak. Calls in the queue are counted if they waited too long or were
    /// shed, and if they came in a burst: where more come than are served at any time, a queue has no size of its own.
    fn peak(&self) -> f64 {
        let missed = self.shed > 0 || self.latency.saturating_add(self.wait_peak) > self.max_latency;
        let queued = if missed && !self.is_short() { self.queued_peak } else { 0 };
        f64::from(self.in_flight_peak) + f64::from(queued)
    }

    /// Whether the load needs all connections, or so many that chance alone makes calls wait.
    fn is_short(&self) -> bool {
        self.load() >= f64::from(self.max_connections) * NEARLY_ALL / 100.0
    }

    /// Whether enough was measured to say anything.
    fn is_enough(&self) -> bool {
        self.calls() >= LEAST_CALLS && self.seconds >= LEAST_SECONDS
    }
}

/// Fewer calls say nothing of the load.
pub const LEAST_CALLS: f64 = 500.0;
/// Nor does a shorter time: loads come in waves.
pub const LEAST_SECONDS: f64 = 60.0;
/// No larger pool is recommended.
pub const MOST_CONNECTIONS: u32 = 65_536;

/// Percent of the calls that may have to wait by chance.
const MAY_WAIT: f64 = 1.0;
/// Percent of the pool that may be needed on average.
const NEARLY_ALL: f64 = 90.0;
/// Percent of failed calls beyond which latencies are those of failures.
const FAILING: f64 = 20.0;
/// A pool that is too small makes calls wait: it is adjusted when a fifth is missing. One that is too large costs little:
/// it is adjusted when half would do. In between, nothing is: so what was set once is not moved by each period.
const GROWS_ABOVE: f64 = 1.2;
const SHRINKS_BELOW: f64 = 0.5;

/// A size that would serve the measured load, as the guide's `optimizeConnectionPool`.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimisation {
    /// Connections now.
    pub current_size: u32,
    /// Connections that would do; the present number if nothing can be said.
    pub recommended_size: u32,
    /// In percent: the share of the pool in use, times the share of a call's time that is no waiting. So both a pool that
    /// is too large and one that makes calls wait are inefficient.
    pub current_efficiency: f64,
    /// The same for the recommended size.
    pub expected_efficiency: f64,
    /// Whether the sizes differ enough to be worth a change.
    pub needs_adjustment: bool,
    /// The numbers it came from, or why nothing is recommended.
    pub explanation: String,
}

/// The size for the load by Little's law and Erlang's formula, with room for the peaks that were seen.
pub fn optimise(observed: &Observed) -> Optimisation {
    let current = observed.max_connections;
    let now = (observed.utilisation() * unwaited(observed.latency, observed.wait.as_secs_f64())).min(100.0);
    let stay = |explanation| Optimisation {
        current_size: current,
        recommended_size: current,
        current_efficiency: now,
        expected_efficiency: now,
        needs_adjustment: false,
        explanation,
    };
    let Observed { arrivals_per_second, latency, max_latency, .. } = *observed;
    let (calls, load) = (observed.calls(), observed.load());
    let measured = format!(
        "{arrivals_per_second:.1} calls/s that take {:.1} ms keep {load:.1} connections busy (L = λW)",
        millis(latency)
    );
    if !observed.is_enough() {
        return stay(format!(
            "{calls:.0} calls in {:.0} s say too little: {LEAST_CALLS} in {LEAST_SECONDS} s are needed.",
            observed.seconds
        ));
    }
    let failed = 100.0 * observed.failures.total() as f64 / calls;
    if failed > FAILING {
        return stay(format!("{failed:.0}% of {calls:.0} calls failed: the load can't be told from them."));
    }
    if latency > max_latency {
        return stay(format!(
            "{measured} of {current}. The subgraph itself takes longer than {} ms: more connections would not help, and \
             load it further.",
            millis(max_latency)
        ));
    }
    let target = observed.target_utilisation.clamp(1.0, 100.0);
    let by_load = load * 100.0 / target;
    let by_chance = f64::from(erlang::servers(load, MAY_WAIT / 100.0, MOST_CONNECTIONS));
    let peak = observed.peak();
    let needed = by_load.max(by_chance).max(peak).max(f64::from(observed.workers)).ceil();
    let size = (needed.clamp(1.0, f64::from(MOST_CONNECTIONS))) as u32;
    let ratio = needed / f64::from(current.max(1));
    let wait = erlang::wait(load, latency.as_secs_f64(), size);
    let expected = 100.0 * load / f64::from(size) * unwaited(latency, wait);
    Optimisation {
        recommended_size: size,
        expected_efficiency: expected.min(100.0),
        needs_adjustment: !(SHRINKS_BELOW..=GROWS_ABOVE).contains(&ratio),
        ..stay(format!(
            "{measured} of {current}. {:.0} are {target}% used by that; with {by_chance:.0}, at most {MAY_WAIT}% of the \
             calls have to wait (Erlang C); {peak:.0} were wanted at once at the peak; {} workers need one each at least. \
             Calls wait {:.1} ms now.",
            by_load.ceil(),
            observed.workers,
            millis(observed.wait),
        ))
    }
}

/// The share of a call's time that is no waiting, `wait` being in seconds.
fn unwaited(latency: Duration, wait: f64) -> f64 {
    let latency = latency.as_secs_f64();
    if latency + wait > 0.0 { latency / (latency + wait) } else { 1.0 }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Zero for what can't be measured.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value.max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests;
