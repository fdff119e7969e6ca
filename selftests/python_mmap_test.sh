#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Banks from Python, with nothing but its mmap module.

set -u

echo "TAP version 13"
if ! command -v python3 > /dev/null; then
	echo "1..0 # SKIP there is no python3"
	exit 4
fi

python3 -c '
import errno, glob, mmap, os, sys

number = failed = 0

def test(words, case, *args):
    global number, failed
    number += 1
    try:
        case(*args)
        print("ok", number, "-", words)
    except Exception as error:
        failed += 1
        print("#", repr(error))
        print("not ok", number, "-", words)

def used():
    return [open(path).read() for path in sorted(glob.glob("/sys/class/membank/membank*/used"))]

def write_and_read(fd):
    memory = mmap.mmap(fd, 1 << 20)
    assert memory[:] == bytes(1 << 20), "it was not zeroed"
    memory[:5] = b"hello"
    assert memory[:6] == b"hello\0", "it does not hold what was written"
    memory.close()
    assert used() == before, "it was not freed"

def read_only(fd):
    assert mmap.mmap(fd, 4096, prot=mmap.PROT_READ)[0] == 0

def refused(fd, number, length, **options):
    try:
        mmap.mmap(fd, length, **options)
    except OSError as error:
        assert error.errno == number, "errno is " + errno.errorcode[error.errno]
        return
    assert False, "it was not refused"

def empty(fd):
    # Length 0 is the whole file to Python, and a device has none: what it asks
    # the kernel for is 0 bytes, unless it sees that itself.
    try:
        mmap.mmap(fd, 0)
    except ValueError:
        return
    except OSError as error:
        assert error.errno == errno.EINVAL, "errno is " + errno.errorcode[error.errno]
        return
    assert False, "it was not refused"

def full(bank):
    node, name = "/dev/membank%d" % bank, "/sys/class/membank/membank%d/" % bank
    fd = os.open(node, os.O_RDWR)
    memory = mmap.mmap(fd, int(open(name + "size").read()))
    assert int(open(name + "free").read()) == 0, "it is not full"
    refused(fd, errno.ENOMEM, 4096)
    memory.close()
    os.close(fd)
    assert used() == before, "it was not freed"

before = used()
for node in "/dev/membank", "/dev/membank0", "/dev/membank1":
    fd = os.open(node, os.O_RDWR)
    test(node + " allocates, writes, reads, frees", write_and_read, fd)
    test(node + " reads what is mapped read-only", read_only, fd)
    for words, error, length, options in (
            ("an offset", errno.EINVAL, 4096, {"offset": 4096}),
            ("private and writable", errno.EINVAL, 4096, {"flags": mmap.MAP_PRIVATE}),
            ("exec", errno.ENOTSUP, 4096, {"prot": mmap.PROT_READ | mmap.PROT_EXEC}),
            ("more than there is", errno.ENOMEM, 1 << 40, {})):
        test(node + " refuses " + words, lambda: refused(fd, error, length, **options))
    test(node + " refuses length 0", empty, fd)
for bank in range(len(before)):
    test("a full bank %d has no more" % bank, full, bank)
print("1..%d" % number)
sys.exit(failed != 0)'
