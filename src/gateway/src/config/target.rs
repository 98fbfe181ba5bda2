//! Where an HTTP service of Weir's own is: the store of plans, the source of supergraphs.

use super::Endpoint;
use super::catalogue::Setting;
use super::document::Document;
use super::problem::Problem;
use super::shape::Text;

/// A service that is asked through an Envoy cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The Envoy cluster.
    pub cluster: String,
    /// `:authority`.
    pub authority: String,
    /// `:path`, or what it begins with.
    pub path: String,
    /// Where it listens, if a URL was given: who renders clusters needs it.
    pub endpoint: Option<Endpoint>,
}

/// The settings that make up a [`Target`].
pub(super) struct TargetSettings {
    pub(super) url: &'static Setting<Text>,
    pub(super) cluster: &'static Setting<Text>,
    pub(super) authority: &'static Setting<Text>,
    pub(super) path: &'static Setting<Text>,
    /// Where they stand, with others of the same service.
    pub(super) group: &'static str,
}

impl Target {
    /// The target that the document names; `None` if it names none, or if something was refused. Settings of a service
    /// that is not named are refused, for they would do nothing.
    pub(super) fn read(document: &mut Document, settings: &TargetSettings) -> Option<Target> {
        let is_named = document.has(settings.url) || document.has(settings.cluster);
        let url = document.read(settings.url, "");
        let cluster = document.read(settings.cluster, "");
        let authority = document.read(settings.authority, "");
        let path = document.read(settings.path, "");
        let endpoint = url.and_then(|url| Endpoint::parse(&url).ok());
        if !is_named {
            if document.has_any(settings.group) {
                let message = "is missing, although other settings beside it are there";
                let fix = format!("set it, or `{}` to a cluster of Envoy's", settings.cluster.path);
                document.problems.push(Problem::new(settings.url.path, message, fix));
            }
            return None;
        }
        let cluster = cluster.or_else(|| endpoint.as_ref().map(Endpoint::cluster))?;
        let of_endpoint = |part: fn(&Endpoint) -> &String| endpoint.as_ref().map(|e| part(e).clone());
        Some(Target {
            authority: authority.or_else(|| of_endpoint(|e| &e.authority)).unwrap_or_else(|| cluster.clone()),
            path: path.or_else(|| of_endpoint(|e| &e.path)).unwrap_or_else(|| "/".to_owned()),
            cluster,
            endpoint,
        })
    }
}
