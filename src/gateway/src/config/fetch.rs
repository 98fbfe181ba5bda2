//! The settings of polling for newer supergraphs.

use std::time::Duration;

use super::catalogue as c;
use super::document::Document;
use super::target::{Target, TargetSettings};

/// Where newer supergraphs come from, and how often they are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchConfig {
    /// The service.
    pub target: Target,
    /// Time between two questions.
    pub interval: Duration,
    /// How long one answer may take.
    pub timeout: Duration,
}

impl FetchConfig {
    /// The largest supergraph that is taken, in bytes.
    pub const MAX_SDL: usize = 16 << 20;
}

/// `None` in the inner option: the document asks for none.
pub(super) fn read(document: &mut Document) -> Option<Option<FetchConfig>> {
    let settings = TargetSettings {
        url: &c::FETCH_URL,
        cluster: &c::FETCH_CLUSTER,
        authority: &c::FETCH_AUTHORITY,
        path: &c::FETCH_PATH,
        group: "supergraph.fetch",
    };
    let target = Target::read(document, &settings);
    let interval = document.read(&c::FETCH_INTERVAL, "");
    let timeout = document.read(&c::FETCH_TIMEOUT, "");
    let (interval, timeout) = (interval?, timeout?);
    Some(target.map(|target| FetchConfig { target, interval, timeout }))
}
