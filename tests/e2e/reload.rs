//! A new supergraph on real Envoy, without a restart.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::Connection;
use crate::support::gateway::Gateway;
use crate::support::patience::wait_for;
use crate::support::registry::Registry;
use crate::support::subgraphs::Subgraphs;

const EXTRA: &str = "{ __type(name: \"Extra\") { name } }";

fn with_extra(sdl: &str) -> String {
    sdl.replacen("type User", "type Extra @join__type(graph: ACCOUNTS) { it: Int }\n\ntype User", 1)
}

fn polling(registry: &Registry) -> Value {
    json!({"supergraph": {"fetch": {"url": registry.url(), "interval": "500ms"}}})
}

fn stat(gateway: &Gateway, name: &str) -> u64 {
    gateway.stat(&format!("wasmcustom.weir.{name}"))
}

/// How many of some new connections are served by the supergraph that has the type.
fn served(gateway: &Gateway) -> usize {
    let has = |_: &usize| {
        let reply = Connection::new(gateway.url("/graphql")).post(&json!({"query": EXTRA}));
        reply.text().contains("\"Extra\"")
    };
    (0..12).filter(has).count()
}

#[test]
fn a_new_supergraph_is_served_by_all_workers_and_a_bad_one_by_none() {
    let subgraphs = Subgraphs::start();
    let sdl = subgraphs.supergraph();
    let registry = Registry::start(sdl.clone());
    let gateway = Gateway::run(&sdl, &polling(&registry), 2);
    assert_eq!(served(&gateway), 0);
    let polled = || registry.answers().1 >= 2;
    assert!(wait_for(Duration::from_secs(20), polled), "{:?}", registry.answers());

    // A request that is in work while the supergraph changes finishes on the old one.
    subgraphs.latency("accounts", "3s");
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| gateway.query("{ me { name } }"));
        std::thread::sleep(Duration::from_millis(200));
        registry.publish(with_extra(&sdl));
        // The main thread's root goes over too.
        let taken = || stat(&gateway, "supergraph.taken") == 3;
        assert!(wait_for(Duration::from_secs(20), taken), "{}", gateway.process.tail());
        let slow = slow.join().expect("the client got an answer");
        assert_eq!(slow.data(), json!({"me": {"name": "Ada Almeida"}}));
    });
    subgraphs.reset();
    assert_eq!(served(&gateway), 12);

    registry.publish("type Query { broken: ".to_owned());
    assert!(wait_for(Duration::from_secs(20), || stat(&gateway, "supergraph.refused") == 1));
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(stat(&gateway, "supergraph.refused"), 1, "it is told once");
    assert_eq!(served(&gateway), 12);
    assert!(gateway.process.log().contains("is refused, the old one serves on"));
    assert_eq!(stat(&gateway, "panics_caught"), 0);
}
