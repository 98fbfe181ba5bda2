//! Configurations that are wrong: refused by name, before anything serves.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::binaries::run_weirctl;
use crate::support::gateway::sources;
use crate::support::{binaries, ports};

fn demo_supergraph() -> String {
    std::fs::read_to_string(binaries::repository("envoy/supergraph.graphql")).unwrap()
}

/// Runs a command of weirctl with a supergraph and a configuration; its exit code and what it printed.
fn weirctl(command: &str, supergraph: &str, config: &Value, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut all = vec![command.to_owned()];
    all.extend(sources(folder.path(), supergraph, config));
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    let Output { status, stdout, stderr } = run_weirctl(&all);
    (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

#[test]
fn check_names_everything_that_is_wrong_at_once() {
    let config = json!({
        "limits": { "max_dept": 5, "max_tokens": 0 },
        "request_timeout": "soon",
        "subgraphs": { "acounts": { "timeout": "1s" }, "reviews": { "url": "ftp://reviews/" } },
    });
    let (code, printed) = weirctl("check", &demo_supergraph(), &config, &[]);
    assert_eq!(code, Some(1), "{printed}");
    for part in [
        "5 problems",
        "limits.max_dept",
        "did you mean `max_depth`?",
        "limits.max_tokens",
        "request_timeout",
        "subgraphs.acounts",
        "did you mean `accounts`?",
        "subgraphs.reviews.url",
    ] {
        assert!(printed.contains(part), "{part:?} is not in:\n{printed}");
    }
}

#[test]
fn check_is_content_with_the_demo_and_says_what_it_amounts_to() {
    let (code, printed) = weirctl("check", &demo_supergraph(), &json!({}), &[]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.starts_with("ok: 4 subgraphs"), "{printed}");
    assert!(printed.contains("http://127.0.0.1:4100/inventory/graphql"), "{printed}");
}

#[test]
fn a_supergraph_that_is_none_is_refused_with_its_place() {
    for sdl in ["type Query {", "type Query { a: Int }", ""] {
        let (code, printed) = weirctl("check", sdl, &json!({}), &[]);
        assert_eq!(code, Some(1), "{sdl:?}: {printed}");
        assert!(printed.contains("supergraph"), "{sdl:?}: {printed}");
    }
}

#[test]
fn run_refuses_what_check_refuses() {
    let address = ports::free().to_string();
    let config = json!({ "limits": { "max_dept": 5 } });
    let (code, printed) = weirctl("run", &demo_supergraph(), &config, &["--listen", &address]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(
        printed.contains("limits.max_dept") && printed.contains("did you mean `max_depth`?"),
        "{printed}"
    );
}

#[test]
fn plan_prints_the_demos_plan() {
    let operation = binaries::repository("envoy/demo.graphql");
    let (code, printed) = weirctl("plan", &demo_supergraph(), &json!({}), &[operation.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{printed}");
    for subgraph in ["accounts", "inventory", "products", "reviews"] {
        assert!(printed.contains(subgraph), "{printed}");
    }
}

#[test]
fn plan_shows_the_place_of_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("query.graphql");
    std::fs::write(&file, "{\n  me { nam }\n}\n").unwrap();
    let (code, printed) = weirctl("plan", &demo_supergraph(), &json!({}), &[file.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("query.graphql:2:") && printed.contains("me { nam }"), "{printed}");
}
