#!/usr/bin/env bash
# Asks Weir random operations and compares with one service that has the same data (tests/e2e/differential.rs).
# $WEIR_DIFF_COUNT operations (2000) of seed $WEIR_DIFF_SEED (1), or of it only number $WEIR_DIFF_NUMBER.
set -euo pipefail
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"
use_native_rust || die "no Rust $RUST_MIN or later: run \`make setup\`"
tools/wasm.sh
cargo build --release -p weir-cli
cargo test -p weir-tests --test e2e -- --nocapture differential::random
