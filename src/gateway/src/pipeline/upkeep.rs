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
            self.tell_memory();
            self.read_cell(Cell::ReadLease);
            self.read_cell(Cell::ReadSettings);
            self.go_on_reloading(now);
            self.tend_shared(now);
            self.tend_store(now);
            let micros = std::mem::take(&mut self.looked_micros);
            self.count_many(Metric::PlanCacheLookupTimeTotal, micros);
            self.tend_batches(now);
            self.tend_traffic(now);
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

    /// Tells what became of this worker's memory since the last time.
    pub(super) fn tell_memory(&mut self) {
        let size = self.plans.size();
        let totals = *self.plans.totals();
        let (told, of) = std::mem::replace(&mut self.told, (size, totals));
        self.resized(told, size);
        let gone = super::monitor::difference(totals, of);
        self.evicted(Layer::L1, gone.evicted);
        self.count_many(Metric::PlanCacheRejected(Layer::L1), gone.rejected);
    }

    /// Takes back what this worker's gauges say of it, for it ends.
    pub(super) fn retire(&mut self) {
        let ((entries, bytes), totals) = self.told;
        self.told = ((0, 0), totals);
        self.resized((entries, bytes), (0, 0));
        self.warm_up(super::warm_up::WarmUp::default());
        self.retire_store();
        self.retire_alerts();
        self.retire_batches();
        self.retire_traffic();
    }

    fn resized(&mut self, before: (usize, usize), after: (usize, usize)) {
        let change = |before: usize, after: usize| {
            i64::try_from(after).unwrap_or(i64::MAX).saturating_sub(i64::try_from(before).unwrap_or(i64::MAX))
        };
        let (entries, bytes) = (change(before.0, after.0), change(before.1, after.1));
        if entries != 0 {
            self.count(Metric::PlanCacheEntries(Layer::L1), entries);
        }
        if bytes != 0 {
            self.count(Metric::PlanCacheBytes(Layer::L1), bytes);
        }
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
