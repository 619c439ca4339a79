#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# drive.sh BINARY [SHOTS]: starts the real program under Xvfb with a session bus, drives it with the
# keyboard alone, takes a picture of each page, and fails on any GTK message on standard error or a
# picture that didn't change. Exit 77 without the programs that it needs.
set -u
binary=$(readlink -f "$1")
work=$(mktemp -d)
shots=${2:-$work/shots}
app="" server=""

for program in Xvfb xdotool import compare dbus-run-session; do
    command -v "$program" >/dev/null || { echo "1..0 # SKIP there is no $program"; rm -r "$work"; exit 77; }
done
mkdir -p "$shots"

finish() {
    [ -n "$app" ] && kill "$app" 2>/dev/null
    [ -n "$server" ] && kill "$server" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT

exec 6>"$work/display"
Xvfb -displayfd 6 -screen 0 1200x860x24 -nolisten tcp -noreset 2>/dev/null &
server=$!
for _ in $(seq 100); do [ -s "$work/display" ] && break; sleep 0.05; done
DISPLAY=:$(cat "$work/display")
export DISPLAY XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config GSETTINGS_BACKEND=memory
export GDK_BACKEND=x11 GSK_RENDERER=cairo GTK_A11Y=none ADW_DISABLE_PORTAL=1 GTK_USE_PORTAL=0

n=0
failed=0
say() { # ok|not ok, what
    n=$((n + 1))
    echo "$1 $n $2"
    [ "$1" = ok ] || failed=1
}

key() { xdotool key --clearmodifiers "$@"; sleep 0.5; }
shot() { import -window root "$shots/$1.png"; }

# Waits until the screen has come to rest, and takes it.
settled_shot() {
    local before="" now
    for _ in $(seq 40); do
        now=$(import -window root rgb:- | md5sum)
        [ "$now" = "$before" ] && break
        before=$now
        sleep 0.3
    done
    shot "$1"
}

# Whether two pictures differ in so many pixels: another page, rather than a cursor or a focus.
differ() {
    local pixels
    pixels=$(compare -metric AE "$shots/$1.png" "$shots/$2.png" null: 2>&1)
    [ "${pixels%%.*}" -gt "${3:-4000}" ] 2>/dev/null
}

dbus-run-session -- "$binary" --db "$work/test.db" >"$work/out" 2>"$work/err" &
app=$!
window=""
for _ in $(seq 200); do
    window=$(xdotool search --onlyvisible --name '^Rankine$' 2>/dev/null | head -1)
    [ -n "$window" ] && break
    sleep 0.1
done
if [ -z "$window" ]; then
    say "not ok" "the window opens"
    cat "$work/err"
    echo "1..$n"
    exit 1
fi
say ok "the window opens"
xdotool windowfocus "$window" 2>/dev/null
settled_shot 1-start

# Every page by its key.
last=1-start
pages=$(grep -c '^RK_PAGE' "$(dirname "$0")/../../src/ui/pages.def")
for page in $(seq 2 "$pages"); do
    key "alt+$page"
    settled_shot "$page-page"
    differ "$last" "$page-page" && say ok "Alt+$page shows another page" || say "not ok" "Alt+$page shows another page"
    last=$page-page
done

# A dialog is opened and left.
key "alt+2"
settled_shot data-empty
key ctrl+n
settled_shot generate
differ data-empty generate && say ok "Ctrl+N opens a dialog" || say "not ok" "Ctrl+N opens a dialog"
key Escape
settled_shot data-back
differ generate data-back && say ok "Escape closes it" || say "not ok" "Escape closes it"

# The sample from the start page by its mnemonic, and its Cancel.
key alt+1
settled_shot start-again
key alt+t
sleep 2
shot sample
differ start-again sample 20000 && say ok "Alt+T runs the sample" || say "not ok" "Alt+T runs the sample"
key alt+c
settled_shot cancelled
differ sample cancelled 2000 && say ok "Alt+C cancels it" || say "not ok" "Alt+C cancels it"

# Help and the shortcuts.
key ctrl+question
settled_shot shortcuts
differ cancelled shortcuts && say ok "Ctrl+? shows the shortcuts" || say "not ok" "Ctrl+? shows the shortcuts"
key Escape

key ctrl+q
for _ in $(seq 60); do
    kill -0 "$app" 2>/dev/null || break
    sleep 0.5
done
if kill -0 "$app" 2>/dev/null; then
    shot not-closed
    say "not ok" "Ctrl+Q closes it"
else
    wait "$app"
    status=$?
    app=""
    [ "$status" -eq 0 ] && say ok "Ctrl+Q closes it" || say "not ok" "Ctrl+Q closes it: status $status"
fi

if grep -E 'WARNING|CRITICAL|ERROR' "$work/err" >"$work/messages"; then
    say "not ok" "standard error has no message"
    sed 's/^/# /' "$work/messages"
else
    say ok "standard error has no message"
fi
echo "1..$n"
[ "$failed" -eq 0 ]
