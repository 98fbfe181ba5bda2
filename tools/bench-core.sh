#!/usr/bin/env bash
# Benches of the core, built as the module is, natively and in wasm on V8 (Node; the stages of a request in Envoy too). Figures are worth something on a machine
# that does nothing else meanwhile.
#   tools/bench-core.sh cache [native|wasm] [ratios | criterion's arguments]    as in docs/plan-cache-benchmarks.md;
#                                                                  `ratios` alone takes half a minute
#   tools/bench-core.sh path [native|wasm|envoy] [criterion's arguments]        as in docs/execution-path.md
set -euo pipefail
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"
use_native_rust || die "no Rust $RUST_MIN or later: run \`make setup\`"
node=$(find_node) || die "no Node 20 or later: run \`make setup\`"
what=${1:-}
[ $# = 0 ] || shift
where=both
case ${1:-} in native | wasm | envoy) where=$1 && shift ;; esac
ratios=
case $what in
cache)
    benches=(-p weir-cache --bench memory)
    if [ "${1:-}" = ratios ]; then ratios=ratios; else benches+=(-p weir-planner --bench planning); fi
    ;;
path) benches=(-p weir-gateway --bench path) ;;
*) die "say cache or path" ;;
esac
export CARGO_PROFILE_BENCH_LTO=fat CARGO_PROFILE_BENCH_CODEGEN_UNITS=1

# Prints the executables that were built.
build() { cargo bench "$@" "${benches[@]}" --no-run --message-format=json | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'; }

# Runs $1 with criterion's arguments, by the command in the rest; of the caches' bench the table of ratios too.
run() {
    local bench=$1 command=("${@:2}")
    if [ -z "$ratios" ]; then "${command[@]}" --bench "${arguments[@]}"; fi
    case $bench in */memory-*) "${command[@]}" ratios ;; esac
}
arguments=("$@")

if [ "$where" = both ] || [ "$where" = native ]; then
    for bench in $(build); do
        say "## native: $(basename "$bench")"
        CRITERION_HOME=$TARGET/criterion run "$bench" "$bench"
    done
fi
if [ "$where" = both ] || [ "$where" = wasm ]; then
    use_wasm_rust "-C panic=abort -C target-feature=+simd128"
    for bench in $(build --target wasm32-wasip1 -Zbuild-std=std,panic_abort); do
        say "## wasm on V8, Node $("$node" --version): $(basename "$bench")"
        BENCH=$bench run "$bench" "$node" tools/bench-core.mjs | grep -v "Failed to access file"
    done
fi
if [ "$what $where" = "path both" ] || [ "$what $where" = "path envoy" ]; then
    tools/wasm.sh stages
    say "## wasm on the V8 of Envoy"
    module=$(dirname "$WEIR_WASM")/stages.wasm
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    "${ENVOY:-$ROOT/.tools/envoy}" --disable-hot-restart --concurrency 1 --log-level warn --config-yaml "
bootstrap_extensions:
- name: envoy.bootstrap.wasm
  typed_config:
    \"@type\": type.googleapis.com/envoy.extensions.wasm.v3.WasmService
    singleton: true
    config: { name: stages, vm_config: { runtime: envoy.wasm.runtime.v8, code: { local: { filename: \"$module\" } } } }
" >"$log" 2>&1 &
    envoy=$!
    for _ in $(seq 240); do
        grep -q "stages:" "$log" || { sleep 0.5 && kill -0 $envoy 2>/dev/null && continue; }
        break
    done
    kill $envoy 2>/dev/null || true
    wait $envoy || true
    grep -o "stages: .*" "$log" || { cat "$log" && die "Envoy has measured nothing"; }
fi
