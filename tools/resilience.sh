#!/usr/bin/env bash
# What a sick subgraph does to the gateway, before, during and after six sicknesses: with Weir's traffic control, without it,
# and with Envoy's own. Some minutes; prints Markdown tables. What can be chosen is in tests/README.md.
set -euo pipefail
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"
use_native_rust || die "no Rust $RUST_MIN or later: run \`make setup\`"
[ -x "$ENVOY" ] || die "no Envoy: run \`make setup\`"
tools/wasm.sh >&2
cargo build -q --release -p weir-cli >&2
exec cargo bench -q -p weir-tests --bench resilience
