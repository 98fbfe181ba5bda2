#!/usr/bin/env bash
# Weir beside Envoy plainly proxying, in one run of about a minute: prints a Markdown table for the README.
# Figures are worth something on a machine that does nothing else meanwhile.
set -euo pipefail
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"
use_native_rust || die "no Rust $RUST_MIN or later: run \`make setup\`"
[ -x "$ENVOY" ] || die "no Envoy: run \`make setup\`"
tools/wasm.sh >&2
cargo build -q --release -p weir-cli >&2
exec cargo bench -q -p weir-tests --bench gateway
