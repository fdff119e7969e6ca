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

# What the module was loaded with.
parameters() {
	cat /sys/module/membank/parameters/banks 2> /dev/null || echo "not loaded"
}

# A program that was stopped in its middle must not fail those after it.
load_again() {
	if [[ -e /sys/module/membank ]]; then
		rmmod membank
	fi
	insmod "$MEMBANK_KO" "banks=$banks"
}

# witness FILE: what else than the program saw a failure: a report in the
# kernel's log since its start, or a module that is not as it was.
witness() {
	dmesg | awk -v marker="$marker" '
		index($0, marker) { text = "" }
		{ text = text $0 "\n" }
		END { printf "%s", text }' > "$1.log"
	rm -f "$1.report"
	if grep -aEf "$scripts/lib/reports" -A 40 "$1.log" > "$1.kernel"; then
		mv "$1.kernel" "$1.report"
	fi
	if [[ $(parameters) != "$banks" ]]; then
		echo "the module was left: $(parameters)" >> "$1.report"
		load_again 2>> "$1.report"
	fi
	[[ ! -e $1.report ]]
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
	rm -f "$out"/*.{tap,log,kernel,report} "$out/results"
	printf '%s\n' "${names[@]}" > "$out/names"
	cd "$MEMBANK_BUILD/selftests"
	banks=$(parameters)
	for name in "${names[@]}"; do
		echo "$marker of $name" > /dev/kmsg
		run_program "$out" "$name" 900 "./$name"
	done
}

main "$@"
