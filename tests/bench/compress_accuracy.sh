#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What quantized embedding tables cost on generated click-through data: AUC against the f32 parent
# with the paired 95 % interval over test samples, by rows and by tensor, for a parent of each seed
# (SEEDS, 1 unless told); then each one's mean over the seeds, and by how much a scale for each row
# beats one for the tensor, with 95 % intervals (Student's t of differences paired by seed).
# Usage: compress_accuracy.sh PATH/TO/rankine
set -eu
rankine=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() { nice "$rankine" "$@" --db "$folder/t.db" --quiet; }
run synth ctr --as ctr --rows "${ROWS:-200000}" >/dev/null
printf '%-4s %-32s %9s %9s %10s %23s\n' seed tables bytes AUC difference '95 % interval'
for seed in ${SEEDS:-1}; do
    run train deepfm --data ctr --as "parent-$seed" --seed "$seed" --set epochs=2 --set dim=16 \
        --set layers=64-32 --set lr=0.003 >/dev/null
    for pass in tables=f16 tables=i8 tables=i8,range=mse tables=i8,per=tensor \
        tables=i8,per=tensor,range=mse tables=i4 tables=i4,range=mse tables=i4,per=tensor \
        tables=i4,per=tensor,range=mse; do
        run compress "parent-$seed" --as "$pass-$seed" --pass "quantize:dense=f32,$pass" --json |
            python3 -c 'import json, sys
d = json.load(sys.stdin)
i = d["differences"]["auc"]
print("%-4s %-32s %9d %9.5f %+10.6f [%+.6f, %+.6f]" % (sys.argv[1], sys.argv[2], d["bytes"],
      d["metrics"]["auc"], i["difference"], i["low"], i["high"]))' "$seed" "$pass"
    done
done | tee "$folder/rows"
python3 -c 'import collections, math, statistics as st, sys
T = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
def mean(d):
    half = T[len(d) - 1] * st.stdev(d) / math.sqrt(len(d)) if len(d) in range(2, 11) else math.inf
    m = st.mean(d)
    noise = "  within noise" if m - half <= 0 <= m + half else ""
    return "%+.6f [%+.6f, %+.6f]" % (m, m - half, m + half), noise
by = collections.OrderedDict()
for line in open(sys.argv[1]):
    by.setdefault(line.split()[1], []).append(float(line.split()[4]))
for name, d in by.items():
    print("mean %-32s %s%s, worst %+.6f, %d seeds" % (name, *mean(d), min(d), len(d)))
for bits in ("i8", "i4"):
    for more in ("", ",range=mse"):
        row, whole = by["tables=" + bits + more], by["tables=" + bits + ",per=tensor" + more]
        print("rows - tensor, %-22s %s%s" % (bits + more, *mean([a - b for a, b in zip(row, whole)])))
' "$folder/rows"
