#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tracepoints tell of what happens, with the right figures.

set -u

# shellcheck source=ok.sh
. "$(dirname "$0")/ok.sh"

tracing=/sys/kernel/tracing
examples=${MEMBANK_BUILD:?is set by scripts/vm}/examples

report() { # WORDS PATTERN
	detail="no line like '$2' among:"$'\n'$(< "$log")
	grep -qE "$2" "$log"
	ok "$1"
}

echo "TAP version 13"
if [[ ! -d $tracing/events ]]; then
	echo "1..0 # SKIP this kernel has no tracepoints in $tracing"
	exit 4
fi
[[ -d $tracing/events/membank ]]
ok "membank has tracepoints"
((failed == 0)) || finish

log=$(mktemp)
echo > "$tracing/trace"
echo 1 > "$tracing/events/membank/enable"
"$examples/mmap_bank" /dev/membank1 4 > /dev/null
"$examples/shm_server" > /dev/null &
"$examples/shm_client" > /dev/null
wait
echo 0 > "$tracing/events/membank/enable"
grep -v '^#' "$tracing/trace" > "$log"

report "an allocation is traced" "mmap_bank.*membank_alloc: bank=1 first=[0-9]+ pages=1024 order=0"
report "its end is traced" "membank_free: bank=1 first=[0-9]+ pages=1024"
report "a trigger is traced with its receivers" "shm_client.*membank_trigger: notifier=.* receivers=1"

rm "$log"
finish
