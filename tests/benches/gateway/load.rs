//! Clients that ask as fast as they are answered, each over a connection of its own.
//!
//! They share processors with what they measure, so they read HTTP/1.1 by themselves: a head, and a body by its
//! length or in chunks (RFC 9112). Requests are bytes made in advance, and an answer is compared where it was read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

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
        response.read(&mut stream).await;
        latencies.push(start.elapsed());
        let body = response.body();
        assert!(
            response.is_ok() && body == exchange.answer,
            "a wrong answer: {} {}",
            String::from_utf8_lossy(&response.bytes[..response.head]),
            String::from_utf8_lossy(&body[..body.len().min(2_000)])
        );
    }
    latencies
}

/// The answer that was read last; its memory is used again.
#[derive(Default)]
struct Response {
    bytes: Vec<u8>,
    /// Where the body begins.
    head: usize,
    /// What its chunks hold, if it came in chunks.
    unchunked: Option<Vec<u8>>,
}

enum Framing {
    Length(usize),
    Chunks,
}

impl Response {
    async fn read(&mut self, stream: &mut TcpStream) {
        self.bytes.clear();
        self.unchunked = None;
        self.head = loop {
            self.more(stream).await;
            if let Some(end) = self.bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        match framing(&self.bytes[..self.head]) {
            Framing::Length(length) => {
                while self.bytes.len() < self.head + length {
                    self.more(stream).await;
                }
            }
            Framing::Chunks => loop {
                if let Some(body) = unchunk(&self.bytes[self.head..]) {
                    self.unchunked = Some(body);
                    break;
                }
                self.more(stream).await;
            },
        }
    }

    async fn more(&mut self, stream: &mut TcpStream) {
        self.bytes.reserve(64 << 10);
        let read = stream.read_buf(&mut self.bytes).await.expect("the gateway answers");
        assert!(read > 0, "the gateway closed the connection: {}", String::from_utf8_lossy(&self.bytes));
    }

    fn is_ok(&self) -> bool {
        self.bytes.starts_with(b"HTTP/1.1 200")
    }

    fn body(&self) -> &[u8] {
        self.unchunked.as_deref().unwrap_or(&self.bytes[self.head..])
    }
}

fn framing(head: &[u8]) -> Framing {
    for line in head.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
            return Framing::Length(length.expect("a length is a number"));
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            return Framing::Chunks;
        }
    }
    panic!("an answer without a length: {}", String::from_utf8_lossy(head))
}

/// The content of a chunked body without trailers; `None` while its end is missing.
fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|window| window == b"\r\n")?;
        let size =
            bytes[..end].split(|byte| *byte == b';').next().and_then(|hex| std::str::from_utf8(hex).ok());
        let size =
            size.and_then(|hex| usize::from_str_radix(hex.trim(), 16).ok()).expect("a chunk has a size");
        let chunk = bytes.get(end + 2..end + 2 + size + 2)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..size]);
        bytes = &bytes[end + 2 + size + 2..];
    }
}
