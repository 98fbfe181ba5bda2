//! The listener of the demo subgraphs: HTTP/1.1 and HTTP/2 with prior knowledge on one port.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::options::Options;
use super::routes::{self, Subgraphs};
use super::supergraph::supergraph_at;

/// Enough for a gateway's load test over one connection.
const MAX_CONCURRENT_STREAMS: u32 = 1_000;

/// Connections that may wait to be accepted. A load test opens hundreds at once; beyond this the kernel drops
/// them silently, and the client's next try comes after a second.
const BACKLOG: u32 = 4_096;

/// A server that has its port and doesn't answer yet: connections wait.
pub(crate) struct Server {
    listener: TcpListener,
    router: Router,
    /// How others reach it, such as `http://127.0.0.1:4100`.
    pub(crate) base: String,
}

impl Server {
    /// Takes the port.
    ///
    /// # Errors
    /// The port is taken, or may not be used.
    pub(crate) async fn bind(options: &Options) -> anyhow::Result<Self> {
        let address = SocketAddr::new(options.host, options.port);
        let listener = listen(address).with_context(|| format!("can't listen on {address}"))?;
        let base = base(options, listener.local_addr()?);
        let subgraphs =
            Subgraphs::new(&options.names(), &options.settings(), options.remember, supergraph_at(&base));
        Ok(Self { listener, router: routes::router(Arc::new(subgraphs)), base })
    }

    /// Serves until `stop` is done, then drops every connection.
    pub(crate) async fn serve(self, stop: impl Future<Output = ()>) {
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => drop(connections.spawn(serve_connection(stream, self.router.clone()))),
                    // Out of file descriptors, most likely: that passes, and a busy loop would not help.
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As `TcpListener::bind` does: a port whose last connections linger can be taken again.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn serve_connection(stream: TcpStream, router: Router) {
    // Without it small answers wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        routes::respond(router.clone(), request.map(Body::new))
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(MAX_CONCURRENT_STREAMS);
    // Errors are clients that went away, and those that a fault mode makes on purpose.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

/// How others reach a process with these options that listens on `bound`.
pub(crate) fn base(options: &Options, bound: SocketAddr) -> String {
    if let Some(url) = &options.advertise {
        return url.clone();
    }
    let host = if bound.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { bound.ip() };
    format!("http://{}", SocketAddr::new(host, bound.port()))
}
