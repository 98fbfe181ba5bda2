//! Many streams answered at once: Envoy resumes them recursively, and some hundreds in one callback would
//! overflow the sandbox's stack (HOST.md §3).

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::support::operations::ME;
use crate::support::patience::wait_for;
use crate::support::process;
use crate::support::raw::{self, Connection};
use crate::support::vitals::Vitals;
use crate::support::world::{STRAINED_TIMEOUT, strained};

const STREAMS: usize = 600;

#[test]
fn six_hundred_waiting_streams_are_answered_at_once_at_their_deadline() {
    strained(|world| {
        let gateway = &world.gateway;
        let before = Vitals::of(gateway);
        let stat = |name: &str| gateway.stat(&format!("wasmcustom.weir.{name}"));
        let (exceeded, deferred) = (stat("deadlines_exceeded"), stat("replies_deferred"));
        world.subgraphs.fault("accounts", "hang");
        // They share one call, so it is the gateway that knows of them.
        let waiting = || stat("requests_active");
        let request = raw::post(&json!({ "query": ME }).to_string());
        let start = Instant::now();
        let mut connections: Vec<Connection> =
            (0..STREAMS).map(|_| Connection::open(gateway.address)).collect();
        for connection in &mut connections {
            connection.write(&request);
        }
        // Until all have arrived there: a connection that is still being made would fail on waking up.
        let all_wait = wait_for(STRAINED_TIMEOUT, || waiting() == STREAMS as u64);
        assert!(all_wait, "{} of {STREAMS} wait after {:?}", waiting(), start.elapsed());
        // Envoy sleeps through all the deadlines, so that they fall due in one moment.
        process::send(gateway.envoy, Signal::STOP);
        std::thread::sleep(STRAINED_TIMEOUT + Duration::from_millis(100));
        process::send(gateway.envoy, Signal::CONT);
        for (number, connection) in connections.iter_mut().enumerate() {
            let reply = connection.read();
            assert_eq!(reply.status, 504, "stream {number}: {}", reply.text());
            assert!(reply.refusal(504, "DEADLINE_EXCEEDED").contains("request_timeout"));
        }
        assert_eq!(stat("deadlines_exceeded"), exceeded + STREAMS as u64);
        assert!(stat("replies_deferred") > deferred, "no reply was left for the next turn");
        assert!(wait_for(Duration::from_secs(5), || stat("requests_active") == 0));
        world.subgraphs.reset();
        world.assert_answers();
        assert_eq!(Vitals::of(gateway), before);
    });
}
