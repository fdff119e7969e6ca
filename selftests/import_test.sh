#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The examples that give dataspaces to drivers of the kernel: import_drm to a
# DRM device, which is vgem, and capture to a camera, which is vivid. They say
# what they should, the picture is the camera's, and after them nothing is
# missing in any bank.

set -u

# shellcheck source=ok.sh
. "$(dirname "$0")/ok.sh"

PATH=${MEMBANK_BUILD:?is set by scripts/vm}/examples:$MEMBANK_BUILD/selftests:$PATH
work=$(mktemp -d)
picture=$work/picture.ppm
bank=$(< /sys/class/membank/membank1/name)

# expect WORDS STATUS PATTERN COMMAND…: PATTERN is a regular expression for all
# that COMMAND prints.
expect() {
	local words=$1 status=$2 pattern=$3 got=0
	shift 3

	output=$("$@" 2>&1 < /dev/null) || got=$?
	detail="status $got instead of $status, or not '$pattern': $output"
	((got == status)) && [[ $output =~ ^$pattern$ ]]
	ok "$words"
}

# Runs a command while nothing is free in the bank.
in_full_bank() {
	hold mapping /dev/membank1 "$(< /sys/class/membank/membank1/size)" "$@"
}

free_bytes() {
	cat /sys/class/membank/membank[0-9]*/free
}

used_bytes() {
	cat /sys/class/membank/membank1/used
}

# soon COMMAND…: true before long.
soon() {
	local tries

	for ((tries = 0; tries < 300; tries++)); do
		"$@" && return
		sleep 0.2
	done
	return 1
}

as_before() {
	[[ $(free_bytes) == "$before" ]]
}

all_is_free() {
	soon as_before
	detail="before: $(paste -sd' ' <<< "$before"), now: $(free_bytes | paste -sd' ')"
	as_before
	ok "all is free in each bank $1"
}

# there MODULE: whether the kernel has it; if not, the tests of it are skipped.
there() {
	modinfo "$1" > /dev/null 2>&1 && return
	number=$((number + 1))
	echo "ok $number - $2 # SKIP this kernel has no $1"
	return 1
}

load() {
	detail=$(modprobe "$@" 2>&1)
	ok "the kernel loads $*"
}

# No driver holds anything back. The last of a process may end after it.
unload() {
	soon rmmod "$1" 2> /dev/null
	ok "nothing is left in $1"
}

# --------------------------------------------------------------------- vgem

# What import_drm prints when all is well, with what card.
imported() {
	printf '%s\n' "card       $1, driver vgem" \
		"dataspace  1048576 bytes, filled" \
		"object     handle 1, 1048576 bytes, mapped" \
		"compared   1048576 bytes of ours on the card's side" \
		"compared   1048576 bytes of the card's on our side, after its fence"
}

test_import() {
	local render why

	expect "import_drm says that there is no vgem yet" 1 \
		"import_drm: cannot find a card of driver vgem: there is none .*modprobe vgem.*" \
		import_drm
	load vgem
	expect "import_drm finds vgem, and both sides see what the other wrote" 0 \
		"$(imported '/dev/dri/card[0-9]+')" import_drm
	for render in /dev/dri/renderD*; do
		expect "import_drm does so with $render and a bank by name" 0 \
			"$(imported "$render")" import_drm "$bank" "$render"
	done
	expect "import_drm says that a device is no card" 1 \
		"import_drm: cannot import into /dev/null: this is no DRM device" \
		import_drm membank /dev/null
	expect "import_drm says that a card is not there" 1 \
		"import_drm: cannot import into /no/card: No such file or directory" \
		import_drm membank /no/card
	why="import_drm: cannot open the bank: there is no such bank: .*"
	expect "import_drm says that a bank is not there" 1 ".*$why" import_drm nowhere
	why="import_drm: cannot allocate the dataspace: the bank has no free extent .*"
	expect "import_drm says that a bank is full" 1 ".*$why" in_full_bank import_drm "$bank"
	expect "import_drm tells its usage" 2 "usage: import_drm .*" import_drm a b c
	all_is_free "after import_drm"
	unload vgem
}

# -------------------------------------------------------------------- vivid

# node vid-cap|vid-out: the device of vivid of this kind.
node() {
	local path

	path=$(grep -lx "vivid-000-$1" /sys/class/video4linux/*/name)
	path=${path%/name}
	echo "/dev/${path##*/}"
}

# colour X: which of red, green and blue are bright there, below the middle.
colour() {
	local offset=$((15 + (400 * 640 + $1) * 3)) bytes byte

	read -ra bytes < <(od -An -tu1 -j "$offset" -N 3 "$picture")
	for byte in "${bytes[@]}"; do
		printf '%d' "$((byte > 96))"
	done
}

# White, yellow, cyan, green, magenta, red, blue, black.
has_bars() {
	local x seen=()

	for ((x = 40; x < 640; x += 80)); do
		seen+=("$(colour "$x")")
	done
	detail="the eight bars are (RGB) ${seen[*]}"
	[[ ${seen[*]} == "111 110 011 010 101 100 001 000" ]]
}

# captured N FILE RATE: what capture prints when all is well.
captured() {
	printf '%s\n' "camera     $camera, vivid" \
		"format     RGB24, 640 x 480, 921600 bytes" \
		"buffers    4 dataspaces of 921600 bytes" \
		"captured   $1 frames$3"
	[[ -z $2 ]] || echo "wrote      $2"
}

test_picture() {
	rm -f "$picture"
	expect "capture has pictures written into dataspaces ($1)" 0 \
		"$(captured 8 "$picture" ', [0-9]+\.[0-9] frames/s')" capture --device "$camera" --out "$picture"
	echo "# $(grep '^captured' <<< "$output") ($1)"
	detail="it begins: $(head -c 15 "$picture" | paste -sd' ')"
	[[ $(head -c 15 "$picture") == $'P6\n640 480\n255' ]]
	ok "the picture is a PPM of 640 x 480 ($1)"
	detail="it has $(stat -c %s "$picture") bytes"
	(($(stat -c %s "$picture") == 15 + 640 * 480 * 3))
	ok "the picture is whole ($1)"
	has_bars
	ok "the picture shows the camera's colour bars ($1)"
}

test_killed_capture() {
	local pid

	capture --bank "$bank" --device "$camera" --frames 1000000 > "$work/out" 2>&1 &
	pid=$!
	streaming() {
		(($(used_bytes) == 4 * 921600))
	}
	soon streaming
	detail="used: $(used_bytes), after: $(< "$work/out")"
	streaming
	ok "capture takes four dataspaces of the bank that was named"
	kill -KILL "$pid"
	wait "$pid" 2> /dev/null
	all_is_free "after capture was killed"
}

test_capture() {
	local camera allocator why

	# The two ways in which drivers import: mapped for the CPU, or for DMA.
	for allocator in 0 1; do
		load vivid node_types=0x101 allocators="$allocator"
		camera=$(node vid-cap)
		test_picture "allocators=$allocator"
		test_killed_capture
		((allocator == 1)) || unload vivid
	done
	expect "capture needs no file" 0 "$(captured 1 "" "")" capture --device "$camera" --frames 1

	why="capture: cannot capture from"
	expect "capture says that a device does not capture" 1 \
		"$why $(node vid-out): this device does not capture: name another with --device" \
		capture --device "$(node vid-out)"
	expect "capture says that a device is no camera" 1 \
		"$why /dev/null: this is no video device: name one with --device" \
		capture --device /dev/null
	expect "capture says that a device is not there" 1 \
		"$why /dev/none: there is no such device: name one with --device" \
		capture --device /dev/none
	expect "capture says that a bank is not there" 1 \
		".*capture: cannot open the bank: there is no such bank: .*" \
		capture --bank nowhere --device "$camera"
	expect "capture says that a bank is full" 1 \
		".*capture: cannot allocate a picture: the bank has no free extent .*" \
		in_full_bank capture --bank "$bank" --device "$camera"
	expect "capture says that a file cannot be made" 1 \
		".*capture: cannot write the file: No such file or directory" \
		capture --device "$camera" --frames 1 --out /no/such/file
	expect "capture says that a disk is full" 1 \
		".*capture: cannot write the file: No space left on device" \
		capture --device "$camera" --frames 1 --out /dev/full
	expect "capture tells its usage" 2 "usage: capture .*" capture --frames 0
	expect "capture tells its usage for a word too many" 2 "usage: capture .*" capture camera
	all_is_free "after capture"
	unload vivid
}

echo "TAP version 13"
before=$(free_bytes)
there vgem "import_drm" && test_import
there vivid "capture" && test_capture

rm -r "$work"
finish
