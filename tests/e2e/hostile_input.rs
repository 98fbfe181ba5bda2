//! Input made to exhaust or confuse a parser: answered like any other mistake, in reasonable time.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::client;
use crate::support::reply::Reply;
use crate::support::world::{World, calm};

/// Generous for a busy machine; each takes milliseconds.
const LIMIT: Duration = Duration::from_secs(10);

fn post(world: &World, body: &str) -> Reply {
    let start = Instant::now();
    let reply = client::post(&world.gateway.url("/graphql"), body);
    assert!(start.elapsed() < LIMIT, "it took {:?}", start.elapsed());
    reply
}

fn query(world: &World, text: &str) -> Reply {
    post(world, &json!({ "query": text }).to_string())
}

/// Refused for what the operation's text is: which limit or rule it breaks first is the parser's business.
#[track_caller]
fn refused(reply: &Reply) {
    let code = reply.json()["errors"][0]["extensions"]["code"].clone();
    assert!(code == "LIMIT_EXCEEDED" || code == "GRAPHQL_PARSE_FAILED", "{}", reply.text());
    assert_eq!(reply.status, 200);
}

#[test]
fn nesting_is_bounded() {
    calm(|world| {
        // Valid but for its depth.
        let text = format!(
            "{{ me {}{}",
            "{ reviews { author ".repeat(1000),
            "{ id }".to_owned() + &"}".repeat(2001)
        );
        refused(&query(world, &text));
        // Deeper than any parser should follow, and never closed.
        refused(&query(world, &"{a".repeat(7_000)));
        refused(&query(world, &format!("{{ user(id: {}", "[".repeat(14_000))));
        refused(&query(world, &format!("{{ user(id: {}", "{a:".repeat(4_500))));
        refused(&query(world, &format!("query($a: {}", "[".repeat(14_000))));
        refused(&query(world, &"{...".repeat(7_000)));
    });
}

#[test]
fn the_number_of_tokens_is_bounded() {
    calm(|world| {
        let text = format!("{{ me {{ {} }} }}", "id ".repeat(20_000));
        refused(&query(world, &text));
    });
}

#[test]
fn fragments_that_multiply_or_turn_in_circles_are_refused_or_answered() {
    calm(|world| {
        let circle = "{ me { ...A } } fragment A on User { ...B } fragment B on User { ...A }";
        query(world, circle).refusal(200, "GRAPHQL_VALIDATION_FAILED");
        // Each fragment spreads the next one twice: 2^20 fields if it were unfolded.
        let mut text = "{ me { ...F0 } }".to_owned();
        for n in 0..20 {
            text.push_str(&format!(" fragment F{n} on User {{ ...F{next} ...F{next} }}", next = n + 1));
        }
        text.push_str(" fragment F20 on User { name }");
        query(world, &text).refusal(200, "LIMIT_EXCEEDED");
    });
}

/// One of each kind, within the other limits as far as that makes it worse.
#[test]
fn each_kind_of_bomb_is_answered_at_once() {
    let deep = format!("{}name{}", "fields { type { ".repeat(10), " } }".repeat(10));
    let aliases: String = (0..5_000).map(|n| format!("a{n}: name ")).collect();
    let chain: String =
        (0..30).map(|n| format!("fragment F{n} on User {{ ...F{0} ...F{0} }} ", n + 1)).collect();
    let ring: String =
        (0..100).map(|n| format!("fragment F{n} on User {{ ...F{} }} ", (n + 1) % 100)).collect();
    let lists = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let back_and_forth: String =
        (0..150).map(|n| format!("a{n}: reviews {{ author {{ name }} }} ")).collect();
    let bombs = [
        ("aliases", format!("{{ me {{ {aliases} }} }}"), "LIMIT_EXCEEDED"),
        (
            "fragments",
            format!("{{ me {{ ...F0 }} }} {chain} fragment F30 on User {{ name }}"),
            "LIMIT_EXCEEDED",
        ),
        (
            "directives",
            format!("{{ me {{ name {} }} }}", "@include(if: true) ".repeat(2_000)),
            "LIMIT_EXCEEDED",
        ),
        ("deep lists", format!("{{ user(id: {lists}) {{ name }} }}"), "LIMIT_EXCEEDED"),
        ("circular fragments", format!("{{ me {{ ...F0 }} }} {ring}"), "GRAPHQL_VALIDATION_FAILED"),
        ("introspection", format!("{{ __schema {{ types {{ {deep} }} }} }}"), "LIMIT_EXCEEDED"),
        ("plan explosion", format!("{{ me {{ {back_and_forth} }} }}"), "LIMIT_EXCEEDED"),
    ];
    calm(|world| {
        for (name, text, code) in &bombs {
            let start = Instant::now();
            let reply = query(world, text);
            let took = start.elapsed();
            assert_eq!(reply.json()["errors"][0]["extensions"]["code"], *code, "{name}: {}", reply.text());
            assert!(took < Duration::from_millis(250), "{name} took {took:?}");
            world.assert_answers();
        }
    });
}

#[test]
fn garbage_is_refused() {
    calm(|world| {
        let garbage: String = (0..100_000_u32)
            .map(|n| char::from(33 + (n.wrapping_mul(2_654_435_761) >> 25) as u8 % 90))
            .collect();
        post(world, &garbage).refusal(400, "BAD_REQUEST");
        post(world, &format!("{{{garbage}")).refusal(400, "BAD_REQUEST");
        refused(&query(world, &garbage));
    });
}

#[test]
fn nested_json_does_not_exhaust_the_stack() {
    calm(|world| {
        let deep = "[".repeat(400_000);
        post(world, &format!("{{\"query\":{deep}")).refusal(400, "BAD_REQUEST");
        post(world, &format!("{{\"query\":\"{{ me {{ name }} }}\",\"variables\":{{\"a\":{deep}"))
            .refusal(400, "BAD_REQUEST");
        let closed = "[".repeat(200_000) + &"]".repeat(200_000);
        let reply =
            post(world, &format!("{{\"query\":\"{{ me {{ name }} }}\",\"variables\":{{\"a\":{closed}}}}}"));
        assert!(reply.status == 200 || reply.status == 400, "{}", reply.text());
        let reply = post(world, &format!("{{\"query\":\"{{ me {{ name }} }}\",\"other\":{closed}}}"));
        assert!(reply.status == 200 || reply.status == 400, "{}", reply.text());
    });
}
