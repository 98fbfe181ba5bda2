//! A well-behaved HTTP client that shows every answer as it is, whatever its status.

use std::sync::LazyLock;
use std::time::Duration;

use ureq::{Agent, AsSendBody, http};

use super::reply::Reply;

const PATIENCE: Duration = Duration::from_secs(60);
const LARGEST: u64 = 64 << 20;

static AGENT: LazyLock<Agent> = LazyLock::new(|| {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .proxy(None)
        // Each request is one of its own: tests count connections and close them.
        .max_idle_connections(0);
    config.build().into()
});

/// Sends a request and waits for its answer.
#[track_caller]
pub(crate) fn send(request: http::Request<impl AsSendBody>) -> Reply {
    let what = format!("{} {}", request.method(), request.uri());
    let mut response = AGENT.run(request).unwrap_or_else(|error| panic!("{what}: {error}"));
    let body = response.body_mut().with_config().limit(LARGEST).read_to_vec();
    Reply {
        status: response.status().as_u16(),
        headers: response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: body.unwrap_or_else(|error| panic!("{what}: {error}")),
    }
}

/// GET.
#[track_caller]
pub(crate) fn get(url: &str) -> Reply {
    send(http::Request::get(url).body(()).expect("the URL is valid"))
}

/// POST of a JSON text.
#[track_caller]
pub(crate) fn post(url: &str, json: &str) -> Reply {
    let request = http::Request::post(url).header("content-type", "application/json");
    send(request.body(json).expect("the URL is valid"))
}
