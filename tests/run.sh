#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Installs what is missing, builds and runs every test: on lavapipe, on SwiftShader, and under the
# address and undefined-behaviour sanitizers, with Vulkan validation on; fuzzes each importer for
# some seconds. Ends with the count.
set -u
source=$(cd "$(dirname "$0")/.." && pwd)
cd "$source" || exit 1
build=$source/build-test
asan=$source/build-asan
fuzz=$source/build-fuzz
failed_step=""

step() { printf '\n== %s\n' "$*"; }

step "Packages"
bash data/setup.sh test || exit 1

configure() { # DIR OPTIONS...: configures, again when configured before
    local dir=$1
    shift
    mkdir -p "$dir"
    if [ -f "$dir/build.ninja" ]; then
        meson setup --reconfigure "$dir" "$@" >"$dir/setup.log" 2>&1
    else
        meson setup "$dir" "$@" >"$dir/setup.log" 2>&1
    fi || { tail -20 "$dir/setup.log"; echo "Can't configure $dir." >&2; exit 1; }
    ninja -C "$dir" >"$dir/build.log" 2>&1 ||
        { tail -40 "$dir/build.log"; echo "Can't build $dir." >&2; exit 1; }
}

step "Build (build-test/, with sanitizers build-asan/, for fuzzing build-fuzz/)"
configure "$build"
if grep -n 'warning:' "$build/build.log"; then
    echo "The build has warnings." >&2
    failed_step="warnings"
fi
configure "$asan" -Db_sanitize=address,undefined -Db_lundef=false
# By another compiler: what it can't build shall not keep the tests from running.
(CC=clang configure "$fuzz" -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
    -Dgui=disabled) || failed_step="$failed_step fuzz-build"

# Nothing of the user's: own caches and data, so that a test sees what it made itself.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export XDG_CACHE_HOME=$scratch/cache XDG_DATA_HOME=$scratch/data XDG_CONFIG_HOME=$scratch/config
export GSETTINGS_BACKEND=memory RANKINE_VALIDATION=1
unset RANKINE_DEVICE RANKINE_STAGING RANKINE_CACHE_DIR
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export LSAN_OPTIONS=suppressions=$source/tests/lsan.supp:print_suppressions=0

lavapipe=$(ls /usr/share/vulkan/icd.d/lvp_icd.*.json 2>/dev/null | head -n 1)
swiftshader=$(ls /usr/lib/chromium/vk_swiftshader_icd.json 2>/dev/null | head -n 1)
use() { export VK_DRIVER_FILES=$1 VK_ICD_FILENAMES=$1; } # the second name is for older loaders

wrapper=()
run() { # NAME DIR SUITES...: one pass, its results kept as junit-NAME.xml
    local name=$1 dir=$2 arguments=()
    shift 2
    for suite in "$@"; do arguments+=(--suite "$suite"); done
    step "Tests: $name"
    rm -f "$dir"/meson-logs/testlog-"$name"*
    meson test -C "$dir" --no-rebuild --print-errorlogs --logbase "testlog-$name" \
        --num-processes 2 "${wrapper[@]}" "${arguments[@]}" 2>&1 | grep -vE '^(ninja|$|>>>)' | tail -n 150
    [ "${PIPESTATUS[0]}" -eq 0 ] || failed_step="$failed_step $name"
}

[ -n "$lavapipe" ] || { echo "Can't find lavapipe's manifest lvp_icd.*.json." >&2; exit 1; }
use "$lavapipe"
run lavapipe "$build" host device ui
run checks "$build" check
if [ -n "$swiftshader" ]; then
    use "$swiftshader"
    run swiftshader "$build" device
else
    echo "Can't find SwiftShader's manifest: Debian's chromium package has it." >&2
    failed_step="$failed_step swiftshader"
fi
use "$lavapipe"
# The validation layer leaks whenever the loader unloads it, and an unloaded library's leaks can't be
# told from ours. It watched both passes above.
export RANKINE_VALIDATION=0
# Leaks of a library that was unloaded can't be told from ours, so the driver stays: it is loaded
# before all else.
driver=$(sed -n 's/.*"library_path": *"\([^"]*\)".*/\1/p' "$lavapipe")
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
wrapper=(--wrapper "env LD_PRELOAD=$driver")
run sanitizers "$asan" host device ui
wrapper=()
[[ $failed_step = *fuzz-build* ]] || run fuzz "$fuzz" fuzz

step "Result"
python3 tests/count.py "$failed_step" "$build"/meson-logs/testlog-*.junit.xml \
    "$asan"/meson-logs/testlog-*.junit.xml "$fuzz"/meson-logs/testlog-*.junit.xml
