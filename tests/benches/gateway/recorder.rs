//! Stands between a gateway and the subgraphs, and remembers the calls of one request, in waves.
//!
//! Every answer is held back for the same time, so calls that were waiting for the same answers come together:
//! when a call comes says how many came before it in its chain.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::support::{client, ports};

/// Far more than a gateway and a subgraph take for a call on a machine at rest.
const HELD_BACK: Duration = Duration::from_millis(250);

/// A call as it came.
pub(crate) struct Recorded {
    at: Instant,
    pub(crate) path: String,
    /// By lower-case name.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// A running recorder; its threads end with the process.
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    calls: Arc<Mutex<Vec<Recorded>>>,
}

impl Recorder {
    /// Passes calls on to the subgraphs at `subgraphs`.
    pub(crate) fn start(subgraphs: SocketAddr) -> Recorder {
        let address = ports::free();
        let listener = TcpListener::bind(address).expect("the port is free");
        let calls = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let calls = Arc::clone(&remembered);
                std::thread::spawn(move || serve(stream, subgraphs, &calls));
            }
        });
        Recorder { address, calls }
    }

    /// The calls so far: those without a wait, those after one answer, after two, and so on.
    pub(crate) fn waves(&self) -> Vec<Vec<Recorded>> {
        let mut calls = std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner));
        calls.sort_by_key(|call| call.at);
        let mut waves: Vec<Vec<Recorded>> = Vec::new();
        for call in calls {
            let last = waves.last().and_then(|wave| wave.first()).map(|first| first.at);
            match (waves.last_mut(), last) {
                (Some(wave), Some(first)) if call.at - first < HELD_BACK => wave.push(call),
                _ => waves.push(vec![call]),
            }
        }
        waves
    }
}

/// The calls of one connection; ends with it, or at what is no call (`weirctl run` asks if HTTP/2 is spoken).
fn serve(stream: TcpStream, subgraphs: SocketAddr, calls: &Mutex<Vec<Recorded>>) {
    let mut reader = BufReader::new(stream);
    while let Some(call) = read(&mut reader) {
        let url = format!("http://{subgraphs}{}", call.path);
        let due = call.at + HELD_BACK;
        let answer = client::post(&url, &call.body);
        calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.body.len()
        );
        if reader.get_mut().write_all(&[head.as_bytes(), &answer.body].concat()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Recorded> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let at = Instant::now();
    let path = line.strip_prefix("POST ")?.split(' ').next()?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Recorded { at, path, headers, body: String::from_utf8(body).ok()? })
}
