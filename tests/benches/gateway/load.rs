//! Clients that ask as fast as they are answered, each over a connection of its own.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What is asked, and what must be answered.
pub(crate) struct Load {
    pub(crate) request: String,
    pub(crate) answer: Vec<u8>,
    pub(crate) connections: usize,
}

/// What was measured.
#[derive(Default)]
pub(crate) struct Sample {
    /// Of each request, in no order.
    pub(crate) latencies: Vec<Duration>,
    /// How long requests were sent for.
    pub(crate) time: Duration,
}

impl Sample {
    /// Adds another turn.
    pub(crate) fn add(&mut self, turn: Sample) {
        self.latencies.extend(turn.latencies);
        self.time += turn.time;
    }
}

impl Load {
    /// Asks for as long as `time`, then waits for the answers that are due.
    ///
    /// Panics at the first answer that is not the right one: a wrong answer has no speed.
    pub(crate) fn run(&self, address: SocketAddr, time: Duration) -> Sample {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let start = Instant::now();
            let mut clients = JoinSet::new();
            for _ in 0..self.connections {
                let (request, answer) = (Bytes::from(self.request.clone()), Bytes::from(self.answer.clone()));
                clients.spawn(client(address, request, answer, start + time));
            }
            let latencies = clients.join_all().await.into_iter().flatten().collect();
            Sample { latencies, time: start.elapsed() }
        })
    }
}

async fn client(address: SocketAddr, request: Bytes, answer: Bytes, end: Instant) -> Vec<Duration> {
    let stream = TcpStream::connect(address).await.expect("the gateway listens");
    stream.set_nodelay(true).expect("TCP_NODELAY can be set");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    let connection = tokio::spawn(connection);
    let mut latencies = Vec::new();
    while Instant::now() < end {
        let start = Instant::now();
        let post =
            Request::post("/graphql").header("host", "weir").header("content-type", "application/json");
        let post = post.body(Full::new(request.clone())).expect("the request is valid");
        let response = sender.send_request(post).await.expect("the gateway answers");
        let status = response.status();
        let body = response.into_body().collect().await.expect("the answer is complete").to_bytes();
        latencies.push(start.elapsed());
        assert!(
            status == StatusCode::OK && body == answer,
            "status {status}, {}",
            String::from_utf8_lossy(&body)
        );
    }
    connection.abort();
    latencies
}
