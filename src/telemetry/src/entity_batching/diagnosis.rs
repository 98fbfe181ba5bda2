//! Why lookups of entities take long.

use std::time::Duration;

/// What was measured of one subgraph's batches, on average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    /// Batches; few say nothing.
    pub batches: u64,
    /// Wait for others, in milliseconds.
    pub wait_ms: f64,
    /// From sending to the answer, in milliseconds.
    pub latency_ms: f64,
    /// Keys in a batch.
    pub size: f64,
    /// Keys that it may hold.
    pub max_batch_size: usize,
    /// Share of the batches that were sent because they were full, 0 to 1.
    pub full: f64,
    /// The target for wait and latency together.
    pub max_latency: Duration,
}

/// What makes lookups slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// They wait for others.
    Window,
    /// The subgraph takes long even for few keys.
    Subgraph,
    /// More keys come than batches take, so that they queue up for the next call.
    Queue,
    /// Calls are large, and take long for that.
    Size,
}

impl Cause {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Cause::Window => "window",
            Cause::Subgraph => "subgraph",
            Cause::Queue => "queue",
            Cause::Size => "size",
        }
    }
}

/// Fewer batches say nothing.
const LEAST_BATCHES: u64 = 20;

/// The causes of a latency above the target, each with its numbers and what to do; none if it is met.
pub fn diagnose(observed: &Observed) -> Vec<(Cause, String)> {
    let Observed { batches, wait_ms, latency_ms, size, max_batch_size, full, max_latency } = *observed;
    let target = max_latency.as_secs_f64() * 1e3;
    let mut causes = Vec::new();
    if batches < LEAST_BATCHES || wait_ms + latency_ms <= target {
        return causes;
    }
    if wait_ms >= 0.3 * (wait_ms + latency_ms) {
        let text = format!(
            "Lookups wait {wait_ms:.1} ms of {:.1} ms for others: shorten entity_batching.batch_window, or let it adapt.",
            wait_ms + latency_ms
        );
        causes.push((Cause::Window, text));
    }
    if full >= 0.5 {
        let text = format!(
            "{:.0}% of the batches are full at {max_batch_size} keys: raise entity_batching.max_batch_size.",
            100.0 * full
        );
        causes.push((Cause::Queue, text));
    }
    if latency_ms > target {
        let per_key = latency_ms / size.max(1.0);
        // A resolver that loads keys one by one takes time for each; below a handful of keys that can't be it.
        let large = size >= 20.0 && size >= max_batch_size as f64 / 2.0;
        causes.push(if large {
            let text = format!(
                "Calls of {size:.0} keys take {latency_ms:.1} ms, {per_key:.2} ms a key: lower \
                 entity_batching.max_batch_size, or let the subgraph load keys together."
            );
            (Cause::Size, text)
        } else {
            let text = format!(
                "The subgraph takes {latency_ms:.1} ms for {size:.0} keys: its own work, or the way to it, is slow."
            );
            (Cause::Subgraph, text)
        });
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const FINE: Observed = Observed {
        batches: 100,
        wait_ms: 2.0,
        latency_ms: 10.0,
        size: 8.0,
        max_batch_size: 100,
        full: 0.0,
        max_latency: Duration::from_millis(50),
    };

    fn causes(observed: Observed) -> Vec<Cause> {
        diagnose(&observed).into_iter().map(|(cause, _)| cause).collect()
    }

    #[test]
    fn each_cause_is_told_by_its_numbers() {
        assert_eq!(causes(FINE), []);
        assert_eq!(causes(Observed { wait_ms: 45.0, ..FINE }), [Cause::Window]);
        assert_eq!(causes(Observed { latency_ms: 80.0, ..FINE }), [Cause::Subgraph]);
        assert_eq!(causes(Observed { latency_ms: 80.0, size: 90.0, ..FINE }), [Cause::Size]);
        assert_eq!(causes(Observed { wait_ms: 49.0, full: 0.9, ..FINE }), [Cause::Window, Cause::Queue]);
        assert_eq!(causes(Observed { batches: 3, latency_ms: 80.0, ..FINE }), []);
    }
}
