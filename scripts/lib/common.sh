# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What every script needs: words to the user, the cache, and running things
# inside the userland. Sourced, never run.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/membank
scripts=$top/scripts
started=$SECONDS

# One plain sentence, then out. Callers with another status set it first.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit "${die_status:-1}"
}

# What is being done, and how long the whole has taken so far.
say() {
	printf '[%3d s] %s\n' "$((SECONDS - started))" "$*" >&2
}

as_root() {
	if ((EUID == 0)); then
		"$@"
	elif command -v sudo > /dev/null; then
		sudo --preserve-env=http_proxy,https_proxy,no_proxy -- "$@"
	else
		die "Root rights are needed to make and enter the userland and sudo is not installed, so run this as root or install sudo."
	fi
}

# need COMMAND PACKAGE: a program of the host, installed where missing.
need() {
	command -v "$1" > /dev/null || install_package "the program $1" "$2"
}

# need_file FILE PACKAGE: the same for a file that is no program.
need_file() {
	[[ -e $1 ]] || install_package "the file $1" "$2"
}

# install_package WHY PACKAGE
install_package() {
	command -v apt-get > /dev/null ||
		die "This machine lacks $1 and has no apt-get to install it with, so install $2 first."
	say "installing $2 on this machine, for $1"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update > /dev/null
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		--no-install-recommends install "$2" > /dev/null ||
		die "The package $2 could not be installed with apt-get, so install it by hand."
}

hash_of() {
	sha256sum | cut -c1-16
}

# cached NAME WORDS COMMAND…: make cache entry NAME with COMMAND PART, where
# PART is the folder to fill. It gets its name only when complete, so what was
# interrupted is done again; one at a time makes it, the others wait.
cached() {
	local name=$1 words=$2 entry=$cache/$1
	shift 2

	[[ -d $entry ]] && return
	mkdir -p "$cache/log"
	(
		flock -n 9 || {
			say "waiting for another process that makes $words"
			flock 9
		}
		[[ -d $entry ]] && exit
		say "making $words"
		mkdir -p "$entry.part"
		"$@" "$entry.part" 9>&- ||
			die "Making $words failed; the log is $cache/log/$name.log, and starting again goes on from there."
		mv -T "$entry.part" "$entry"
		say "made $words"
	) 9> "$cache/$name.lock"
}

# logged NAME COMMAND…: lines that begin with four blanks are progress for the
# user; all else goes to the log, whose end is shown when COMMAND fails.
logged() {
	local log=$cache/log/$1.log
	shift

	"$@" 2>&1 < /dev/null | tee "$log" | sed -un '/^    /p' >&2 || {
		tail -n 15 "$log" >&2
		return 1
	}
}

# ---------------------------------------------------------------- userland

userland_key() {
	hash_of < "$scripts/recipes/userland"
}

userland() {
	echo "$cache/userland-$(userland_key)/root"
}

make_userland_in() {
	logged "${1##*/}" as_root "$scripts/recipes/userland" "$1"
}

make_userland() {
	[[ -d $(userland) ]] && return
	need mmdebstrap mmdebstrap
	need_file /usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
	cached "userland-$(userland_key)" \
		"the userland: compilers, checkers, emulator (about a minute)" \
		make_userland_in
}

# in_userland LOWER COMMAND…: run COMMAND in the userland, in this folder, as
# the caller, with the checkout and the cache where they are outside. LOWER is
# a folder laid over it (a kernel's packages) or empty. Everything else that
# is written vanishes. userland_user=root runs it as root.
in_userland() {
	local lower=$1 user=()
	shift

	[[ ${userland_user:-} == root ]] || user=("--userspec=$(id -u):$(id -g)")
	as_root unshare --mount --pid --fork --kill-child --propagation private \
		"$scripts/lib/enter" "${lower:+$lower:}$(userland)" "$cache" \
		"$top:${userland_share:-}" "$PWD" "${user[@]}" -- "$@"
}
