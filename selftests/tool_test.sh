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
# shellcheck source=ok.sh
. "$(dirname "$0")/ok.sh"

# For the shells below, too.
export tool=${MEMBANK_BUILD:?is set by scripts/vm}/tools/membank
export hold=$MEMBANK_BUILD/selftests/hold
examples=$MEMBANK_BUILD/examples
banks=$(< /sys/module/membank/parameters/banks)
modules=/lib/modules/$(uname -r)

# expect WORDS STATUS PATTERN COMMAND…: one test; PATTERN is a regular
# expression for all that COMMAND prints.
expect() {
	local words=$1 status=$2 pattern=$3 output got=0
	shift 3

	output=$("$@" 2>&1 < /dev/null) || got=$?
	detail="status $got instead of $status, or nothing like '$pattern' in:"$'\n'"$output"
	((got == status)) && [[ $output =~ $pattern ]]
	ok "$words"
}

nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
}

# holding BANK BYTES COMMAND…: while a mapping of the bank is there.
holding() {
	"$hold" mapping "/dev/membank$1" "${@:2}"
}

# A user who may use the banks.
as_user() {
	chmod 666 /dev/membank*
	nobody bash -c "$(declare -f holding)"'; "$@"' -- "$@"
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
		holding 0 1572864 "$tool" banks
	expect "info tells version, banks and features" 0 \
		"^ABI version  1"$'\n'"banks        2"$'\n'"features     banks dataspaces regions notifiers services rights content quota areas region-map pagers call clients$" \
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
		expect "a full disk is noticed by dataspaces" 1 "No space left" \
			shell '"$tool" dataspaces > /dev/full'
	}
}

test_dataspaces() {
	local heading="^BANK +OFFSET +LENGTH  FLAGS +HANDLES MAPPINGS DEVICES +PID  PROGRAM"
	local holder=" plain +[0-9]+ +1 +0 +[0-9]+  hold"
	local mapping=$'\n'" +at [0-9a-f]+-[0-9a-f]+ +rw +[0-9]+  hold"
	local name

	name=$(figure name)
	expect "dataspaces of empty banks is a heading" 0 "$heading$" "$tool" dataspaces
	expect "dataspaces tells who holds and maps what" 0 \
		"$heading"$'\n'"   0 +[0-9.]+ [KMG]?i?B +1\.5 MiB $holder$mapping$" \
		holding 0 1572864 "$tool" dataspaces
	expect "dataspaces --bytes is exact" 0 \
		"$heading"$'\n'"   1 +[0-9]+ +16384 $holder$mapping$" \
		holding 1 16384 "$tool" dataspaces --bytes
	expect "dataspaces of a bank by name" 0 "$heading"$'\n'"   0 .*$mapping$" \
		holding 0 4096 "$tool" dataspaces "$name"
	expect "dataspaces of a bank by node" 0 "$heading"$'\n'"   0 .*$mapping$" \
		holding 0 4096 "$tool" dataspaces membank0
	expect "dataspaces of another bank" 0 "$heading$" holding 0 4096 "$tool" dataspaces 1
	expect "dataspaces of all banks by node" 0 "$heading"$'\n'"   0 .*$mapping$" \
		holding 0 4096 "$tool" dataspaces /dev/membank
	expect "dataspaces of a bank that is not there" 1 \
		"^membank: cannot open bank 'nowhere': there is no such bank" \
		"$tool" dataspaces nowhere
	expect "dataspaces has processes in one column" 0 "^$" in_columns
	expect "dataspaces tells of descriptors, too" 0 \
		"$heading"$'\n'"   0 .*  shm_server"$'\n'".* fd [0-9]+ +rwo .*  shm_server" \
		serving "$tool" dataspaces
}

# serving COMMAND…: while a server offers a dataspace.
serving() {
	local words

	coproc "$examples/shm_server"
	read -r words <&"${COPROC[0]}"
	"$@"
	kill "$COPROC_PID"
}

# The process is in the same column for dataspaces and for mappings.
in_columns() {
	[[ $(holding 0 4096 "$tool" dataspaces |
		awk 'NR > 1 { print index($0, "hold") }' | uniq -c) == *" 2 "[1-9]* ]]
}

# with_services COMMAND…: with two services of a server that is root's, and a
# client of one of them.
with_services() {
	local words server client held status=0

	coproc SERVER { exec "$examples/shm_server"; }
	server=$SERVER_PID
	read -r words <&"${SERVER[0]}"
	exec {held}< <(exec "$hold" client /dev/membank shm)
	client=$!
	read -r words <&"$held"
	"$@" || status=$?
	kill "$client" "$server" 2> /dev/null
	wait "$client" "$server" 2> /dev/null
	exec {held}<&-
	return "$status"
}

# watching: what watch says while a client goes and then the server.
watching() {
	local line lines

	exec {lines}< <(exec "$tool" watch shm)
	read -r line <&"$lines"
	echo "$line"
	kill "$client"
	read -r line <&"$lines"
	echo "$line"
	kill "$server"
	cat <&"$lines"
	exec {lines}<&-
}

test_services() {
	local heading="^NAME +PID  OWNER +GROUP +MODE +CLIENTS  OFFERS"
	local shm="shm +[0-9]+  root +root +-w--w--w- +1  dataspace rw, notifier t"
	local client="client 1 \(pid [0-9]+, user root, group root\)"
	local clock="[0-9:.]{12}  "

	expect "services without any is a heading" 0 "$heading$" "$tool" services
	expect "services tells who offers what" 0 "$heading"$'\n'"$shm$" \
		with_services "$tool" services
	expect "services --clients tells who is connected" 0 \
		"$heading"$'\n'"$shm"$'\n'"    $client$" \
		with_services "$tool" services --clients
	expect "services --clients tells others only that they may not know" 0 \
		"$shm"$'\n'"    only the owner of the service, or root, may know" \
		with_services as_user "$tool" services --clients
	expect "watch tells who is there, who goes, and the end" 0 \
		"^$clock$client is connected"$'\n'"$clock$client is gone"$'\n'"${clock}the service has ended$" \
		with_services watching
	expect "watch of a service that is not there" 1 \
		"^membank: cannot watch service 'none': no service of this name is running$" \
		"$tool" watch none
	expect "watch of another one's service" 1 "only the owner of the service, or root" \
		with_services as_user "$tool" watch shm
	expect "services knows no other option" 2 "^usage:" "$tool" services --kilo
	expect "services takes one option" 2 "^usage:" "$tool" services --clients x
	expect "watch needs a name" 2 "^usage:" "$tool" watch
	expect "watch takes one name" 2 "^usage:" "$tool" watch a b
	# shellcheck disable=SC2016 # for the inner shell
	expect "a full disk is noticed by services" 1 "No space left" \
		shell '"$tool" services > /dev/full'
}

test_usage() {
	expect "no command is a usage error" 2 "^usage:" "$tool"
	expect "an unknown command is one" 2 "there is no command 'bogus'" "$tool" bogus
	expect "help takes no argument" 2 "^usage:" "$tool" help banks
	expect "info takes no argument" 2 "^usage:" "$tool" info x
	expect "banks knows no other option" 2 "^usage:" "$tool" banks --kilo
	expect "banks takes one option" 2 "^usage:" "$tool" banks --bytes x
	expect "dataspaces knows no other option" 2 "^usage:" "$tool" dataspaces --kilo
	expect "dataspaces takes one bank" 2 "^usage:" "$tool" dataspaces 0 1
	expect "who may not open the node is told" 1 "member of the group membank" \
		nobody "$tool" banks
	expect "dataspaces is for root" 1 "only root may see who holds memory" \
		as_user "$tool" dataspaces
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
	expect "dataspaces says so, too" 1 "load the module with 'membank load'" \
		"$tool" dataspaces
	expect "info says so, too" 1 "load the module with 'membank load'" "$tool" info
	# One line, the tool's own: libkmod has a word for each of these, too.
	local one="^membank: cannot load the module: [^"$'\n'"]*"
	expect "load of what is not installed" 1 "${one}no module membank for the running kernel[^"$'\n'"]*$" \
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
	expect "load that modprobe.d forbids" 1 "${one}install command in /etc/modprobe.d[^"$'\n'"]*$" \
		"$tool" load
	rm /etc/modprobe.d/membank-test.conf

	echo "no module" > "$modules/membank.ko"
	expect "load of what is no module for this kernel" 1 "${one}built for another kernel[^"$'\n'"]*$" \
		"$tool" load
	cp "$MEMBANK_KO" "$modules/membank.ko"
}

test_quota() {
	local free="one +cma +4 MiB +[0-9.]+ [KM]?i?B +[0-9.]+ [KM]iB +[0-9.]+ [KM]iB +[0-9.]+ [KM]iB"

	expect "load with a quota" 0 "^$" "$tool" load banks=one:4M:sync quota=1M
	expect "load again with the same" 0 "^$" "$tool" load quota=1M banks=one:4M:sync
	expect "load with another quota" 1 "loaded already" "$tool" load banks=one:4M:sync quota=2M
	expect "load with no parameter that there is" 1 "loaded already" "$tool" load bogus=1
	expect "banks shows the quota, and a bank that is scrubbed by who frees" 0 \
		"SCRUBBED +QUOTA +CHARGED DATASPACES +NODE"$'\n'"   0  $free +1 MiB +0 B +0 +[0-9]+  sync$" \
		"$tool" banks
	expect "banks shows a user what is charged" 0 \
		$'\n'"   0  $free +1 MiB +512 KiB +1 +[0-9]+  sync$" \
		as_user holding 0 524288 "$tool" banks
	expect "banks --bytes is exact about the quota" 0 \
		$'\n'"   0  one [^"$'\n'"]* +1048576 +4096 +1 +[0-9]+  sync$" \
		as_user holding 0 4096 "$tool" banks --bytes
	expect "a user has no more than the quota" 1 "Disk quota exceeded" \
		as_user holding 0 1048577 "$tool" banks
	expect "and unload it" 0 "^$" rmmod membank
}

test_load() {
	expect "load with banks" 0 "^$" "$tool" load banks=one:2M,hidden:4M:private
	expect "the banks are there, and what is private is marked" 0 \
		"   0  one +cma +2 MiB [^"$'\n'"]*[0-9]"$'\n'"   1  hidden +cma +4 MiB .*  private$" \
		"$tool" banks
	expect "load again" 0 "^$" "$tool" load banks=one:2M,hidden:4M:private
	expect "and unload" 0 "^$" rmmod membank
	test_quota
	expect "load without parameters" 0 "^$" "$tool" load
	expect "one bank by default" 0 $'\n'"   0  bank0 +cma +[^"$'\n'"]*$" "$tool" banks
	expect "and unload again" 0 "^$" rmmod membank
}

echo "TAP version 13"
mkdir -p /lib/modules
mount -t tmpfs modules /lib/modules
test_output
test_dataspaces
test_usage
test_services
test_loaded
expect "unload" 0 "^$" rmmod membank
test_unloaded
test_load
expect "load it as it was" 0 "^$" insmod "$MEMBANK_KO" "banks=$banks"
finish
