//! What a worker does besides serving requests, some times a second.

use std::time::Duration;

use weir_cache::{Evicted, Shared};

use super::Gateway;
use super::cells::Cell;
use super::tasks::Purpose;
use crate::event::Timestamp;
use crate::metric::{Eviction, Layer, Metric};

/// Time between two ticks. Short enough for "within two ticks" to be soon, and far from what a tick costs (HOST §2:
/// 10 ms would be 1.6% of a core).
pub const TICK: Duration = Duration::from_millis(250);

/// Entries of this worker's memory that one tick looks at for those that are over their time.
const LOOKED_AT: usize = 256;

impl Gateway {
    /// Time has passed: does what is due.
    pub(super) fn keep_up(&mut self, now: Timestamp) {
        let is_tick = self.next_tick <= now;
        if is_tick {
            self.next_tick = now.after(TICK);
            self.plans.expire(now.0, LOOKED_AT);
            self.read_cell(Cell::ReadLease);
            self.read_cell(Cell::ReadSettings);
            self.go_on_reloading(now);
            self.tend_shared(now);
            self.tend_store(now);
            let micros = std::mem::take(&mut self.looked_micros);
            self.count_many(Metric::PlanCacheLookupTimeTotal, micros);
            self.watch(now);
        }
        self.go_on_warming(now, is_tick);
    }

    fn tend_shared(&mut self, now: Timestamp) {
        let Some(shared) = &mut self.shared else { return };
        let tasks = [shared.flush(now.0), Some(shared.maintain(now.0))];
        for task in tasks.into_iter().flatten() {
            self.run(now, Purpose::Upkeep, task);
        }
        let Some(counts) = self.shared.as_mut().map(Shared::take_counts) else { return };
        let unfit = counts.corrupt.saturating_add(counts.foreign);
        self.count_many(Metric::PlanCacheUnfit(Layer::L2), unfit);
        self.count_many(Metric::SharedRetries, counts.cas_retries);
        self.count_many(Metric::SharedRefusals, counts.contended);
        let evicted = Evicted {
            capacity: counts.evicted_capacity.saturating_add(counts.evicted_resize),
            bytes: counts.evicted_bytes,
            ttl: counts.evicted_ttl,
            replaced: counts.evicted_replaced,
            ..Evicted::default()
        };
        self.evicted(Layer::L2, evicted);
    }

    /// Counts what went from a layer.
    pub(super) fn evicted(&mut self, layer: Layer, evicted: Evicted) {
        let counts = [
            (Eviction::Capacity, evicted.capacity),
            (Eviction::Bytes, evicted.bytes),
            (Eviction::Ttl, evicted.ttl),
            (Eviction::Replaced, evicted.replaced),
        ];
        for (reason, count) in counts {
            self.count_many(Metric::PlanCacheEvictions(layer, reason), count);
        }
    }
}
