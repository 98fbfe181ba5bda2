#!/usr/bin/env bash
# The plan cache's benches, built as the module is, natively and in wasm on V8 (Node): prints what docs/plan-cache-benchmarks.md
# holds. `ratios` alone takes half a minute. Figures are worth something on a machine that does nothing else meanwhile.
#   tools/bench-cache.sh [native|wasm] [ratios | criterion's arguments]
set -euo pipefail
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"
use_native_rust || die "no Rust $RUST_MIN or later: run \`make setup\`"
node=$(find_node) || die "no Node 20 or later: run \`make setup\`"
where=both
case ${1:-} in native | wasm) where=$1 && shift ;; esac
ratios=${1:-}
benches=(-p weir-cache --bench memory)
[ "$ratios" = ratios ] || benches+=(-p weir-planner --bench planning)
export CARGO_PROFILE_BENCH_LTO=fat CARGO_PROFILE_BENCH_CODEGEN_UNITS=1

# Prints the executables that were built.
build() { cargo bench "$@" "${benches[@]}" --no-run --message-format=json | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'; }

# Runs $1 with criterion's arguments, by the command in the rest; of the caches' bench the table of ratios too.
run() {
    local bench=$1 command=("${@:2}")
    if [ "$ratios" != ratios ]; then "${command[@]}" --bench "${arguments[@]}"; fi
    case $bench in */memory-*) "${command[@]}" ratios ;; esac
}
arguments=("$@")

if [ "$where" != wasm ]; then
    for bench in $(build); do
        say "## native: $(basename "$bench")"
        CRITERION_HOME=$TARGET/criterion run "$bench" "$bench"
    done
fi
if [ "$where" != native ]; then
    use_wasm_rust "-C panic=abort -C target-feature=+simd128"
    for bench in $(build --target wasm32-wasip1 -Zbuild-std=std,panic_abort); do
        say "## wasm on V8, Node $("$node" --version): $(basename "$bench")"
        BENCH=$bench run "$bench" "$node" tools/bench-cache.mjs | grep -v "Failed to access file"
    done
fi
