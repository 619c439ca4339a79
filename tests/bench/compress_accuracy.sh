#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What quantized embedding tables cost on generated click-through data: AUC against the f32 parent
# with the paired 95 % interval over test samples, by rows and by tensor, for a parent of each seed
# (SEEDS, 1 unless told), then each one's mean and worst over the seeds.
# Usage: compress_accuracy.sh PATH/TO/rankine
set -eu
rankine=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() { nice "$rankine" "$@" --db "$folder/t.db" --quiet; }
run synth ctr --as ctr --rows "${ROWS:-200000}" >/dev/null
printf '%-4s %-32s %9s %9s %10s %21s\n' seed tables bytes AUC difference '95 % interval'
for seed in ${SEEDS:-1}; do
    run train deepfm --data ctr --as "parent-$seed" --seed "$seed" --set epochs=2 --set dim=16 \
        --set layers=64-32 --set lr=0.003 >/dev/null
    for pass in tables=f16 tables=i8 tables=i8,range=mse tables=i8,per=tensor tables=i4 \
        tables=i4,range=mse tables=i4,per=tensor tables=i4,per=tensor,range=mse; do
        run compress "parent-$seed" --as "$pass-$seed" --pass "quantize:dense=f32,$pass" --json |
            python3 -c 'import json, sys
d = json.load(sys.stdin)
i = d["differences"]["auc"]
print("%-4s %-32s %9d %9.5f %+10.5f [%+.5f, %+.5f]" % (sys.argv[1], sys.argv[2], d["bytes"],
      d["metrics"]["auc"], i["difference"], i["low"], i["high"]))' "$seed" "$pass"
    done
done | tee "$folder/rows"
python3 -c 'import collections, statistics, sys
by = collections.OrderedDict()
for line in open(sys.argv[1]):
    by.setdefault(line.split()[1], []).append(float(line.split()[4]))
for name, d in by.items():
    print("mean %-32s %+.5f, worst %+.5f, %d seeds" % (name, statistics.mean(d), min(d), len(d)))
' "$folder/rows"
