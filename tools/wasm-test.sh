#!/usr/bin/env bash
# Runs the unit tests of the pure crates on wasm32-unknown-unknown under Node: 32-bit usize, no
# clock, no threads, as in Envoy's VM.
#
# An ordinary #[test] runs there too when its module says
#     #[cfg(target_arch = "wasm32")]
#     use wasm_bindgen_test::wasm_bindgen_test as test;
# and the crate has, in Cargo.toml,
#     [target.'cfg(target_arch = "wasm32")'.dev-dependencies]
#     wasm-bindgen-test.workspace = true
# Reading a clock panics there: give the planner CancellationToken::new(), not with_timeout().
# Files can't be read at run time there; include_str! works, and so do #[ignore] and #[should_panic].
set -euo pipefail
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"
use_native_rust || true
runner=$TOOLS/bin/wasm-bindgen-test-runner
node=$(find_node) || die "no Node 20 or later: run \`make setup\`"
[ -x "$runner" ] || die "no $runner: run \`make setup\`"
# getrandom, which a library brings along, doesn't build for this target unless told a source of
# randomness. None is given: a test that draws any fails to link, as the core may not (invariant 1).
# SIMD as in the module: part of the scanner is written for it.
use_wasm_rust '-C target-feature=+simd128 --cfg getrandom_backend="custom"'
# Proc macros too would be optimised by the workspace's dev profile, which costs more than it gains.
profile='profile.dev.package."*".opt-level=1'
# Only node itself goes first on PATH: its folder may hold another cargo too (/usr/bin on Debian).
mkdir -p "$TOOLS/node-path"
ln -sf "$node" "$TOOLS/node-path/node"
PATH=$TOOLS/node-path:$PATH
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=$runner
export WASM_BINDGEN_TEST_ONLY_NODE=1
exec cargo test --config "$profile" --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort --no-fail-fast \
    --lib -p weir-planner -p weir-cache -p weir-telemetry -p weir-traffic -p weir-gateway "$@"
