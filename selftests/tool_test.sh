#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The command membank: what it prints, what it says when something is wrong,
# and its exit status. Unloads the module, and loads it again as it was.

set -u

# In a mount namespace of its own, where the only module installed is ours.
if [[ ${1:-} != inside ]]; then
	exec unshare --mount "$0" inside
fi
# For the shells below, too.
export tool=${MEMBANK_BUILD:?is set by scripts/vm}/tools/membank
banks=$(< /sys/module/membank/parameters/banks)
modules=/lib/modules/$(uname -r)
number=0
failed=0

# expect WORDS STATUS PATTERN COMMAND…: one test; PATTERN is a regular
# expression for all that COMMAND prints.
expect() {
	local words=$1 status=$2 pattern=$3 output got=0
	shift 3

	output=$("$@" 2>&1 < /dev/null) || got=$?
	number=$((number + 1))
	if ((got == status)) && [[ $output =~ $pattern ]]; then
		echo "ok $number - $words"
		return
	fi
	echo "not ok $number - $words"
	echo "# status $got instead of $status, or nothing like '$pattern' in:"
	echo "${output//$'\n'/$'\n'# }" | sed '1s/^/# /'
	failed=1
}

nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
}

# In a shell, for what needs more than one command.
shell() {
	bash -c "$1"
}

figure() {
	cat "/sys/class/membank/membank0/$1"
}

test_output() {
	local size name

	size=$(figure size) name=$(figure name)
	expect "banks has a line with the figures of each bank" 0 \
		"^BANK  NAME .*"$'\n'"   0  $name +cma +[0-9.]+ [KMG]iB +0 B .*"$'\n'"   1  " \
		"$tool" banks
	expect "banks --bytes is exact" 0 \
		$'\n'"   0  $name +cma +$size +0 +$size +$size +[0-9]+ +0 +[0-9]+"$'\n' \
		"$tool" banks --bytes
	expect "banks shows what is allocated" 0 \
		$'\n'"   0  $name +cma +[0-9]+ MiB +1\.5 MiB +[0-9.]+ MiB +[0-9.]+ MiB +[0-9.]+ [KMG]?i?B +1 " \
		python3 -c "import mmap, os, subprocess
held = mmap.mmap(os.open('/dev/membank0', os.O_RDWR), 3 << 19)
subprocess.run(['$tool', 'banks'], check=True)"
	expect "info tells version, banks and features" 0 \
		"^ABI version  1"$'\n'"banks        2"$'\n'"features     banks dataspaces regions notifiers services$" \
		"$tool" info
	expect "help tells the commands" 0 "^usage: membank banks" "$tool" help
	expect "--help is the same" 0 "^usage: membank banks" "$tool" --help
	# shellcheck disable=SC2016 # for the inner shell
	{
		expect "help goes to stdout" 0 "^usage" shell '"$tool" help 2> /dev/null'
		expect "errors go to stderr" 2 "^$" shell '"$tool" bogus 2> /dev/null'
		expect "a full disk is noticed by help" 1 "No space left" \
			shell '"$tool" help > /dev/full'
		expect "a full disk is noticed by banks" 1 "No space left" \
			shell '"$tool" banks > /dev/full'
	}
}

test_usage() {
	expect "no command is a usage error" 2 "^usage:" "$tool"
	expect "an unknown command is one" 2 "there is no command 'bogus'" "$tool" bogus
	expect "help takes no argument" 2 "^usage:" "$tool" help banks
	expect "info takes no argument" 2 "^usage:" "$tool" info x
	expect "banks knows no other option" 2 "^usage:" "$tool" banks --kilo
	expect "banks takes one option" 2 "^usage:" "$tool" banks --bytes x
	expect "who may not open the node is told" 1 "member of the group membank" \
		nobody "$tool" banks
}

test_loaded() {
	expect "load of what is loaded" 0 "^$" "$tool" load
	expect "load as it is loaded" 0 "^$" "$tool" load "banks=$banks"
	expect "load with other banks" 1 "loaded already.*asked for: membank banks=x:2M" \
		"$tool" load banks=x:2M
	expect "load with more than a command line holds" 1 "longer than 4095 bytes" \
		"$tool" load "$(printf 'x%.0s' {1..5000})"
}

test_unloaded() {
	expect "banks says that the module is missing" 1 "load the module with 'membank load'" \
		"$tool" banks
	expect "info says so, too" 1 "load the module with 'membank load'" "$tool" info
	expect "load of what is not installed" 1 "no module membank for the running kernel" \
		"$tool" load

	mkdir -p "$modules"
	cp "$MEMBANK_KO" "$modules/membank.ko"
	touch "$modules/modules.order" "$modules/modules.builtin"
	depmod
	expect "load by who may not" 1 "only root may load modules" nobody "$tool" load
	expect "load with what is no size" 1 "refused its parameters.*membank banks=a:x" \
		"$tool" load banks=a:x
	expect "load of more than any machine has" 1 "refused its parameters" \
		"$tool" load banks=a:99999999999999G
	expect "load of more than there is" 1 "not as much contiguous memory" \
		"$tool" load banks=a:512G
	expect "nothing of these stayed" 1 "" grep -q '^membank ' /proc/modules

	mkdir -p /etc/modprobe.d
	echo "install membank /bin/false" > /etc/modprobe.d/membank-test.conf
	expect "load that modprobe.d forbids" 1 "install command in /etc/modprobe.d" "$tool" load
	rm /etc/modprobe.d/membank-test.conf

	echo "no module" > "$modules/membank.ko"
	expect "load of what is no module for this kernel" 1 "built for another kernel" \
		"$tool" load
	cp "$MEMBANK_KO" "$modules/membank.ko"
}

test_load() {
	expect "load with banks" 0 "^$" "$tool" load banks=one:2M,hidden:4M:private
	expect "the banks are there, and what is private is marked" 0 \
		"   0  one +cma +2 MiB [^"$'\n'"]*[0-9]"$'\n'"   1  hidden +cma +4 MiB .*  private$" \
		"$tool" banks
	expect "load again" 0 "^$" "$tool" load banks=one:2M,hidden:4M:private
	expect "and unload" 0 "^$" rmmod membank
	expect "load without parameters" 0 "^$" "$tool" load
	expect "one bank by default" 0 $'\n'"   0  bank0 +cma +[^"$'\n'"]*$" "$tool" banks
	expect "and unload again" 0 "^$" rmmod membank
}

echo "TAP version 13"
mkdir -p /lib/modules
mount -t tmpfs modules /lib/modules
test_output
test_usage
test_loaded
expect "unload" 0 "^$" rmmod membank
test_unloaded
test_load
expect "load it as it was" 0 "^$" insmod "$MEMBANK_KO" "banks=$banks"
echo "1..$number"
exit "$failed"
