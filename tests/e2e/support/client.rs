//! A well-behaved HTTP client that shows every answer as it is, whatever its status.

use std::sync::LazyLock;
use std::time::Duration;

use ureq::{Agent, AsSendBody, http};

use super::reply::Reply;

const PATIENCE: Duration = Duration::from_secs(60);
const LARGEST: u64 = 64 << 20;

// Each request has a connection of its own: tests count connections and close them.
static AGENT: LazyLock<Agent> = LazyLock::new(|| agent(0));

fn agent(idle_connections: usize) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .proxy(None)
        .max_idle_connections(idle_connections);
    config.build().into()
}

/// A connection to a GraphQL endpoint that is kept open between requests.
pub(crate) struct Connection {
    agent: Agent,
    url: String,
}

impl Connection {
    /// It is made with the first request.
    pub(crate) fn new(url: String) -> Connection {
        Connection { agent: agent(1), url }
    }

    /// POSTs a GraphQL request.
    #[track_caller]
    pub(crate) fn post(&self, request: &serde_json::Value) -> Reply {
        let post = http::Request::post(&self.url).header("content-type", "application/json");
        send_by(&self.agent, post.body(request.to_string()).expect("the URL is valid"))
    }
}

/// Sends a request and waits for its answer.
#[track_caller]
pub(crate) fn send(request: http::Request<impl AsSendBody>) -> Reply {
    send_by(&AGENT, request)
}

#[track_caller]
fn send_by(agent: &Agent, request: http::Request<impl AsSendBody>) -> Reply {
    let what = format!("{} {}", request.method(), request.uri());
    let mut response = agent.run(request).unwrap_or_else(|error| panic!("{what}: {error}"));
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
