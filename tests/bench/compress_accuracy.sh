#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What quantized embedding tables cost on generated click-through data: AUC against the f32 parent
# with the paired 95 % interval, by rows and by tensor. Usage: compress_accuracy.sh PATH/TO/rankine
set -eu
rankine=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() { "$rankine" "$@" --db "$folder/t.db" --quiet; }
run synth ctr --as ctr --rows "${ROWS:-200000}" >/dev/null
run train deepfm --data ctr --as parent --seed 1 --set epochs=2 --set dim=16 --set layers=64-32 \
    --set lr=0.003 >/dev/null
printf '%-42s %9s %9s %10s %21s\n' tables bytes AUC difference '95 % interval'
for pass in tables=f16 tables=i8 tables=i8,range=mse tables=i8,per=tensor tables=i4 \
    tables=i4,range=mse tables=i4,per=tensor tables=i4,per=tensor,range=mse; do
    run compress parent --as "$pass" --pass "quantize:dense=f32,$pass" --json |
        python3 -c 'import json, sys
d = json.load(sys.stdin)
i = d["differences"]["auc"]
print("%-42s %9d %9.5f %+10.5f [%+.5f, %+.5f]" % (sys.argv[1], d["bytes"], d["metrics"]["auc"],
      i["difference"], i["low"], i["high"]))' "$pass"
done
