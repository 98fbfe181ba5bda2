//! Single flight: however many requests want a plan that is not in this worker's memory, one acquisition gets it.
//!
//! It asks the workers' shared data (L2), which also tells that another worker is about to plan it, then the
//! fleet's store (L3), and then plans. What it finds or makes is written through to the layers before.

use std::rc::Rc;
use std::time::Duration;

use weir_cache::{Entry, Found, Get, Key, NotStored, Outcome, Wanted};
use weir_planner::{ExecutablePlan, Operation, PlanVariables};

use super::tasks::Purpose;
use super::{Calling, Gateway};
use crate::engine::Engine;
use crate::event::{CallFailure, HttpResponse, Output, RequestId, Timestamp};
use crate::executor::Variables;
use crate::known::Known;
use crate::metric::{Layer, Metric};
use crate::plans::Planned;
use crate::prepare::{self, Prepared, Refused};

/// How often a worker looks whether another one has finished the plan it waits for. Envoy's timer fires some
/// milliseconds late (HOST §2).
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// How long a failure to plan is remembered: planning may take a second of the worker's time, which a client that
/// sends the same operation again must not cost it again.
pub(super) const FAILURE_LASTS: Duration = Duration::from_secs(5);

/// A plan on its way.
pub(super) struct Acquisition {
    engine: Rc<Engine>,
    /// Which engine's plans it goes to.
    generation: u64,
    known: Rc<Known>,
    variant: Rc<str>,
    deciding: PlanVariables,
    operation: Option<Operation>,
    waiters: Vec<Waiter>,
    began: Timestamp,
    stage: Stage,
    /// Whether other workers wait for this one.
    claimed: bool,
    /// Whether it met another worker's claim.
    waited: bool,
    /// When it waits no longer for another worker.
    patience_ends: Timestamp,
}

enum Stage {
    /// A task or a call is under way.
    Asking,
    /// Another worker plans; look again then.
    Waiting(Timestamp),
}

/// Who gets the plan.
pub(super) enum Waiter {
    /// An operation of a client's request.
    Request { id: RequestId, part: u32, variables: Variables },
    /// A warm-up, by its number.
    WarmUp(u64),
}

impl Gateway {
    /// Gets a plan that is not in memory; `waiter` hears of it, maybe before this returns.
    pub(super) fn acquire(
        &mut self,
        now: Timestamp,
        engine: &Rc<Engine>,
        generation: u64,
        prepared: Prepared,
        waiter: Waiter,
    ) {
        let Prepared { known, bound, operation } = prepared;
        let key = bound.key;
        if let Some(acquisition) = self.acquisitions.get_mut(&key)
            && acquisition.generation == generation
            && acquisition.known.normal == known.normal
            && *acquisition.variant == *bound.variant
        {
            acquisition.waiters.push(waiter);
            // One that lasts longer than all that it may wait for was lost by a panic: it begins anew.
            if now.since(acquisition.began) > self.patience {
                self.look_up(now, key);
            }
            return;
        }
        if let Some((until, text, refused)) = self.failures.get(&key)
            && *until > now
            && *text == known.normal
        {
            let refused = refused.clone();
            self.count(Metric::PlanCacheFailuresRemembered, 1);
            return self.notify(now, vec![waiter], Err(refused));
        }
        let claim_time = self.cache_config.shared.claim_time;
        let acquisition = Acquisition {
            engine: Rc::clone(engine),
            generation,
            known,
            variant: bound.variant.into(),
            deciding: bound.deciding,
            operation,
            waiters: vec![waiter],
            began: (self.clock)(),
            stage: Stage::Asking,
            claimed: false,
            waited: false,
            patience_ends: now.after(claim_time),
        };
        // Two keys that are equal by chance: the second is planned apart, and not kept.
        if self.acquisitions.contains_key(&key) {
            return self.plan_apart(now, acquisition);
        }
        self.acquisitions.insert(key, acquisition);
        self.look_up(now, key);
    }

    /// Asks L2.
    fn look_up(&mut self, now: Timestamp, key: Key) {
        let Some(acquisition) = self.acquisitions.get_mut(&key) else { return };
        acquisition.stage = Stage::Asking;
        let Some(shared) = &mut self.shared else { return self.ask_store(now, key) };
        let wanted = acquisition.wanted(key);
        let task = shared.lookup(now.0, wanted, true);
        self.run(now, Purpose::LookUp(key), task);
    }

    /// L2 has answered a look-up.
    pub(super) fn looked_up(&mut self, now: Timestamp, key: Key, outcome: Outcome) {
        let Some(acquisition) = self.acquisitions.get_mut(&key) else { return };
        match outcome {
            Outcome::Hit(found) => match decode(&acquisition.engine, &found) {
                Some(plan) => {
                    self.answered_by(key, Layer::L2, true);
                    self.obtained(now, key, plan, found.planning);
                }
                None => {
                    self.count(Metric::PlanCacheUnfit(Layer::L2), 1);
                    self.answered_by(key, Layer::L2, false);
                    self.ask_store(now, key);
                }
            },
            Outcome::Busy { until } if acquisition.patience_ends > now => {
                let look_again = now
                    .after(LOOK_AGAIN)
                    .min(acquisition.patience_ends)
                    .min(Timestamp(until).max(now.after(LOOK_AGAIN)));
                if !acquisition.waited {
                    acquisition.waited = true;
                    self.outputs.push_back(Output::Count(Metric::PlanCacheClaimWaits, 1));
                }
                acquisition.stage = Stage::Waiting(look_again);
                self.waiting.insert((look_again, key));
            }
            other => {
                acquisition.claimed = matches!(other, Outcome::Miss { claimed: true });
                self.answered_by(key, Layer::L2, false);
                self.ask_store(now, key);
            }
        }
    }

    /// Looks again for plans that other workers were about to make.
    pub(super) fn look_again(&mut self, now: Timestamp) {
        while let Some((at, key)) = self.waiting.first().copied() {
            if at > now {
                break;
            }
            self.waiting.remove(&(at, key));
            if let Some(Acquisition { stage: Stage::Waiting(due), .. }) = self.acquisitions.get(&key)
                && *due == at
            {
                self.look_up(now, key);
            }
        }
    }

    /// Asks L3.
    fn ask_store(&mut self, now: Timestamp, key: Key) {
        let Some(acquisition) = self.acquisitions.get(&key) else { return };
        let Some(store) = &mut self.store else { return self.plan(now, key) };
        match store.get(now.0, acquisition.wanted(key)) {
            Ok((get, call)) => {
                self.store_call(Calling::StoreGet(key, Box::new(get)), call);
            }
            Err(_) => {
                self.count(Metric::StoreSkipped, 1);
                self.plan(now, key);
            }
        }
    }

    /// L3 has answered, or not.
    pub(super) fn store_got(
        &mut self,
        now: Timestamp,
        key: Key,
        get: Get,
        answer: Result<HttpResponse, CallFailure>,
    ) {
        let fetched = self.store_fetched(now, get, answer);
        let Some(acquisition) = self.acquisitions.get(&key) else { return };
        let found = fetched.and_then(|found| decode(&acquisition.engine, &found).map(|plan| (plan, found)));
        match found {
            Some((plan, found)) => {
                self.answered_by(key, Layer::L3, true);
                let planning = found.planning;
                self.share(now, key, found.into_entry(), planning);
                self.obtained(now, key, plan, planning);
            }
            None => {
                self.answered_by(key, Layer::L3, false);
                self.plan(now, key);
            }
        }
    }

    /// Counts a layer's answer, if a request waits for it: a warm-up's is no lookup.
    fn answered_by(&mut self, key: Key, layer: Layer, found: bool) {
        let waits = self.acquisitions.get(&key).is_some_and(|acquisition| acquisition.requests() > 0);
        if !waits {
            return;
        }
        if !found {
            return self.count(Metric::PlanCacheMisses(layer), 1);
        }
        self.count(Metric::PlanCacheHits(layer), 1);
        let hits = &mut self.monitor.counts().hits;
        if let Some(hits) = hits.get_mut(if layer == Layer::L2 { 1 } else { 2 }) {
            *hits = hits.saturating_add(1);
        }
    }

    /// Makes the plan.
    fn plan(&mut self, now: Timestamp, key: Key) {
        let Some(acquisition) = self.acquisitions.get_mut(&key) else { return };
        let (engine, known) = (Rc::clone(&acquisition.engine), Rc::clone(&acquisition.known));
        let operation = acquisition.operation.take();
        let (variant, claimed) = (Rc::clone(&acquisition.variant), acquisition.claimed);
        let deciding = std::mem::take(&mut acquisition.deciding);
        let started = (self.clock)();
        let outputs = &mut self.outputs;
        let planned = prepare::plan(
            &engine.supergraph,
            &engine.config.limits,
            &known,
            operation,
            &deciding,
            &mut |output| {
                outputs.push_back(output);
            },
        );
        let planning = (self.clock)().since(started);
        match planned {
            Ok(plan) => {
                let micros = u64::try_from(planning.as_micros()).unwrap_or(u64::MAX);
                self.count(Metric::PlansMade, 1);
                let spent = &mut self.monitor.counts().planning_time;
                *spent = spent.saturating_add(planning);
                self.count(Metric::PlanningTimeTotal, i64::try_from(micros).unwrap_or(i64::MAX));
                self.outputs.push_back(Output::Record(Metric::PlanningTime, micros));
                let outside = self.shared.is_some() || self.store.is_some();
                let payload = if outside { plan.to_bytes() } else { None };
                if outside && payload.is_none() {
                    // Nested too deeply to be read back.
                    self.give_up_claim(now, key, claimed);
                }
                if let Some(payload) = payload {
                    let entry = Entry {
                        environment: engine.environment.into(),
                        key,
                        created: now.0,
                        planning,
                        text: &known.normal,
                        variant: &variant,
                        payload: &payload,
                    }
                    .encode();
                    self.write_to_store(now, key, &entry);
                    self.share(now, key, entry, planning);
                }
                self.obtained_new(now, key, plan, planning);
            }
            Err(refused) => {
                self.give_up_claim(now, key, claimed);
                self.failures.put(key, (now.after(FAILURE_LASTS), Rc::clone(&known.normal), refused.clone()));
                if let Some(acquisition) = self.acquisitions.remove(&key) {
                    self.notify(now, acquisition.waiters, Err(refused));
                }
            }
        }
    }

    /// Lets other workers plan what this one won't share.
    fn give_up_claim(&mut self, now: Timestamp, key: Key, claimed: bool) {
        if claimed && let Some(shared) = &mut self.shared {
            let task = shared.release(now.0, key);
            self.run(now, Purpose::Share(key), task);
        }
    }

    /// Plans without the layers.
    fn plan_apart(&mut self, now: Timestamp, acquisition: Acquisition) {
        let Acquisition { engine, known, variant, deciding, operation, waiters, .. } = acquisition;
        let outputs = &mut self.outputs;
        let planned = prepare::plan(
            &engine.supergraph,
            &engine.config.limits,
            &known,
            operation,
            &deciding,
            &mut |output| {
                outputs.push_back(output);
            },
        );
        let planned = planned.map(|plan| {
            Rc::new(Planned {
                text: Rc::clone(&known.normal),
                variant,
                plan: Rc::new(plan),
                planning: Duration::ZERO,
            })
        });
        self.notify(now, waiters, planned);
    }

    /// Writes an entry to L2.
    fn share(&mut self, now: Timestamp, key: Key, entry: Vec<u8>, planning: Duration) {
        if let Some(shared) = &mut self.shared {
            let task = shared.store(now.0, key, entry, planning);
            self.run(now, Purpose::Share(key), task);
        }
    }

    /// L2 has or has not taken a plan.
    pub(super) fn shared_ended(&mut self, now: Timestamp, key: Key, outcome: &Outcome) {
        if let Outcome::NotStored(why) = outcome {
            match why {
                NotStored::TooLarge | NotStored::Full => {
                    self.count(Metric::PlanCacheRejected(Layer::L2), 1);
                    self.give_up_claim(now, key, true);
                }
                NotStored::Refused | NotStored::Contended | NotStored::Lost => {
                    self.count(Metric::SharedRefusals, 1)
                }
                NotStored::Off | NotStored::Busy => {}
            }
        }
    }

    /// A plan has come from a layer.
    fn obtained(&mut self, now: Timestamp, key: Key, plan: ExecutablePlan, planning: Duration) {
        self.finish(now, key, plan, planning, true);
    }

    fn obtained_new(&mut self, now: Timestamp, key: Key, plan: ExecutablePlan, planning: Duration) {
        self.finish(now, key, plan, planning, false);
    }

    fn finish(&mut self, now: Timestamp, key: Key, plan: ExecutablePlan, planning: Duration, found: bool) {
        let Some(acquisition) = self.acquisitions.remove(&key) else { return };
        let Acquisition { generation, known, variant, waiters, began, .. } = acquisition;
        let planned =
            Rc::new(Planned { text: Rc::clone(&known.normal), variant, plan: Rc::new(plan), planning });
        if let Some(plans) = self.plans_of(generation) {
            plans.insert(now.0, key, &planned);
        }
        self.tell_memory();
        let joined = waiters.iter().skip(1).filter(|waiter| matches!(waiter, Waiter::Request { .. })).count();
        self.count_many(Metric::PlanCacheJoins, joined as u64);
        let requests = waiters.iter().filter(|waiter| matches!(waiter, Waiter::Request { .. })).count();
        let elapsed = (self.clock)().since(began);
        let spent = if found { elapsed } else { elapsed.saturating_sub(planning) };
        for _ in 0..requests {
            self.looked(spent);
        }
        self.notify(now, waiters, Ok(planned));
    }

    /// Tells those who waited.
    fn notify(&mut self, now: Timestamp, waiters: Vec<Waiter>, result: Result<Rc<Planned>, Refused>) {
        for waiter in waiters {
            match waiter {
                Waiter::WarmUp(number) => self.warmed(number, result.is_ok()),
                Waiter::Request { id, part, variables } => match &result {
                    Ok(planned) => self.start(now, id, part, &planned.plan, variables),
                    Err(refused) => self.refuse_part(id, part, refused),
                },
            }
        }
    }

    /// Takes note of how long a look-up took.
    pub(super) fn looked(&mut self, spent: Duration) {
        let micros = u64::try_from(spent.as_micros()).unwrap_or(u64::MAX);
        let time = &mut self.monitor.counts().lookup_time;
        *time = time.saturating_add(spent);
        self.outputs.push_back(Output::Record(Metric::PlanCacheLookupTime, micros));
        self.looked_micros = self.looked_micros.saturating_add(micros);
    }

    /// Drops the waits of a request that has ended; the acquisition itself goes on for others to come, unless it is
    /// only about to plan.
    pub(super) fn stop_waiting(&mut self, id: RequestId) {
        for acquisition in self.acquisitions.values_mut() {
            acquisition
                .waiters
                .retain(|waiter| !matches!(waiter, Waiter::Request { id: of, .. } if *of == id));
        }
    }
}

impl Acquisition {
    /// How many requests wait for it.
    fn requests(&self) -> usize {
        self.waiters.iter().filter(|waiter| matches!(waiter, Waiter::Request { .. })).count()
    }

    fn wanted(&self, key: Key) -> Wanted {
        Wanted {
            key,
            environment: self.engine.environment.into(),
            text: Rc::clone(&self.known.normal),
            variant: Rc::clone(&self.variant),
        }
    }
}

/// The plan of an entry, if it is one that this engine can execute.
fn decode(engine: &Engine, found: &Found) -> Option<ExecutablePlan> {
    let plan = ExecutablePlan::from_bytes(found.payload())?;
    plan.check_sound(engine.config.subgraphs.len()).then_some(plan)
}
