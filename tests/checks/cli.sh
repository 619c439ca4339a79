#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# TAP: exit statuses and messages of the command line's contract. cli.sh RANKINE
rankine=$(realpath "$1")
n=0
check() { # DESCRIPTION STATUS PATTERN ARGUMENTS...
    local what=$1 status=$2 pattern=$3 output got
    shift 3
    output=$("$rankine" "$@" 2>&1)
    got=$?
    n=$((n + 1))
    if [ $got -eq "$status" ] && grep -qE -- "$pattern" <<<"$output"; then
        echo "ok $n - $what"
    else
        echo "# exit $got, expected $status; output: $output" | head -n 5 | sed 's/^\([^#]\)/# \1/'
        echo "not ok $n - $what"
    fi
}
check "--help lists the commands" 0 '^  devices' --help
check "--version says the version" 0 '^rankine [0-9]+\.[0-9]+' --version
check "a wrong command exits 2 and suggests the right one" 2 'Did you mean devices' devises
check "a wrong option exits 2 and names it" 2 'bogus' devices --bogus
check "a device that isn't there exits 1 and lists what is" 1 "nonesuch" kernels --device nonesuch
check "no command exits 2" 2 'Usage'
check "synth says the best reachable accuracy" 0 '^  rmse +0\.' synth ratings --as x --rows 5000 --db :memory: --quiet
check "a kind of data that isn't there exits 2 and suggests one" 2 'Did you mean ratings' synth rating --as x --db :memory:
check "a setting out of its range exits 2 and names it" 2 'noise' synth ctr --as x --set noise=2 --db :memory:
check "a feature of a field that isn't there exits 2 before anything is written" 2 'no field agee' synth ratings --as x --set agee.scale=log --db :memory:
check "models lists the zoo" 0 '^  deepfm +DeepFM' models --db :memory:
check "a model of the zoo says its settings" 0 '^Settings:' model mf --db :memory:
check "a model prints its graph" 0 '^digraph' model dlrm --graph dot --set bottom=8
check "a graph in another format exits 2" 2 'text or dot' model mf --graph png
check "a model that isn't there exits 1" 1 'no model nonesuch' model nonesuch --db :memory:
check "runs says that there are none" 0 'No runs yet' runs --db :memory:
check "remove of what isn't there exits 1" 1 'nonesuch' remove nonesuch --db :memory:
check "remove of an unknown kind exits 2" 2 'dataset, model or run' remove x --kind thing --db :memory:
echo "1..$n"
