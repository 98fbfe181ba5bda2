#!/usr/bin/env bash
# Weir beside the floor, Envoy plainly proxying and a peer, in one run of some minutes: prints a Markdown table for the
# README. What can be chosen is in tests/README.md. Figures are worth something on a machine that does nothing else meanwhile.
set -euo pipefail
# A profile tells functions by their names.
[ -z "${WEIR_BENCH_PROFILE+set}" ] || export WEIR_WASM_STRIP=debuginfo
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"
use_native_rust || die "no Rust $RUST_MIN or later: run \`make setup\`"
[ -x "$ENVOY" ] || die "no Envoy: run \`make setup\`"
tools/wasm.sh >&2
tools/wasm.sh floor >&2
cargo build -q --release -p weir-cli >&2
exec cargo bench -q -p weir-tests --bench gateway
