# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Lanes that have passed: what one has left is kept in the cache, under a name made
# of all that it comes from, so that a slow one is not run again while nothing of
# that has changed. Sourced after build.sh, with a lane in use.

# Where the lane in use would be kept: by its kernel, what is installed around it and
# each file that is built or run for it. Documents are none of these.
kept_entry() {
	echo "$cache/passed-$lane-$({
		echo "$kernel_key $(userland_key)"
		cat "$(userland)/var/lib/dpkg/status"
		hash_tree Kbuild Makefile module uapi lib tools examples bench selftests scripts docs/uncovered
	} | hash_of)"
}

# Whether something passed and nothing failed, by the list it reads.
all_passed() {
	awk '{ passed += $2; failed += $3 } END { exit !(passed && !failed) }'
}

# keep_lane FOLDER ENTRY: FOLDER is what the lane left, and ENTRY where it was to be
# kept when it began: files that were changed meanwhile are other files. A lane
# that failed is not kept any more, even if it had passed before.
keep_lane() {
	local folder=$1 entry=$2

	(
		flock 9
		rm -rf "$entry"
		all_passed < "$folder/results" && [[ $entry == "$(kept_entry)" ]] || exit 0
		find "$cache" -maxdepth 1 -name "passed-$lane-*" -type d -mtime +7 -exec rm -r {} +
		rm -rf "$entry.part"
		cp -a "$folder" "$entry.part"
		mv -T "$entry.part" "$entry"
	) 9> "$cache/passed-$lane.lock"
}

# restore_lane FOLDER: as if the lane had just been run. Its status says whether it
# had passed.
restore_lane() {
	local entry

	entry=$(kept_entry)
	(
		flock 9
		[[ -d $entry ]] || exit 1
		rm -rf "$1"
		cp -a "$entry" "$1"
	) 9> "$cache/passed-$lane.lock"
}
