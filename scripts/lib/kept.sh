# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Lanes that have passed: what one has left is kept in the cache, under a name made
# of all that it comes from, so that a slow one is not run again while nothing of
# that has changed. Sourced after build.sh, with a lane in use.

# Where the lane in use would be kept: by its kernel, the programs around it and
# each file that is built or run for it. Documents are none of these.
kept_entry() {
	echo "$cache/passed-$lane-$({
		echo "$kernel_key $(userland_key)"
		hash_tree Kbuild Makefile module uapi lib tools examples bench selftests scripts docs/uncovered
	} | hash_of)"
}

# keep_lane FOLDER ENTRY: FOLDER is what the lane left, and replaces what an
# older state of the files has left. ENTRY is where it was to be kept when it began:
# files that were changed meanwhile are other files.
keep_lane() {
	local entry=$2

	[[ $entry == "$(kept_entry)" && ! -d $entry ]] || return 0
	grep -q . "$1/results" || return 0
	awk '$3 { exit 1 }' "$1/results" || return 0
	rm -rf "$cache/passed-$lane-"*
	cp -a "$1" "$entry.$$"
	mv -T "$entry.$$" "$entry"
}

# restore_lane FOLDER: as if the lane had just been run. Its status says whether it
# had passed.
restore_lane() {
	local entry

	entry=$(kept_entry)
	[[ -d $entry ]] || return
	rm -rf "$1"
	cp -a "$entry" "$1"
}
