//! A supergraph with the settings that go with it: what requests are served by from their first to their last step.

use weir_planner::Supergraph;

use crate::Config;
use crate::metric::SubgraphId;

/// One supergraph in service. A request keeps the engine that it began with; a new supergraph is a new engine.
pub(crate) struct Engine {
    pub(crate) config: Config,
    pub(crate) supergraph: Supergraph,
    /// What plans depend on beside their operation.
    pub(crate) environment: u64,
    /// Each subgraph's place in the list that metrics go by.
    labels: Vec<SubgraphId>,
}

/// The subgraphs of all engines so far, as metrics name them: a place is never given to another.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    names: Vec<String>,
}

impl Labels {
    /// The list for [`crate::Output::Subgraphs`].
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    fn of(&mut self, name: &str) -> SubgraphId {
        let index = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len().saturating_sub(1)
        });
        SubgraphId(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

impl Engine {
    /// An engine of checked parts.
    pub(crate) fn new(config: Config, supergraph: Supergraph, labels: &mut Labels) -> Engine {
        let environment = supergraph.environment();
        let labels = config.subgraphs.iter().map(|subgraph| labels.of(&subgraph.name)).collect();
        Engine { config, supergraph, environment, labels }
    }

    /// The name of a subgraph in metrics.
    pub(crate) fn label(&self, subgraph: SubgraphId) -> SubgraphId {
        self.labels.get(subgraph.0 as usize).copied().unwrap_or(subgraph)
    }
}
