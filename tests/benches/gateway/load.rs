//! Clients that ask as fast as they are answered, each over a connection of its own.
//!
//! They share processors with what they measure: requests are bytes made in advance, and an answer is compared where
//! it was read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::response::Response;

/// A request, and the body that must answer it.
#[derive(Clone)]
pub(crate) struct Exchange {
    /// As it is sent, head included.
    pub(crate) request: Vec<u8>,
    pub(crate) answer: Vec<u8>,
}

/// What is asked of one gateway.
pub(crate) struct Load {
    /// Asked in turn by each connection, which begin at different ones.
    pub(crate) exchanges: Arc<[Exchange]>,
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
            for number in 0..self.connections {
                clients.spawn(client(address, Arc::clone(&self.exchanges), number, start + time));
            }
            let latencies = clients.join_all().await.into_iter().flatten().collect();
            Sample { latencies, time: start.elapsed() }
        })
    }
}

async fn client(
    address: SocketAddr,
    exchanges: Arc<[Exchange]>,
    number: usize,
    end: Instant,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.expect("the gateway listens");
    stream.set_nodelay(true).expect("TCP_NODELAY can be set");
    let mut latencies = Vec::new();
    let mut response = Response::default();
    for exchange in exchanges.iter().cycle().skip(number % exchanges.len()) {
        let start = Instant::now();
        if start >= end {
            break;
        }
        stream.write_all(&exchange.request).await.expect("the gateway reads");
        response.read(&mut stream).await.expect("the gateway answers");
        latencies.push(start.elapsed());
        let body = response.body();
        assert!(
            response.status() == Some(200) && body == exchange.answer,
            "a wrong answer: {} {}",
            String::from_utf8_lossy(response.head()),
            String::from_utf8_lossy(&body[..body.len().min(2_000)])
        );
    }
    latencies
}
