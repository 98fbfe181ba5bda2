//! Which version of HTTP each cluster is rendered with, and how that is told.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use weir_gateway::config::SubgraphProtocol;

use super::cluster::Cluster;
use super::probe::{self, Finding};

/// The version of HTTP on a cluster's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Version {
    Http2,
    /// As TLS negotiates.
    Alpn,
    Http1,
}

impl Version {
    /// Without having asked anyone.
    pub(super) fn of(protocol: SubgraphProtocol, tls: bool) -> Version {
        match protocol {
            SubgraphProtocol::Http2 => Version::Http2,
            SubgraphProtocol::Auto if tls => Version::Alpn,
            SubgraphProtocol::Auto | SubgraphProtocol::Http1 => Version::Http1,
        }
    }

    /// As people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Version::Http1 => "HTTP/1.1",
            Version::Http2 => "HTTP/2",
            Version::Alpn => "by ALPN",
        }
    }
}

/// What asking at one address came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// For people: the address, the subgraphs there, and the version that they are called with.
    pub line: String,
    /// Whether anyone answered.
    pub answered: bool,
}

/// Asks where the version isn't set and can't be negotiated, and puts what was found into the clusters.
///
/// # Errors
/// No runtime can be made.
pub(super) fn find_out(clusters: &mut [Cluster]) -> std::io::Result<Vec<Asked>> {
    let open = |cluster: &&mut Cluster| {
        cluster.protocol == Some(SubgraphProtocol::Auto) && cluster.http == Version::Http1
    };
    let mut asked: Vec<_> = clusters.iter_mut().filter(open).collect();
    let places = asked.iter().map(|cluster| (cluster.host.clone(), cluster.port)).collect();
    let findings = probe::ask(places)?;
    let asked = asked.iter_mut().zip(findings).map(|(cluster, finding)| {
        let (version, reason) = match &finding {
            Finding::Http2 => (Version::Http2, String::new()),
            Finding::Http1 => (Version::Http1, String::new()),
            Finding::Unknown(reason) => (Version::Http1, format!(", since it could not be asked ({reason})")),
        };
        cluster.http = version;
        let names = cluster.subgraphs.join(", ");
        let line = format!("{}:{} ({names}): {}{reason}", cluster.host, cluster.port, version.name());
        Asked { line, answered: reason.is_empty() }
    });
    Ok(asked.collect())
}

/// The subgraphs by the version they are called with, such as `HTTP/2: accounts, reviews; HTTP/1.1: products`.
pub(super) fn summary(clusters: &[Cluster]) -> String {
    let mut by_version: BTreeMap<Version, Vec<&str>> = BTreeMap::new();
    for cluster in clusters {
        by_version.entry(cluster.http).or_default().extend(cluster.subgraphs.iter().map(String::as_str));
    }
    let mut text = String::new();
    for (version, subgraphs) in by_version.iter().filter(|(_, subgraphs)| !subgraphs.is_empty()) {
        let separator = if text.is_empty() { "" } else { "; " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}{}: {}", version.name(), subgraphs.join(", "));
    }
    text
}
