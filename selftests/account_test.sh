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

# What together makes one of everything.
programs=(dataspace_test area_life_test detach_there_test dmabuf_test pager_test uapi_array_test)

# Who allocates when these are asked, as the tracepoints name them.
allocators=(
	membank_area_reserve
	membank_client_create
	membank_dataspace_create
	membank_extent_pool_fill
	membank_lookup_list
	membank_mapping_[a-z]+
	membank_notifier_alloc
	membank_paged_answer
	membank_region_detach
	membank_space_get
	node_open
	region_fault
)
if modprobe --dry-run --quiet vivid; then
	# It maps a dataspace for DMA.
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
for program in "${programs[@]}"; do
	detail=$("./$program" 2>&1)
	ok "$program passes"
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
