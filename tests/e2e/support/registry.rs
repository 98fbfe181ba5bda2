//! A registry that serves a supergraph over HTTP, with an ETag, as its source for gateways that poll.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::ports;

/// A running one. Its threads end with the test process.
pub(crate) struct Registry {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    sdl: Mutex<String>,
    full: AtomicU64,
    not_modified: AtomicU64,
}

impl Registry {
    /// Starts one that serves `sdl`.
    pub(crate) fn start(sdl: String) -> Registry {
        let address = ports::free();
        let listener = TcpListener::bind(address).expect("the port is free");
        let shared = Arc::new(Shared {
            sdl: Mutex::new(sdl),
            full: AtomicU64::new(0),
            not_modified: AtomicU64::new(0),
        });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = Arc::clone(&served);
                std::thread::spawn(move || serve(stream, &served));
            }
        });
        Registry { address, shared }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/supergraph.graphql", self.address)
    }

    /// Serves another supergraph from now on.
    pub(crate) fn publish(&self, sdl: String) {
        *self.shared.sdl.lock().unwrap_or_else(PoisonError::into_inner) = sdl;
    }

    /// How often it answered with a supergraph, and with 304.
    pub(crate) fn answers(&self) -> (u64, u64) {
        (self.shared.full.load(Ordering::Relaxed), self.shared.not_modified.load(Ordering::Relaxed))
    }
}

fn serve(stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut known = String::new();
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("if-none-match")
            {
                known = value.trim().to_owned();
            }
        }
        let sdl = shared.sdl.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sum = sdl.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let etag = format!("\"{sum:x}\"");
        let answer = if known == etag {
            shared.not_modified.fetch_add(1, Ordering::Relaxed);
            format!("HTTP/1.1 304 Not Modified\r\netag: {etag}\r\n\r\n")
        } else {
            shared.full.fetch_add(1, Ordering::Relaxed);
            format!("HTTP/1.1 200 OK\r\netag: {etag}\r\ncontent-length: {}\r\n\r\n{sdl}", sdl.len())
        };
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
