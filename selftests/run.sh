#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the selftests in the virtual machine, one after the other, each with
# the kernel's log since its start and the banks as witnesses: a report in it,
# or a bank that is not empty soon, fails the program that was running.
#
# usage: scripts/vm -- selftests/run.sh [FOLDER [NAME…]]
#
# FOLDER (default: build/check/LANE) gets NAME.tap for each program, their
# "names", the file "results" with their counts, "failures" with what was printed of
# those that failed, and "gcov" with what the kernel counted of the module's lines;
# without names it runs all there are. Where
# MEMBANK_BEGUN is a folder, several machines run each program once: it gets a file
# of that name by who begins. The status is 0 when all could be run, whatever they
# found.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
scripts=$here/../scripts
# shellcheck source=../scripts/lib/tap.sh
. "$scripts/lib/tap.sh"
# shellcheck source=../scripts/lib/reports.sh
. "$scripts/lib/reports.sh"

kmemleak=/sys/kernel/debug/kmemleak

# An emulator with a debugging kernel takes a fifth of a second to start a process, and half
# of one until a program with libraries is there. So what is done after each program is
# done without, as far as it goes, and else by programs that have no libraries.
awk() {
	busybox awk "$@"
}

# Tenths of a second: who was killed lets go of pages a moment after its end.
patience=200

# Sets parameters to what the module was loaded with, as insmod takes it.
read_parameters() {
	local name value

	parameters="not loaded"
	[[ -e /sys/module/membank ]] || return 0
	parameters=
	for name in banks quota; do
		value=$(< "/sys/module/membank/parameters/$name")
		[[ -z $value || $value == "(null)" ]] || parameters+="$name=$value "
	done
}

# A program that was stopped in its middle must not fail those after it.
load_again() {
	local words

	if [[ -e /sys/module/membank ]]; then
		rmmod membank
	fi
	if [[ $loaded != "not loaded" ]]; then
		read -ra words <<< "$loaded"
		insmod "$MEMBANK_KO" "${words[@]}"
	fi
}

# Sets held to a line for each bank that is not empty. What has a hardware error stays.
read_held() {
	local bank used poisoned

	held=
	for bank in /sys/class/membank/membank[0-9]*; do
		[[ -e $bank/used ]] || continue
		used=$(< "$bank/used") poisoned=$(< "$bank/poisoned")
		((used == poisoned)) || held+="${bank##*/} was left with $used bytes used, $poisoned of them poisoned"$'\n'
	done
}

banks_are_empty() {
	local tries

	for ((tries = 0; tries < patience; tries++)); do
		read_held
		[[ -n $held ]] || return 0
		sleep 0.1
	done
	return 1
}

# Which loading of the module this is, kept as a descriptor of its folder: a new one
# has another. Without processes of their own, because an emulator with a debugging
# kernel takes a tenth of a second to start one.
remember_loading() {
	loading=
	if [[ -e /sys/module/membank ]]; then
		exec {loading}< /sys/module/membank
	fi
}

same_loading() {
	if [[ -z $loading ]]; then
		[[ ! -e /sys/module/membank ]]
	else
		[[ /sys/module/membank -ef /proc/self/fd/$loading ]]
	fi
}

forget_loading() {
	[[ -z $loading ]] || exec {loading}<&-
}

# kmemleak finds what is at least five seconds old and was the same the last time it
# looked, which takes it so long that there is mostly nothing to wait for. What it found is
# in the kernel's log, too, and is not found again.
leaks() {
	local began=$SECONDS

	[[ -e $kmemleak ]] || return 0
	if echo scan > "$kmemleak" && sleep "$((SECONDS - began > 5 ? 0 : 6 - SECONDS + began))" &&
		echo scan > "$kmemleak"; then
		cat "$kmemleak"
		echo clear > "$kmemleak"
	else
		echo "kmemleak has switched itself off"
	fi
}

# witness FILE: what else than the program saw a failure: memory that leaked when
# it unloaded the module, a report in the kernel's log since its start, memory of
# a bank that nobody gave back, or a module that is not as it was.
witness() {
	local text leaked=

	if ! same_loading; then
		leaked=$(leaks)
		forget_loading
		remember_loading
	fi
	[[ ! -e $1.report ]] || rm "$1.report"
	banks_are_empty || printf '%s' "$held" >> "$1.report"
	read_parameters
	if [[ $parameters != "$loaded" ]]; then
		echo "the module was left: $parameters" >> "$1.report"
		load_again 2>> "$1.report"
		forget_loading
		remember_loading
	fi
	# Last, for what the kernel said until now; and cleared by the same call that reads it,
	# so that the next program's has all the rest.
	if ! busybox dmesg -c -s 1048576 > "$1.log" || [[ ! -s $1.log ]]; then
		echo "the kernel's log could not be read" >> "$1.report"
	fi
	if may_have_reports "$1.log"; then
		if text=$(grep -aEf "$scripts/lib/reports" -A 40 "$1.log"); then
			echo "$text" >> "$1.report"
		elif (($? > 1)); then
			echo "nobody looked for reports in the kernel's log" >> "$1.report"
		fi
	fi
	[[ -z $leaked ]] || echo "$leaked" >> "$1.report"
	[[ ! -e $1.report ]]
}

# Which lines of the module were run, where it was built to count them.
keep_counts() {
	local from=/sys/kernel/debug/gcov

	[[ -d $from ]] || return 0
	mkdir "$out/gcov"
	find "$from" -name '*.gc??' -exec cp -t "$out/gcov" {} +
}

# Whether nobody else runs it.
begin() {
	local status=0

	[[ -n ${MEMBANK_BEGUN:-} ]] || return 0
	set -C
	{ : > "$MEMBANK_BEGUN/$1"; } 2> /dev/null || status=1
	set +C
	return "$status"
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
	rm -rf "$out"/*.{tap,log,kernel,report} "$out"/{results,failures,gcov}
	: > "$out/names"
	cd "$MEMBANK_BUILD/selftests"
	read_parameters
	loaded=$parameters
	remember_loading
	dmesg --clear
	for name in "${names[@]}"; do
		begin "$name" || continue
		echo "$name" >> "$out/names"
		echo "membank-test: start of $name" > /dev/kmsg
		run_program "$out" "$name" 900 "./$name"
	done
	keep_counts
}

main "$@"
