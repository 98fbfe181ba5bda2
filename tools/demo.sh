#!/usr/bin/env bash
# The demo: the four demo subgraphs, Envoy with Weir in front of them, and one federated operation,
# with its plan and its answer. Stays up until Ctrl-C; with ONCE=1 it exits 0 after a right answer,
# else 1 with the reason. LISTEN and ADMIN choose other addresses; the subgraphs take port 4100.
set -euo pipefail
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"
LISTEN=${LISTEN:-127.0.0.1:4000}
ADMIN=${ADMIN:-127.0.0.1:9901}
SUBGRAPHS=127.0.0.1:4100 # as the URLs in envoy/supergraph.graphql say

tools/setup.sh
use_native_rust || die "no Rust $RUST_MIN or later"
say "building weir.wasm and weirctl (the first time takes some minutes)"
tools/wasm.sh
cargo build --release -p weir-cli

logs=$(mktemp -d)
children=()
# shellcheck disable=SC2317 # called by the trap
finish() {
    local rc=$?
    trap - EXIT INT TERM
    for pid in "${children[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$logs"
    exit "$rc"
}
trap finish EXIT
# Ctrl-C and SIGTERM are how the demo is meant to end.
trap 'exit 0' INT TERM

# start NAME COMMAND...: in the background, with its output in $logs/NAME
start() {
    local name=$1
    shift
    "$@" >"$logs/$name" 2>&1 &
    children+=($!)
}

# until_up NAME URL: waits for 200 from it; says why if the newest child has died or takes a minute.
until_up() {
    local end=$((SECONDS + 60))
    until curl -sf -m 2 -o /dev/null "$2"; do
        if ! kill -0 "${children[-1]}" 2>/dev/null || [ $SECONDS -ge $end ]; then
            cat "$logs/$1" >&2
            die "$1 did not come up at $2"
        fi
        sleep 0.1
    done
    # Someone else may be listening there.
    kill -0 "${children[-1]}" 2>/dev/null || { cat "$logs/$1" >&2; die "$1 ended"; }
}

start subgraphs "$WEIRCTL" subgraphs --port "${SUBGRAPHS##*:}"
until_up subgraphs "http://$SUBGRAPHS/stats"
start gateway "$WEIRCTL" run --supergraph envoy/supergraph.graphql --listen "$LISTEN" --admin "$ADMIN"
until_up gateway "http://$LISTEN/ready"

say "" "The plan of envoy/demo.graphql:"
"$WEIRCTL" plan --supergraph envoy/supergraph.graphql envoy/demo.graphql
python3 -c 'import json, sys; print(json.dumps({"query": sys.stdin.read()}))' <envoy/demo.graphql >"$logs/request"
curl -sS -m 20 -H 'content-type: application/json' --data-binary "@$logs/request" \
    "http://$LISTEN/graphql" >"$logs/answer" || die "no answer from http://$LISTEN/graphql"
say "" "Its answer:"
python3 -m json.tool --no-ensure-ascii "$logs/answer" || die "the answer is not JSON: $(head -c 500 "$logs/answer")"
# Through one printer: the order of fields counts, the blanks don't.
if ! diff -u <(python3 -m json.tool envoy/demo.expected.json) <(python3 -m json.tool "$logs/answer"); then
    die "the answer is not the one in envoy/demo.expected.json"
fi
say "" "The answer is right."
say "  GraphQL     http://$LISTEN/graphql" "  Prometheus  http://$ADMIN/stats/prometheus" "  subgraphs   http://$SUBGRAPHS/stats"
[ -z "${ONCE:-}" ] || exit 0
say "" "Ctrl-C ends it."
wait -n "${children[@]}" || true
cat "$logs/subgraphs" "$logs/gateway" >&2
die "a part of the demo ended"
