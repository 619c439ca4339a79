#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Installs what is missing, builds, and runs Rankine's main job on generated data. Works from any
# folder, and again when run again.
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
build=$source/build

step() { printf '\n== %s\n' "$*"; }

step "1/7 Packages"
bash "$source/data/setup.sh"

step "2/7 Build (in build/)"
if [ -f "$build/build.ninja" ]; then
    meson setup --reconfigure "$build" "$source" >"$build/setup.log" 2>&1 ||
        { tail -20 "$build/setup.log"; echo "Can't configure: see build/setup.log." >&2; exit 1; }
else
    mkdir -p "$build"
    meson setup "$build" "$source" >"$build/setup.log" 2>&1 ||
        { tail -20 "$build/setup.log"; echo "Can't configure: see build/setup.log." >&2; exit 1; }
fi
ninja -C "$build" >"$build/build.log" 2>&1 ||
    { tail -30 "$build/build.log"; echo "Can't build: see build/build.log." >&2; exit 1; }
rankine=$build/rankine
"$rankine" --version

step "3/7 Vulkan devices and what they reach"
"$rankine" devices

step "4/7 A dataset: generated, stored in SQLite, profiled"
db=$build/demo.db
rm -f "$db" "$db-wal" "$db-shm"
"$rankine" synth ctr --as clicks --rows 200000 --db "$db"
"$rankine" dataset clicks --db "$db"
"$rankine" doctor --db "$db"

step "5/7 A model: trained, then measured"
"$rankine" train deepfm --data clicks --as clicks-deepfm --set epochs=1 --seed 1 --db "$db"
"$rankine" eval clicks-deepfm --data clicks --db "$db"

step "6/7 Kernels: what this device does best"
"$rankine" kernels --op dense

step "7/7 A suite: precision and batching under load, with gates and a report"
status=0
"$rankine" --batch "$source/data/suites/quick.json" --out "$build/quick-results" --db "$db" || status=$?
# 5: a busy machine can make a measurement not valid, which the output says.
[ $status -eq 0 ] || [ $status -eq 5 ] || exit $status

printf '\nDone. The database is %s.\n' "$db"
printf 'The report is %s. It begins:\n\n' "$build/quick-results/report.html"
"$rankine" report "$build/quick-results" --to "$build/quick-results/report.pdf" --quiet |
    grep -v '^Wrote ' | fold -s -w 100 | sed 's/^/    /'

if [ -n "${WAYLAND_DISPLAY:-}${DISPLAY:-}" ]; then
    printf '\nThe app opens on that database; what was swept is on its pages Compare and Reports.\n'
    "$rankine" --db "$db" >"$build/app.log" 2>&1 &
fi
