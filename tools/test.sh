#!/usr/bin/env bash
# All tests, or one part: test.sh [native] [wasm] [e2e]. Each step is timed, a failed one shows its
# output, and the last line counts over all runners. A step that ran no test has failed: a filter
# or a target that matches nothing must not look green.
set -euo pipefail
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"
use_native_rust || die "no Rust $RUST_MIN or later: run \`make setup\`"
logs=$TARGET/test-logs
mkdir -p "$logs"
passed=0 failed=0

# step build|tests NAME COMMAND...
step() {
    local kind=$1 name=$2 log=$logs/$2.log start=$SECONDS rc=0 ok=0 bad=0
    shift 2
    printf '%-8s ' "$name"
    "$@" >"$log" 2>&1 || rc=$?
    read -r ok bad < <(awk '/^test result:/ { for (i = 2; i <= NF; i++) { if ($i ~ /^passed/) p += $(i-1); if ($i ~ /^failed/) f += $(i-1) } }
        END { print p + 0, f + 0 }' "$log")
    # A build that breaks, or a runner that dies, fails without a count.
    if [ "$rc" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
    if [ "$kind" = tests ] && [ "$((ok + bad))" = 0 ]; then
        bad=1
        echo "no tests ran" >>"$log"
    fi
    passed=$((passed + ok)) failed=$((failed + bad))
    if [ "$bad" = 0 ]; then
        [ "$kind" = tests ] && printf '%s passed in %ss\n' "$ok" $((SECONDS - start)) || printf 'built in %ss\n' $((SECONDS - start))
    else
        printf '%s passed, %s failed in %ss; the end of %s:\n' "$ok" "$bad" $((SECONDS - start)) "$log"
        tail -n 200 "$log"
    fi
}

native() {
    step tests native cargo test --workspace --no-fail-fast
}
wasm() {
    step tests wasm tools/wasm-test.sh
}
e2e() {
    step build module tools/wasm.sh
    step build weirctl cargo build --release -p weir-cli
    NODE=$(find_node) || die "no Node 20 or later: run \`make setup\`"
    export NODE
    # Each test runs an Envoy of its own: more at once than processors only makes their starts slow.
    step tests e2e cargo test -p weir-tests --test e2e -- --test-threads="$(nproc)"
}

[ $# -gt 0 ] || set -- native wasm e2e
for part; do "$part"; done
say "$passed passed, $failed failed"
[ "$failed" = 0 ]
