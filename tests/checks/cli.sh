#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# TAP: exit statuses and messages of the command line's contract. cli.sh RANKINE
rankine=$(realpath "$1")
unset DISPLAY WAYLAND_DISPLAY # with one, no command opens the window
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
check "runs says that there are none" 0 'No runs of training yet' runs --db :memory:
check "remove of what isn't there exits 1" 1 'nonesuch' remove nonesuch --db :memory:
check "remove of an unknown kind exits 2" 2 'dataset, model or run' remove x --kind thing --db :memory:
db=$(mktemp -d)/t.db
"$rankine" synth sequence --as s --rows 3000 --db "$db" --quiet >/dev/null
quick=(--set epochs=1 --set dim=4 --set loss=bpr --set negatives=uniform --quiet)
check "train without a dataset's name exits 2" 2 '--data' train mf --as m --db "$db"
check "train without a name exits 2" 2 '--as' train mf --data s --db "$db"
check "train of a wrong model suggests one" 2 'mean "mf"' train mff --data s --as m --db "$db"
check "a hyper-parameter out of its range exits 2 and names it" 2 'dim' train mf --data s --as m --set dim=0 --db "$db"
check "a metric that isn't there exits 2 and suggests one" 2 'ndcg' train mf --data s --as m --set metric=ndgc@10 --db "$db"
"$rankine" synth ctr --as c --rows 2000 --db "$db" --quiet >/dev/null
check "a model that needs other fields says which" 2 'needs a user field' train mf --data c --as m --db "$db"
check "labels of one kind exit 2 and say what to draw" 2 'negatives=uniform' train dlrm --data s --as x --db "$db"
check "an objective that a model can't have says what can" 2 'loss=bce' train deepfm --data s --as y --set loss=bpr --db "$db"
check "early stopping without a validation part exits 2" 2 'validation' train mf --data s --as m "${quick[@]}" --set split=leave-last --set patience=2 --db "$db"
check "a dataset that isn't there exits 1" 1 'nonesuch' train mf --data nonesuch --as m --db "$db"
check "train measures the test part" 0 '^  ndcg@10' train mf --data s --as m "${quick[@]}" --db "$db"
check "a name that is taken exits 2 and says what to do" 2 'remove' train mf --data s --as m "${quick[@]}" --db "$db"
check "a run that has ended isn't resumed" 2 'ended' train mf --data s --as m "${quick[@]}" --resume --db "$db"
check "update makes the next version" 0 'version 2' train mf --data s --as m "${quick[@]}" --update --db "$db"
check "an update's losses are its own" 0 '"losses"' train mf --data s --as m "${quick[@]}" --set log.every=2 --update --json --db "$db"
check "eval by full ranking" 0 '^Protocol full' eval m --db "$db" --quiet
check "eval by sampled candidates says so" 0 'not comparable' eval m --protocol sampled:20 --db "$db" --quiet
check "eval --json has the contract's members" 0 '"pessimistic"' eval m --json --db "$db" --quiet
check "a protocol that isn't there exits 2" 2 'sampled:100' eval m --protocol some --db "$db"
check "a model that isn't there exits 1" 1 'no model nonesuch' eval nonesuch --db "$db"
check "slices of a field that isn't there exit 2" 2 'no such categorical' eval m --slice nonesuch --db "$db" --quiet
check "against itself nothing differs" 0 'within noise' eval m --against m --db "$db" --quiet
check "compress says what it costs" 0 'within noise|ndcg@10' compress m --as m8 --pass prune:what=dims,ratio=0.5 --db "$db" --quiet
check "compress --json has the contract's members" 0 '"parent_flops"' compress m --as m4 --pass prune:what=rows,ratio=0.5 --json --db "$db" --quiet
check "a compressed model says where it comes from" 0 'prune:what=dims' model m8 --db "$db"
check "a compressed model is measured like any other" 0 '^Protocol full' eval m8 --db "$db" --quiet
check "compress needs a pass" 2 '--pass' compress m --as x --db "$db"
check "a pass that isn't there suggests one" 2 'mean "prune"' compress m --as x --pass prone --db "$db"
check "a ratio out of range exits 2" 2 'ratio' compress m --as x --pass prune:ratio=2 --db "$db"
check "a pass that doesn't apply exits 2" 2 'none can be cut out' compress m --as x --pass prune --db "$db" --quiet
check "a budget out of reach says the closest" 2 'the closest is' compress m --as x --pass prune:what=dims,bytes=10 --db "$db" --quiet
check "sensitivity shows each table" 0 '^item.weight' compress m --sensitivity --pass prune:what=rows,ratio=0.5 --db "$db" --quiet
check "save writes npz" 0 'Wrote 5 tensors' save m --to "${db%.db}.npz" --db "$db"
check "save --json names the model" 0 '"model"' save m --to "${db%.db}.npz" --json --db "$db"
check "save to another kind of file exits 2" 2 '.npz or .json' save m --to x.bin --db "$db"
check "find-lr suggests a rate" 0 '^Suggested: --set lr=' train mf --data s --find-lr "${quick[@]}" --db "$db"
bench=(--set audit=false --set quality.n=50 --set warmup_s=0.1 --set candidates.n=20 --quiet)
check "bench of too short a run is not valid: exit 5, and how many queries it lacks" 5 'more queries are needed' bench m --data s --db "$db" "${bench[@]}" --set qps=100 --set duration_s=0.3
check "bench offline says the accuracy as served" 0 'recall@10 .* as served' bench m --scenario offline --db "$db" "${bench[@]}" --set queries=200
check "bench --json has the contract's members" 0 '"schedule_hash"' bench m --scenario offline --json --db "$db" "${bench[@]}" --set queries=50
check "a rate that can't be reached says where it is saturated" 5 'saturated' bench m --db "$db" "${bench[@]}" --set qps=1000000 --set duration_s=0.5 --set backlog_s=0.05 --set candidates.n=2 --set batch.max=1
check "a scenario that isn't there exits 2" 2 'single.multi' bench m --scenario open --db "$db"
check "a setting of the load that isn't there suggests one" 2 'duration_s' bench m --set duration=3 --db "$db"
check "bench of a dataset that isn't there exits 1" 1 'nonesuch' bench m --data nonesuch --db "$db"
check "find-rate without a limit exits 2" 2 'slo_p99_ms' bench m --find-rate --db "$db" --quiet
check "records that can't be written exit 1, the result shown" 1 'Schedule' bench m --scenario offline --records /nonesuch/r.csv --db "$db" "${bench[@]}" --set queries=50
check "runs lists them" 0 'done' runs --db "$db"
results=$(dirname "$(realpath "$0")")/../report/results.json
check "report without a run exits 2" 2 'results.json' report --to x.html
check "report without a file exits 2" 2 '--to' report "$results"
check "report in a form that isn't there exits 2" 2 'names no form' report "$results" --to x.docx
check "report on a run that isn't there exits 1" 1 '--batch' report nonesuch --to "${db%.db}.html"
check "report on what is no result exits 1" 1 'cli.sh' report "$0" --to "${db%.db}.html"
check "report prints its answer" 0 '^Recommended: ' report "$results" --to "${db%.db}.html"
check "report writes PDF" 0 'Wrote .*pdf' report "$results" --to "${db%.db}.pdf"
check "report --json has the answer" 0 '"recommended"' report "$results" --to "${db%.db}.csv" --json
check "several runs make one report" 0 'Wrote' report "$results" "$results" --to "${db%.db}.html"
check "several runs make no CSV" 2 'takes one' report "$results" "$results" --to "${db%.db}.csv"
rm -r "$(dirname "$db")"
echo "1..$n"
