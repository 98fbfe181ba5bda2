//! Asks subgraphs without TLS whether they speak HTTP/2.
//!
//! Without TLS nothing negotiates the version (RFC 9113, section 3.3, leaves prior knowledge alone), so it has to be
//! found out. What is sent is a connection's first bytes and no request: nothing is executed by it. A server of
//! HTTP/2 must answer with SETTINGS (section 3.4); one of HTTP/1.1 sees an unknown method, answers 400 or hangs up.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long one subgraph may take: they are asked at once, so it is what the start may wait.
const PATIENCE: Duration = Duration::from_secs(1);

/// The client's connection preface and an empty SETTINGS frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// GOAWAY without an error: the server need not log a client that broke off.
const GOAWAY: &[u8] = b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0";
const FRAME_HEADER: usize = 9;
const SETTINGS: u8 = 4;
const ACK: u8 = 1;

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// It answered as RFC 9113 wants.
    Http2,
    /// It is there and answers otherwise.
    Http1,
    /// Nothing, for this reason.
    Unknown(String),
}

/// Asks all of these hosts and ports at once; the findings come in the same order.
///
/// # Errors
/// No runtime can be made.
pub(super) fn ask(places: Vec<(String, u16)>) -> std::io::Result<Vec<Finding>> {
    let mut findings = vec![Finding::Unknown("it was not asked".to_owned()); places.len()];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut asked = JoinSet::new();
        for (index, (host, port)) in places.into_iter().enumerate() {
            asked.spawn(async move { (index, within(PATIENCE, &host, port).await) });
        }
        while let Some(answered) = asked.join_next().await {
            if let Ok((index, finding)) = answered {
                findings[index] = finding;
            }
        }
    });
    // A name that is still being looked up, on a thread of its own, is not waited for.
    runtime.shutdown_background();
    Ok(findings)
}

async fn within(patience: Duration, host: &str, port: u16) -> Finding {
    let connected = match timeout(patience, TcpStream::connect((host, port))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Finding::Unknown(error.to_string()),
        Err(_) => return Finding::Unknown("no connection in time".to_owned()),
    };
    match timeout(patience, speaks_http2(connected)).await {
        Ok(true) => Finding::Http2,
        Ok(false) => Finding::Http1,
        Err(_) => Finding::Unknown("no answer in time".to_owned()),
    }
}

/// Whether the first bytes that come back are a SETTINGS frame. A connection that breaks off is an answer too.
async fn speaks_http2(mut stream: TcpStream) -> bool {
    let mut header = [0; FRAME_HEADER];
    if stream.write_all(PREFACE).await.is_err() || stream.read_exact(&mut header).await.is_err() {
        return false;
    }
    let [_, _, low_length, kind, flags, stream_id @ ..] = header;
    // A setting takes six bytes, and no server has so many that the length needs more than its low byte.
    let fits = header[..2] == [0, 0] && low_length.is_multiple_of(6);
    let is_settings = fits && kind == SETTINGS && flags & ACK == 0 && stream_id == [0; 4];
    if is_settings {
        let _ = stream.write_all(GOAWAY).await;
    }
    is_settings
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A server that says `answer` to the first who connects, after it has read the preface, and hangs up.
    async fn server(answer: &'static [u8]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut preface = [0; PREFACE.len()];
            stream.read_exact(&mut preface).await.unwrap();
            assert_eq!(preface, PREFACE);
            stream.write_all(answer).await.unwrap();
        });
        port
    }

    async fn found(answer: &'static [u8]) -> Finding {
        within(PATIENCE, "127.0.0.1", server(answer).await).await
    }

    #[tokio::test]
    async fn settings_are_http2() {
        assert_eq!(found(b"\0\0\0\x04\0\0\0\0\0").await, Finding::Http2);
        assert_eq!(found(b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\x03\xe8").await, Finding::Http2);
    }

    #[tokio::test]
    async fn all_else_is_not() {
        assert_eq!(found(b"HTTP/1.1 400 Bad Request\r\n\r\n").await, Finding::Http1);
        assert_eq!(found(b"").await, Finding::Http1);
        // An acknowledgement without SETTINGS of its own, SETTINGS of a stream, another frame.
        assert_eq!(found(b"\0\0\0\x04\x01\0\0\0\0").await, Finding::Http1);
        assert_eq!(found(b"\0\0\0\x04\0\0\0\0\x01").await, Finding::Http1);
        assert_eq!(found(b"\0\0\x08\x07\0\0\0\0\0").await, Finding::Http1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_waited_for_no_longer_than_agreed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let start = tokio::time::Instant::now();
        assert_eq!(
            within(PATIENCE, "127.0.0.1", port).await,
            Finding::Unknown("no answer in time".to_owned())
        );
        assert!(start.elapsed() <= 2 * PATIENCE);
        drop(listener);
        let gone = within(PATIENCE, "127.0.0.1", port).await;
        assert!(matches!(&gone, Finding::Unknown(reason) if reason.contains("refused")), "{gone:?}");
    }

    #[test]
    #[allow(
        clippy::disallowed_methods,
        reason = "a server needs a thread: what is tested makes its own runtime"
    )]
    fn all_are_asked_and_findings_keep_their_order() {
        let servers: Vec<_> = [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\0\0\0\x04\0\0\0\0\0"]
            .into_iter()
            .map(|answer| {
                use std::io::{Read as _, Write as _};
                let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                let place = ("127.0.0.1".to_owned(), listener.local_addr().unwrap().port());
                std::thread::spawn(move || {
                    let (mut stream, _) = listener.accept().unwrap();
                    stream.read_exact(&mut [0; PREFACE.len()]).unwrap();
                    stream.write_all(answer).unwrap();
                });
                place
            })
            .collect();
        assert_eq!(ask(servers).unwrap(), [Finding::Http1, Finding::Http2]);
    }
}
