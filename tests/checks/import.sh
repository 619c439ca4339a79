#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# TAP: `rankine import` as its users call it: files, folders, pipes, compressed; messages, exit
# statuses, progress; what comes back from an export. import.sh RANKINE
rankine=$(realpath "$1")
n=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
export XDG_DATA_HOME=$folder/data
db=test.db

report() { # RESULT DESCRIPTION [OUTPUT]
    n=$((n + 1))
    [ "$1" -eq 0 ] && { echo "ok $n - $2"; return; }
    sed 's/^/# /' <<<"${3:-}" | head -n 8
    echo "not ok $n - $2"
}
check() { # DESCRIPTION STATUS PATTERN ARGUMENTS... : standard input is passed on
    local what=$1 status=$2 pattern=$3 output got
    shift 3
    output=$("$rankine" "$@" --db "$db" 2>&1)
    got=$?
    [ $got -eq "$status" ] && grep -qE -- "$pattern" <<<"$output"
    report $? "$what" "exit $got, expected $status: $output"
}
absent() { # DESCRIPTION NAME: the database has no such dataset
    ! "$rankine" datasets --db "$db" 2>&1 | grep -qE "^$2 "
    report $? "$1" "$("$rankine" datasets --db "$db" 2>&1)"
}

seq 1 3000 | awk 'BEGIN { print "userId,itemId,rating,timestamp" }
    { printf "%d,%d,%.1f,%d\n", $1 % 90, $1 * 7 % 501, $1 % 10 / 2, 1260759144 + $1 * 60 }' >ratings.csv
printf 'itemId,title,genres\n1,"A, B",Drama|War\n2,C,\n3,"D ""E""",War\n' >items.csv
gzip -kn ratings.csv
zstd -q ratings.csv

check "a dry run shows the guesses and their reasons" 0 'timestamp +timestamp +its name, seconds' \
    import ratings.csv --dry-run
absent "a dry run stores nothing" ratings
check "files are joined and split" 0 'Split random: .* rows train' \
    import ratings.csv items.csv --as both --quiet
"$rankine" dataset both --to out --db "$db" >/dev/null
cmp -s ratings.csv out/ratings.csv && cmp -s items.csv out/items.csv
report $? "an export gives the same bytes"
for what in gz zst; do
    check ".$what is read as it is" 0 '3000 rows' import "ratings.csv.$what" --as "$what"
    check ".$what from standard input" 0 '3000 rows' import - --as "in-$what" <"ratings.csv.$what"
done
check "standard input" 0 '3000 rows of events' import - --as piped < <(cat ratings.csv)
"$rankine" import ratings.csv --as json --json --db "$db" 2>/dev/null |
    python3 -c 'import json, sys; d = json.load(sys.stdin); assert d["rows"] == 3000, d'
report $? "--json is one document"
check "a process substitution" 0 '3000 rows' import <(cat ratings.csv) --as substituted
check "a column is left out" 0 '3000 rows' import ratings.csv --as less --set timestamp.kind=ignore
! "$rankine" dataset less --db "$db" | grep -q timestamp
report $? "and isn't stored"
check "cleaning is told in numbers" 0 'label +1500 rows removed' \
    import ratings.csv --as likes --set clean.label=positive --set clean.label.threshold=2.5
check "a split that was asked for" 0 'Split leave-last: 2910 rows train, 90 rows test' \
    import ratings.csv --as last --set split=leave-last

check "a missing file" 1 "Can't open nonesuch.csv: No such file" import nonesuch.csv --as x
check "no file" 2 'name a file, a folder, or -' import --as x
check "no name" 2 'pass --as NAME' import ratings.csv
check "a name that is taken" 2 'a dataset of that name' import ratings.csv --as both
check "a setting that isn't there" 2 'Did you mean split\?' import ratings.csv --as x --set splt=all
check "a field that isn't there" 2 'Did you mean rating\?' \
    import ratings.csv --as x --set ratng.kind=label
check "a key that is too short" 2 'at least 16 are needed' \
    import ratings.csv --as x --pseudonymize <(echo key)
sed '2001s/.*/1,2,bad,4/' ratings.csv >bad.csv
check "a bad number: file, line, column" 1 'bad.csv: line 2001, column 3 \(rating\): "bad" ' \
    import bad.csv --as bad
absent "nothing of it is left" bad
check "skipped when asked" 0 '2999 rows' import bad.csv --as skipped --set on-error=skip
head -c 9000 ratings.csv.gz >cut.csv.gz
check "a truncated gzip" 1 'stops too early after 9000 bytes' import cut.csv.gz --as cut
absent "nothing of that either" cut
check "a line of a gigabyte" 1 'line 3 is longer than 16 MiB' import - --as long \
    < <(head -n 2 ratings.csv; head -c 1073741824 /dev/zero | tr '\0' a)

mkfifo pipe
(head -n 2 ratings.csv; yes 1,2,3,4 2>/dev/null) >pipe &
writer=$!
timeout -k 10 180 "$rankine" import pipe --as endless --db "$db" >log 2>&1 &
waiter=$!
# Interrupted once it reads: a slow machine may take seconds to come that far.
for _ in $(seq 600); do
    importer=$(pgrep -P $waiter) && grep -q rows log && break
    sleep 0.1
done
kill -INT "$importer"
wait $waiter
got=$?
kill $writer 2>/dev/null
[ $got -eq 130 ] && grep -q 'interrupted; nothing of it is kept' log
report $? "SIGINT exits 130" "exit $got: $(cat log)"
absent "and keeps nothing" endless
if command -v script >/dev/null; then
    more="yes 1,2,3,1260759144 | head -n 300000"
    script -qec "(head -n 1 ratings.csv; $more; sleep 0.4; $more) | $rankine import - --as shown --db $db" \
        /dev/null >log 2>&1
    grep -q $'\033\\[Kimport  [0-9,]* rows' log
    report $? "a terminal sees the progress" "$(cat -v log)"
fi
"$rankine" import ratings.csv --as quiet --quiet --db "$db" 2>log >/dev/null
[ ! -s log ]
report $? "--quiet is quiet" "$(cat log)"
echo "1..$n"
