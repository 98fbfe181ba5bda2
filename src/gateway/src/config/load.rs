//! From the text of a configuration to a [`Config`] and its supergraph, or to everything that is wrong.

use std::time::Duration;

use serde_json::{Map, Value};
use weir_planner::{OperationLimits, Subgraph, Supergraph};

use super::catalogue as c;
use super::document::Document;
use super::problem::{Problem, place};
use super::{
    Config, Endpoint, EntityBatchingConfig, ErrorPolicy, HeaderRules, Limits, PlanCacheConfig,
    SubgraphConfig, SubgraphProtocol, TrafficConfig,
};
use super::{fetch, plan_cache, suggest};

mod policies;

/// What a valid configuration yields.
pub struct Loaded {
    /// The settings, complete.
    pub config: Config,
    /// The supergraph they belong to.
    pub supergraph: Supergraph,
    /// Where each subgraph listens, in the order of [`Config::subgraphs`]; `None` where only a cluster is
    /// known. Who renders clusters needs it; calls go by [`SubgraphConfig`].
    pub endpoints: Vec<Option<Endpoint>>,
}

/// Reads the JSON of the filter's `configuration`.
///
/// # Errors
/// All problems of the document and of the supergraph at once; never an empty list.
pub fn load(text: &str) -> Result<Loaded, Vec<Problem>> {
    load_with(text, None)
}

/// The same with another supergraph than the document's own, for one that was fetched.
///
/// # Errors
/// As [`load`]: among them that the new supergraph has a subgraph without an address.
pub fn load_with(text: &str, sdl: Option<&str>) -> Result<Loaded, Vec<Problem>> {
    let mut document = Document::parse(text).map_err(|problem| vec![problem])?;
    if let Some(sdl) = sdl {
        document.replace_supergraph(sdl);
    }
    let preset = document.read_preset();
    let fetch = fetch::read(&mut document);
    let plan_cache = plan_cache::read(&mut document);
    let supergraph = read_supergraph(&mut document);
    let (supergraph, override_labels) = activate_labels(&mut document, supergraph);
    let limits = read_limits(&mut document);
    let path = document.read(&c::PATH, "");
    let request_timeout = document.read(&c::REQUEST_TIMEOUT, "");
    let fault_injection = document.read(&c::FAULT_INJECTION, "");
    let csrf = policies::csrf(&mut document);
    let batching = policies::batching(&mut document);
    let entity_batching = EntityBatchingConfig::read(&mut document, None);
    let traffic = TrafficConfig::read(&mut document, None);
    let request_sharing = document.read(&c::REQUEST_SHARING, "");
    let headers = policies::headers(&mut document);
    let trace_context = document.read(&c::TRACE_CONTEXT, "");
    let errors = policies::errors(&mut document);
    let subgraphs = read_subgraphs(&mut document, supergraph.as_ref(), errors.as_ref());

    let complete = || {
        let (subgraphs, endpoints) = subgraphs.into_iter().unzip();
        let config = Config {
            preset: preset?,
            fetch: fetch?,
            plan_cache: plan_cache?,
            override_labels: override_labels?,
            path: path?,
            request_timeout: request_timeout?,
            limits: limits?,
            csrf: csrf?,
            batching: batching?,
            entity_batching: entity_batching?,
            traffic: traffic?,
            request_sharing: request_sharing?,
            headers: headers?,
            trace_context: trace_context?,
            errors: errors?,
            subgraphs,
            fault_injection: fault_injection?,
        };
        Some(Loaded { config, supergraph: supergraph?, endpoints })
    };
    if document.problems.is_empty()
        && let Some(loaded) = complete()
    {
        return Ok(loaded);
    }
    Err(document.problems)
}

/// The settings that can be changed at run time.
#[derive(Debug, Clone, PartialEq)]
pub struct Changeable {
    /// Of the plan cache.
    pub plan_cache: PlanCacheConfig,
    /// How lookups share calls, for each subgraph that was named.
    pub entity_batching: Vec<EntityBatchingConfig>,
    /// How calls are controlled, for each subgraph that was named.
    pub traffic: Vec<TrafficConfig>,
}

/// The settings that can be changed at run time, with `changes` by path (`plan_cache.max_size`) in the place of the
/// document's own.
///
/// # Errors
/// What is wrong with the changes.
pub fn load_changeable(
    text: &str,
    subgraphs: &[String],
    changes: &Map<String, Value>,
) -> Result<Changeable, Vec<Problem>> {
    let mut document = Document::parse(text).map_err(|problem| vec![problem])?;
    for (path, value) in changes {
        if let Some((name, _)) = path.strip_prefix("subgraphs.").and_then(|rest| rest.split_once('.'))
            && !subgraphs.iter().any(|known| known == name)
        {
            let fix = format!("there are {}", subgraphs.join(", "));
            document.problems.push(Problem::new(path, "names no subgraph", fix));
        }
        document.change(path, value.clone());
    }
    document.read_preset();
    let plan_cache = plan_cache::read(&mut document);
    EntityBatchingConfig::read(&mut document, None);
    TrafficConfig::read(&mut document, None);
    let mut entity_batching = Vec::with_capacity(subgraphs.len());
    let mut traffic = Vec::with_capacity(subgraphs.len());
    for name in subgraphs {
        entity_batching.extend(EntityBatchingConfig::read(&mut document, Some(name)));
        let own = TrafficConfig::read(&mut document, Some(name));
        traffic.extend(own.zip(timeout(&mut document, name)).map(|(own, timeout)| own.within(timeout)));
    }
    match plan_cache {
        Some(plan_cache) if document.problems.is_empty() => {
            Ok(Changeable { plan_cache, entity_batching, traffic })
        }
        _ => Err(document.problems),
    }
}

/// How long a call to a subgraph may take.
fn timeout(document: &mut Document, subgraph: &str) -> Option<Duration> {
    document.read(&c::TIMEOUT, subgraph).or_else(|| document.read(&c::ALL_TIMEOUT, ""))
}

fn read_supergraph(document: &mut Document) -> Option<Supergraph> {
    if document.has(&c::SUPERGRAPH_FILE) {
        let fix = "weirctl reads it and inlines it: `weirctl render --config FILE`";
        document.problems.push(Problem::new(c::SUPERGRAPH_FILE.path, "Envoy's sandbox has no files", fix));
        return None;
    }
    if !document.has(&c::SUPERGRAPH_INLINE) {
        let fix = "put the supergraph's SDL there; `weirctl render --supergraph FILE` does";
        document.problems.push(Problem::new(c::SUPERGRAPH_INLINE.path, "is missing", fix));
        return None;
    }
    let sdl = document.read(&c::SUPERGRAPH_INLINE, "")?;
    match Supergraph::parse(&sdl) {
        Ok(supergraph) => Some(supergraph),
        Err(found) => {
            for problem in found {
                let place = match problem.location {
                    Some((line, column)) => format!("supergraph, line {line}, column {column}"),
                    None => "supergraph".to_owned(),
                };
                document.problems.push(Problem::new(place, problem.message, ""));
            }
            None
        }
    }
}

/// Makes the labels of the document active in the supergraph.
fn activate_labels(
    document: &mut Document,
    supergraph: Option<Supergraph>,
) -> (Option<Supergraph>, Option<Vec<String>>) {
    let labels = document.read(&c::OVERRIDE_LABELS, "");
    let (Some(supergraph), Some(labels)) = (supergraph, labels.clone()) else { return (None, labels) };
    let known = supergraph.override_labels();
    for label in labels.iter().filter(|label| !known.contains(&label.as_str())) {
        let fix = match suggest::nearest(label, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "no field of it has `@override(label:)`".to_owned(),
            None => format!("it has {}", suggest::list(known.iter().copied())),
        };
        let message = format!("the supergraph has no label `{label}`");
        document.problems.push(Problem::new(c::OVERRIDE_LABELS.path, message, fix));
    }
    (Some(supergraph.with_active_labels(labels.clone())), Some(labels))
}

fn read_limits(document: &mut Document) -> Option<Limits> {
    // Each is read, even after one is refused: all problems are reported at once.
    let max_body_bytes = document.read(&c::MAX_BODY_BYTES, "");
    let operation = read_operation_limits(document);
    let max_active_requests = document.read(&c::MAX_ACTIVE_REQUESTS, "");
    let max_planning_time = document.read(&c::MAX_PLANNING_TIME, "");
    let max_response_bytes = document.read(&c::MAX_RESPONSE_BYTES, "");
    Some(Limits {
        max_body_bytes: max_body_bytes?,
        operation: operation?,
        max_active_requests: max_active_requests?,
        max_planning_time: max_planning_time?,
        max_response_bytes: max_response_bytes?,
    })
}

fn read_operation_limits(document: &mut Document) -> Option<OperationLimits> {
    let max_tokens = document.read(&c::MAX_TOKENS, "");
    let max_depth = document.read(&c::MAX_DEPTH, "");
    let max_height = document.read(&c::MAX_HEIGHT, "");
    let max_aliases = document.read(&c::MAX_ALIASES, "");
    let max_root_fields = document.read(&c::MAX_ROOT_FIELDS, "");
    let max_directives = document.read(&c::MAX_DIRECTIVES, "");
    let max_introspection_depth = document.read(&c::MAX_INTROSPECTION_DEPTH, "");
    let warn_only = document.read(&c::WARN_ONLY, "");
    let introspection = document.read(&c::INTROSPECTION, "");
    Some(OperationLimits {
        max_tokens: max_tokens?,
        max_depth: max_depth?,
        max_height: max_height?,
        max_aliases: max_aliases?,
        max_root_fields: max_root_fields?,
        max_directives: max_directives?,
        max_introspection_depth: max_introspection_depth?,
        warn_only: warn_only?,
        introspection: introspection?,
    })
}

/// The subgraphs of the supergraph, as far as they could be read. Without a supergraph, what the document
/// says of subgraphs is still checked.
fn read_subgraphs(
    document: &mut Document,
    supergraph: Option<&Supergraph>,
    errors: Option<&ErrorPolicy>,
) -> Vec<(SubgraphConfig, Option<Endpoint>)> {
    let named = document.subgraphs();
    let Some(supergraph) = supergraph else {
        for name in named {
            Raw::read(document, &name);
        }
        return Vec::new();
    };
    let known = supergraph.subgraphs();
    for name in &named {
        if !known.iter().any(|subgraph| subgraph.name == *name) {
            let names = || known.iter().map(|subgraph| subgraph.name.as_str());
            let list = suggest::list(names());
            let fix = match suggest::nearest(name, names()) {
                Some(near) => format!("did you mean `{near}`? The supergraph has {list}"),
                None => format!("the supergraph has {list}"),
            };
            let message = "the supergraph has no subgraph of this name";
            document.problems.push(Problem::new(place(["subgraphs", name]), message, fix));
            Raw::read(document, name);
        }
    }
    known.iter().filter_map(|subgraph| resolve(document, subgraph, errors)).collect()
}

/// What the document says of one subgraph, and what of the rest holds for it.
struct Raw {
    url: Option<String>,
    cluster: Option<String>,
    authority: Option<String>,
    path: Option<String>,
    timeout: Option<Duration>,
    protocol: Option<SubgraphProtocol>,
    headers: HeaderRules,
    errors: policies::SubgraphErrors,
    entity_batching: Option<EntityBatchingConfig>,
    traffic: Option<TrafficConfig>,
}

impl Raw {
    /// `None` if something was refused.
    fn read(document: &mut Document, name: &str) -> Option<Raw> {
        let before = document.problems.len();
        let raw = Raw {
            url: document.read(&c::URL, name),
            cluster: document.read(&c::CLUSTER, name),
            authority: document.read(&c::AUTHORITY, name),
            path: document.read(&c::CALL_PATH, name),
            timeout: timeout(document, name),
            protocol: document.read(&c::PROTOCOL, name),
            headers: policies::subgraph_headers(document, name),
            errors: policies::SubgraphErrors::read(document, name),
            entity_batching: EntityBatchingConfig::read(document, Some(name)),
            traffic: TrafficConfig::read(document, Some(name)),
        };
        (document.problems.len() == before).then_some(raw)
    }
}

/// Completes what the document says of a subgraph from the supergraph's URL and the defaults.
fn resolve(
    document: &mut Document,
    subgraph: &Subgraph,
    errors: Option<&ErrorPolicy>,
) -> Option<(SubgraphConfig, Option<Endpoint>)> {
    let name = subgraph.name.as_str();
    let raw = Raw::read(document, name)?;
    let url = raw.url.unwrap_or_else(|| subgraph.url.clone());
    let endpoint = if url.is_empty() { None } else { Some(Endpoint::parse(&url)) };
    let endpoint = match (endpoint, &raw.cluster) {
        (Some(Ok(endpoint)), _) => Some(endpoint),
        // With a cluster the supergraph's URL is not needed: it may be a placeholder.
        (_, Some(_)) => None,
        (Some(Err(complaint)), None) => {
            let message = format!("the supergraph's URL can't be called: {}", complaint.message);
            document.problems.push(Problem::new(place(["subgraphs", name, "url"]), message, complaint.fix));
            return None;
        }
        (None, None) => {
            let fix = format!("set it, or {} to a cluster of Envoy's", place(["subgraphs", name, "cluster"]));
            let message = "is missing, and the supergraph has no URL for this subgraph";
            document.problems.push(Problem::new(place(["subgraphs", name, "url"]), message, fix));
            return None;
        }
    };
    let cluster = raw.cluster.or_else(|| endpoint.as_ref().map(Endpoint::cluster))?;
    let timeout = raw.timeout?;
    let config = SubgraphConfig {
        name: name.to_owned(),
        // A cluster's name need not be a host, so it is no default for the authority.
        authority: raw
            .authority
            .unwrap_or_else(|| endpoint.as_ref().map_or_else(|| name.to_owned(), |e| e.authority.clone())),
        path: raw
            .path
            .unwrap_or_else(|| endpoint.as_ref().map_or_else(|| "/graphql".to_owned(), |e| e.path.clone())),
        cluster,
        timeout,
        protocol: raw.protocol.unwrap_or(SubgraphProtocol::Auto),
        headers: raw.headers,
        errors: raw.errors.or(errors?),
        entity_batching: raw.entity_batching?,
        traffic: raw.traffic?.within(timeout),
    };
    Some((config, endpoint))
}

// Proptest draws randomness, which wasm32-unknown-unknown has not.
#[cfg(all(test, not(target_arch = "wasm32")))]
mod properties;
#[cfg(test)]
mod tests;
