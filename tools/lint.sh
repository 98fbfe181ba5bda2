#!/usr/bin/env bash
# Format, clippy and the one rule of layout that Cargo can't hold: proxy_wasm is named in src/filter alone (and in two
# modules of benchmarks: the floor, a filter without Weir, and the stages, a plugin that measures the core; and where a
# profile tells functions by their crate).
set -euo pipefail
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"
use_native_rust || die "no Rust $RUST_MIN or later: run \`make setup\`"
cargo fmt --all --check
cargo clippy --workspace --all-targets -- -D warnings
# Built on request only (test = false), so --all-targets leaves it out.
cargo clippy -p weir-tests --test e2e -- -D warnings
if grep -rnE 'proxy[_-]wasm' --include='*.rs' --include=Cargo.toml src tests | grep -vE '^(src/filter|tests/(floor|stages|benches/gateway/profile))/'; then
    die "proxy_wasm is named outside src/filter"
fi
say "lint: clean"
