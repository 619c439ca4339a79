#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Fuzzes one target for some seconds from its corpus; what it finds is a file crash-* or timeout-*
# in FOLDER (default: a temporary one), and exit status 1. What it learns stays there too.
#
#   CC=clang meson setup build-fuzz -Dfuzz=true -Dgui=disabled -Db_sanitize=address,undefined \
#       -Db_lundef=false && ninja -C build-fuzz
#   tests/fuzz/run.sh build-fuzz/tests/fuzz/fuzz-import csv 120 /tmp/found
set -u
fuzzer=$1 target=$2 seconds=$3
here=$(cd "$(dirname "$0")" && pwd)
folder=${4:-$(mktemp -d)}
[ $# -ge 4 ] || trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/corpus"
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
"$fuzzer" "$target" -max_total_time="$seconds" -seed=1 -max_len=4096 -timeout=20 -rss_limit_mb=4096 \
    -print_final_stats=1 -artifact_prefix="$folder/" "$folder/corpus" \
    "$here/corpus/$target" \
    >"$folder/log" 2>&1
status=$?
if [ $status -ne 0 ]; then
    tail -n 60 "$folder/log"
    for found in "$folder"/crash-* "$folder"/timeout-* "$folder"/leak-* "$folder"/oom-*; do
        [ -f "$found" ] && { echo "$found:"; base64 "$found" | head -n 40; }
    done
    exit 1
fi
grep -E 'number_of_executed_units|DONE' "$folder/log"
exit 0
