#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the module allocates while programs use it is charged to them: the kernel's
# own tracepoints tell of each allocation whether it is.

set -u

# shellcheck source=ok.sh
. "$(dirname "$0")/ok.sh"

tracing=/sys/kernel/tracing
events=("$tracing"/events/kmem/{kmalloc,kmem_cache_alloc})

# Programs and a case of each, which together make one of everything.
cases=(
	"dataspace_test freed_neighbours_become_one_extent"
	"area_life_test freed_it_leaves_its_regions"
	"area_life_test a_region_that_is_moved_away_is_of_no_area"
	"detach_there_test a_process_that_waits_is_not_waited_for"
	"pager_test a_thread_sleeps_until_its_page_is_there"
	"uapi_array_test of_elements_of_any_size_is_filled"
)

# Who allocates when these are asked, as the tracepoints name them.
allocators=(
	membank_area_reserve
	membank_client_create
	membank_dataspace_create
	membank_extent_pool_fill
	membank_lookup_list
	membank_mapping_[a-z]+
	membank_notifier_alloc
	membank_region_detach
	membank_space_get
	node_open
	region_fault
)
if modprobe --dry-run --quiet vivid; then
	# It maps a dataspace for DMA.
	cases+=("dmabuf_test that_imported_a_dataspace_keeps_it_alive")
	allocators+=(dmabuf_map)
fi

echo "TAP version 13"
if [[ ! -d ${events[0]} ]]; then
	echo "1..0 # SKIP this kernel has no tracepoints of its allocators"
	exit 4
fi

# As it was found, also when this is ended in its middle.
stop_tracing() {
	local event

	for event in "${events[@]}"; do
		echo 0 > "$event/enable"
		echo 0 > "$event/filter"
	done
	echo > "$tracing/trace"
	echo "$room" > "$tracing/buffer_size_kb"
	rm -f "$log"
}

log=$(mktemp)
read -r _ size _ _ _ address _ < <(grep '^membank ' /proc/modules)
# As "7 (expanded: 1408)" before somebody traces for the first time.
room=$(grep -oE '[0-9]+' "$tracing/buffer_size_kb" | tail -n 1)
trap stop_tracing EXIT
echo 8192 > "$tracing/buffer_size_kb"
echo > "$tracing/trace"
for event in "${events[@]}"; do
	printf 'call_site >= %s && call_site < %#x' "$address" $((address + size)) > "$event/filter"
	echo 1 > "$event/enable"
done
for case in "${cases[@]}"; do
	detail=$("./${case% *}" -t "${case#* }" 2>&1) && grep "^ok " <<< "$detail" | grep -qv " # SKIP"
	ok "$case passes"
done
for event in "${events[@]}"; do
	echo 0 > "$event/enable"
done
grep -F ' [membank] ' "$tracing/trace" > "$log"
lost=$(sed -nE 's|^# entries-in-buffer/entries-written: ([0-9]+)/([0-9]+) .*|\1 of \2|p' "$tracing/trace")

detail="the buffer has $lost"
[[ -n $lost && ${lost% of *} == "${lost#* of }" ]]
ok "no allocation was missed"
for allocator in "${allocators[@]}"; do
	detail="there are $(wc -l < "$log") others"
	grep -qE "call_site=$allocator(\.[a-z]+\.[0-9]+)?\+.* accounted=true" "$log"
	ok "$allocator allocated something, and it was charged"
done
# Who clears gives memory back, so what it takes for that is charged to nobody.
detail=$(grep -F accounted=false "$log" | grep -vF 'call_site=membank_extent_pool_fill+' | head -n 20)
[[ -z $detail ]]
ok "nothing else was charged to nobody"

finish
