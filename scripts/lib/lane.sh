# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Lanes: which kernel there is and what is built against it. Sourced after
# common.sh. A lane is a file of variables in scripts/lanes and nothing else.

lanes() {
	local file

	for file in "$scripts"/lanes/*; do
		[[ $file == *.* ]] || echo "${file##*/}"
	done
}

# Those without which a check is not whole; the others are asked for by name.
usual_lanes() {
	local name

	for name in $(lanes); do
		(use_lane "$name" && [[ -n $lane_asked ]]) || echo "$name"
	done
}

# use_lane NAME: read the description, work out the names of its cache entries.
use_lane() {
	lane=$1 lane_slow='' lane_asked='' lane_proof='' lane_tests=''
	lane_env=() lane_kernel_kbuild=() lane_skips=()
	[[ $lane =~ ^[a-z0-9]+$ && -f $scripts/lanes/$lane ]] ||
		die "There is no lane '$lane', there are $(lanes | paste -sd' '), so choose one of these."
	# shellcheck source=scripts/lanes/stock
	. "$scripts/lanes/$lane"

	packages_key=packages-$lane_suite-$(hash_of < "$scripts/recipes/packages")
	packages=$cache/$packages_key
	[[ ! -f $packages/release ]] || name_kernel
}

# The options of the lane's fragments; what is said about them makes no other kernel.
kernel_config() {
	sed 's/[[:space:]]*#.*//; /^$/d' "${lane_config[@]/#/$top/}"
}

# A kernel of our own is made from the source that the packages hold, so its
# name is known when they are there.
name_kernel() {
	kernel_key=$packages_key
	[[ -z ${lane_config[*]} ]] || kernel_key=kernel-$lane-$({
		echo "$lane_suite${lane_kernel_kbuild[*]:+ ${lane_kernel_kbuild[*]}}"
		cat "$packages/release" "$scripts/recipes/kernel"
		kernel_config
	} | hash_of)
	kernel=$cache/$kernel_key
}

# The kernel's source is an archive in blocks, which xz can unpack with all processors.
make_packages_in() {
	logged "$packages_key" in_userland "" env XZ_DEFAULTS=-T0 \
		"$scripts/recipes/packages" "$1" "$lane_suite"
}

# What make is told beside goes by its environment.
make_kernel_in() {
	kernel_config > "$1/$lane.config"
	logged "$kernel_key" in_userland "" env XZ_DEFAULTS=-T0 \
		${lane_kernel_kbuild[0]:+MAKEFLAGS="-- ${lane_kernel_kbuild[*]}"} \
		"$scripts/recipes/kernel" "$1" "$packages" "$1/$lane.config" "$lane_objects"
}

# The kernel of the lane in use and all that comes before it.
make_kernel() {
	make_userland
	cached "$packages_key" "the kernel packages of $lane_suite (about a minute)" make_packages_in
	name_kernel
	[[ -z ${lane_config[*]} ]] ||
		cached "$kernel_key" "the kernel of lane $lane (about ${lane_minutes} minutes on two cores)" \
			make_kernel_in
}

kernel_release() {
	cat "$kernel/release"
}

# The folder modules are built against, as seen inside the userland.
kernel_build() {
	if [[ -n ${lane_config[*]} ]]; then
		echo "$kernel/build"
	else
		echo "/usr/src/linux-headers-$(kernel_release)"
	fi
}

# What is laid over the userland: the kernel's files.
kernel_root() {
	echo "$kernel/root"
}

kernel_image() {
	local file

	for file in "$kernel/vmlinuz" "$kernel/root/boot"/vmlinuz-* \
		"$kernel/root/usr/lib/modules"/*/vmlinuz; do
		[[ ! -f $file ]] || break
	done
	echo "$file"
}

make_initramfs_in() {
	logged "${1##*/}" in_userland "$(kernel_root)" "$scripts/recipes/initramfs" "$1" \
		"$(kernel_release)" "$scripts/guest/init" "${lane_modules[@]}"
}

# Sets initramfs to the file the lane's guests start from.
make_initramfs() {
	local key

	key=initramfs-$lane-$({
		echo "$kernel_key ${lane_modules[*]}"
		cat "$scripts/recipes/initramfs" "$scripts/guest/init"
	} | hash_of)
	cached "$key" "the initramfs of lane $lane" make_initramfs_in
	initramfs=$cache/$key/initramfs.cpio
}
