//! Plans in a store that outlives Envoy (L3): a real nginx, which is then damaged, killed, and made to hang.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::gateway::Gateway;
use crate::support::nginx::Nginx;
use crate::support::operations::{demo, demo_answer};
use crate::support::patience::wait_for;
use crate::support::subgraphs::Subgraphs;

const SOON: Duration = Duration::from_secs(10);
/// Of the store's calls. Far beyond what nginx takes, because the tests' machine may be busy.
const TIMEOUT: Duration = Duration::from_secs(1);

fn stat(gateway: &Gateway, name: &str) -> u64 {
    gateway.stat(&format!("wasmcustom.weir.{name}"))
}

fn config(store: &Nginx) -> Value {
    let l3 = json!({ "url": store.url(), "timeout": "1s", "failure_threshold": 3, "reset_timeout": "1s" });
    json!({ "plan_cache": { "layers": { "l3": l3 } } })
}

#[track_caller]
fn assert_answers(gateway: &Gateway) {
    let reply = gateway.post(&demo());
    assert_eq!((reply.status, reply.text()), (200, demo_answer().as_str()));
}

/// An operation that nobody has asked.
#[track_caller]
fn ask_anew(gateway: &Gateway, number: usize) {
    let answer = gateway.query(&format!("{{ me {{ a{number}: name }} }}")).data();
    assert_eq!(answer["me"][format!("a{number}")], "Ada Almeida");
}

#[test]
fn a_restarted_envoy_finds_its_plans_and_trusts_no_damaged_one() {
    let (store, subgraphs) = (Nginx::start(), Subgraphs::start());
    let start = || Gateway::run(&subgraphs.supergraph(), &config(&store), 1);
    let gateway = start();
    assert_answers(&gateway);
    assert!(wait_for(SOON, || stat(&gateway, "store.writes") == 1));
    assert_eq!((stat(&gateway, "plans_made"), stat(&gateway, "plan_cache.l3.misses")), (1, 1));
    drop(gateway);
    let [object] = &store.objects()[..] else { panic!("one plan, one object: {:?}", store.objects()) };
    let key = object.file_name().unwrap().to_str().unwrap();
    assert!(key.len() == 32 && object.ends_with(format!("plans/1/{}/{key}", &key[..2])), "{object:?}");
    let plan = fs::read(object).unwrap();

    let gateway = start();
    assert_answers(&gateway);
    assert_eq!((stat(&gateway, "plans_made"), stat(&gateway, "plan_cache.l3.hits")), (0, 1));
    assert_eq!(stat(&gateway, "plan_cache.l3.unfit"), 0);
    drop(gateway);

    let mut damaged = plan.clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(object, damaged).unwrap();
    let gateway = start();
    assert_answers(&gateway);
    assert_eq!((stat(&gateway, "plans_made"), stat(&gateway, "plan_cache.l3.hits")), (1, 0));
    assert!(wait_for(SOON, || stat(&gateway, "plan_cache.l3.unfit") == 1), "it is counted");
    assert!(wait_for(SOON, || stat(&gateway, "store.writes") == 1), "it is replaced");
    assert_ne!(fs::read(object).unwrap().last(), Some(&(plan.last().unwrap() ^ 1)));
}

#[test]
fn a_store_that_is_gone_costs_no_answer_and_is_asked_again_when_it_is_back() {
    let (mut store, subgraphs) = (Nginx::start(), Subgraphs::start());
    let gateway = Gateway::run(&subgraphs.supergraph(), &config(&store), 1);
    ask_anew(&gateway, 0);
    assert!(wait_for(SOON, || stat(&gateway, "store.writes") == 1));

    store.kill();
    for number in 1..=10 {
        ask_anew(&gateway, number);
    }
    assert_eq!(stat(&gateway, "plans_made"), 11);
    assert_eq!(stat(&gateway, "store.breaker_open"), 1, "{}", gateway.process.tail());
    assert!(stat(&gateway, "store.skipped") > 0, "it is left alone");

    store.start_again();
    let mut number = 10;
    let written = wait_for(SOON, || {
        number += 1;
        ask_anew(&gateway, number);
        stat(&gateway, "store.writes") > 1
    });
    assert!(written, "it is asked again");
    assert!(wait_for(SOON, || stat(&gateway, "store.breaker_open") == 0));
}

#[test]
fn a_store_that_hangs_costs_its_timeout_a_few_times_and_then_nothing() {
    let (store, subgraphs) = (Nginx::start(), Subgraphs::start());
    let mut config = config(&store);
    config["plan_cache"]["layers"]["l3"]["reset_timeout"] = json!("1m");
    let gateway = Gateway::run(&subgraphs.supergraph(), &config, 1);
    ask_anew(&gateway, 0);
    store.hang();
    // Three failures open the breaker; a look-up and a write for each plan are two.
    for number in 1..=3 {
        ask_anew(&gateway, number);
    }
    assert!(wait_for(SOON, || stat(&gateway, "store.breaker_open") == 1));
    let start = Instant::now();
    for number in 4..=23 {
        ask_anew(&gateway, number);
    }
    assert!(start.elapsed() < 10 * TIMEOUT, "twenty operations took {:?}", start.elapsed());
    assert_eq!(stat(&gateway, "store.breaker_open"), 1);
    assert_eq!(stat(&gateway, "plans_made"), 24);
}
