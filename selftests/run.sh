#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the selftests in the virtual machine, one after the other, each with
# the kernel's log since its start as a witness: a report in it fails the
# program that was running.
#
# usage: scripts/vm -- selftests/run.sh [FOLDER [NAME…]]
#
# FOLDER (default: build/check/LANE) gets NAME.tap for each program, their
# "names", and the file "results" with their counts; without names it runs all there are. The
# status is 0 when all could be run, whatever they found.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
scripts=$here/../scripts
# shellcheck source=../scripts/lib/tap.sh
. "$scripts/lib/tap.sh"

marker="membank-test: start"

# witness FILE: what the kernel said since the program's start; a report in it
# is one more failure, and is kept.
witness() {
	dmesg | awk -v marker="$marker" '
		index($0, marker) { text = "" }
		{ text = text $0 "\n" }
		END { printf "%s", text }' > "$1.log"
	if grep -aEf "$scripts/lib/reports" -A 40 "$1.log" > "$1.report"; then
		return 1
	fi
	rm "$1.report" "$1.log"
}

tests() {
	make -s -C "$here" print-tests
}

main() {
	local out=${1:-$here/../build/check/$MEMBANK_LANE} name names
	shift "$(($# > 0))"
	out=$(realpath -m "$out")

	names=("$@")
	if ((${#names[@]} == 0)); then
		mapfile -t names < <(tests | tr ' ' '\n')
	fi
	if ((${#names[@]} == 0)); then
		echo "There are no programs to run: make print-tests names none." >&2
		exit 1
	fi
	mkdir -p "$out"
	rm -f "$out"/*.{tap,log,report} "$out/results"
	printf '%s\n' "${names[@]}" > "$out/names"
	cd "$MEMBANK_BUILD/selftests"
	for name in "${names[@]}"; do
		echo "$marker of $name" > /dev/kmsg
		run_program "$out" "$name" 900 "./$name"
	done
}

main "$@"
