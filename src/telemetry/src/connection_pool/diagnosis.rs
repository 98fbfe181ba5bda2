//! Why calls to a subgraph wait or fail.

use super::{Observed, millis, optimise};

/// What makes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The breaker is open: calls fail before they reach the pool.
    BreakerOpen,
    /// Connections can't be made, or break.
    ConnectionErrors,
    /// Envoy would not send calls: no healthy host, or limits of its own.
    Refused,
    /// The subgraph takes longer than usual, or than it should.
    SlowSubgraph,
    /// More connections are needed than there are, on average.
    PoolTooSmall,
    /// They are enough on average, and not at the peaks.
    Bursts,
    /// A connection is made for each call.
    NoReuse,
}

impl Cause {
    /// All, in the order in which they are told: what others follow from comes first.
    pub const ALL: [Cause; 7] = [
        Cause::BreakerOpen,
        Cause::ConnectionErrors,
        Cause::Refused,
        Cause::SlowSubgraph,
        Cause::PoolTooSmall,
        Cause::Bursts,
        Cause::NoReuse,
    ];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Cause::BreakerOpen => "breaker_open",
            Cause::ConnectionErrors => "connection_errors",
            Cause::Refused => "refused",
            Cause::SlowSubgraph => "slow_subgraph",
            Cause::PoolTooSmall => "pool_too_small",
            Cause::Bursts => "bursts",
            Cause::NoReuse => "no_reuse",
        }
    }
}

/// Fewer events may be chance.
const LEAST_EVENTS: u64 = 5;
/// So many times the usual latency is slow.
const SLOW: f64 = 1.5;

/// The causes, each with its numbers and what to do; none if all is well. What is counted is told of any period, what is
/// calculated from rates and latencies only of one that holds enough calls.
pub fn diagnose(observed: &Observed) -> Vec<(Cause, String)> {
    let found = Cause::ALL.into_iter().filter_map(|cause| Some((cause, text(cause, observed)?)));
    found.collect()
}

/// The text of a cause that applies.
fn text(cause: Cause, observed: &Observed) -> Option<String> {
    match cause {
        Cause::BreakerOpen => breaker_open(observed),
        Cause::ConnectionErrors => connection_errors(observed),
        Cause::Refused => refused(observed),
        Cause::SlowSubgraph => slow_subgraph(observed),
        Cause::PoolTooSmall => pool_too_small(observed),
        Cause::Bursts => bursts(observed),
        Cause::NoReuse => no_reuse(observed),
    }
}

fn breaker_open(observed: &Observed) -> Option<String> {
    let refused = observed.breaker_refused;
    (refused > 0).then(|| {
        let failures = observed.failures;
        format!(
            "The circuit breaker refused {refused} calls; {} of those made failed ({} connect, {} timeout, {} reset, {} \
             refused, {} http_5xx, {} malformed, {} graphql): mend what they failed of; the pool's size doesn't matter.",
            failures.total(),
            failures.connect,
            failures.timeout,
            failures.reset,
            failures.refused,
            failures.http_5xx,
            failures.malformed,
            failures.graphql,
        )
    })
}

fn connection_errors(observed: &Observed) -> Option<String> {
    let failures = observed.failures;
    (failures.connection_errors() > LEAST_EVENTS).then(|| {
        format!(
            "{} connections could not be made and {} broke, of {:.0} calls: look at the subgraph's hosts, its limit of \
             connections, and whether it closes idle ones before connection_pool.idle_timeout.",
            failures.connect,
            failures.reset,
            observed.calls()
        )
    })
}

fn refused(observed: &Observed) -> Option<String> {
    let refused = observed.failures.refused;
    (refused >= LEAST_EVENTS).then(|| {
        format!(
            "Envoy itself refused {refused} calls: no host of the cluster is healthy, or its own circuit_breakers \
             (max_connections, max_pending_requests, max_requests) are below connection_pool.max_connections, {}.",
            observed.max_connections
        )
    })
}

fn slow_subgraph(observed: &Observed) -> Option<String> {
    let Observed { latency, latency_p99, usual_latency, max_latency, .. } = *observed;
    let risen = usual_latency.filter(|usual| latency.as_secs_f64() > usual.as_secs_f64() * SLOW);
    if !observed.is_enough() || (risen.is_none() && latency <= max_latency) {
        return None;
    }
    let mut text = format!("The subgraph takes {:.1} ms on average", millis(latency));
    if let Some(p99) = latency_p99 {
        text.push_str(&format!(" (1% of the calls more than {:.1} ms)", millis(p99)));
    }
    match risen {
        Some(usual) => text.push_str(&format!(", and usually {:.1} ms", millis(usual))),
        None => text.push_str(&format!(", and should take {} ms", millis(max_latency))),
    }
    text.push_str(": its own work, or the way to it, is slow; more connections would load it further.");
    Some(text)
}

fn pool_too_small(observed: &Observed) -> Option<String> {
    // At the usual latency it may be large enough: then it is the subgraph that must be looked at.
    let usual = observed.usual_latency.map_or(observed.latency, |usual| usual.min(observed.latency));
    if !observed.is_enough() || !(Observed { latency: usual, ..*observed }).is_short() {
        return None;
    }
    let better = optimise(observed);
    let advice = if better.needs_adjustment && better.recommended_size > observed.max_connections {
        format!("raise connection_pool.max_connections to {}", better.recommended_size)
    } else {
        "answers that come sooner, or fewer calls, would help".to_owned()
    };
    Some(format!(
        "{:.1} calls/s that take {:.1} ms keep {:.1} of {} connections busy; calls wait {:.1} ms, {} were given up: {advice}.",
        observed.arrivals_per_second,
        millis(observed.latency),
        observed.load(),
        observed.max_connections,
        millis(observed.wait),
        observed.shed,
    ))
}

fn bursts(observed: &Observed) -> Option<String> {
    let Observed { max_connections, queued_peak, shed, wait_peak, .. } = *observed;
    if !observed.is_enough() || observed.is_short() || (queued_peak == 0 && shed == 0) {
        return None;
    }
    let peak = observed.peak();
    let advice = if peak > f64::from(max_connections) {
        format!("raise connection_pool.max_connections to {peak:.0}, or connection_pool.max_queue")
    } else {
        "with that they are still in time".to_owned()
    };
    Some(format!(
        "{:.1} of {max_connections} connections are needed on average, but {} calls came to wait at once; they waited up to \
         {:.1} ms, {shed} were given up: {advice}.",
        observed.load(),
        queued_peak,
        millis(wait_peak),
    ))
}

fn no_reuse(observed: &Observed) -> Option<String> {
    if !observed.is_enough() {
        return None;
    }
    if !observed.reuse_connections {
        return Some(
            "A connection is made for each call: set connection_pool.reuse_connections to true.".to_owned(),
        );
    }
    let made = observed.connections_made? as f64;
    (made > observed.calls() / 2.0).then(|| {
        format!(
            "{made:.0} connections were made for {:.0} calls: the subgraph, or something before it, closes them; look at its \
             keep-alive, and at connection_pool.keep_alive and idle_timeout.",
            observed.calls()
        )
    })
}

#[cfg(test)]
mod tests;
