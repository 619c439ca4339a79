#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# TAP: suites from the command line, on a device. batch.sh RANKINE SOURCE
rankine=$(realpath "$1") source=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
n=0
ok() { # DESCRIPTION STATUS-OF-THE-CHECK [WHY]
    n=$((n + 1))
    if [ "$2" -eq 0 ]; then
        echo "ok $n - $1"
    else
        head -n 6 <<<"${3:-}" | sed 's/^/# /'
        echo "not ok $n - $1"
    fi
}
check() { # DESCRIPTION STATUS PATTERN ARGUMENTS...
    local what=$1 status=$2 pattern=$3 output got
    shift 3
    output=$("$rankine" "$@" --db "$folder/t.db" 2>&1)
    got=$?
    [ $got -eq "$status" ] && grep -qE -- "$pattern" <<<"$output"
    ok "$what" $? "exit $got, expected $status; output: $output"
}
# Nothing here depends on how fast or how busy the machine is: what makes a result valid is loose.
suite() { # FILE GATES MORE: a suite of two trials that takes a few seconds
    cat >"$1" <<END
{ "rankine": 1, "name": "t", "data": { "synth": "ctr", "rows": 3000 },
  "models": [ { "model": "deepfm", "set": { "epochs": 1, "dim": 4 } } ],
  "sweep": { "batch.max": [1, 4] }, "repeats": 2,
  "load": { "scenario": "multi", "streams": 4, "streams.next": "any", "candidates.n": 5, "duration_s": 0.4,
            "warmup_s": 0.05, "percentile": 50, "stable.within": 10, "late.share": 10,
            "audit": false, "quality.n": 50 },
  "gates": { $2 } ${3:-} }
END
}
suite t.json '"p99_ms": 100000'
suite strict.json '"p99_ms": 0.000001'
suite short.json '"p99_ms": 100000' ', "metric": "auc"'
sed -i 's/"percentile": 50/"percentile": 99.99/; s/"name": "t"/"name": "short"/' short.json
suite wrong.json '"p99_ms": 1' ', "serve": { "bach.max": 3 }'
sed 's/"synth": "ctr", "rows": 3000/"dataset": "nonesuch"/' t.json >missing.json
check "a dry run lists the trials and the time" 0 '^About [0-9]+ s' --batch t.json --dry-run
check "and what comes before, whose time nothing tells yet" 0 'First come the dataset, 1 model to train' \
    --batch t.json --dry-run
"$rankine" --batch t.json --dry-run --json --db t.db 2>/dev/null | python3 -c \
    'import json, sys; d = json.load(sys.stdin); assert (len(d["trials"]), d["models_to_train"]) == (2, 1), d'
ok "its --json is a document" $?
[ ! -e t.db ]
ok "a dry run makes no database" $?
check "a wrong key exits 2 with its path and the right name" 2 'serve\.bach\.max is not known. Did you mean batch\.max' --batch wrong.json
check "a suite that isn't there exits 2" 2 'nonesuch.json' --batch nonesuch.json
check "no suite exits 2" 2 'takes no argument|Missing' --batch
check "a baseline that isn't there exits 1" 1 'nonesuch' --batch t.json --baseline nonesuch.json
check "a dataset that isn't there exits 1" 1 'nonesuch' --batch missing.json --out m
touch file
check "a folder that can't be written is found before measuring" 1 "Can't write file/out" --batch t.json --out file/out
check "a suite runs and recommends" 0 '^Recommended: batch.max=' --batch t.json --out out
check "then a dry run has nothing to make first" 0 'are there already' --batch t.json --dry-run
for file in results.json results.csv junit.xml summary.md metrics.prom report.html report.pdf; do
    [ -s "out/$file" ]
    ok "it wrote $file" $?
done
[ "$(ls out/trials/*.csv.gz | wc -l)" -eq 4 ] && zcat out/trials/*.csv.gz | head -n 1 | grep -q scheduled
ok "it wrote the raw records of each repeat" $?
output=$("$rankine" --batch t.json --out again --resume --db t.db 2>&1)
[ $? -eq 0 ] && ! grep -q ' of 4, about' <<<"$output"
ok "resumed after the end it measures nothing" $? "$output"
python3 - <<'END'
import json, sys
a, b = (json.load(open(f"{d}/results.json")) for d in ("out", "again"))
sys.exit(0 if a["trials"] == b["trials"] and a["recommended"] == b["recommended"] else 1)
END
ok "and finds the same" $?
check "a breached gate exits 3" 3 'Gate p99_ms: BREACHED' --batch strict.json --out s --resume
check "too few queries exit 5 and say how many are needed" 5 'more queries are needed' --batch short.json --out v
python3 - <<'END'
import json
r = json.load(open("out/results.json"))
for t in r["trials"]:
    for p in t["repeats"]:
        for k in p["latency_ms"]:
            p["latency_ms"][k] /= 20
    for w in [w for p in t["repeats"] for w in p["windows"]]:
        for k in ("p50_ms", "p99_ms"):
            w[k] = w[k] and w[k] / 20
    for k in t["latency_ms"]:
        t["latency_ms"][k] /= 20
json.dump(r, open("fast.json", "w"))
END
check "a regression exits 4 and says of what" 4 'Baseline: p50_ms of .* is worse' --batch t.json --out b --resume --baseline fast.json
check "against itself nothing is worse" 0 'Recommended' --batch t.json --out c --resume --baseline out/results.json
! grep -q '"verdict" : "\(worse\|better\)"' c/results.json
ok "nor better" $?
suite long.json '"p99_ms": 100000' ', "seed": 3'
"$rankine" --batch long.json --out l --db t.db 2>log >/dev/null &
pid=$!
for _ in $(seq 600); do
    grep -q '^2 of 4' log && break
    sleep 0.1
done
kill -INT $pid
wait $pid
status=$?
[ $status -eq 130 ] && grep -q 'Go on with --resume' log
ok "interrupted it exits 130 and says how to go on" $? "exit $status: $(tail -n 2 log)"
check "resumed it ends" 0 'Recommended' --batch long.json --out l --resume
problems=$(python3 "$source/tests/checks/schema.py" "$source/data/results.schema.json" out/results.json v/results.json b/results.json 2>&1)
status=$?
if [ $status -eq 77 ]; then
    echo "ok $((n += 1)) - results.json is as its schema says # SKIP $problems"
else
    ok "results.json is as its schema says" $status "$problems"
    problems=$(python3 "$source/tests/checks/schema.py" "$source/data/suite.schema.json" t.json "$source"/data/suites/*.json 2>&1)
    ok "suites are as theirs says" $? "$problems"
fi
echo "1..$n"
