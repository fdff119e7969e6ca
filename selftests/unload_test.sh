#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Unloading right after a dataspace died while a pipe still has a page of it: it
# is refused at once, however often it is tried, and works when the pipe is read.

set -u

ko=${MEMBANK_KO:?is set by scripts/vm}
params=banks=$(cat /sys/module/membank/parameters/banks)

rmmod membank || exit 1
python3 - "$ko" << 'PYTHON'
import ctypes
import errno
import mmap
import os
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
ROUNDS = 5
TRIES = 200


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def finit_module(path, params):
    with open(path, "rb") as file:
        return libc.syscall(313, file.fileno(), params, 0)


def delete_module():
    begin = time.monotonic()
    ret = libc.delete_module(b"membank", os.O_NONBLOCK)
    return ret and ctypes.get_errno(), time.monotonic() - begin


def pin_a_page(pipe):
    """A page in the pipe whose dataspace is gone on return."""
    bank = os.open("/dev/membank0", os.O_RDWR)
    memory = mmap.mmap(bank, 4096)
    os.close(bank)
    memory[:6] = b"pinned"
    address = ctypes.c_char.from_buffer(memory)
    vector = Iovec(ctypes.addressof(address), 4096)
    spliced = libc.vmsplice(pipe, ctypes.byref(vector), 1, 0)
    del address
    memory.close()
    return spliced


def ok(good, words):
    global number, failed
    number += 1
    failed |= not good
    print(("ok" if good else "not ok"), number, "-", words, flush=True)


number, failed, slowest = 0, False, 0
print("TAP version 13")
print(f"1..{ROUNDS * 4 + 1}", flush=True)
for _ in range(ROUNDS):
    reader, writer = os.pipe()
    loaded = finit_module(sys.argv[1], b"banks=128M") == 0
    for _ in range(200):
        if os.path.exists("/dev/membank0"):
            break
        time.sleep(0.01)
    spliced = pin_a_page(writer)
    ok(loaded and spliced == 4096, "a page of a dead dataspace is in a pipe")
    errors = set()
    for _ in range(TRIES):
        error, seconds = delete_module()
        errors.add(error)
        slowest = max(slowest, seconds)
    ok(errors == {errno.EWOULDBLOCK}, "unloading is refused each time")
    got = os.read(reader, 4096)
    ok(got == b"pinned" + bytes(4090), "the pipe still has what was written")
    os.close(reader)
    os.close(writer)
    for _ in range(1200):
        error, _ = delete_module()
        if not error:
            break
        time.sleep(0.05)
    ok(not error, "and is done when the pipe was read")
ok(finit_module(sys.argv[1], b"banks=64M") == 0, "the next bank is to be had")
print(f"# refused {ROUNDS * TRIES} times, the slowest after {slowest * 1e3:.1f} ms")
delete_module()
sys.exit(failed)
PYTHON
status=$?
for _ in 1 2 3 4 5; do
	grep -q '^membank ' /proc/modules || break
	rmmod membank || sleep 1
done
insmod "$ko" "$params" || exit 1
exit $status
