#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Banks from Python, with nothing but its mmap module.

set -u

number=0
failed=0

# check WORDS NODE PROGRAM: Python runs PROGRAM with the node open as "fd".
check() {
	local output

	number=$((number + 1))
	if output=$(python3 -c "
import errno, mmap, os
fd = os.open('$2', os.O_RDWR)

def refused(number, *args, **options):
    try:
        mmap.mmap(fd, *args, **options)
    except OSError as error:
        assert error.errno == number, errno.errorcode[error.errno]
    else:
        assert False, 'it was not refused'

$3" 2>&1); then
		echo "ok $number - $1, $2"
	else
		failed=1
		echo "not ok $number - $1, $2"
		printf '%s\n' "$output" | sed 's/^/# /'
	fi
}

used() {
	cat /sys/class/membank/membank*/used | paste -sd' '
}

echo "TAP version 13"
if ! command -v python3 > /dev/null; then
	echo "1..0 # SKIP there is no python3"
	exit 4
fi
before=$(used)
for node in /dev/membank /dev/membank0 /dev/membank1; do
	check "allocates, writes, reads, frees" "$node" "
memory = mmap.mmap(fd, 1 << 20)
assert memory[:] == bytes(1 << 20)
memory[:5] = b'hello'
assert memory[:6] == b'hello\0'
memory.close()"
	check "reads what is mapped read-only" "$node" "
memory = mmap.mmap(fd, 4096, prot=mmap.PROT_READ)
assert memory[0] == 0"
	check "refuses an offset" "$node" "
refused(errno.EINVAL, 4096, offset=4096)"
	check "refuses private and writable" "$node" "
refused(errno.EINVAL, 4096, flags=mmap.MAP_PRIVATE)"
	check "refuses exec" "$node" "
refused(errno.ENOTSUP, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)"
	check "refuses more than there is" "$node" "
refused(errno.ENOMEM, 1 << 40)"
done
number=$((number + 1))
if [[ $(used) == "$before" ]]; then
	echo "ok $number - has all back"
else
	failed=1
	echo "not ok $number - has all back"
	echo "# used before: $before, now: $(used)"
fi
echo "1..$number"
exit "$failed"
