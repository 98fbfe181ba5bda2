//! A subgraph that gives every call the same answer, byte for byte, and remembers what it was sent.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use super::ports;

/// A call as it came: the lines of its head, in bytes.
type Head = Vec<Vec<u8>>;

/// A running one. Its threads end with the test process.
pub(crate) struct Canned {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<Head>>>,
}

impl Canned {
    /// Starts one that answers with these header lines and this body.
    pub(crate) fn start(headers: &[&[u8]], body: &str) -> Canned {
        let mut answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n".to_vec();
        for line in headers {
            answer.extend_from_slice(line);
            answer.extend_from_slice(b"\r\n");
        }
        answer.extend_from_slice(format!("content-length: {}\r\n\r\n{body}", body.len()).as_bytes());
        let address = ports::free();
        let listener = TcpListener::bind(address).expect("the port is free");
        let heads = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, heads) = (answer.clone(), Arc::clone(&remembered));
                std::thread::spawn(move || serve(stream, &answer, &heads));
            }
        });
        Canned { address, heads }
    }

    /// The values of a header in the last call; empty if it had none.
    pub(crate) fn last(&self, name: &str) -> Vec<Vec<u8>> {
        let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let head = heads.last().expect("there was a call");
        head.iter().filter_map(|line| value_of(line, name)).collect()
    }

    /// The names of all headers of the last call.
    pub(crate) fn last_names(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let head = heads.last().expect("there was a call");
        let name = |line: &Vec<u8>| line.split(|byte| *byte == b':').next().map(<[u8]>::to_vec);
        let names = head.iter().skip(1).filter_map(name);
        names.map(|name| String::from_utf8_lossy(&name).to_lowercase()).collect()
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> usize {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn value_of(line: &[u8], name: &str) -> Option<Vec<u8>> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (key, value) = line.split_at(colon);
    key.eq_ignore_ascii_case(name.as_bytes()).then(|| value[1..].trim_ascii().to_vec())
}

/// Answers the calls of one connection until it ends.
fn serve(stream: TcpStream, answer: &[u8], heads: &Mutex<Vec<Head>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Head::new();
        loop {
            let mut line = Vec::new();
            if !reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                return;
            }
            match line.trim_ascii() {
                [] => break,
                line => head.push(line.to_vec()),
            }
        }
        let length = head.iter().find_map(|line| value_of(line, "content-length"));
        let length = length.and_then(|value| String::from_utf8(value).ok()?.parse().ok()).unwrap_or(0);
        if reader.read_exact(&mut vec![0; length]).is_err() {
            return;
        }
        heads.lock().unwrap_or_else(PoisonError::into_inner).push(head);
        if reader.get_mut().write_all(answer).is_err() {
            return;
        }
    }
}
