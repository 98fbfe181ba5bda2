//! Clients that ask at a fixed rate, and take down what becomes of each request.
//!
//! A client waits for its answer before it asks again, and asks no more often than its turn comes. One that measures latency
//! for others (`Pace::Open`) begins to count when its turn came, even if the answer before was late: else a stall of a
//! second would count as one slow request, and not as all that fell into it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::response::Response;
use crate::workload::Exchange;

/// Clients of one kind.
pub(crate) struct Clients {
    /// Asked in turn by each, which begin at different ones.
    pub(crate) exchanges: Arc<[Exchange]>,
    pub(crate) connections: usize,
    /// The time from one turn of a client to its next.
    pub(crate) every: Duration,
    pub(crate) pace: Pace,
}

/// What a client does whose answer came after its next turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// It gives up the turns that it missed.
    Closed,
    /// It makes up for them, as if it had asked in time.
    Open,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Asked {
    /// When it began, from the start of the run.
    pub(crate) at: Duration,
    pub(crate) took: Duration,
    /// The codes of its errors; none if it was answered rightly.
    pub(crate) failed: Option<String>,
}

impl Clients {
    /// Asks from `start` until `end`, then waits for the answers that are due.
    ///
    /// Panics at an answer that is wrong and says nothing of it.
    pub(crate) fn run(&self, address: SocketAddr, start: Instant, end: Instant) -> Vec<Asked> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut clients = JoinSet::new();
            for number in 0..self.connections {
                let first = self.every * u32::try_from(number).expect("few")
                    / u32::try_from(self.connections).expect("few");
                let exchanges = Arc::clone(&self.exchanges);
                clients.spawn(client(
                    address,
                    exchanges,
                    number,
                    self.every,
                    self.pace,
                    start,
                    start + first,
                    end,
                ));
            }
            clients.join_all().await.into_iter().flatten().collect()
        })
    }
}

#[allow(clippy::too_many_arguments, reason = "a task owns what it needs")]
async fn client(
    address: SocketAddr,
    exchanges: Arc<[Exchange]>,
    number: usize,
    every: Duration,
    pace: Pace,
    start: Instant,
    mut turn: Instant,
    end: Instant,
) -> Vec<Asked> {
    let mut stream = None;
    let mut response = Response::default();
    let mut all = Vec::new();
    for exchange in exchanges.iter().cycle().skip(number % exchanges.len()) {
        let now = Instant::now();
        let began = if now < turn {
            tokio::time::sleep_until(turn.into()).await;
            // A timer is a millisecond late; that is not the gateway's.
            Instant::now()
        } else {
            match pace {
                Pace::Open => turn,
                Pace::Closed => now,
            }
        };
        if began >= end || Instant::now() >= end {
            break;
        }
        let failed = ask(&mut stream, address, exchange, &mut response).await;
        all.push(Asked { at: began - start, took: began.elapsed(), failed });
        turn = match pace {
            Pace::Open => turn + every,
            Pace::Closed => (turn + every).max(Instant::now()),
        };
    }
    all
}

/// Sends a request; returns what failed. A connection that broke is left, and the next request makes a new one.
async fn ask(
    stream: &mut Option<TcpStream>,
    address: SocketAddr,
    exchange: &Exchange,
    response: &mut Response,
) -> Option<String> {
    let exchanged = async {
        let connection = match stream.take() {
            Some(connection) => stream.insert(connection),
            None => {
                let connection = TcpStream::connect(address).await?;
                connection.set_nodelay(true)?;
                stream.insert(connection)
            }
        };
        connection.write_all(&exchange.request).await?;
        response.read(connection).await
    };
    match exchanged.await {
        Ok(()) if response.status() == Some(200) && response.body() == exchange.answer => None,
        Ok(()) => Some(codes(response)),
        Err(_) => {
            *stream = None;
            Some("connection broken".to_owned())
        }
    }
}

/// The codes of an answer's errors, each once.
fn codes(response: &Response) -> String {
    let json: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let errors = json["errors"].as_array().into_iter().flatten();
    let codes: BTreeSet<&str> = errors.filter_map(|error| error["extensions"]["code"].as_str()).collect();
    assert!(
        !codes.is_empty(),
        "a wrong answer: {:?} {}",
        response.status(),
        String::from_utf8_lossy(response.body())
    );
    codes.into_iter().collect::<Vec<_>>().join(" + ")
}
