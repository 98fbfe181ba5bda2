//! The headers of a request's calls to each subgraph.

use std::borrow::Cow;
use std::rc::Rc;

use weir_planner::plan::SubgraphId;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Request;
use crate::event::Header;
use crate::headers::{self, is_trace_context};

/// The headers of calls to one subgraph.
#[derive(Debug, Clone)]
pub(super) struct CallHeaders {
    /// What is sent.
    pub(super) all: Rc<[Header]>,
    /// What must be equal for calls to be shared: all but the trace context, which is another for each request. A call
    /// that several share has that of one of them.
    pub(super) deciding: Rc<[Header]>,
    /// A number made from `deciding`.
    pub(super) seed: u64,
}

/// The headers of a call for a client that has sent none to be forwarded, where no rule adds any.
pub(super) fn plain() -> Rc<[Header]> {
    let accept = b"application/graphql-response+json;charset=utf-8, application/json;charset=utf-8";
    Rc::new([
        (Cow::Borrowed("content-type"), Cow::Borrowed(&b"application/json"[..])),
        (Cow::Borrowed("accept"), Cow::Borrowed(&accept[..])),
    ])
}

impl Request {
    /// The headers of its calls to a subgraph, made once.
    pub(super) fn headers_to(&mut self, plain: &Rc<[Header]>, subgraph: SubgraphId) -> CallHeaders {
        let config = &self.engine.config;
        let named = config.subgraphs.get(subgraph.0 as usize);
        let own = named.filter(|named| {
            !(self.headers.is_empty()
                && config.headers.request.is_empty()
                && named.headers.request.is_empty())
        });
        let Some(named) = own else {
            return CallHeaders { all: Rc::clone(plain), deciding: Rc::clone(plain), seed: 0 };
        };
        if let Some((_, known)) = self.call_headers.iter().find(|(of, _)| *of == subgraph) {
            return known.clone();
        }
        let mut all = plain.to_vec();
        headers::for_call(config, named, &self.headers, &mut all);
        let all: Rc<[Header]> = all.into();
        let deciding = if all.iter().any(|(name, _)| is_trace_context(name)) {
            all.iter().filter(|(name, _)| !is_trace_context(name)).cloned().collect()
        } else {
            Rc::clone(&all)
        };
        let seed = deciding.iter().fold(1, |seed, (name, value)| {
            xxh3_64_with_seed(value, xxh3_64_with_seed(name.as_bytes(), seed))
        });
        let made = CallHeaders { all, deciding, seed };
        self.call_headers.push((subgraph, made.clone()));
        made
    }
}
