//! The Envoy clusters that a supergraph's subgraphs need.

use std::net::IpAddr;

use serde::Serialize;
use weir_gateway::config::{Endpoint, Loaded, Problem, SubgraphConfig, SubgraphProtocol};

use super::connections::Connections;
use super::version::Version;

/// One cluster: a host and port with all the subgraphs that are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Cluster {
    pub(super) name: String,
    /// The name in statistics.
    pub(super) stat_name: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
    /// Whether the host is a name to resolve.
    pub(super) dns: bool,
    /// Whether the name is the one that Weir makes of the URL.
    pub(super) derived: bool,
    /// What is there: the names of subgraphs, or the role of another service.
    pub(super) subgraphs: Vec<String>,
    pub(super) role: Option<&'static str>,
    pub(super) http: Version,
    /// What its subgraphs want of its connections; `None` for another service.
    connections: Option<Connections>,
    /// What its subgraphs want; `None` for another service.
    #[serde(skip)]
    pub(super) protocol: Option<SubgraphProtocol>,
}

/// The clusters in the order of the first subgraph of each.
///
/// # Errors
/// Subgraphs of which only a cluster is known, and subgraphs that give one cluster two addresses.
pub(super) fn clusters(loaded: &Loaded) -> Result<Vec<Cluster>, Vec<Problem>> {
    let mut clusters: Vec<Cluster> = Vec::new();
    let mut problems = Vec::new();
    for (subgraph, endpoint) in loaded.config.subgraphs.iter().zip(&loaded.endpoints) {
        let place = format!("subgraphs.{}.url", subgraph.name);
        let Some(endpoint) = endpoint else {
            let message = format!("is needed to write the cluster `{}`", subgraph.cluster);
            problems.push(Problem::new(place, message, "set it to where the subgraph listens"));
            continue;
        };
        match clusters.iter_mut().find(|cluster| cluster.name == subgraph.cluster) {
            None => clusters.push(Cluster::of_subgraph(subgraph, endpoint)),
            Some(cluster) if !cluster.is_at(endpoint) => problems.push(cluster.elsewhere(place, endpoint)),
            Some(cluster) => {
                problems.extend(cluster.speak(subgraph).err());
                problems.extend(cluster.connect(subgraph).err());
                cluster.subgraphs.push(subgraph.name.clone());
            }
        }
    }
    let config = &loaded.config;
    let store = config.plan_cache.store.as_ref();
    let store = store.map(|store| (&store.target, "plan_cache.layers.l3.url", "the store of plans (L3)"));
    let source = config.fetch.as_ref();
    let source = source.map(|fetch| (&fetch.target, "supergraph.fetch.url", "the source of supergraphs"));
    for (target, place, role) in store.into_iter().chain(source) {
        // One that is known by its name alone is in the bootstrap that the user keeps.
        let Some(endpoint) = &target.endpoint else { continue };
        match clusters.iter().find(|cluster| cluster.name == target.cluster) {
            None => {
                let mut cluster = Cluster::new(&target.cluster, endpoint);
                cluster.role = Some(role);
                clusters.push(cluster);
            }
            Some(cluster) if cluster.is_at(endpoint) => {}
            Some(cluster) => problems.push(cluster.elsewhere(place.to_owned(), endpoint)),
        }
    }
    if problems.is_empty() { Ok(clusters) } else { Err(problems) }
}

impl Cluster {
    /// The cluster of one subgraph; others may join it.
    fn of_subgraph(subgraph: &SubgraphConfig, endpoint: &Endpoint) -> Cluster {
        let mut cluster = Cluster::new(&subgraph.cluster, endpoint);
        cluster.subgraphs.push(subgraph.name.clone());
        cluster.protocol = Some(subgraph.protocol);
        cluster.http = Version::of(subgraph.protocol, endpoint.tls);
        cluster.connections = Some(Connections::of(subgraph));
        cluster
    }

    fn new(name: &str, endpoint: &Endpoint) -> Cluster {
        let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
        Cluster {
            name: name.to_owned(),
            stat_name: name.chars().map(safe).collect(),
            host: endpoint.host.clone(),
            port: endpoint.port,
            tls: endpoint.tls,
            dns: endpoint.host.parse::<IpAddr>().is_err(),
            derived: name == endpoint.cluster(),
            subgraphs: Vec::new(),
            role: None,
            // Seldom called: nothing is gained by more.
            http: Version::Http1,
            connections: None,
            protocol: None,
        }
    }

    /// Takes up what another subgraph of this cluster wants spoken; what is set holds against `auto`.
    fn speak(&mut self, subgraph: &SubgraphConfig) -> Result<(), Problem> {
        let wanted = subgraph.protocol;
        match self.protocol {
            Some(set) if set == wanted || wanted == SubgraphProtocol::Auto => Ok(()),
            None | Some(SubgraphProtocol::Auto) => {
                self.protocol = Some(wanted);
                self.http = Version::of(wanted, self.tls);
                Ok(())
            }
            Some(_) => {
                let message = format!(
                    "is called over {} in the cluster `{}`, where {} are called over {}",
                    Version::of(wanted, self.tls).name(),
                    self.name,
                    self.subgraphs.join(", "),
                    self.http.name(),
                );
                let place = format!("subgraphs.{}.protocol", subgraph.name);
                Err(Problem::new(place, message, "give one of them another `cluster`"))
            }
        }
    }

    /// Takes up what another subgraph of this cluster wants of its connections.
    fn connect(&mut self, subgraph: &SubgraphConfig) -> Result<(), Problem> {
        match (&mut self.connections, self.subgraphs.first()) {
            (Some(connections), Some(first)) => connections.join(subgraph, first),
            _ => Ok(()),
        }
    }

    /// The setting at `place` puts this cluster at another address.
    fn elsewhere(&self, place: String, endpoint: &Endpoint) -> Problem {
        let who = self.role.or_else(|| self.subgraphs.first().map(String::as_str)).unwrap_or_default();
        let message = format!(
            "puts the cluster `{}` at {}:{}, but {who} puts it at {}:{}",
            self.name, endpoint.host, endpoint.port, self.host, self.port
        );
        Problem::new(place, message, "give one of them another `cluster`")
    }

    fn is_at(&self, endpoint: &Endpoint) -> bool {
        (&self.host, self.port, self.tls) == (&endpoint.host, endpoint.port, endpoint.tls)
    }
}
