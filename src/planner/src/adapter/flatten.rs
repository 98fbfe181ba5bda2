//! The library's tree of sequences and parallels, as a list that remembers what came before each step.

use hive_router_query_planner::planner::plan_nodes::{
    BatchFetchNode, FetchNode, FlattenNodePath, PlanNode, QueryPlan,
};

use crate::plan::Condition;

/// A call of the library's plan.
pub(super) struct Step {
    pub(super) call: Call,
    /// The path of the `Flatten` around it.
    pub(super) path: Option<FlattenNodePath>,
    /// The conditions around it.
    pub(super) when: Vec<Condition>,
    /// The steps that the library's order completes before this one starts, ascending.
    pub(super) earlier: Vec<usize>,
}

/// The two kinds of calls.
pub(super) enum Call {
    Fetch(Box<FetchNode>),
    Batch(Box<BatchFetchNode>),
}

pub(super) fn flatten(plan: QueryPlan) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    if let Some(node) = plan.node {
        walk(node, &[], &[], &mut steps)?;
    }
    Ok(steps)
}

fn walk(node: PlanNode, earlier: &[usize], when: &[Condition], steps: &mut Vec<Step>) -> Result<(), String> {
    let push = |steps: &mut Vec<Step>, call, path| {
        steps.push(Step { call, path, when: when.to_vec(), earlier: earlier.to_vec() });
    };
    match node {
        PlanNode::Fetch(fetch) => push(steps, Call::Fetch(Box::new(fetch)), None),
        PlanNode::BatchFetch(batch) => push(steps, Call::Batch(Box::new(batch)), None),
        PlanNode::Flatten(flatten) => match *flatten.node {
            PlanNode::Fetch(fetch) => push(steps, Call::Fetch(Box::new(fetch)), Some(flatten.path)),
            _ => return Err("the plan flattens something that is not a fetch".to_owned()),
        },
        PlanNode::Sequence(sequence) => {
            let mut earlier = earlier.to_vec();
            for node in sequence.nodes {
                let before = steps.len();
                walk(node, &earlier, when, steps)?;
                earlier.extend(before..steps.len());
            }
        }
        PlanNode::Parallel(parallel) => {
            for node in parallel.nodes {
                walk(node, earlier, when, steps)?;
            }
        }
        PlanNode::Condition(condition) => {
            for (clause, is) in [(condition.if_clause, true), (condition.else_clause, false)] {
                if let Some(clause) = clause {
                    let mut when = when.to_vec();
                    when.push(Condition { variable: condition.condition.clone(), is });
                    walk(*clause, earlier, &when, steps)?;
                }
            }
        }
        PlanNode::Subscription(_) => return Err("the plan holds a subscription".to_owned()),
        PlanNode::Defer(_) => return Err("the plan holds a deferred part".to_owned()),
    }
    Ok(())
}
