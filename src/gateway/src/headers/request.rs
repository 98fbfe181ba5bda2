//! From the client's headers to those of a call.

use std::borrow::Cow;

use super::rule::{Forward, Names, Rule};
use super::transport::is_transport;
use crate::Config;
use crate::config::SubgraphConfig;
use crate::event::{Header, ReceivedHeader};

/// The W3C trace context. It is passed on unread: Weir makes no spans, so the parent stays who it was.
const TRACE_CONTEXT: [&str; 2] = ["traceparent", "tracestate"];

/// Whether a header is part of the trace context.
pub(crate) fn is_trace_context(name: &str) -> bool {
    TRACE_CONTEXT.contains(&name)
}

/// Keeps of a client's headers those that some subgraph may be sent, since a request holds them to its end.
pub(crate) fn keep_forwardable(headers: &mut Vec<ReceivedHeader>, config: &Config) {
    // Named in `connection`, a header ends here like the connection's own ones.
    let hops: Vec<Vec<u8>> =
        headers.iter().filter(|(name, _)| name == "connection").map(|(_, value)| value.clone()).collect();
    let is_hop = |name: &str| {
        let mut tokens = hops.iter().flat_map(|value| value.split(|byte| *byte == b','));
        tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
    };
    let own = config.subgraphs.iter().flat_map(|subgraph| &subgraph.headers.request);
    let rules = config.headers.request.iter().chain(own);
    // Without rules, which is the default, nothing is allocated here.
    let forwards: Vec<&Forward> = rules
        .filter_map(|rule| match rule {
            Rule::Forward(forward) => Some(forward),
            Rule::Insert { .. } | Rule::Remove(_) => None,
        })
        .collect();
    headers.retain(|(name, _)| {
        let wanted = (config.trace_context && is_trace_context(name))
            || forwards.iter().any(|forward| forward.takes(name));
        wanted && !is_hop(name)
    });
    headers.shrink_to_fit();
}

/// Adds to the headers of a call to `subgraph` what the rules make of the client's.
pub(crate) fn for_call(
    config: &Config,
    subgraph: &SubgraphConfig,
    client: &[ReceivedHeader],
    out: &mut Vec<Header>,
) {
    if config.trace_context {
        for (name, value) in client.iter().filter(|(name, _)| is_trace_context(name)) {
            out.push(owned(name, value));
        }
    }
    for rule in config.headers.request.iter().chain(&subgraph.headers.request) {
        match rule {
            Rule::Forward(forward) => forward_to(forward, client, out),
            Rule::Insert { name, value } => set(out, name, value),
            Rule::Remove(names) => out.retain(|(name, _)| is_transport(name) || !names.has(name)),
        }
    }
}

fn forward_to(forward: &Forward, client: &[ReceivedHeader], out: &mut Vec<Header>) {
    // What an earlier rule has set under the same name is replaced, but not what this rule has just added.
    let mut start = out.len();
    for (name, value) in client.iter().filter(|(name, _)| forward.takes(name)) {
        let target = forward.rename.as_ref().unwrap_or(name);
        let mut index = 0_usize;
        out.retain(|(old, _)| {
            let replaced = index < start && old == target;
            index = index.saturating_add(1);
            !replaced
        });
        start = start.min(out.len());
        out.push(owned(target, value));
    }
    if let (Names::List(names), Some(default)) = (&forward.which, &forward.default) {
        for name in names.iter().filter(|name| !client.iter().any(|(n, _)| n == *name)) {
            set(out, forward.rename.as_ref().unwrap_or(name), default);
        }
    }
}

fn owned(name: &str, value: &[u8]) -> Header {
    (Cow::Owned(name.to_owned()), Cow::Owned(value.to_vec()))
}

fn set(out: &mut Vec<Header>, name: &str, value: &str) {
    out.retain(|(old, _)| old != name);
    out.push(owned(name, value.as_bytes()));
}
