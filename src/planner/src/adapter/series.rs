//! The order of a mutation: each root field is completed before the next one starts.
//!
//! The library completes the first field's objects while the second mutation already runs; a subgraph would then
//! answer with what the second one made of them.

use std::collections::BTreeSet;

use crate::plan::{Fetch, OperationKind};

/// Puts each root mutation's dependants right behind it and lets the next one wait for them. The indices of
/// `after` refer to the order given; so do those of the result, to the order returned.
pub(super) fn order(fetches: Vec<Fetch>, after: Vec<Vec<usize>>) -> (Vec<Fetch>, Vec<Vec<usize>>) {
    // The last root mutation that each fetch builds on, counted from 1.
    let mut owners: Vec<usize> = Vec::with_capacity(fetches.len());
    let mut mutations = 0_usize;
    for (fetch, after) in fetches.iter().zip(&after) {
        owners.push(if fetch.kind == OperationKind::Mutation {
            mutations = mutations.saturating_add(1);
            mutations
        } else {
            after.iter().filter_map(|index| owners.get(*index)).copied().max().unwrap_or(0)
        });
    }
    let mut indexed: Vec<(usize, usize, Fetch, Vec<usize>)> = fetches
        .into_iter()
        .zip(after)
        .zip(&owners)
        .enumerate()
        .map(|(old, ((fetch, after), owner))| (*owner, old, fetch, after))
        .collect();
    // A fetch never comes before its own mutation or inputs: their owners are not greater, their indices less.
    indexed.sort_by_key(|(owner, old, ..)| (*owner, *old));
    let places: Vec<usize> = indexed.iter().map(|(_, old, ..)| *old).collect();
    let place = |old: usize| places.iter().position(|candidate| *candidate == old);
    let mut ordered = Vec::with_capacity(indexed.len());
    let mut orders: Vec<Vec<usize>> = Vec::with_capacity(indexed.len());
    for (index, (_, _, fetch, after)) in indexed.into_iter().enumerate() {
        let after = if fetch.kind == OperationKind::Mutation {
            last_of(&orders, index)
        } else {
            after.into_iter().filter_map(place).collect()
        };
        ordered.push(fetch);
        orders.push(after);
    }
    (ordered, orders)
}

/// The first `count` fetches without those that another of them waits for.
fn last_of(orders: &[Vec<usize>], count: usize) -> Vec<usize> {
    let waited_for: BTreeSet<usize> = orders.iter().flatten().copied().collect();
    (0..count).filter(|index| !waited_for.contains(index)).collect()
}
