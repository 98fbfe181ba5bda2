//! The root context: takes a configuration, and is the worker's clock and bell.

use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{BufferType, ContextType, LogLevel};
use weir_gateway::{Gateway, Input, RequestId, Surroundings, config};

use crate::clock::Clock;
use crate::hostcall::{self, attempt};
use crate::http::Stream;
use crate::metrics::Metrics;
use crate::operators;
use crate::panic::guard;
use crate::plugin_configuration;
use crate::unconfigured::Unconfigured;
use crate::wake::Wake;
use crate::worker::Worker;

/// The root of one plugin configuration in one VM. With N workers Envoy makes N + 2 of them: one to try the
/// configuration, one on the main thread that never sees a request, and one for each worker.
pub(crate) struct Root {
    id: u32,
    worker: Option<Rc<Worker>>,
    /// The admin listener's, without a worker of its own.
    for_operators: bool,
}

impl Root {
    /// A root without a configuration.
    pub(crate) fn new(id: u32) -> Root {
        Root { id, worker: None, for_operators: false }
    }

    /// Builds the worker for the plugin's configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it, one line each.
    fn configure(&self, size: usize) -> Result<Worker, Vec<String>> {
        let bytes = attempt(|| hostcalls::get_buffer(BufferType::PluginConfiguration, 0, size))
            .map_err(|refused| vec![format!("Envoy does not give the configuration: {refused:?}")])?
            .unwrap_or_default();
        let text = plugin_configuration::json_text(bytes).map_err(|problem| vec![problem])?;
        let loaded = config::load(&text)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let names: Vec<String> =
            loaded.config.subgraphs.iter().map(|subgraph| subgraph.name.clone()).collect();
        let metrics =
            Metrics::define(&names).map_err(|name| vec![format!("Envoy refuses the metric {name}")])?;
        let wake = Wake::register(self.id)
            .map_err(|refused| vec![format!("Envoy refuses a shared queue: {refused:?}")])?;
        let clock = Clock::start();
        let surroundings = Surroundings {
            clock: Box::new(move || clock.now()),
            // RandomState is seeded by WASI's random_get.
            seed: RandomState::new().hash_one(self.id),
        };
        Ok(Worker::new(self.id, Gateway::new(loaded, &text, surroundings), metrics, wake, clock))
    }

    /// Runs a callback of the worker in the net. `request` is the one that a panic would be answered on.
    fn netted(&self, callback: &str, request: Option<RequestId>, body: impl FnOnce(&Worker)) {
        if let Some(worker) = &self.worker
            && let Err(caught) = guard(|| body(worker))
        {
            worker.recover(self.id, request, callback, &caught);
        }
    }
}

impl Context for Root {
    fn on_http_call_response(
        &mut self,
        token: u32,
        num_headers: usize,
        body_size: usize,
        _num_trailers: usize,
    ) {
        let request = self.worker.as_ref().and_then(|worker| worker.calls.borrow().request_of(token));
        self.netted("on_http_call_response", request, |worker| {
            worker.on_call_answered(self.id, token, num_headers, body_size);
        });
    }

    fn on_done(&mut self) -> bool {
        self.netted("on_done", None, |worker| worker.drive(self.id, Input::Retire));
        true
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        if operators::is_theirs() {
            self.for_operators = true;
            return true;
        }
        let problems = match guard(|| self.configure(size)) {
            Ok(Ok(worker)) => {
                worker.begin();
                let worker = Rc::new(worker);
                operators::show(&worker);
                self.worker = Some(worker);
                return true;
            }
            Ok(Err(problems)) => problems,
            Err(caught) => vec![format!("a panic, caught: {}", caught.place)],
        };
        for problem in problems {
            hostcall::log(LogLevel::Error, &format!("weir: configuration refused: {problem}"));
        }
        false
    }

    fn on_tick(&mut self) {
        self.netted("on_tick", None, Worker::on_tick);
    }

    fn on_queue_ready(&mut self, _queue_id: u32) {
        self.netted("on_queue_ready", None, Worker::on_wake);
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        let worker = if self.for_operators { operators::shown() } else { self.worker.clone() };
        Some(match worker {
            Some(worker) => Box::new(Stream::new(id, worker, self.for_operators)),
            None => Box::new(Unconfigured { id }),
        })
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
