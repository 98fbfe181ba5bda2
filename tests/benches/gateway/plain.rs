//! The measure that Weir is held against: Envoy that passes requests on to a server which has the answer ready.

use std::convert::Infallible;
use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::gateway::Gateway;
use crate::support::ports;

/// A plain Envoy before a server of one answer.
pub(crate) struct Plain {
    pub(crate) gateway: Gateway,
}

impl Plain {
    /// Starts both; every POST to /graphql is answered with `answer`.
    pub(crate) fn start(answer: &[u8]) -> Plain {
        let upstream = serve(Bytes::copy_from_slice(answer));
        let (address, admin) = (ports::free(), ports::free());
        Plain { gateway: Gateway::of_bootstrap(&bootstrap(address, admin, upstream), address, admin) }
    }
}

/// Serves on a thread of its own until the process ends.
fn serve(body: Bytes) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a listener can be non-blocking");
    let address = listener.local_addr().expect("a listener has an address");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("the listener is non-blocking");
            loop {
                let (stream, _) = listener.accept().await.expect("Envoy connects");
                let _ = stream.set_nodelay(true);
                let body = body.clone();
                let service = service_fn(move |request: Request<Incoming>| {
                    let body = body.clone();
                    async move {
                        let _ = request.into_body().collect().await;
                        let response = Response::builder().header("content-type", "application/json");
                        Ok::<_, Infallible>(response.body(Full::new(body)).expect("the answer is valid"))
                    }
                });
                // Ends with an error when Envoy closes the connection.
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
    });
    address
}

/// As little as proxying takes: no filter but the router.
fn bootstrap(listen: SocketAddr, admin: SocketAddr, upstream: SocketAddr) -> Value {
    let socket = |address: SocketAddr| json!({ "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } });
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
    });
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "plain",
        "route_config": { "virtual_hosts": [{ "name": "plain", "domains": ["*"], "routes": [
            { "match": { "path": "/ready" }, "direct_response": { "status": 200 } },
            { "match": { "prefix": "/" }, "route": { "cluster": "upstream" } },
        ]}]},
        "http_filters": [router],
    });
    json!({
        "admin": { "address": socket(admin) },
        "static_resources": {
            "listeners": [{
                "name": "plain",
                "address": socket(listen),
                "filter_chains": [{ "filters": [
                    { "name": "envoy.filters.network.http_connection_manager", "typed_config": manager },
                ]}],
            }],
            "clusters": [{
                "name": "upstream",
                "type": "STATIC",
                "load_assignment": {
                    "cluster_name": "upstream",
                    "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": socket(upstream) } }] }],
                },
            }],
        },
    })
}
