//! For benches only: the execution of an operation with a clock around each stage.

use std::rc::Rc;
use std::time::Duration;

use weir_planner::plan::{FetchId, OperationKind};
use weir_planner::{ExecutablePlan, Operation, OperationLimits, PlanVariables, Supergraph};

use crate::executor::{Answer, Execution, KeyList, Reading, Share, Variables};

/// An operation, planned.
pub struct Stages {
    plan: Rc<ExecutablePlan>,
    variables: Variables,
}

/// The time that each stage took in one execution.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// Reading the answers.
    pub parse: Duration,
    /// Finding what calls to make, and writing them with their representations.
    pub representations: Duration,
    /// Adding the answers to the tree.
    pub merge: Duration,
    /// Writing the reply.
    pub projection: Duration,
}

impl Stages {
    /// Plans the only operation of `text`, whose variables have these values as JSON. `None` if it is no query with a plan.
    pub fn new(supergraph: &Supergraph, text: &str, variables: &[(&'static str, String)]) -> Option<Stages> {
        let operation = Operation::prepare(supergraph, text, None, &OperationLimits::unlimited()).ok()?;
        let plan = supergraph.plan(&operation, &PlanVariables::default(), None).ok()?;
        let variables = variables.iter().map(|(name, json)| ((*name).into(), json.clone())).collect();
        (plan.kind == OperationKind::Query).then(|| Stages { plan: Rc::new(plan), variables })
    }

    /// Executes it. `answer` answers the bodies of calls, off the clock.
    pub fn run(
        &self,
        answer: &mut dyn FnMut(&[u8]) -> Vec<u8>,
        clock: &dyn Fn() -> Duration,
    ) -> (Times, Vec<u8>) {
        let mut times = Times::default();
        let mut execution = Execution::new(Rc::clone(&self.plan), self.variables.clone());
        loop {
            let began = clock();
            let calls = execution.ready();
            add(&mut times.representations, began, clock());
            if calls.is_empty() && execution.is_done() {
                break;
            }
            for call in calls {
                let body = answer(&call.body);
                self.answered(&mut execution, call.fetch, &call.lists, body, &mut times, clock);
            }
        }
        let began = clock();
        let (body, _) = execution.finish(usize::MAX, |_| {});
        add(&mut times.projection, began, clock());
        (times, body)
    }

    fn answered(
        &self,
        execution: &mut Execution,
        fetch: FetchId,
        lists: &[KeyList],
        body: Vec<u8>,
        times: &mut Times,
        clock: &dyn Fn() -> Duration,
    ) {
        let keys = lists.iter().map(|list| list.keys.len()).collect();
        let bytes = body.len();
        let began = clock();
        let reading = Reading::new(&self.plan, fetch, keys, Answer { status: 200, body, service: "" });
        let read = clock();
        execution.absorb(fetch, &reading, &Share::Whole, bytes);
        add(&mut times.parse, began, read);
        add(&mut times.merge, read, clock());
    }
}

fn add(time: &mut Duration, from: Duration, to: Duration) {
    *time = time.saturating_add(to.saturating_sub(from));
}
