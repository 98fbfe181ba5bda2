//! Answers as the clients of a load read them, who share processors with what they measure: HTTP/1.1, a head and a body
//! by its length or in chunks (RFC 9112).

use std::io;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// The answer that was read last; its memory is used again.
#[derive(Default)]
pub(crate) struct Response {
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
    /// Reads the next answer.
    ///
    /// # Errors
    /// The connection broke, or was closed before the answer was complete.
    pub(crate) async fn read(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        self.bytes.clear();
        self.unchunked = None;
        self.head = loop {
            self.more(stream).await?;
            if let Some(end) = self.bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        match framing(&self.bytes[..self.head]) {
            Framing::Length(length) => {
                while self.bytes.len() < self.head + length {
                    self.more(stream).await?;
                }
            }
            Framing::Chunks => loop {
                if let Some(body) = unchunk(&self.bytes[self.head..]) {
                    self.unchunked = Some(body);
                    break;
                }
                self.more(stream).await?;
            },
        }
        Ok(())
    }

    async fn more(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        self.bytes.reserve(64 << 10);
        match stream.read_buf(&mut self.bytes).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// The status of the answer that was read.
    pub(crate) fn status(&self) -> Option<u16> {
        std::str::from_utf8(self.bytes.get(9..12)?).ok()?.parse().ok()
    }

    /// Its status line and header lines.
    pub(crate) fn head(&self) -> &[u8] {
        &self.bytes[..self.head]
    }

    /// Its body.
    pub(crate) fn body(&self) -> &[u8] {
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
