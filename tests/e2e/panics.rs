//! Faults in Weir itself, provoked: a panic costs its own request, a trap its own worker's sandbox and no more.

use std::time::Duration;

use serde_json::json;
use ureq::http;

use crate::support::client;
use crate::support::operations::ME;
use crate::support::patience::poll;
use crate::support::reply::Reply;
use crate::support::vitals::Vitals;
use crate::support::world::{World, calm, strained};

/// Asks with the header that asks for a fault.
fn ask(world: &World, fault: &str) -> Reply {
    let request = http::Request::post(world.gateway.url("/graphql"))
        .header("content-type", "application/json")
        .header("x-weir-fault", fault);
    client::send(request.body(json!({ "query": ME }).to_string()).unwrap())
}

#[test]
fn a_panic_is_caught_and_answered_and_the_worker_lives() {
    strained(|world| {
        for fault in ["panic", "panic-in-call"] {
            let before = Vitals::of(&world.gateway);
            for _ in 0..3 {
                let message = ask(world, fault).refusal(500, "INTERNAL_SERVER_ERROR");
                assert!(
                    !message.contains("x-weir-fault"),
                    "the place of a fault is for the log alone: {message}"
                );
            }
            world.assert_answers();
            assert_eq!(Vitals::of(&world.gateway), Vitals { panics: before.panics + 3, ..before }, "{fault}");
            // Its place is for the log.
            world.gateway.process.says_within(Duration::from_secs(10), "asked for by x-weir-fault");
        }
        assert_eq!(world.gateway.stat("wasmcustom.weir.requests_active"), 0);
    });
}

#[test]
fn the_header_does_nothing_where_fault_injection_is_off() {
    calm(|world| {
        for fault in ["panic", "panic-in-call", "trap"] {
            assert_eq!(ask(world, fault).data()["me"]["name"], "Ada Almeida");
        }
    });
}

#[test]
fn after_a_trap_the_worker_has_a_new_sandbox() {
    strained(|world| {
        let before = Vitals::of(&world.gateway);
        let reply = ask(world, "trap");
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (503, "application/json"),
            "{}",
            reply.text()
        );
        reply.error(503, "OVERLOADED");
        let answered = poll(Duration::from_secs(2), || {
            let reply = world.gateway.query(ME);
            (reply.status == 200).then(|| reply.data())
        });
        assert_eq!(answered, Some(json!({ "me": { "name": "Ada Almeida" } })));
        let after = Vitals::of(&world.gateway);
        assert_eq!((after.panics, after.reloads), (before.panics, before.reloads + 1));
    });
}
