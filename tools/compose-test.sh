#!/usr/bin/env bash
# Brings up envoy/docker-compose.yml as users run it, asks it the demo's operation, compares the answer
# with envoy/demo.expected.json, restarts Envoy, asks again (the plan has to come from the store), and takes it
# down again. When red it shows the containers' logs.
set -euo pipefail
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
# shellcheck source=tools/docker.sh
. "$(dirname "$0")/docker.sh"
cd "$ROOT"
file=envoy/docker-compose.yml
started=$SECONDS
compose=() # set once containers may be up

finish() {
    local rc=$?
    trap - EXIT
    if [ ${#compose[@]} != 0 ]; then
        if [ "$rc" != 0 ] && [ "$rc" -lt 128 ]; then
            "${compose[@]}" ps || true
            "${compose[@]}" logs --no-color --tail 80 || true
        fi
        "${compose[@]}" down --volumes --timeout 10 >"$engine/down.log" 2>&1 || cat "$engine/down.log"
    fi
    docker_stop
    if [ "$rc" = 0 ]; then say "1 passed, 0 failed"; else say "0 passed, 1 failed"; fi
    exit "$rc"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ask PATH [CURL OPTION...]
ask() {
    local path=$1
    shift
    curl -sS -m 20 "$@" "http://$address$path"
}

# Finds Envoy's ports, which are others after each start, and waits until Weir is ready.
locate() {
    address=$("${compose[@]}" port envoy 4000)
    admin=$("${compose[@]}" port envoy 9902)
    for _ in $(seq 120); do
        if ask /ready -f -o /dev/null -m 2 2>/dev/null; then return; fi
        sleep 0.5
    done
    ask /ready -f -o /dev/null || die "no readiness at http://$address/ready"
}

# Both through one printer: the order of fields counts, the blanks don't.
show() { python3 -m json.tool "$@"; }

# The demo's operation and its answer.
ask_demo() {
    python3 -c 'import json, sys; print(json.dumps({"query": sys.stdin.read()}))' <envoy/demo.graphql |
        ask /graphql -H 'content-type: application/json' --data-binary @- >"$engine/answer.json"
    if ! diff -u --label expected --label answered <(show envoy/demo.expected.json) <(show "$engine/answer.json"); then
        die "the answer is not the one in envoy/demo.expected.json"
    fi
}

# stat NAME: one of Weir's, from the admin interface.
stat() { curl -sS -f -m 20 "http://$admin/stats?filter=^wasmcustom.weir.$1\$" | cut -d' ' -f2; }

use_native_rust || die "no Rust $RUST_MIN or later: run \`make setup\`"
tools/wasm.sh
cargo build -q --release -p weir-cli

docker_start
docker_images "$file"
# Free ports, so that nothing that listens on the usual ones is in the way.
export WEIR_PORT='' WEIR_ADMIN_PORT=''
# An array and not a function: a signal's trap would run with the redirections of the function.
compose=(timeout --foreground 180 "${COMPOSE[@]}" -f "$file" -p "weir-test-$$")
if ! "${compose[@]}" up -d >"$engine/up.log" 2>&1; then
    die "the containers don't come up: $(cat "$engine/up.log")"
fi
locate
# In its container the admin interface has to be on every address; the compose file keeps it on the host's loopback.
curl -sS -f -m 20 -o /dev/null "http://$admin/stats/prometheus" ||
    die "no admin interface at http://$admin: envoy/envoy.yaml needs \`weirctl render --admin 0.0.0.0:9902\`"
ask_demo
say "compose  the demo's operation answered as expected at http://$address in $((SECONDS - started))s"

# The answer doesn't wait for the plan to be written.
for _ in $(seq 50); do
    [ "$(stat store.writes)" = 0 ] || break
    sleep 0.2
done
[ "$(stat plans_made) $(stat store.writes)" = "1 1" ] ||
    die "$(stat plans_made) plans made and $(stat store.writes) written to the store, not 1 and 1"
"${compose[@]}" restart envoy >"$engine/restart.log" 2>&1 || die "no restart: $(cat "$engine/restart.log")"
locate
ask_demo
[ "$(stat plan_cache.l3.hits) $(stat plans_made)" = "1 0" ] ||
    die "restarted, Envoy had $(stat plan_cache.l3.hits) plans from the store and made $(stat plans_made), not 1 and 0"
say "compose  and after a restart of Envoy, with the plan from the store"
