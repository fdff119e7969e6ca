#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every measure runs to its end, and its table and its file have each way in each
# case, with the same figures. How fast anything is decides nothing here.

set -u

# shellcheck source=ok.sh
. "$(dirname "$0")/ok.sh"

bench=${MEMBANK_BUILD:?is set by scripts/vm}/bench
work=$(mktemp -d)

# compare NAME…: says of each what is wrong with its file and its table, or that all
# is well. One Python for all, which takes an emulator long to start.
compare() {
	python3 - "$work" "$@" << 'EOF'
import json, math, os, re, sys

# The lines of each case: its name begins a line, those of its ways are indented.
def rows_of(lines, name, must):
    heads = [i for i, line in enumerate(lines) if line.startswith(name + " ")]
    must(len(heads) == 1, f"{len(heads)} cases of the table are '{name}'")
    rows = []
    for line in lines[heads[0] + 1:] if heads else []:
        if not line.startswith("  "):
            break
        if not line.endswith(" is not there"):
            rows.append(line)
    return rows

def compare(figures, lines, name, must):
    must(figures["measure"] == name, "it is another measure")
    must(figures["rounds"] == 1, "the rounds are not those asked for")
    must(figures["processors"] == os.cpu_count(), "the processors are not those there are")
    must(figures["unit"] == "ns", "the unit is not that of this machine's clock")
    must(len(figures["cases"]) > 0, "there is no case")
    must(figures["module"] == module, "the module is not the one that is loaded")
    for case in figures["cases"]:
        rows = rows_of(lines, case["name"], must)
        must(len(case["ways"]) > 1, f"{case['name']}: nothing is compared")
        reach = [row for row in rows if row.startswith("  to reach: ")]
        rows = [row for row in rows if row not in reach]
        must(len(rows) == len(case["ways"]), f"{case['name']}: {len(rows)} lines in the table")
        must(len(reach) == len(case["targets"]), f"{case['name']}: {len(reach)} lines to reach")
        for target, row in zip(case["targets"], reach):
            verdict = "met" if target["met"] else "missed"
            must(row.startswith(f"  to reach: {target['way']}, ") and row.endswith(f", {verdict}"),
                 f"{case['name']}: the table has '{row}'")
            good = target["reached"] >= target["limit"] if target["at"] == "least" \
                else target["reached"] <= target["limit"]
            must(good == target["met"], f"{case['name']}: {target} is judged wrong")
            must(target["interval"][0] <= target["reached"] <= target["interval"][1],
                 f"{case['name']}: {target} is not in its interval")
        for way, row in zip(case["ways"], rows):
            words = f"{case['name']}, {way['name']}"
            low, high = way["interval"]
            must(0 < way["median"] < math.inf, f"{words}: no time at all")
            must(0 < way["p99"] <= way["max"] < math.inf, f"{words}: p99 is beyond the largest")
            must(0 < low <= high, f"{words}: no interval")
            must(row.startswith(f"  {way['name']} "), f"{words}: the line is '{row}'")
            cells = re.findall(r"-?[0-9.]+", row[len(way["name"]) + 2:])
            for figure in "median", "p99", "max":
                must(any(abs(float(cell) - way[figure]) <= 0.6 for cell in cells),
                     f"{words}: {figure} {way[figure]} is not in '{row}'")
        must(case["ways"][0]["name"] == figures["ratio_to"] and case["ways"][0]["ratio"] == 1,
             f"{case['name']}: the peer is not the first")

with open("/sys/module/membank/srcversion") as file:
    module = file.read().strip()
for name in sys.argv[2:]:
    wrong = []
    try:
        with open(f"{sys.argv[1]}/{name}.json") as file:
            figures = json.load(file)
        with open(f"{sys.argv[1]}/{name}.out") as file:
            lines = file.read().splitlines()
        compare(figures, lines, name, lambda good, words: good or wrong.append(words))
    except (OSError, ValueError, LookupError) as error:
        wrong.append(repr(error))
    for words in wrong or ["all is well"]:
        print(f"{name}: {words}")
EOF
}

# has_target NAME: what has to be reached is in the file.
has_target() {
	grep -q '"limit": [0-9.]*, "reached": [0-9.]*, "interval": \[[0-9., ]*\], "met": \(true\|false\)' "$work/$1.json"
}

# refuses WORDS PATTERN COMMAND…
refuses() {
	local words=$1 pattern=$2 status=0
	shift 2

	detail=$("$@" 2>&1) || status=$?
	detail="status $status: $detail"
	[[ $detail =~ ^"status 2: "$pattern ]]
	ok "$words"
}

echo "TAP version 13"
names=(allocate connect copy live notify pressure region stream threads touch)
for name in "${names[@]}"; do
	detail=$("$bench/$name" --rounds 1 --small --json "$work/$name.json" 2>&1 > "$work/$name.out")
	ok "$name runs to its end"
done
compared=$(compare "${names[@]}" 2>&1)
for name in "${names[@]}"; do
	detail=$(grep "^$name: " <<< "$compared") || detail=$compared
	[[ $detail == "$name: all is well" ]]
	ok "the table and the file of $name have the same figures, of all ways in all cases"
done
for name in allocate connect live notify pressure stream; do
	has_target "$name"
	ok "$name has something to reach"
done
detail=$("$bench/footprint" --small --json "$work/footprint.json" 2>&1 > "$work/footprint.out" &&
	python3 - "$work/footprint.json" "$work/footprint.out" << 'EOF'
import json, sys

with open(sys.argv[1]) as file:
    kinds = json.load(file)["kinds"]
with open(sys.argv[2]) as file:
    lines = file.read().splitlines()
for kind in kinds:
    assert kind["bytes"] >= kind["rest"] >= 0 and kind["bytes"] > 0, kind
    assert any(line.startswith(kind["name"] + " ") and str(kind["bytes"]) in line.split() for line in lines), kind
assert sum(kind["ours"] for kind in kinds) == 7, kinds
EOF
)
ok "footprint tells what each kind of object takes"
refuses "a path that there is not" "paths: there is no path 'none'" "$bench/paths" none
refuses "a number of rounds that is none" "region: --rounds takes a number" "$bench/region" --rounds 0
refuses "an unknown option" ".*usage: notify \[--rounds N\] \[--small\] \[--json FILE\]" "$bench/notify" --no-such
refuses "more words" "usage: stream " "$bench/stream" more
status=0
detail=$("$bench/region" --rounds 1 --small --json "$work/none/file" 2>&1 > /dev/null) || status=$?
((status == 1)) && [[ $detail == *"cannot write the figures: No such file or directory" ]]
ok "a file that cannot be written is said"

rm -r "$work"
finish
