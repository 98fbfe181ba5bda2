//! The strict subgraphs of a suite (`tests/suites`), as HTTP servers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::LocalSet;
use weir_tests::reference::server::Server;
use weir_tests::suite::Suite;

use super::{client, ports};

/// A suite's servers. Their thread ends with the test process.
pub(crate) struct SuiteServers {
    /// The supergraph, with the servers' addresses.
    pub(crate) supergraph: String,
    control: SocketAddr,
}

impl SuiteServers {
    /// Starts a server for each subgraph.
    pub(crate) fn start(suite: &Suite) -> SuiteServers {
        let name = suite.name.clone();
        let mut supergraph = suite.supergraph.clone();
        let mut listeners = Vec::new();
        for (index, subgraph) in suite.subgraphs().into_iter().enumerate() {
            let address = ports::free();
            supergraph = supergraph.replace(&format!("127.0.0.1:{}/", 4301 + index), &format!("{address}/"));
            listeners.push((subgraph, bind(address)));
        }
        let control = ports::free();
        let at_control = bind(control);
        // The suite is loaded there again: its servers share their data, and are not made for many threads.
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            LocalSet::new().block_on(&runtime, async move {
                let suite = Rc::new(Suite::named(&name));
                for (subgraph, listener) in listeners {
                    let server = suite.server(&subgraph);
                    tokio::task::spawn_local(serve(listener, move |body| answer(&server, body)));
                }
                serve(at_control, move |_| {
                    suite.reset();
                    Value::from(suite.take_violations()).to_string()
                })
                .await;
            });
        });
        SuiteServers { supergraph, control }
    }

    /// Puts the data back as they were; returns what the gateway asked that it must not ask.
    pub(crate) fn reset(&self) -> Value {
        client::post(&format!("http://{}/", self.control), "{}").json()
    }
}

fn bind(address: SocketAddr) -> std::net::TcpListener {
    let listener = std::net::TcpListener::bind(address).expect("the port is free");
    listener.set_nonblocking(true).expect("a listener can be non-blocking");
    listener
}

fn answer(server: &Server, body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(body) => server.answer(&body).body(),
        Err(error) => json!({"errors": [{"message": error.to_string()}]}).to_string(),
    }
}

async fn serve(listener: std::net::TcpListener, answer: impl Fn(&[u8]) -> String + 'static) {
    let listener = TcpListener::from_std(listener).expect("the listener is non-blocking");
    let answer = Rc::new(answer);
    while let Ok((stream, _)) = listener.accept().await {
        let answer = Rc::clone(&answer);
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = Rc::clone(&answer);
            async move {
                let body =
                    request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                let response = Response::builder().header("content-type", "application/json");
                let body = Full::new(Bytes::from(answer(&body)));
                Ok::<_, Infallible>(response.body(body).expect("the answer is valid"))
            }
        });
        // Ends with an error when Envoy closes the connection.
        tokio::task::spawn_local(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
        );
    }
}
