#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's own test of dma-buf heaps (tools/testing/selftests/dmabuf-heaps),
# unchanged, on a bank. It takes every heap there is, so it runs where the only
# one is that of bank 0: others are not ours to test, and those of banks that
# are gone cannot allocate. One of its tests needs vgem, which imports memory.

set -u

if [[ ${1:-} != inside ]]; then
	exec unshare --mount "$0" inside
fi
# shellcheck source=ok.sh
. "$(dirname "$0")/ok.sh"

test=${MEMBANK_BUILD:?is set by scripts/vm}/selftests/dmabuf-heap
name=membank-$(< /sys/class/membank/membank0/name)
node=/dev/dma_heap/$name
used=/sys/class/membank/membank0/used
tests=12	# of the kernel's, for each heap
said=$(mktemp)

# pass_on: each test of the kernel's as one of this.
pass_on() {
	local line

	while read -r line; do
		number=$((number + 1))
		if [[ $line == not* ]]; then
			failed=1
			echo "not ok $number - the kernel's: ${line#not ok * }"
		else
			echo "ok $number - the kernel's: ${line#ok * }"
		fi
	done < <(grep -E '^(not )?ok [0-9]+' "$said")
}

unused() {
	local tries

	for ((tries = 0; tries < 100; tries++)); do
		[[ $(< "$used") != 0 ]] || return 0
		sleep 0.1
	done
	return 1
}

echo "TAP version 13"
if [[ ! -d /dev/dma_heap ]]; then
	echo "1..0 # SKIP this kernel has no dma-buf heaps"
	exit 4
fi
ls /dev/dma_heap > "$said"
[[ -c $node ]]
ok "bank 0 is a heap of the kernel's, /dev/dma_heap/$name"

vgem=
if [[ ! -e /sys/module/vgem ]] && modprobe -q vgem; then
	vgem=loaded
fi
device=$(stat -c '%Hr %Lr' "$node")
mount -t tmpfs heaps /dev/dma_heap
# shellcheck disable=SC2086 # major and minor number
mknod "$node" c $device
before=$(< "$used")
"$test" > "$said" 2>&1
status=$?
pass_on
detail=$(< "$said")
[[ $(grep -cE '^(not )?ok [0-9]+' "$said") == "$tests" ]] && grep -qxF "1..$tests" "$said"
ok "the kernel's test has said all of its $tests results"
detail=$(< "$said")
[[ $(sed -n 's/^# Testing heap: //p' "$said") == "$name" ]]
ok "it was on $name, and nothing else"
detail=$(< "$said")
((status == 0)) && grep -q "^# Totals: .* fail:0 .* error:0" "$said"
ok "it ended well"
# Only who has vgem can tell whether the import works.
detail=$(< "$said")
[[ ! -e /sys/module/vgem ]] || ! grep -q "# SKIP" "$said"
ok "nothing was skipped for lack of vgem, where it is loaded"
totals=$(sed -n 's/^# Totals: //p' "$said")
[[ $before == 0 ]] && unused
ok "the bank is as empty as before"
if [[ -n $vgem ]]; then
	detail=$(rmmod vgem 2>&1)
	ok "vgem is not held"
fi
echo "# the kernel's test on $name: $totals"
rm -f "$said"
finish
