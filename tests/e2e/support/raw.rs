//! A connection on which a test writes what it likes: what no HTTP client would send, and when none would.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::reply::Reply;

const PATIENCE: Duration = Duration::from_secs(60);

/// A client's connection.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Connects.
    pub(crate) fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).expect("the gateway listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream.set_nodelay(true).expect("TCP_NODELAY can be set");
        Connection(BufReader::new(stream))
    }

    /// Writes bytes. A peer that closes meanwhile is no fault: it may have answered already.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> &mut Connection {
        let _ = self.0.get_mut().write_all(bytes);
        self
    }

    /// Reads one answer.
    #[track_caller]
    pub(crate) fn read(&mut self) -> Reply {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).expect("the gateway answers");
            assert!(!line.is_empty(), "the connection was closed without an answer: {head:?}");
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let status = head[0].split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
        let pairs = head[1..].iter().filter_map(|line| line.split_once(':'));
        let headers: Vec<_> =
            pairs.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
        let mut reply = Reply { status, headers, body: Vec::new() };
        let read = match reply.header("content-length").parse() {
            Ok(length) => {
                reply.body.resize(length, 0);
                self.0.read_exact(&mut reply.body)
            }
            Err(_) => self.0.read_to_end(&mut reply.body).map(drop),
        };
        read.expect("the body is complete");
        reply
    }
}

/// Sends bytes on a new connection and reads the answer.
#[track_caller]
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> Reply {
    Connection::open(address).write(bytes).read()
}

/// A POST of a JSON text to the GraphQL endpoint, as bytes.
pub(crate) fn post(json: &str) -> Vec<u8> {
    format!(
        "POST /graphql HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{json}",
        json.len()
    )
    .into_bytes()
}
