//! The floor of `make bench`: a filter that makes the calls of a recorded request and replies with a recorded answer.
//!
//! It reads no request, no answer of a subgraph and no header: what it costs is what Envoy takes for the calls and the
//! reply of any gateway in Wasm, and what a gateway costs above it is the gateway's own.

#![cfg_attr(target_arch = "wasm32", feature(asm_experimental_arch))]

use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use serde::Deserialize;

// As in `filter/panic.rs`: std is built to unwind, and wasm-ld wants the tag of its exceptions.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "assembly is the only way to define an exception tag; it holds no code")]
mod tag {
    core::arch::global_asm!(".globl __cpp_exception", ".tagtype __cpp_exception i32", "__cpp_exception:");
}

#[allow(unreachable_pub, reason = "the SDK's macro makes the module's entry point, `_initialize`")]
mod entry {
    proxy_wasm::main! {{
        proxy_wasm::set_root_context(|_| Box::new(crate::Root::default()));
    }}
}

/// The plugin's configuration: what every request does.
#[derive(Deserialize, Default)]
struct Recorded {
    /// Calls that are made at once, each lot after the answers to the one before.
    waves: Vec<Vec<Call>>,
    /// Body of every reply.
    reply: String,
    content_type: String,
}

#[derive(Deserialize)]
struct Call {
    cluster: String,
    /// The pseudo headers among them.
    headers: Vec<(String, String)>,
    body: String,
}

/// Longer than any call of the benchmark takes.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Root(Rc<Recorded>);

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        match serde_json::from_slice(&self.get_plugin_configuration().unwrap_or_default()) {
            Ok(recorded) => {
                self.0 = Rc::new(recorded);
                true
            }
            Err(error) => {
                let _ = proxy_wasm::hostcalls::log(LogLevel::Error, &format!("floor: {error}"));
                false
            }
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { recorded: Rc::clone(&self.0), wave: 0, waiting: 0 }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream {
    recorded: Rc<Recorded>,
    /// The next to be sent.
    wave: usize,
    /// Answers that the last one still waits for.
    waiting: usize,
}

impl Stream {
    fn go_on(&mut self) {
        let recorded = Rc::clone(&self.recorded);
        let Some(wave) = recorded.waves.get(self.wave) else {
            let headers = vec![("content-type", recorded.content_type.as_str())];
            self.send_http_response(200, headers, Some(recorded.reply.as_bytes()));
            return;
        };
        self.wave += 1;
        self.waiting = wave.len();
        for call in wave {
            let headers = call.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let body = Some(call.body.as_bytes());
            if self.dispatch_http_call(&call.cluster, headers, body, Vec::new(), TIMEOUT).is_err() {
                self.send_http_response(500, Vec::new(), Some(b"a call was refused"));
                return;
            }
        }
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _: u32, headers: usize, _: usize, _: usize) {
        if headers == 0 {
            self.send_http_response(500, Vec::new(), Some(b"a call failed"));
            return;
        }
        self.waiting -= 1;
        if self.waiting == 0 {
            self.go_on();
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        // A probe: benchmarked requests have a body.
        if end_of_stream {
            self.send_http_response(200, Vec::new(), None);
        }
        Action::Pause
    }

    fn on_http_request_body(&mut self, _: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            self.go_on();
        }
        Action::Pause
    }
}
