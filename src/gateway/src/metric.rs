//! The catalogue of metrics: every name that Weir writes to Envoy's stats.

pub use weir_planner::plan::SubgraphId;

pub use crate::layer::{Alert, Eviction, Layer};
use crate::limit::Limit;
pub use crate::retry_outcome::RetryOutcome;
pub use weir_traffic::batch_window::Reason;
pub use weir_traffic::breaker::Phase;
pub use weir_traffic::outcome::FailureClass;

/// A metric, with its labels where it has some. [`SubgraphId`]s are places in the list of
/// [`crate::Output::Subgraphs`], which is that of the configuration until another comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the catalogue below says what each is")]
pub enum Metric {
    Requests,
    BatchedOperations,
    RequestErrors,
    ClientsGone,
    DeadlinesExceeded,
    RequestsActive,
    LimitHit(Limit),
    LimitWarned(Limit),
    TextsRead,
    LiteralsKept,
    PlansMade,
    PlansFailed,
    PlanningTime,
    PlanningTimeTotal,
    PlanCacheLookupTime,
    PlanCacheLookupTimeTotal,
    PlanCacheHitRate,
    PlanCacheMissRate,
    PlanCacheJoins,
    PlanCacheClaimWaits,
    PlanCacheFailuresRemembered,
    PlanCacheHits(Layer),
    PlanCacheMisses(Layer),
    PlanCacheEvictions(Layer, Eviction),
    PlanCacheRejected(Layer),
    PlanCacheUnfit(Layer),
    PlanCacheEntries(Layer),
    PlanCacheBytes(Layer),
    SharedRetries,
    SharedRefusals,
    StoreWrites,
    StoreWritesDropped,
    StoreFailures,
    StoreSkipped,
    StoreBreakerOpen,
    WarmUpPlanned,
    WarmUpDone,
    WarmUpFailed,
    SupergraphFetches,
    SupergraphFetchFailures,
    SupergraphsRefused,
    SupergraphsTaken,
    SettingsApplied,
    AlertActive(Alert),
    AlertsRaised(Alert),
    PanicsCaught,
    RepliesDeferred,
    SubgraphCalls(SubgraphId),
    SubgraphFailures(SubgraphId),
    SubgraphRefusals(SubgraphId),
    EntityBatches(SubgraphId),
    EntityBatchKeysSent(SubgraphId),
    EntityBatchKeysAsked(SubgraphId),
    EntityBatchDuplicates(SubgraphId),
    EntityBatchKeyJoins(SubgraphId),
    EntityBatchRootJoins(SubgraphId),
    EntityBatchSize(SubgraphId),
    EntityBatchWait(SubgraphId),
    EntityBatchLatency(SubgraphId),
    EntityBatchAdaptations(SubgraphId),
    EntityBatchSplits(SubgraphId),
    EntityBatchSplitsRefused(SubgraphId),
    EntityBatchClosed(SubgraphId, Reason),
    EntityBatchAverageSize(SubgraphId),
    EntityBatchUtilisation(SubgraphId),
    EntityBatchMaxSize(SubgraphId),
    EntityBatchWindow(SubgraphId),
    RequestsShared,
    PoolActive(SubgraphId),
    PoolUtilisation(SubgraphId),
    QueueLength(SubgraphId),
    QueueWait(SubgraphId),
    QueueWaitTotal(SubgraphId),
    QueueShed(SubgraphId),
    QueueRefused(SubgraphId),
    CallLatency(SubgraphId),
    CallTimeTotal(SubgraphId),
    BreakerState(SubgraphId),
    ShortCircuits(SubgraphId),
    Healthy(SubgraphId),
    HealthChecks(SubgraphId),
    HealthCheckFailures(SubgraphId),
    HealthSkips(SubgraphId),
    RetryBudget(SubgraphId),
    Hedges(SubgraphId),
    HedgesWon(SubgraphId),
    RequestTimeout(SubgraphId),
    ResetTimeout(SubgraphId),
    ConcurrencyLimit(SubgraphId),
    SubgraphErrors(SubgraphId, FailureClass),
    BreakerTransitions(SubgraphId, Phase),
    Retries(SubgraphId, RetryOutcome),
}

/// What a metric's number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Many values, of which Envoy shows quantiles and buckets.
    Histogram,
}

/// A metric as operators see it.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The metric; a label's value stands for all.
    pub metric: Metric,
    /// Name in Envoy's stats, after `wasmcustom.`; what stands in braces is replaced by a label's value, which the
    /// rendered bootstrap's `stats_tags` turn into labels of these names.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// One sentence.
    pub help: &'static str,
}

impl Entry {
    /// The metrics that this entry stands for, one for each value of its labels, with their names.
    pub fn instances(&self, subgraphs: &[String]) -> Vec<(Metric, String)> {
        let labelled = |label: &str, value: &str| self.name.replace(label, value);
        let limits = |of: fn(Limit) -> Metric| {
            Limit::ALL.iter().map(|limit| (of(*limit), labelled("{limit}", limit.name()))).collect()
        };
        let layers = |of: fn(Layer) -> Metric| {
            Layer::ALL.iter().map(|layer| (of(*layer), labelled("{layer}", layer.name()))).collect()
        };
        let alerts = |of: fn(Alert) -> Metric| {
            Alert::ALL.iter().map(|alert| (of(*alert), labelled("{alert}", alert.name()))).collect()
        };
        let of_subgraphs = |of: fn(SubgraphId) -> Metric| {
            (0..)
                .zip(subgraphs)
                .map(|(index, name)| (of(SubgraphId(index)), labelled("{subgraph}", &label(name))))
                .collect()
        };
        match self.metric {
            Metric::LimitHit(_) => limits(Metric::LimitHit),
            Metric::LimitWarned(_) => limits(Metric::LimitWarned),
            Metric::PlanCacheHits(_) => layers(Metric::PlanCacheHits),
            Metric::PlanCacheMisses(_) => layers(Metric::PlanCacheMisses),
            Metric::PlanCacheRejected(_) => layers(Metric::PlanCacheRejected),
            Metric::PlanCacheUnfit(_) => layers(Metric::PlanCacheUnfit),
            Metric::PlanCacheEntries(_) => layers(Metric::PlanCacheEntries),
            Metric::PlanCacheBytes(_) => layers(Metric::PlanCacheBytes),
            Metric::PlanCacheEvictions(..) => Layer::ALL
                .iter()
                .flat_map(|layer| Eviction::ALL.iter().map(move |reason| (*layer, *reason)))
                .map(|(layer, reason)| {
                    let name = labelled("{layer}", layer.name()).replace("{reason}", reason.name());
                    (Metric::PlanCacheEvictions(layer, reason), name)
                })
                .collect(),
            Metric::AlertActive(_) => alerts(Metric::AlertActive),
            Metric::AlertsRaised(_) => alerts(Metric::AlertsRaised),
            Metric::SubgraphCalls(_) => of_subgraphs(Metric::SubgraphCalls),
            Metric::SubgraphFailures(_) => of_subgraphs(Metric::SubgraphFailures),
            Metric::SubgraphRefusals(_) => of_subgraphs(Metric::SubgraphRefusals),
            Metric::EntityBatches(_) => of_subgraphs(Metric::EntityBatches),
            Metric::EntityBatchKeysSent(_) => of_subgraphs(Metric::EntityBatchKeysSent),
            Metric::EntityBatchKeysAsked(_) => of_subgraphs(Metric::EntityBatchKeysAsked),
            Metric::EntityBatchDuplicates(_) => of_subgraphs(Metric::EntityBatchDuplicates),
            Metric::EntityBatchKeyJoins(_) => of_subgraphs(Metric::EntityBatchKeyJoins),
            Metric::EntityBatchRootJoins(_) => of_subgraphs(Metric::EntityBatchRootJoins),
            Metric::EntityBatchSize(_) => of_subgraphs(Metric::EntityBatchSize),
            Metric::EntityBatchWait(_) => of_subgraphs(Metric::EntityBatchWait),
            Metric::EntityBatchLatency(_) => of_subgraphs(Metric::EntityBatchLatency),
            Metric::EntityBatchAdaptations(_) => of_subgraphs(Metric::EntityBatchAdaptations),
            Metric::EntityBatchSplits(_) => of_subgraphs(Metric::EntityBatchSplits),
            Metric::EntityBatchSplitsRefused(_) => of_subgraphs(Metric::EntityBatchSplitsRefused),
            Metric::EntityBatchAverageSize(_) => of_subgraphs(Metric::EntityBatchAverageSize),
            Metric::EntityBatchUtilisation(_) => of_subgraphs(Metric::EntityBatchUtilisation),
            Metric::EntityBatchMaxSize(_) => of_subgraphs(Metric::EntityBatchMaxSize),
            Metric::EntityBatchWindow(_) => of_subgraphs(Metric::EntityBatchWindow),
            Metric::PoolActive(_) => of_subgraphs(Metric::PoolActive),
            Metric::PoolUtilisation(_) => of_subgraphs(Metric::PoolUtilisation),
            Metric::QueueLength(_) => of_subgraphs(Metric::QueueLength),
            Metric::QueueWait(_) => of_subgraphs(Metric::QueueWait),
            Metric::QueueWaitTotal(_) => of_subgraphs(Metric::QueueWaitTotal),
            Metric::QueueShed(_) => of_subgraphs(Metric::QueueShed),
            Metric::QueueRefused(_) => of_subgraphs(Metric::QueueRefused),
            Metric::CallLatency(_) => of_subgraphs(Metric::CallLatency),
            Metric::CallTimeTotal(_) => of_subgraphs(Metric::CallTimeTotal),
            Metric::BreakerState(_) => of_subgraphs(Metric::BreakerState),
            Metric::ShortCircuits(_) => of_subgraphs(Metric::ShortCircuits),
            Metric::Healthy(_) => of_subgraphs(Metric::Healthy),
            Metric::HealthChecks(_) => of_subgraphs(Metric::HealthChecks),
            Metric::HealthCheckFailures(_) => of_subgraphs(Metric::HealthCheckFailures),
            Metric::HealthSkips(_) => of_subgraphs(Metric::HealthSkips),
            Metric::RetryBudget(_) => of_subgraphs(Metric::RetryBudget),
            Metric::Hedges(_) => of_subgraphs(Metric::Hedges),
            Metric::HedgesWon(_) => of_subgraphs(Metric::HedgesWon),
            Metric::RequestTimeout(_) => of_subgraphs(Metric::RequestTimeout),
            Metric::ResetTimeout(_) => of_subgraphs(Metric::ResetTimeout),
            Metric::ConcurrencyLimit(_) => of_subgraphs(Metric::ConcurrencyLimit),
            Metric::EntityBatchClosed(..) => by_word(
                self.name,
                subgraphs,
                "{closed_by}",
                &Reason::ALL,
                Reason::name,
                Metric::EntityBatchClosed,
            ),
            Metric::SubgraphErrors(..) => by_word(
                self.name,
                subgraphs,
                "{class}",
                &FailureClass::ALL,
                FailureClass::name,
                Metric::SubgraphErrors,
            ),
            Metric::BreakerTransitions(..) => {
                by_word(self.name, subgraphs, "{to}", &Phase::ALL, Phase::name, Metric::BreakerTransitions)
            }
            Metric::Retries(..) => by_word(
                self.name,
                subgraphs,
                "{outcome}",
                &RetryOutcome::ALL,
                RetryOutcome::name,
                Metric::Retries,
            ),
            single => vec![(single, self.name.to_owned())],
        }
    }
}

/// The metrics of each subgraph that have one of some words at their name's end.
fn by_word<T: Copy>(
    name: &str,
    subgraphs: &[String],
    place: &str,
    words: &[T],
    word: impl Fn(T) -> &'static str,
    metric: fn(SubgraphId, T) -> Metric,
) -> Vec<(Metric, String)> {
    let of =
        |value: T| (0..).zip(subgraphs).map(move |(index, subgraph)| (SubgraphId(index), subgraph, value));
    let all = words.iter().flat_map(|value| of(*value));
    all.map(|(id, subgraph, value)| {
        let name = name.replace("{subgraph}", &label(subgraph)).replace(place, word(value));
        (metric(id, value), name)
    })
    .collect()
}

/// A subgraph's name as a part of a stat's name: dots would end the label.
fn label(name: &str) -> String {
    name.chars().map(|char| if char.is_ascii_alphanumeric() || char == '-' { char } else { '_' }).collect()
}

const fn counter(metric: Metric, name: &'static str, help: &'static str) -> Entry {
    Entry { metric, name, kind: Kind::Counter, help }
}

const fn gauge(metric: Metric, name: &'static str, help: &'static str) -> Entry {
    Entry { metric, name, kind: Kind::Gauge, help }
}

const fn histogram(metric: Metric, name: &'static str, help: &'static str) -> Entry {
    Entry { metric, name, kind: Kind::Histogram, help }
}

const ANY: SubgraphId = SubgraphId(0);

/// All metrics. Docs and the filter's definitions derive from it.
#[rustfmt::skip]
pub const CATALOGUE: &[Entry] = &[
    counter(Metric::Requests, "weir.requests", "Requests to the GraphQL path."),
    counter(Metric::BatchedOperations, "weir.batched_operations", "Operations that came in lists."),
    counter(Metric::RequestErrors, "weir.request_errors", "Replies that carry at least one error."),
    counter(Metric::ClientsGone, "weir.clients_gone", "Requests whose client went away before the reply."),
    counter(Metric::DeadlinesExceeded, "weir.deadlines_exceeded", "Requests answered because their deadline had passed."),
    gauge(Metric::RequestsActive, "weir.requests_active", "Requests in work."),
    counter(Metric::LimitHit(Limit::Depth), "weir.limit.{limit}.hits", "Requests refused, or answered in part, because of this bound."),
    counter(Metric::LimitWarned(Limit::Depth), "weir.limit.{limit}.warnings", "Requests beyond this bound that were served because of `limits.warn_only`."),
    counter(Metric::TextsRead, "weir.texts_read", "Operations' texts that had to be parsed, checked and normalised, because this worker had not seen them lately."),
    counter(Metric::LiteralsKept, "weir.literals_kept", "Literals in those texts that no variable could stand for, so that each value has a plan of its own."),
    counter(Metric::PlansMade, "weir.plans_made", "Plans made."),
    counter(Metric::PlansFailed, "weir.plans_failed", "Operations that could not be planned."),
    histogram(Metric::PlanningTime, "weir.planning_time_us", "Time to make a plan, in microseconds."),
    counter(Metric::PlanningTimeTotal, "weir.planning_time_us_total", "Time spent on making plans, in microseconds."),
    histogram(Metric::PlanCacheLookupTime, "weir.plan_cache.lookup_time_us", "Time from an operation's arrival to its plan, planning left out, in microseconds."),
    counter(Metric::PlanCacheLookupTimeTotal, "weir.plan_cache.lookup_time_us_total", "The sum of these times, in microseconds; some 0.25 s behind."),
    gauge(Metric::PlanCacheHitRate, "weir.plan_cache.hit_rate", "Percent of the last interval's lookups that found a plan."),
    gauge(Metric::PlanCacheMissRate, "weir.plan_cache.miss_rate", "Percent of the last interval's lookups that found none."),
    counter(Metric::PlanCacheJoins, "weir.plan_cache.joins", "Lookups that joined another request's in the same worker (single flight)."),
    counter(Metric::PlanCacheClaimWaits, "weir.plan_cache.claim_waits", "Lookups that waited for another worker's planning."),
    counter(Metric::PlanCacheFailuresRemembered, "weir.plan_cache.failures_remembered", "Operations refused at once, because planning them has just failed."),
    counter(Metric::PlanCacheHits(Layer::L1), "weir.plan_cache.{layer}.hits", "Plans found in this layer. Each operation is looked for in L1: hits and misses there are all lookups."),
    counter(Metric::PlanCacheMisses(Layer::L1), "weir.plan_cache.{layer}.misses", "Plans looked for in this layer and not found."),
    counter(Metric::PlanCacheEvictions(Layer::L1, Eviction::Ttl), "weir.plan_cache.{layer}.evictions.{reason}", "Plans that this layer let go of, by reason."),
    counter(Metric::PlanCacheRejected(Layer::L1), "weir.plan_cache.{layer}.rejected", "Plans that this layer did not take: too large, or less likely to be asked for again than those it has."),
    counter(Metric::PlanCacheUnfit(Layer::L1), "weir.plan_cache.{layer}.unfit", "Entries that were broken or another operation's, and counted as misses."),
    gauge(Metric::PlanCacheEntries(Layer::L1), "weir.plan_cache.{layer}.entries", "Plans in this layer (L1: the sum over the workers)."),
    gauge(Metric::PlanCacheBytes(Layer::L1), "weir.plan_cache.{layer}.bytes", "Memory taken by the plans of this layer (L1: the sum over the workers)."),
    counter(Metric::SharedRetries, "weir.shared.retries", "Changes of shared data that were tried again because another worker was quicker."),
    counter(Metric::SharedRefusals, "weir.shared.refusals", "Requests to shared data that the host refused, or that were given up."),
    counter(Metric::StoreWrites, "weir.store.writes", "Plans written to the store (L3)."),
    counter(Metric::StoreWritesDropped, "weir.store.writes_dropped", "Plans not written to the store: too many on their way, too large, or over `max_size` in this hour."),
    counter(Metric::StoreFailures, "weir.store.failures", "Requests to the store that failed."),
    counter(Metric::StoreSkipped, "weir.store.skipped", "Requests to the store that its open breaker spared."),
    gauge(Metric::StoreBreakerOpen, "weir.store.breaker_open", "Workers whose breaker for the store is open."),
    gauge(Metric::WarmUpPlanned, "weir.warm_up.operations", "Operations of warm-ups under way, over the workers."),
    gauge(Metric::WarmUpDone, "weir.warm_up.done", "How many of these are ready."),
    counter(Metric::WarmUpFailed, "weir.warm_up.failed", "Operations of a warm-up that could not be planned."),
    counter(Metric::SupergraphFetches, "weir.supergraph.fetches", "Times that the source of supergraphs was asked."),
    counter(Metric::SupergraphFetchFailures, "weir.supergraph.fetch_failures", "Times that it gave no supergraph and no `304`."),
    counter(Metric::SupergraphsRefused, "weir.supergraph.refused", "Supergraphs that were refused; the log says why."),
    counter(Metric::SupergraphsTaken, "weir.supergraph.taken", "Times that a worker went over to a new supergraph."),
    counter(Metric::SettingsApplied, "weir.settings_applied", "Times that a worker took settings that were changed at run time."),
    gauge(Metric::AlertActive(Alert::PlanCacheHitRate), "weir.alert.{alert}.active", "Above 0 while this alert is raised: 1, or for `plan_cache_capacity` the layers and bounds of workers that are nearly full, and for those of subgraphs how many of them it is raised for."),
    counter(Metric::AlertsRaised(Alert::PlanCacheHitRate), "weir.alert.{alert}.raised", "Times that this alert was raised."),
    counter(Metric::PanicsCaught, "weir.panics_caught", "Panics caught in a callback of the filter."),
    counter(Metric::RepliesDeferred, "weir.replies_deferred", "Turns that ended with replies left for the next turn."),
    counter(Metric::SubgraphCalls(ANY), "weir.subgraph.{subgraph}.calls", "Calls sent to a subgraph."),
    counter(Metric::SubgraphFailures(ANY), "weir.subgraph.{subgraph}.failures", "Calls to a subgraph that failed, by whatever cause."),
    counter(Metric::SubgraphRefusals(ANY), "weir.subgraph.{subgraph}.refusals", "Calls to a subgraph that the host refused to send."),
    counter(Metric::EntityBatches(ANY), "weir.subgraph.{subgraph}.entity_batching_batches", "Calls for entities that were sent; each may serve many requests."),
    counter(Metric::EntityBatchKeysSent(ANY), "weir.subgraph.{subgraph}.entity_batching_keys_sent", "Representations in them."),
    counter(Metric::EntityBatchKeysAsked(ANY), "weir.subgraph.{subgraph}.entity_batching_keys_asked", "Representations that requests asked for."),
    counter(Metric::EntityBatchDuplicates(ANY), "weir.subgraph.{subgraph}.entity_batching_duplicates", "Representations left out because the same batch had them already."),
    counter(Metric::EntityBatchKeyJoins(ANY), "weir.subgraph.{subgraph}.entity_batching_key_joins", "Representations left out because they were on their way already."),
    counter(Metric::EntityBatchRootJoins(ANY), "weir.subgraph.{subgraph}.entity_batching_root_joins", "Root fetches that joined an equal one on its way."),
    histogram(Metric::EntityBatchSize(ANY), "weir.subgraph.{subgraph}.entity_batching_batch_size", "Representations in a batch."),
    histogram(Metric::EntityBatchWait(ANY), "weir.subgraph.{subgraph}.entity_batching_window_wait_us", "Time that a batch waited for others, in microseconds."),
    histogram(Metric::EntityBatchLatency(ANY), "weir.subgraph.{subgraph}.entity_batching_batch_latency_us", "Time from the sending of a batch to its answer, in microseconds."),
    counter(Metric::EntityBatchAdaptations(ANY), "weir.subgraph.{subgraph}.entity_batching_adaptations", "Times that the size or window in force was changed; the log says why."),
    counter(Metric::EntityBatchSplits(ANY), "weir.subgraph.{subgraph}.entity_batching_splits", "Batches that failed as a whole and were sent again in halves."),
    counter(Metric::EntityBatchSplitsRefused(ANY), "weir.subgraph.{subgraph}.entity_batching_splits_refused", "Batches that failed as a whole and were not, for want of retry budget or time."),
    counter(Metric::EntityBatchClosed(ANY, Reason::Size), "weir.subgraph.{subgraph}.entity_batching_closed.{closed_by}", "Batches sent, by reason."),
    gauge(Metric::EntityBatchAverageSize(ANY), "weir.subgraph.{subgraph}.entity_batching_average_batch_size", "Representations in a batch, on average over the last interval; the sum over the workers."),
    gauge(Metric::EntityBatchUtilisation(ANY), "weir.subgraph.{subgraph}.entity_batching_utilisation", "Percent of the size in force that batches used over the last interval; the sum over the workers."),
    gauge(Metric::EntityBatchMaxSize(ANY), "weir.subgraph.{subgraph}.entity_batching_max_batch_size", "Representations that a batch may hold now; the sum over the workers."),
    gauge(Metric::EntityBatchWindow(ANY), "weir.subgraph.{subgraph}.entity_batching_batch_window_us", "How long a batch may wait now, in microseconds; the sum over the workers."),
    gauge(Metric::PoolActive(ANY), "weir.subgraph.{subgraph}.pool_active", "Calls in flight, over all workers."),
    gauge(Metric::PoolUtilisation(ANY), "weir.subgraph.{subgraph}.pool_utilisation", "Calls in flight in percent of `connection_pool.max_connections`, over all workers; some 5 s old."),
    gauge(Metric::QueueLength(ANY), "weir.subgraph.{subgraph}.queue_length", "Calls that wait for a slot, over all workers."),
    histogram(Metric::QueueWait(ANY), "weir.subgraph.{subgraph}.queue_wait_us", "Time that a call waited for a slot, in microseconds; of those that had to."),
    counter(Metric::QueueWaitTotal(ANY), "weir.subgraph.{subgraph}.queue_wait_us_total", "The sum of these times, in microseconds."),
    counter(Metric::QueueShed(ANY), "weir.subgraph.{subgraph}.queue_shed", "Calls given up while they waited for a slot, because their time would not have been enough."),
    counter(Metric::QueueRefused(ANY), "weir.subgraph.{subgraph}.queue_refused", "Calls refused because `connection_pool.max_queue` others waited."),
    histogram(Metric::CallLatency(ANY), "weir.subgraph.{subgraph}.call_latency_us", "Time from a call to its end, in microseconds, with `circuit_breaker.performance_monitoring.collect_latency_metrics`."),
    counter(Metric::CallTimeTotal(ANY), "weir.subgraph.{subgraph}.call_time_us_total", "Time that calls took, in microseconds; by what it grows in a second, so many calls were in flight (Little's law)."),
    gauge(Metric::BreakerState(ANY), "weir.subgraph.{subgraph}.breaker_state", "0: closed, 1: half-open, 2: open (of breakers of operations: the worst)."),
    counter(Metric::ShortCircuits(ANY), "weir.subgraph.{subgraph}.breaker_short_circuits", "Calls that an open breaker failed at once."),
    gauge(Metric::Healthy(ANY), "weir.subgraph.{subgraph}.healthy", "1 while the active checks say so, 0 while not; with `health_check.mode: weir`."),
    counter(Metric::HealthChecks(ANY), "weir.subgraph.{subgraph}.health_checks", "Active checks sent."),
    counter(Metric::HealthCheckFailures(ANY), "weir.subgraph.{subgraph}.health_check_failures", "Active checks that failed."),
    counter(Metric::HealthSkips(ANY), "weir.subgraph.{subgraph}.health_skips", "Calls failed at once because the subgraph is down by its checks."),
    gauge(Metric::RetryBudget(ANY), "weir.subgraph.{subgraph}.retry_budget", "Retries and second calls that the budgets allow now, over the workers that call the subgraph."),
    counter(Metric::Hedges(ANY), "weir.subgraph.{subgraph}.hedges", "Second calls sent beside one that took long."),
    counter(Metric::HedgesWon(ANY), "weir.subgraph.{subgraph}.hedges_won", "Second calls that were answered first."),
    gauge(Metric::RequestTimeout(ANY), "weir.subgraph.{subgraph}.request_timeout_us", "The timeout in force for queries, in microseconds, as the worker has it that calculated last."),
    gauge(Metric::ResetTimeout(ANY), "weir.subgraph.{subgraph}.reset_timeout_us", "How long the breaker stays open when it opens next, in microseconds, before jitter."),
    gauge(Metric::ConcurrencyLimit(ANY), "weir.subgraph.{subgraph}.concurrency_limit", "Calls in flight that `adaptive_concurrency` allows now, over the workers that call the subgraph."),
    counter(Metric::SubgraphErrors(ANY, FailureClass::Connect), "weir.subgraph.{subgraph}.errors.{class}", "Calls that failed, by how."),
    counter(Metric::BreakerTransitions(ANY, Phase::Open), "weir.subgraph.{subgraph}.breaker_transitions.{to}", "Times that a breaker went over to this state."),
    counter(Metric::Retries(ANY, RetryOutcome::Sent), "weir.subgraph.{subgraph}.retries.{outcome}", "Retries: `sent`; then, for each call that was tried again, `succeeded` or `exhausted`; and those not sent for want of budget or time."),
    counter(Metric::RequestsShared, "weir.requests_shared", "Queries that shared the execution of an identical one in work."),
];
