#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What a teacher is worth on generated click-through data: a DeepFM teaches students of half its
# size, whose twins learn from the labels alone, as long as the students (EPOCHS) and as long as is
# best for them (TWIN_EPOCHS). Five seeds of initial weights and of the order of samples; the mean
# difference in AUC with its 95 % interval (Student's t, paired by seed).
# Usage: compress_distill.sh PATH/TO/rankine
set -eu
rankine=$1
rows=${ROWS:-60000} epochs=${EPOCHS:-4} twin_epochs=${TWIN_EPOCHS:-2} seeds=${SEEDS:-1 2 3 4 5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() { nice "$rankine" "$@" --db "$folder/t.db" --quiet; }
student() { # NAME SEED SETTINGS
    run compress teacher --as "$1-$2" --seed "$2" --json \
        --pass "distill:dim=8,layers=32-16,loss=kl,temperature=1,$3" |
        python3 -c 'import json, sys
d = json.load(sys.stdin)
print(sys.argv[1], sys.argv[2], d["metrics"]["auc"], d["metrics"]["logloss"],
      d["bytes"], d["parent_bytes"], d["parent_metrics"]["auc"])' "$1" "$2"
}
run synth ctr --as ctr --rows "$rows" >/dev/null
run train deepfm --data ctr --as teacher --seed 1 --set epochs=6 --set patience=2 --set dim=16 \
    --set layers=64-32 --set lr=0.001 >/dev/null
for seed in $seeds; do
    student distilled "$seed" "labels=0,epochs=$epochs"
    student twin "$seed" "labels=1,epochs=$epochs"
    student twin-at-its-best "$seed" "labels=1,epochs=$twin_epochs"
done | python3 -c 'import math, statistics as st, sys
T = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
auc, loss = {}, {}
for line in sys.stdin:
    name, seed, a, l, size, whole, teacher = line.split()
    auc.setdefault(name, []).append(float(a))
    loss.setdefault(name, []).append(float(l))
print("teacher: %s bytes, AUC %.5f; students: %s bytes (%.3f)"
      % (whole, float(teacher), size, float(size) / float(whole)))
print("%-18s %9s %9s  AUC by seed" % ("student", "AUC", "log loss"))
for name, values in auc.items():
    print("%-18s %9.5f %9.5f  %s" % (name, st.mean(values), st.mean(loss[name]),
                                     " ".join("%.5f" % v for v in values)))
for name in ("twin", "twin-at-its-best"):
    d = [x - y for x, y in zip(auc["distilled"], auc[name])]
    half = T[len(d) - 1] * st.stdev(d) / math.sqrt(len(d)) if len(d) > 1 else math.nan
    print("distilled - %-17s %+.5f [%+.5f, %+.5f] over %d seeds"
          % (name, st.mean(d), st.mean(d) - half, st.mean(d) + half, len(d)))'
