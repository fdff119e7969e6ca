#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The examples say what they should and end as they should: unrelated programs
# share memory, ring each other and stream a file. After them nothing is missing
# in any bank.

set -u

# shellcheck source=ok.sh
. "$(dirname "$0")/ok.sh"

PATH=${MEMBANK_BUILD:?is set by scripts/vm}/examples:$PATH
work=$(mktemp -d)
lacks="this descriptor lacks the right to read or to write: attach it with READ_ONLY, or ask who lent it for one that may"

# start NAME COMMAND…: in the background, as process $pid.
start() {
	local name=$1
	shift

	"$@" > "$work/$name.out" 2> "$work/$name.err" < /dev/null &
	pid=$!
}

# ends PID STATUS NAME: this child ends, with this status.
ends() {
	local status=0

	wait "$1" 2> /dev/null || status=$?
	detail="status $status instead of $2, after: $(cat "$work/$3.out" "$work/$3.err")"
	((status == $2))
}

# prints NAME out|err LINE…: just these lines, there, in this order.
prints() {
	local file=$work/$1.$2
	shift 2

	detail=$(diff <((($#)) && printf '%s\n' "$@") "$file")
}

free_bytes() {
	cat /sys/class/membank/membank[0-9]*/free
}

# The last of a process may end a moment after it.
all_is_free() {
	local tries

	for ((tries = 0; tries < 300; tries++)); do
		[[ $(free_bytes) == "$before" ]] && return
		sleep 0.2
	done
	detail="before: $(paste -sd' ' <<< "$before"), now: $(free_bytes | paste -sd' ')"
	return 1
}

test_shm() {
	local server client

	start server shm_server 300
	server=$pid
	start client shm_client 300
	client=$pid
	ends "$client" 0 client
	ok "shm_client ends well"
	ends "$server" 0 server
	ok "shm_server ends well"
	prints client out "Content: Hello from server!"
	ok "shm_client reads what the server wrote"
	[[ ! -s $work/client.err && ! -s $work/server.err ]]
	ok "neither complains"

	# The message may be seen before the event of the client's coming.
	grep -v '^Got: ' "$work/server.out" | sed 's/^Client [0-9]* /Client N /' > "$work/events.out"
	prints events out "Service shm is there, waiting for a client." \
		"Client N (pid $client) connected." "Client N (pid $client) is gone."
	ok "shm_server tells who came and went"
	grep '^Got: ' "$work/server.out" > "$work/got.out"
	prints got out "Got: Hello from client, too!"
	ok "shm_server reads what the client wrote"
}

test_shm_epoll() {
	local server i

	start server shm_epoll 2
	server=$pid
	for i in 1 2; do
		start "client$i" shm_client 300
		ends "$pid" 0 "client$i" && prints "client$i" out "Content: Hello from server!"
		ok "client $i of shm_epoll reads what the server wrote"
		until [[ $(grep -c "is gone" "$work/server.out") == "$i" ]]; do
			sleep 0.1
		done
	done
	ends "$server" 0 server
	ok "shm_epoll ends when both are gone"
	detail=$(cat "$work/server.out")
	[[ $(grep -c '^Got: Hello from client, too!$' "$work/server.out") == 2 ]]
	ok "shm_epoll reads what both wrote"
}

# A server for L4Re has no end of its own.
test_l4re_shm() {
	local programs=$MEMBANK_BUILD/examples/l4re/shm server i

	start server "$programs/server_cc"
	server=$pid
	for i in 1 2; do
		start "client$i" "$programs/client_cc"
		ends "$pid" 0 "client$i"
		ok "client $i for L4Re ends well"
		until [[ $(grep -c "sent us" "$work/server.out") == "$i" ]]; do
			sleep 0.1
		done
	done
	prints client1 out "Content: Hello from server!" "Sleeping a bit..." \
		"Setting new content in shared memory"
	ok "the first one reads what the server wrote"
	prints client2 out "Content: Hello from client, too!" "Sleeping a bit..." \
		"Setting new content in shared memory"
	ok "the second one reads what the first one wrote"
	kill "$server"
	ends "$server" 143 server && prints server out "Serving shm." \
		"Client sent us: Hello from client, too!" \
		"Client sent us: Hello from client, too!"
	ok "the server for L4Re is rung by both and reads what they wrote"
	[[ ! -s $work/server.err && ! -s $work/client1.err && ! -s $work/client2.err ]]
	ok "none of them complains"
	start late env MEMBANK_L4RE_WAIT=0 "$programs/client_cc"
	ends "$pid" 1 late && prints late out "Could not get the server capability"
	ok "a client for L4Re says that there is no server"
}

# streamed NAME: the receiver's three lines have the right hash, twice.
streamed() {
	detail="sha256sum: $sum; printed: $(cat "$work/$1.out" "$work/$1.err")"
	[[ $(sed -n 1p "$work/$1.out") == "sent      $sum" &&
		$(sed -n 2p "$work/$1.out") == "received  $sum" &&
		$(sed -n '3,$p' "$work/$1.out") == "streamed  $mib MiB in "*" through 4 MiB" &&
		! -s $work/$1.err ]]
}

test_killed_sender() {
	local receiver sender fifo=$work/fifo endless

	mkfifo "$fifo"
	exec {endless}<> "$fifo"
	start receiver stream --receive
	receiver=$pid
	start sender stream --send "$fifo"
	sender=$pid
	# More than a pipe holds: when it is written, the sender is in the middle.
	timeout 300 head -c 1M /dev/zero >&"$endless"
	ok "a stream that never ends is under way"
	kill -KILL "$sender"
	ends "$sender" 137 sender
	ok "its sender is killed"
	ends "$receiver" 1 receiver
	ok "stream --receive fails when the sender dies"
	prints receiver err "stream: cannot receive: the other side is gone"
	ok "it says so in one sentence"
	prints receiver out
	ok "and shows no hash of what is not whole"
	exec {endless}>&-
}

test_stream() {
	local file=$work/file receiver i sum mib

	# More than the ring holds, and no multiple of a page.
	for ((i = 0; i < 5; i++)); do
		cat "$BASH"
	done > "$file"
	echo >> "$file"
	sum=$(sha256sum < "$file")
	sum=${sum%% *}
	mib=$(awk -v bytes="$(stat -c %s "$file")" 'BEGIN { printf "%.1f", bytes / 1048576 }')
	detail="it has $mib MiB"
	((${mib%.*} > 4))
	ok "there is a file larger than the ring"

	start both stream "$file"
	ends "$pid" 0 both
	ok "stream ends well"
	streamed both
	ok "stream has the hash of the file at both ends"

	start receiver stream --receive
	receiver=$pid
	start sender stream --send "$file"
	ends "$pid" 0 sender
	ok "stream --send ends well"
	ends "$receiver" 0 receiver
	ok "stream --receive ends well"
	streamed receiver
	ok "they have the hash of the file"
	[[ ! -s $work/sender.out && ! -s $work/sender.err ]]
	ok "stream --send is silent"
}

# alone WORDS STATUS out|err LINE… -- COMMAND…: a program that needs no other.
alone() {
	local words=$1 status=$2 where=$3 lines=()
	shift 3

	while [[ $1 != -- ]]; do
		lines+=("$1")
		shift
	done
	shift
	start alone "$@"
	ends "$pid" "$status" alone && prints alone "$where" "${lines[@]}"
	ok "$words"
}

test_pager() {
	local file=$work/paged i

	# Four pages of one letter each, and a byte of a fifth one.
	for i in a b c d; do
		printf "%4096s" "" | tr ' ' "$i"
	done > "$file"
	printf e >> "$file"
	alone "pager brings each page when it is touched, and once" 0 out \
		"Page 2 is touched and brought from the file." "Byte 8192 is 0x63." \
		"Byte 12287 is 0x63." "Page 1 is touched and brought from the file." \
		"Byte 4096 is 0x62." "The file has no byte 16385." \
		"2 of 5 pages were brought." -- pager "$file" 8192 12287 4096 16385
	alone "pager reads the last byte and the first" 0 out \
		"Page 4 is touched and brought from the file." "Byte 16384 is 0x65." \
		"Page 0 is touched and brought from the file." "Byte 0 is 0x61." \
		"2 of 5 pages were brought." -- pager "$file"
	alone "pager says that the file is not there" 1 err \
		"pager: cannot open the file: No such file or directory" -- pager /no/such/file
}

test_call() {
	start call call 500
	ends "$pid" 0 call
	ok "call ends well"
	detail=$(cat "$work/call.out" "$work/call.err")
	[[ $(sed 's/[0-9]* round trips per second/N round trips per second/' "$work/call.out") == \
		"500 requests answered, N round trips per second" && ! -s $work/call.err ]]
	ok "call has an answer to each request"
	alone "call says how it is used" 2 err "usage: call [REQUESTS]" -- call none
}

echo "TAP version 13"
before=$(free_bytes)
test_shm
test_shm_epoll
test_killed_sender
test_stream
test_pager
test_call
alone "ma_rm prints its three lines" 0 out \
	"Allocated memory." "Touched memory." "Freed and done. Bye." -- ma_rm
alone "ma_rm for L4Re prints its three lines" 0 out \
	"Allocated memory." "Touched memory." "Freed and done. Bye." -- \
	"$MEMBANK_BUILD/examples/l4re/ma_rm"
alone "ma_rm for L4Re in C++ prints its three lines" 0 out \
	"Allocated memory." "Touched memory." "Freed and done. Bye." -- \
	"$MEMBANK_BUILD/examples/l4re/ma_rm_cc"
test_l4re_shm
alone "lend lends for reading only, and takes it back" 0 out \
	"Borrower: to write it? $lacks." "Borrower: I read 'hello'." \
	"Owner: I have revoked it." "Borrower: the memory is gone." -- lend
alone "broadcast tells both clients, and shows what each says" 0 out "2 clients listen." \
	"Told both 10: one says 20, the other 30." "Told both 20: one says 40, the other 60." \
	"Told both 30: one says 60, the other 90." -- broadcast
for node in /dev/membank0 /dev/membank1 /dev/membank; do
	alone "mmap_bank has memory of $node" 0 out \
		"$node: 1 MiB allocated, all zero, written" -- mmap_bank "$node"
	alone "mmap_bank.py has memory of $node" 0 out \
		"$node: 1 MiB allocated, holds b'hello'" -- mmap_bank.py "$node"
done
alone "stream says that the file is not there, and does not wait" 1 err \
	"stream: cannot read the file: No such file or directory" -- stream /no/such/file
alone "mmap_bank says that there is not as much" 1 err \
	"mmap: Cannot allocate memory" -- mmap_bank /dev/membank0 1048576
all_is_free
ok "all is free in each bank as before"

rm -r "$work"
finish
