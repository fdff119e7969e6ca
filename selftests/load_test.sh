#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Loading and unloading: what banks= takes, and that nothing stays behind; what it
# refuses is in parameters_test.c. Leaves the module loaded as it was found.

set -u

# shellcheck source=ok.sh
. "$(dirname "$0")/ok.sh"

ko=${MEMBANK_KO:?is set by scripts/vm}
helpers=${MEMBANK_BUILD:?is set by scripts/vm}/selftests
class=/sys/class/membank
parameter=/sys/module/membank/parameters/banks
marker=

mark_log() {
	marker="load_test: $RANDOM$RANDOM"
	echo "$marker" > /dev/kmsg
}

# What membank has said since mark_log.
said() {
	dmesg | awk -v marker="$marker" '
		seen && /membank: / && !/taint/
		index($0, marker) { seen = 1 }'
}

# Pages of CMA that nobody has claimed; exact, where the kernel tells.
unclaimed() {
	local file pages=0

	for file in /sys/kernel/mm/cma/*/available_pages; do
		[[ ! -e $file ]] || read -r pages < "$file"
		echo "$pages"
	done
}

cma_kib() { # FIELD
	sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
}

# Other memory may stay in the CMA area while it is free, so make it leave.
cma_free_again() { # KIB
	local tries

	for ((tries = 0; tries < 50; tries++)); do
		echo 3 > /proc/sys/vm/drop_caches
		(($(cma_kib CmaFree) >= $1)) && return
		sleep 0.2
	done
	detail="CmaFree is $(cma_kib CmaFree) kB and was $1 kB"
	return 1
}

loaded() {
	[[ -d /sys/module/membank ]]
}

attr() { # BANK NAME
	cat "$class/membank$1/$2"
}

banks() {
	local list=("$class"/membank[0-9]*)

	[[ -d ${list[0]} ]] && echo "${#list[@]}"
}

unload() {
	local tries

	for ((tries = 0; tries < 50; tries++)); do
		detail=$(rmmod membank 2>&1) && return
		sleep 0.2
	done
	return 1
}

# loads PARAMETER…: loads, says one line for each bank.
loads() {
	mark_log
	detail=$(insmod "$ko" "$@" 2>&1) || return
	detail=$(said)
	[[ $(wc -l <<< "$detail") == "$(banks)" ]]
}

# maps NODE: a byte can be had there. Says the errno if not.
maps() {
	"$helpers/hold" mapping "$1" 4096 true 2>&1
}

# stays_while_held KIND NODE WHAT: rmmod is refused, nothing breaks, and works after.
stays_while_held() {
	local kind=$1 words output status pid from

	exec {from}< <(exec "$helpers/hold" "$kind" "$2" "$3" 2>&1)
	pid=$!
	read -r words <&"$from"
	detail="the holder said '$words'"
	[[ $words == ready ]]
	ok "holding a $kind"

	output=$(rmmod membank 2>&1)
	status=$?
	detail="rmmod ended with $status: $output"
	((status != 0)) && [[ $output == *"is in use"* ]] && loaded
	ok "stays while a $kind lives"
	# EWOULDBLOCK, for every module that is in use; then a byte can still be had.
	detail=$("$helpers/delete_module" membank; maps /dev/membank0)
	[[ $detail == "Resource temporarily unavailable" ]] && loaded
	ok "is not deleted while a $kind lives"

	kill "$pid"
	wait "$pid" 2> /dev/null
	exec {from}<&-
	unload
	ok "is unloaded when the $kind is gone"
	detail=$(insmod "$ko" banks=video:8M 2>&1)
	ok "is loaded again after the $kind"
}

echo "TAP version 13"
if ! loaded; then
	echo "not ok 1 - is loaded before the tests begin"
	echo "1..1"
	exit 1
fi
was=$(cat "$parameter")
unload
ok "is unloaded when nothing is held"
free_before=$(cma_kib CmaFree)
unclaimed_before=$(unclaimed)

grain=2097152
loads
ok "loads without banks="
half=$(($(cma_kib CmaTotal) * 512 / grain * grain))
expected=$((half < 67108864 ? half : 67108864))
detail="$(banks) banks, '$(attr 0 name)' of $(attr 0 size) from $(attr 0 source)"
[[ $(banks) == 1 && $(attr 0 size) == "$expected" && $(attr 0 name) == bank0 &&
	$(attr 0 source) == cma ]]
ok "makes one bank of half the CMA area, 64 MiB at most"

mark_log
detail=$(insmod "$ko" 2>&1)
[[ $detail == *": File exists" && -z $(said) ]]
ok "is not loaded twice"
unload
ok "is unloaded"

loads banks=a:2M,4096k,c:8m@cma,4194304
ok "loads four banks in four notations"
detail="$(cat "$class"/membank?/name "$class"/membank?/size | paste -sd' ')"
[[ $detail == "a bank1 c bank3 2097152 4194304 8388608 4194304" ]]
ok "gives banks their names and sizes"
detail=$(ls -l /dev/membank*)
[[ -c /dev/membank && -c /dev/membank0 && -c /dev/membank3 && ! -e /dev/membank4 ]]
ok "makes a node for each bank and one for any"
unload
ok "is unloaded with four banks"

loads banks=video:64M@cma:private
ok "loads a private bank"
detail=$(maps /dev/membank0)
ok "maps a private bank by its node"
detail=$(maps /dev/membank)
[[ $detail == "Cannot allocate memory" ]]
ok "does not choose a private bank"
unload
ok "is unloaded with a private bank"

loads banks=own:4M:private,rt:8M@contig
ok "loads banks of both sources"
detail="$(attr 0 source) $(attr 1 source) $(attr 1 size) $(attr 1 free)"
[[ $detail == "cma contig 8388608 8388608" ]]
ok "says where a bank comes from"
detail=$(maps /dev/membank1 && maps /dev/membank)
ok "maps a bank of the page allocator"
detail="$(attr 0 used) $(attr 1 used)"
[[ $detail == "0 0" ]]
ok "has all back after that"
unload
ok "is unloaded with both sources"

loads banks=a:4M:sync,b:4M:sync:private,c:4M@contig:private:sync quota=3M
ok "loads banks that are cleared by who frees, and a quota"
detail=$(cat "$class"/membank?/{scrub,quota} | paste -sd' ')
[[ $detail == "sync sync sync 3145728 3145728 3145728" ]]
ok "says so"
unload
ok "is unloaded with a quota"

loads banks=a:4M quota=0
ok "loads without a quota"
detail="$(attr 0 quota) $(attr 0 scrub)"
[[ $detail == "0 background" ]]
ok "says that there is none"
unload
ok "is unloaded without a quota"

for round in 1 2; do
	loads banks=big:96M,rt:16M@contig
	ok "loads, round $round"
	unload
	ok "is unloaded, round $round"
done
[[ $(unclaimed) == "$unclaimed_before" ]] && cma_free_again "$free_before"
ok "gives all memory back"

loads banks=video:8M
ok "loads a bank to be held"
stays_while_held "region map" /dev/membank none
for kind in region mapping dma-buf notifier "page in a pipe"; do
	stays_while_held "$kind" /dev/membank0 4096
done
for kind in service connection; do
	stays_while_held "$kind" /dev/membank0 load-test
done
unload
ok "is unloaded after all that"
[[ $(unclaimed) == "$unclaimed_before" ]] && cma_free_again "$free_before"
ok "gives all memory back after all that"

if [[ $was == "(null)" ]]; then
	detail=$(insmod "$ko" 2>&1)
else
	detail=$(insmod "$ko" "banks=$was" 2>&1)
fi
ok "is loaded as it was"

finish
