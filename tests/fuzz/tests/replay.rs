//! The short run: the corpus, what once failed, and mutations of both with fixed seeds.

use std::path::{Path, PathBuf};

use weir_fuzz::mutation::{Random, mutate, words};
use weir_fuzz::{TARGETS, Target, run};

/// Mutations of each target in a plain run; `WEIR_FUZZ_ROUNDS` sets another number.
const ROUNDS: usize = 2_000;

/// In the order of their names; a missing folder is an empty one.
fn inputs(kind: &str, target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(target.name);
    let entries = std::fs::read_dir(&folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(&path).expect("an input"))).collect()
}

fn replay(target: &Target) {
    let mut all = inputs("regressions", target);
    all.extend(inputs("corpus", target));
    assert!(all.len() > 10, "{}: the corpus is missing", target.name);
    for (path, input) in &all {
        println!("{}", path.display());
        run(target, input);
    }
    let dictionary = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("dictionaries/{}.dict", target.name));
    let words = words(&std::fs::read_to_string(dictionary).expect("a dictionary"));
    assert!(!words.is_empty());
    #[expect(clippy::disallowed_methods, reason = "a test's own switch")]
    let rounds = std::env::var("WEIR_FUZZ_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    for round in 0..rounds {
        let mut random = Random::new(round as u64);
        let (_, input) = &all[random.below(all.len())];
        let (_, other) = &all[random.below(all.len())];
        let input = mutate(input, other, &words, &mut random);
        // Shown if the run fails.
        println!("{} round {round}: {}", target.name, input.escape_ascii());
        run(target, &input);
    }
}

#[test]
fn operation() {
    replay(TARGETS[0]);
}

#[test]
fn variables() {
    replay(TARGETS[1]);
}

#[test]
fn subgraph_response() {
    replay(TARGETS[2]);
}

#[test]
fn configuration() {
    replay(TARGETS[3]);
}

#[test]
fn http_request() {
    replay(TARGETS[4]);
}
