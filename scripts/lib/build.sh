# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Builds the module for a lane and the user programs, inside the userland and
# into build/ only. Sourced after lane.sh, with a lane in use.

version=$(sed -n 's/^VERSION *:*= *//p' "$top/Makefile")
programs=$top/build/user

# up_to_date STAMP KEY
up_to_date() {
	[[ -f $1 && $(< "$1") == "$2" ]]
}

# One hash over names and contents of all files in the folders given.
hash_tree() {
	local name present=()

	for name; do
		[[ ! -e $top/$name ]] || present+=("$name")
	done
	(cd "$top" && find "${present[@]}" -type f -print0 | sort -z |
		xargs -0 -r sha256sum) | hash_of
}

# build_once FOLDER KEY WORDS COMMAND…: COMMAND with a lock, unless KEY is
# what was built last. Its output is shown only when it fails: by its status,
# since nothing in it ends at a failure by itself.
build_once() {
	local folder=$1 key=$2 words=$3
	shift 3

	up_to_date "$folder/stamp" "$key" && return
	mkdir -p "$folder"
	(
		flock 9
		up_to_date "$folder/stamp" "$key" && exit
		say "building $words"
		rm -f "$folder/stamp"
		"$@" > "$folder/log" 2>&1 < /dev/null 9>&- || {
			grep -vE '^(make|  (CC|LD|AR|MODPOST) )' "$folder/log" | tail -n 40 >&2
			die "Building $words failed; the whole output is in $folder/log."
		}
		echo "$key" > "$folder/stamp"
	) 9> "$folder.lock"
}

# The folder with the module's sources and objects for the lane in use.
module_tree() {
	echo "$top/build/$lane/module"
}

make_module() {
	"$scripts/lib/copy-module" "$top" "$(module_tree)/tree" || return
	in_userland "$(kernel_root)" make -C "$(kernel_build)" "M=$(module_tree)/tree" \
		"${lane_kbuild[@]}" -j"$(nproc)" modules
}

# Sets module to the file built for the lane in use.
build_module() {
	mkdir -p "$top/build"
	build_once "$(module_tree)" "$kernel_key-${lane_kbuild[*]}-$(hash_tree Kbuild module uapi)" \
		"the module for lane $lane" make_module
	module=$(module_tree)/tree/module/membank.ko
}

program_folders() {
	local folder

	for folder in lib tools examples bench selftests; do
		[[ ! -f $top/$folder/Makefile ]] || echo "$folder"
	done
}

# What each folder's Makefile is told.
program_variables() {
	printf '%s\n' "BUILD=$programs" "VERSION=$version" \
		"KSELFTEST=$packages/source/tools/testing/selftests" \
		"CFLAGS=-O2 -g -Wall -Wextra -Werror"
}

make_programs() {
	local folder variables

	mapfile -t variables < <(program_variables)
	for folder in $(program_folders); do
		in_userland "" make -C "$top/$folder" -j"$(nproc)" "${variables[@]}" all ||
			return
	done
}

build_programs() {
	local key

	key=$({ program_variables && userland_key &&
		hash_tree uapi lib tools examples bench selftests; } | hash_of)
	mkdir -p "$top/build"
	build_once "$programs" "$key" "library, tools, examples and tests" make_programs
}
