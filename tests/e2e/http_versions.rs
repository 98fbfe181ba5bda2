//! Over which version of HTTP subgraphs are called, and that failures mean the same over each.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::support::canned::Canned;
use crate::support::gateway::Gateway;
use crate::support::operations::{ME, demo, demo_answer};
use crate::support::ports;
use crate::support::subgraphs::Subgraphs;
use crate::support::traffic;
use crate::support::world::{World, calm};

const PREFACE: usize = 24;
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
const HEADERS: u8 = 1;

/// Calls of all subgraphs since the last reset, by version.
fn versions(subgraphs: &Subgraphs) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for stats in subgraphs.stats().as_object().unwrap().values() {
        for (version, calls) in stats["http_versions"].as_object().unwrap() {
            *all.entry(version.clone()).or_default() += calls.as_u64().unwrap();
        }
    }
    all
}

#[test]
fn subgraphs_that_speak_http2_are_found_and_called_over_it() {
    calm(|world| {
        assert_eq!(world.gateway.post(&demo()).text(), demo_answer());
        assert_eq!(versions(&world.subgraphs), BTreeMap::from([("HTTP/2.0".to_owned(), 7)]));
        let log = world.gateway.process.log();
        let line = "calls      HTTP/2: accounts, inventory, products, reviews";
        assert!(log.contains(line), "{log}");
        // One connection of the one worker carries them all.
        let cluster = format!("cluster.weir_127_0_0_1_{}", world.subgraphs.address.port());
        assert_eq!(world.gateway.stat(&format!("{cluster}.upstream_cx_http1_total")), 0);
        assert!(world.gateway.stat(&format!("{cluster}.upstream_cx_http2_total")) > 0);
    });
}

/// The other failures, and these over HTTP/2, are in `subgraph_failures`, whose gateway has found HTTP/2.
#[test]
fn over_http1_answers_and_failures_are_the_same() {
    let http1 = json!({ "protocol": "http1" });
    let config = traffic::off(json!({ "subgraphs": {
        "accounts": http1, "products": http1, "reviews": http1,
        "inventory": { "protocol": "http1", "timeout": "1s" },
    }}));
    let world = World::start(&config, 1);
    let log = world.gateway.process.log();
    assert!(log.contains("calls      HTTP/1.1: accounts, inventory, products, reviews"), "{log}");
    // By starting, weirctl asked nobody what it was told.
    assert_eq!(world.gateway.post(&demo()).text(), demo_answer());
    assert_eq!(versions(&world.subgraphs), BTreeMap::from([("HTTP/1.1".to_owned(), 7)]));
    for (mode, code) in [
        ("reset", "SUBGRAPH_UNREACHABLE"),
        ("truncated", "SUBGRAPH_UNREACHABLE"),
        ("hang", "SUBGRAPH_TIMED_OUT"),
        ("http_500", "SUBGRAPH_HTTP_ERROR"),
    ] {
        world.subgraphs.fault("inventory", mode);
        let reply = world.gateway.query("{ topProducts(first: 1) { upc shippingEstimate } }");
        let error = reply.error(200, code);
        assert_eq!(error["extensions"]["service"], "inventory", "{mode}: {error}");
        assert_eq!(
            reply.json()["data"],
            json!({ "topProducts": [{ "upc": "P0001", "shippingEstimate": Value::Null }] }),
            "{mode}"
        );
    }
}

/// A server of HTTP/2 that answers the first call of every connection with these frames, and hangs up.
fn frames(answer: &'static [u8]) -> SocketAddr {
    let address = ports::free();
    let listener = TcpListener::bind(address).expect("the port is free");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Ends with the connection, which the probe of `weirctl run` closes without a call.
            std::thread::spawn(move || one_call(stream, answer));
        }
    });
    address
}

fn one_call(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    stream.read_exact(&mut [0; PREFACE])?;
    stream.write_all(SETTINGS)?;
    loop {
        let mut header = [0; 9];
        stream.read_exact(&mut header)?;
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        stream.read_exact(&mut vec![0; usize::try_from(length).expect("a frame has at most 16 MiB")])?;
        if header[3] == HEADERS {
            return stream.write_all(answer);
        }
    }
}

/// A gateway whose accounts are at `accounts`, called over HTTP/2 whatever they speak.
fn with_accounts(subgraphs: &Subgraphs, accounts: SocketAddr) -> Gateway {
    let settings =
        json!({ "url": format!("http://{accounts}/graphql"), "protocol": "http2", "timeout": "2s" });
    let config = traffic::off(json!({ "subgraphs": { "accounts": settings } }));
    Gateway::run(&subgraphs.supergraph(), &config, 1)
}

#[test]
fn calls_that_an_http2_connection_drops_are_failures_of_their_subgraph() {
    let subgraphs = Subgraphs::start();
    // RST_STREAM of stream 1 with REFUSED_STREAM (7); GOAWAY that has processed none; no frame at all.
    let refused = b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x07";
    let goaway = b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let servers = [frames(refused), frames(goaway), frames(b""), Canned::start(&[], "{}").address];
    for (number, server) in servers.into_iter().enumerate() {
        let gateway = with_accounts(&subgraphs, server);
        for _ in 0..2 {
            let reply = gateway.query(ME);
            let error = reply.error(200, "SUBGRAPH_UNREACHABLE");
            assert_eq!(error["extensions"]["service"], "accounts", "{number}: {error}");
        }
        // The other subgraphs are reached as ever.
        let data = gateway.query("{ topProducts(first: 1) { upc } }").data();
        assert_eq!(data, json!({ "topProducts": [{ "upc": "P0001" }] }), "{number}");
    }
}
