#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# start.sh BUILD: time from the start of the program to its first window, warm, over a database of
# 1,000 runs, and its memory once it is idle; both from outside, under Xvfb with software rendering.
# Bars: 1 second, 250 MiB.
set -eu
build=$(readlink -f "$1")
work=$(mktemp -d)
server=""
trap '[ -n "$server" ] && kill "$server"; rm -rf "$work"' EXIT
"$build/tests/bench/ui/bench-ui" db "$work/runs.db"
exec 6>"$work/display"
Xvfb -displayfd 6 -screen 0 1280x860x24 -nolisten tcp -noreset 2>/dev/null &
server=$!
while [ ! -s "$work/display" ]; do sleep 0.05; done
DISPLAY=:$(cat "$work/display")
export DISPLAY XDG_CONFIG_HOME=$work GSETTINGS_BACKEND=memory GDK_BACKEND=x11 GTK_A11Y=none

for round in 1 2 3 4 5; do # the first one warms the caches
    begin=$(date +%s%N)
    "$build/rankine" --db "$work/runs.db" 2>"$work/err" &
    app=$!
    until xdotool search --onlyvisible --pid "$app" --name Rankine >/dev/null 2>&1; do
        kill -0 "$app" || { cat "$work/err"; exit 1; }
        sleep 0.005
    done
    end=$(date +%s%N)
    sleep 4
    kib=$(awk '/^VmRSS/ {print $2}' "/proc/$app/status")
    own=$(awk '/^RssAnon/ {print $2}' "/proc/$app/status")
    kill "$app"
    wait "$app" 2>/dev/null || true
    echo "start $round: first window after $(((end - begin) / 1000000)) ms (bar 1000), idle" \
        "$((kib / 1024)) MiB resident (bar 250), of it $((own / 1024)) MiB its own"
done
