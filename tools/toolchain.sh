# shellcheck shell=bash
# Sourced by the other scripts: where things are, and which Rust builds what.
#
# Two kinds of Rust will do, for native code and for wasm alike:
#   - whatever `cargo` is on PATH (rustup, as a rule), if its sysroot has the target wasm32-wasip1
#     (`rustup target add`) and the sources of std (`rustup component add rust-src`);
#   - Debian's rustc-web and cargo-web in /usr/bin, with wasi-libc and lld-19. They carry no std for
#     wasm, so it is built from rust-web-src: the release build does that anyway (see wasm.sh).
# WEIR_WASM_TOOLCHAIN=path|debian picks one when both are there.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=$ROOT/.tools
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
RUST_MIN=1.95 # the same as rust-version in Cargo.toml
# A module that isn't stripped of its names (wasm.sh) has a folder of its own: it never stands in for the one that ships.
MODULES=$TARGET/wasm32-wasip1/release
[ "${WEIR_WASM_STRIP:-true}" = true ] || MODULES=$TARGET/wasm32-wasip1/named
# The exports that the e2e tests, the demo and weirctl read.
export WEIR_WASM=$MODULES/weir.wasm
export WEIRCTL=$TARGET/release/weirctl
export ENVOY=${ENVOY:-$TOOLS/envoy}
DEBIAN_LIBC=/usr/lib/wasm32-wasi
DEBIAN_LD=/usr/bin/wasm-ld-19

# Prints each argument on a line.
say() { printf '%s\n' "$@"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# True if version $1 (1.96.0) is at least $2 (1.95).
at_least() { [ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# True if the rustc at $1 runs and is new enough.
rust_ok() { local v; v=$("$1" --version 2>/dev/null) && at_least "$(cut -d' ' -f2 <<<"$v")" "$RUST_MIN"; }

# Puts a fitting cargo first on PATH: the user's own if it is new enough, else Debian's.
use_native_rust() {
    [ -d "$HOME/.cargo/bin" ] && PATH=$PATH:$HOME/.cargo/bin
    if ! rust_ok rustc && rust_ok /usr/bin/rustc; then PATH=/usr/bin:$PATH; fi
    rust_ok rustc && command -v cargo >/dev/null
}

# Prints the path of a Node that is new enough: one on PATH, or the one `make setup` put in .tools.
find_node() {
    local n
    for n in "$(type -P node || true)" "$TOOLS/node/bin/node"; do
        if [ -x "$n" ] && at_least "$("$n" --version 2>/dev/null | tr -d v)" 20; then echo "$n" && return; fi
    done
    return 1
}

# Prints the path of npm's script, to be run by node: the one on PATH, or the one that came with .tools/node.
find_npm() {
    local n
    for n in "$(readlink -f "$(type -P npm || true)" 2>/dev/null || true)" "$TOOLS/node/lib/node_modules/npm/bin/npm-cli.js"; do
        if [[ $n == *.js ]] && [ -e "$n" ]; then echo "$n" && return; fi
    done
    return 1
}

# Prints which Rust can build for wasm: path, debian or none.
wasm_toolchain() {
    local lib
    lib=$(rustc --print sysroot 2>/dev/null)/lib/rustlib
    if [ "${WEIR_WASM_TOOLCHAIN:-path}" = path ] && rust_ok rustc && [ -d "$lib/src/rust/library/std" ] &&
        [ -e "$lib/wasm32-wasip1/lib/self-contained/libc.a" ]; then
        echo path
    elif [ "${WEIR_WASM_TOOLCHAIN:-debian}" = debian ] && rust_ok /usr/bin/rustc && [ -x /usr/bin/cargo ] &&
        [ -d /usr/lib/rustlib/src/rust/library/std ] && [ -e $DEBIAN_LIBC/libc.a ] && [ -x $DEBIAN_LD ]; then
        echo debian
    else
        echo none
    fi
}

# Sets the environment so that `cargo` builds for wasm, std included, with the flags in $1.
# The target directory is one per toolchain: two compilers in one would rebuild all of it each time.
use_wasm_rust() {
    local kind flags=$1
    kind=$(wasm_toolchain)
    case $kind in
    none) die "no Rust that builds for wasm32-wasip1: run \`make setup\`" ;;
    debian)
        PATH=/usr/bin:$PATH
        export RUSTC=/usr/bin/rustc
        export CARGO_TARGET_WASM32_WASIP1_LINKER=$DEBIAN_LD
        export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$DEBIAN_LD
        ;;
    esac
    export CARGO_TARGET_DIR=$TARGET/wasm-$kind
    export RUSTC_BOOTSTRAP=1 # -Zbuild-std on a stable compiler
    export CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS=$flags
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$flags
    if [ "$kind" = debian ]; then
        # This libc has to be named; rustup's target brings its own.
        CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS+=" -C link-self-contained=no -L $DEBIAN_LIBC"
    fi
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS # either would hide the per-target flags
}
