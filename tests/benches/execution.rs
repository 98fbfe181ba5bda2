//! One request through the gateway alone, with answers that real subgraphs gave once: what execution costs natively.
//!
//! `cargo run --release -p weir-cli -- subgraphs` must listen on 127.0.0.1:4100.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;
use weir_gateway::event::{Call, CallFailure, HttpRequest, HttpResponse, Level, Reply, Timestamp};
use weir_gateway::metric::Metric;
use weir_gateway::{Ask, Gateway, Host, Input, RequestId, SharedReply, Surroundings, drive};

#[derive(Default)]
struct Recorded {
    answers: HashMap<(String, Vec<u8>), Vec<u8>>,
    calls: VecDeque<Call>,
    reply: Option<Reply>,
}

impl Host for Recorded {
    fn call(&mut self, call: Call) -> Result<(), CallFailure> {
        self.calls.push_back(call);
        Ok(())
    }
    fn reply(&mut self, _: RequestId, reply: Reply) {
        self.reply = Some(reply);
    }
    fn shared(&mut self, ask: Ask) -> SharedReply {
        match ask {
            Ask::Get { .. } => SharedReply::Got { value: None, cas: None },
            Ask::Set { .. } => SharedReply::Set(Ok(())),
        }
    }
    fn count(&mut self, _: Metric, _: i64) {}
    fn set(&mut self, _: Metric, _: u64) {}
    fn record(&mut self, _: Metric, _: u64) {}
    fn read(&mut self, _: Metric) -> u64 {
        0
    }
    fn subgraphs(&mut self, _: &[String]) {}
    fn log(&mut self, _: Level, _: &str) {}
    fn wake(&mut self) {}
    fn set_timer(&mut self, _: Option<Duration>) {}
}

fn ask(call: &Call) -> Vec<u8> {
    let mut stream = TcpStream::connect("127.0.0.1:4100").expect("weirctl subgraphs runs");
    let head = format!(
        "POST {} HTTP/1.0\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        call.path,
        call.body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&call.body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let at = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    answer.split_off(at + 4)
}

fn main() {
    let sdl = include_str!("../../envoy/supergraph.graphql");
    let document = json!({"supergraph": {"inline": sdl}}).to_string();
    let loaded = weir_gateway::config::load(&document).unwrap();
    let surroundings = Surroundings { clock: Box::new(|| Timestamp(Duration::from_secs(1000))), seed: 1 };
    let gateway = RefCell::new(Gateway::new(loaded, &document, surroundings));
    let mut host = Recorded::default();
    let now = Timestamp(Duration::from_secs(1000));
    let users: u32 = std::env::var("USERS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let products: u32 = std::env::var("PRODUCTS").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    let body = json!({"query": include_str!("storefront.graphql"), "variables": {"users": users, "products": products}})
        .to_string()
        .into_bytes();
    let headers = vec![("content-type".to_owned(), b"application/json".to_vec())];
    let rounds: u32 = std::env::var("ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2000);
    let mut best = Duration::MAX;
    let (mut sent, mut size, mut received) = (0, 0, 0);
    drive(&gateway, &mut host, now, Input::Begin);
    let all = Instant::now();
    for round in 0..rounds {
        let request = HttpRequest {
            method: "POST".into(),
            path: "/graphql".into(),
            headers: headers.clone(),
            body: body.clone(),
        };
        let began = Instant::now();
        (sent, received) = (0, 0);
        drive(&gateway, &mut host, now, Input::Request { id: RequestId(round), request });
        while host.reply.is_none() {
            let Some(call) = host.calls.pop_front() else {
                drive(&gateway, &mut host, now, Input::Tick);
                continue;
            };
            sent += 1;
            let key = (call.path.clone(), call.body.clone());
            let body = host.answers.entry(key).or_insert_with(|| ask(&call)).clone();
            received += body.len();
            let response = HttpResponse {
                status: 200,
                headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
                body,
            };
            drive(&gateway, &mut host, now, Input::CallDone { call: call.id, response });
        }
        size = host.reply.take().map_or(0, |reply| reply.body.len());
        best = best.min(began.elapsed());
    }
    println!("{sent} calls, {received} bytes in, {size} bytes out, best {best:?}, mean {:?}", all.elapsed() / rounds);
}
