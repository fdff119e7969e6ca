#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A program of another system, compiled as it is, has its memory from banks; and
# where the module is not loaded it is told what its own system would tell.
# Leaves the module loaded as it was found.

set -u

# shellcheck source=ok.sh
. "$(dirname "$0")/ok.sh"

memman=${MEMBANK_BUILD:?is set by scripts/vm}/examples/memman
ko=${MEMBANK_KO:?is set by scripts/vm}
params=banks=$(cat /sys/module/membank/parameters/banks)
work=$(mktemp -d)

# runs STATUS OUTPUT ERRORS COMMAND…: it ends so, and says just this.
runs() {
	local wanted=$1 out=$2 err=$3 status=0
	shift 3

	timeout 60 "$@" > "$work/out" 2> "$work/err" || status=$?
	detail=$(cat "$work/out" "$work/err")
	((status == wanted)) && [[ $(< "$work/out") == "$out" && $(< "$work/err") == "$err" ]]
}

free_bytes() {
	cat /sys/class/membank/membank[0-9]*/free
}

# It has memory of any bank and of each, whatever its descriptor 0 is.
has_memory() {
	local said=$'Allocated 1 MiB, all zero, and wrote it.\nFreed it, and only once.'

	runs 0 "$said" "" "$memman" < /dev/null
	ok "$1: memory of any bank"
	runs 0 "$said" "" "$memman" <&-
	ok "$1: memory of any bank, with descriptor 0 closed"
	runs 0 "$said" "" "$memman" /dev/membank0 < /dev/null
	ok "$1: memory of bank 0"
	runs 0 "$said" "" "$memman" /dev/membank1 < /dev/null
	ok "$1: memory of bank 1"
	runs 1 "" "mmap: Invalid argument" "$memman" /dev/zero < /dev/null
	ok "$1: EINVAL for a file that is no bank"
}

echo "TAP version 13"
before=$(free_bytes)
has_memory "loaded"
[[ $(free_bytes) == "$before" ]]
ok "all is free in each bank as before"

rmmod membank
ok "the module is unloaded"
runs 1 "" "mmap: Invalid argument" "$memman" < /dev/null
ok "not loaded: EINVAL"
runs 1 "" "/dev/membank0: No such file or directory" "$memman" /dev/membank0 < /dev/null
ok "not loaded: no bank to open"

insmod "$ko" "$params" quota=512K && chmod 666 /dev/membank0
ok "the module is loaded with a quota of half as much as the program wants"
runs 1 "" "mmap: Cannot allocate memory" \
	setpriv --reuid 65534 --regid 65534 --clear-groups "$memman" /dev/membank0 < /dev/null
ok "over quota: ENOMEM"
[[ $(free_bytes) == "$before" ]]
ok "and nothing is taken"
rmmod membank && insmod "$ko" "$params"
ok "the module is loaded again"
has_memory "loaded again"

rm -r "$work"
finish
