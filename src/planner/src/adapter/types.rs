//! Type conditions, expanded to sets of type names.

use std::collections::{BTreeMap, BTreeSet};

use hive_router_query_planner::state::supergraph_state::{SupergraphDefinition, SupergraphState};

use crate::names::Names;
use crate::plan::TypeSet;

/// What satisfies what, over the whole supergraph (inaccessible types too).
pub(super) struct Types<'a> {
    /// Abstract type -> the objects and interfaces within it.
    within: BTreeMap<&'a str, BTreeSet<&'a str>>,
    state: &'a SupergraphState,
}

impl<'a> Types<'a> {
    pub(super) fn new(state: &'a SupergraphState) -> Self {
        let mut within: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for definition in state.definitions.values() {
            match definition {
                SupergraphDefinition::Object(_) | SupergraphDefinition::Interface(_) => {
                    for implements in definition.join_implements() {
                        within.entry(&implements.interface).or_default().insert(definition.name());
                    }
                }
                SupergraphDefinition::Union(union) => {
                    within.entry(&union.name).or_default().extend(union.types.iter().map(String::as_str));
                }
                _ => {}
            }
        }
        Self { within, state }
    }

    /// Whether the subgraph has `type_name` as an `@interfaceObject`.
    pub(super) fn is_interface_object(&self, type_name: &str, service: &str) -> bool {
        let graphs = self.state.interface_object_types_in_subgraphs.get(type_name);
        graphs
            .into_iter()
            .flatten()
            .any(|graph| self.state.known_subgraphs.get(graph.as_str()).is_some_and(|name| name == service))
    }

    /// Names that satisfy one of `conditions`: itself or a type within it.
    pub(super) fn satisfying<'c>(
        &self,
        conditions: impl IntoIterator<Item = &'c String>,
        names: &mut Names,
    ) -> TypeSet {
        let mut set = BTreeSet::new();
        for condition in conditions {
            set.insert(condition.as_str());
            set.extend(self.within.get(condition.as_str()).into_iter().flatten().copied());
        }
        intern(set, names)
    }

    /// Names that satisfy `condition`, or that `condition` satisfies: where an interface object stands, its
    /// `__typename` may be the interface although the condition names an implementation.
    pub(super) fn related(&self, condition: &str, names: &mut Names) -> TypeSet {
        let mut set = BTreeSet::from([condition]);
        set.extend(self.within.get(condition).into_iter().flatten().copied());
        set.extend(self.within.iter().filter(|(_, types)| types.contains(condition)).map(|(name, _)| *name));
        intern(set, names)
    }
}

fn intern(set: BTreeSet<&str>, names: &mut Names) -> TypeSet {
    TypeSet(set.into_iter().map(|name| names.id(name)).collect())
}
