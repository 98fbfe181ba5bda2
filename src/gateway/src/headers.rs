//! Which headers pass through Weir: from the client to each subgraph, and from the subgraphs back to the client.
//!
//! Nothing passes that no rule names, but for the W3C trace context. Rules run in order, first those for all
//! subgraphs, then the subgraph's own; a later one replaces what an earlier one set under the same name.

mod cache_control;
mod request;
mod response;
mod rule;
mod transport;

pub(crate) use request::{for_call, is_trace_context, keep_forwardable};
pub(crate) use response::Collected;
pub use rule::{Forward, Merge, Names, Pattern, Rule};
pub(crate) use transport::is_transport;

/// `headers` of the configuration, for all subgraphs or for one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderRules {
    /// For what subgraphs are sent.
    pub request: Vec<Rule>,
    /// For what the client is sent.
    pub response: Vec<Rule>,
}
