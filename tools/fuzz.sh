#!/usr/bin/env bash
# Fuzzes with libFuzzer: fuzz.sh [TARGET...] runs each for $SECONDS_EACH (1200) seconds, on as many processors
# as $JOBS (1). Without a target, all of them. New inputs go to target/fuzz/corpus, failures to target/fuzz/failures; what is
# worth keeping is moved to tests/fuzz by hand (tests/fuzz/README.md). `fuzz.sh --minimise [TARGET...]` writes
# the smallest corpus with the same coverage to tests/fuzz/corpus.
set -euo pipefail
# shellcheck source=tools/toolchain.sh
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"
use_native_rust || die "no Rust $RUST_MIN or later: run \`make setup\`"
minimise=
[ "${1-}" = --minimise ] && minimise=1 && shift
[ $# -gt 0 ] || set -- operation variables subgraph_response configuration http_request
seconds=${SECONDS_EACH:-1200}
host=$(rustc -vV | sed -n 's/^host: //p')
out=$TARGET/fuzz

# libFuzzer comes with its crate; the compiler's part is the coverage and the address sanitizer.
# --target keeps both away from build scripts and macros.
flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares -Zsanitizer=address -Cdebug-assertions=on -Coverflow-checks=on
    -Cdebuginfo=line-tables-only -Cstrip=none"
RUSTC_BOOTSTRAP=1 RUSTFLAGS=$(tr -s '\n ' '  ' <<<"$flags") CARGO_TARGET_DIR=$out \
    cargo build --release -p weir-fuzz --features libfuzzer --target "$host"

for target; do
    binary=$out/$host/release/$target
    [ -x "$binary" ] || die "no fuzz target $target"
    kept=tests/fuzz/corpus/$target
    mkdir -p "$out/corpus/$target" "$out/failures/$target" "$kept"
    if [ "$minimise" ]; then
        rm -rf "$out/minimised"
        mkdir -p "$out/minimised"
        # Of the inputs that reach the same places, how often does not matter.
        "$binary" -set_cover_merge=1 -use_counters=0 -max_len=4096 \
            "$out/minimised" "$kept" "$out/corpus/$target" 2>"$out/$target.merge.log"
        rm -rf "$kept"
        mv "$out/minimised" "$kept"
        say "$target: $(find "$kept" -type f | wc -l) inputs, $(du -sb "$kept" | cut -f1) bytes"
        continue
    fi
    say "$target: $seconds s, log in $out/$target.log"
    # A mature corpus has short inputs; 16 KB are more than any check needs.
    if ! "$binary" -max_total_time="$seconds" -max_len=16384 -timeout=120 -rss_limit_mb=2560 -print_final_stats=1 \
        -dict="tests/fuzz/dictionaries/$target.dict" -artifact_prefix="$out/failures/$target/" \
        "$out/corpus/$target" "$kept" >"$out/$target.log" 2>&1; then
        tail -n 60 "$out/$target.log"
        die "$target failed; the input is in $out/failures/$target"
    fi
    grep -E '^stat::|are held' "$out/$target.log" | tail -n 8
done
