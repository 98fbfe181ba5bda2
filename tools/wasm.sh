#!/usr/bin/env bash
# Builds target/wasm32-wasip1/release/weir.wasm: the crate in src/filter, with a std built beside it. With the argument
# `floor` it builds floor.wasm there instead, what Weir is measured against, from tests/floor in the same way; with `stages`
# stages.wasm from tests/stages, which measures the executor's stages inside Envoy.
# With WEIR_WASM_STRIP=debuginfo the same code keeps its functions' names, for profiles, and goes to target/wasm32-wasip1/named.
#
# Why std is built from source: the one that comes with the target aborts on panic, and a panic that
# aborts kills Envoy's worker with every request in it. With unwinding the filter catches it.
# src/filter defines the tag which wasm exceptions carry (on WASI std leaves it to a C++ runtime).
# The profile is set here and not in Cargo.toml: weirctl needs no LTO and would only build slower.
set -euo pipefail
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"
module=${1:-weir}
case $module in
weir) crate=weir-filter ;;
floor | stages) crate=weir-$module ;;
*) die "no module $module" ;;
esac
use_native_rust || true
use_wasm_rust "-C panic=unwind -C target-feature=+simd128,+exception-handling ${WEIR_WASM_FLAGS:-}"

export CARGO_PROFILE_RELEASE_LTO=fat
export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
export CARGO_PROFILE_RELEASE_OPT_LEVEL=3
export CARGO_PROFILE_RELEASE_PANIC=unwind
export CARGO_PROFILE_RELEASE_STRIP=${WEIR_WASM_STRIP:-true}
cargo build --release --target wasm32-wasip1 -Zbuild-std=std,panic_unwind -p $crate

built=$CARGO_TARGET_DIR/wasm32-wasip1/release/$module.wasm
wanted=$MODULES/$module.wasm
mkdir -p "$MODULES"
# Only a changed module is copied, so that its time says when it changed.
cmp -s "$built" "$wanted" || cp "$built" "$wanted"
say "$wanted: $(($(stat -c %s "$wanted") / 1024)) KiB"
