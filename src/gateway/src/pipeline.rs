//! The worker's gateway: every request in work, and what each waits for.

use weir_planner::Supergraph;

use crate::Config;
use crate::event::{Input, Output, Timestamp};

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The GraphQL endpoint: give the whole request to the core.
    GraphQl,
    /// Liveness (`/health`): answer 200.
    Health,
    /// Readiness (`/ready`): answer 200 (a gateway that exists is ready).
    Ready,
    /// None of Weir's business: let the host route it.
    Pass,
}

/// The gateway of one worker.
pub struct Gateway {
    config: Config,
    supergraph: Supergraph,
}

impl Gateway {
    /// A gateway that serves `supergraph` with `config`.
    pub fn new(config: Config, supergraph: Supergraph) -> Gateway {
        Gateway { config, supergraph }
    }

    /// The configuration it was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where a request's path (with its query) leads.
    pub fn route(&self, path: &str) -> Route {
        match path.split('?').next().unwrap_or(path) {
            "/health" => Route::Health,
            "/ready" => Route::Ready,
            path if path == self.config.path => Route::GraphQl,
            _ => Route::Pass,
        }
    }

    /// Takes note of `input`; what follows from it is then to be had from [`Gateway::poll_output`].
    pub fn handle(&mut self, _now: Timestamp, _input: Input) {
        let _ = &self.supergraph;
    }

    /// The next thing to do, until there is none. To be called after every [`Gateway::handle`].
    pub fn poll_output(&mut self) -> Option<Output> {
        None
    }

    /// Whether [`Gateway::poll_output`] has something.
    pub fn has_output(&self) -> bool {
        false
    }

    /// When [`Input::Tick`] is needed next; `None` if nothing waits for time to pass.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        None
    }
}
