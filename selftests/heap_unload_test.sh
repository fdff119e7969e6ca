#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A heap outlives the module that answers for it: nobody is there while membank
# is not loaded, the next one with a bank of that name serves the same node, and
# an open node holds nothing. Leaves the module loaded as it was found.

set -u

ko=${MEMBANK_KO:?is set by scripts/vm}
params=banks=$(cat /sys/module/membank/parameters/banks)

echo "TAP version 13"
if [[ ! -e /sys/module/membank_heap ]]; then
	echo "1..0 # SKIP the module membank_heap is not loaded: a kernel that exports no dma_heap_add cannot have it"
	exit 4
fi
rmmod membank || exit 1
python3 - "$ko" << 'PYTHON'
import ctypes
import errno
import fcntl
import mmap
import os
import struct
import subprocess
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
KO = sys.argv[1]
ALLOC = 0xC0184800
ROUNDS = 8
WORKERS = 2
PATIENCE = 60
number, failed = 0, False


def ok(good, words, *detail):
    global number, failed
    number += 1
    failed |= not good
    if not good:
        print("#", *detail)
    print("ok" if good else "not ok", number, "-", words, flush=True)


def insmod(params):
    with open(KO, "rb") as file:
        if libc.syscall(313, file.fileno(), params.encode(), 0):
            return os.strerror(ctypes.get_errno())
    return ""


def delete(name):
    """The errno of delete_module(2), which says more than rmmod."""
    if libc.delete_module(name, os.O_NONBLOCK):
        return ctypes.get_errno()
    return 0


def unload():
    end = time.monotonic() + PATIENCE
    while delete(b"membank") and time.monotonic() < end:
        time.sleep(0.01)
    return not os.path.exists("/sys/module/membank")


def heap(name):
    return "/dev/dma_heap/membank-" + name


def alloc(node, length=4096):
    """A descriptor, or an errno below 0."""
    data = bytearray(struct.pack("=QIIQ", length, 0, os.O_RDWR | os.O_CLOEXEC, 0))
    try:
        fcntl.ioctl(node, ALLOC, data, True)
    except OSError as error:
        return -error.errno
    return struct.unpack("=QIIQ", data)[1]


def holds(fd, wanted):
    with mmap.mmap(fd, 4096) as memory:
        good = memory[:] == wanted
        memory[:6] = b"secret"
    return good


def used(bank=0):
    with open(f"/sys/class/membank/membank{bank}/used") as file:
        return int(file.read())


def work(node, counts):
    """Counts what allocations give: done, nobody there, anything else."""
    while True:
        fd = alloc(node)
        if fd >= 0:
            os.close(fd)
            counts[0] += 1
        elif fd == -errno.ENODEV:
            counts[1] += 1
        else:
            counts[2] += 1
            counts[3] = -fd


def more(all_counts, kind):
    """Whether each worker soon has another result of this kind."""
    before = [counts[kind] for counts in all_counts]
    end = time.monotonic() + PATIENCE
    while any(c[kind] == b for c, b in zip(all_counts, before)):
        if time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True


def test_nobody():
    said = insmod("banks=ours:4M,hidden:4M:private,other:2M")
    ok(not said, "is loaded with a bank, a private one and another", said)
    ok(os.path.exists(heap("ours")) and os.path.exists(heap("other")),
       "banks are heaps", os.listdir("/dev/dma_heap"))
    ok(not os.path.exists(heap("hidden")), "a private bank is none")
    mode = os.stat(heap("ours")).st_mode & 0o777
    ok(mode == 0o600, "a heap is root's alone where no udev says else", oct(mode))
    node = os.open(heap("ours"), os.O_RDWR | os.O_CLOEXEC)
    fd = alloc(node)
    ok(fd >= 0 and holds(fd, bytes(4096)) and used() == 4096, "a heap allocates", fd)
    ret = delete(b"membank")
    ok(ret == errno.EWOULDBLOCK, "what a heap gave holds the module", ret)
    os.close(fd)
    ok(unload(), "an open node of a heap does not hold it")
    ret = [alloc(node), alloc(node, 1 << 30)]
    ok(ret == [-errno.ENODEV] * 2, "then the heap says that nobody is there", ret)
    again = os.open(heap("ours"), os.O_RDWR | os.O_CLOEXEC)
    ret = alloc(again)
    ok(ret == -errno.ENODEV, "also to who opens it then", ret)
    os.close(again)
    return node


def test_again(node):
    before = os.stat(heap("ours")).st_rdev
    said = insmod("banks=first:2M,ours:4M")
    ok(not said, "is loaded again with the bank at another place", said)
    ok(os.fstat(node).st_rdev == os.stat(heap("ours")).st_rdev == before,
       "the heap is the same")
    fd = alloc(node)
    ok(fd >= 0 and holds(fd, bytes(4096)) and used(0) == 0 and used(1) == 4096,
       "and the node that was open allocates of the new bank, zeroed", fd)
    os.close(fd)
    with open(heap("other")) as other:
        ret = alloc(other)
    ok(ret == -errno.ENODEV, "a heap whose bank is gone has nobody", ret)
    ok(unload(), "is unloaded")

    said = insmod("banks=ours:4M:private")
    ret = alloc(node)
    ok(not said and ret == -errno.ENODEV, "a bank that is private now does not serve it",
       said, ret)
    ok(unload(), "is unloaded again")


def as_nobody(function):
    """What it returns when it has the rights of nobody, as an exit status."""
    pid = os.fork()
    if not pid:
        os.setgid(65534)
        os.setuid(65534)
        os._exit(function())
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_quota(node):
    said = insmod("banks=ours:4M quota=1M")
    ok(not said, "is loaded with a quota", said)
    ret = as_nobody(lambda: -alloc(node, 1 << 21) & 0xff)
    ok(ret == errno.EDQUOT, "a heap says when it is over quota", os.strerror(ret))
    ret = as_nobody(lambda: min(0, alloc(node, 1 << 20)) & 0xff)
    ok(not ret, "and gives what is within", ret)
    ok(unload(), "is unloaded with a quota")


def test_heap_module():
    ret = delete(b"membank_heap")
    ok(ret == errno.EBUSY, "membank_heap is not unloaded without membank", ret)
    said = insmod("banks=ours:4M")
    ret = delete(b"membank_heap")
    ok(not said and ret in (errno.EBUSY, errno.EWOULDBLOCK), "nor with it", said, ret)
    done = subprocess.run(["rmmod", "membank_heap"], stderr=subprocess.PIPE, text=True)
    ok(done.returncode != 0 and os.path.exists("/sys/module/membank_heap"),
       "nor by rmmod", done.stderr)
    with open("/proc/modules") as file:
        line = next(line for line in file if line.startswith("membank_heap "))
    ok("[permanent]" in line, "and is shown as permanent", line)


def test_under_work(node):
    """With membank loaded: unloading and loading while tasks allocate."""
    shared = mmap.mmap(-1, 4096)
    counts = [(ctypes.c_ulong * 4).from_buffer(shared, 64 * i) for i in range(WORKERS)]
    workers = []
    for i in range(WORKERS):
        pid = os.fork()
        if not pid:
            work(node, counts[i])
        workers.append(pid)
    good, refused = True, 0
    for _ in range(ROUNDS):
        good &= more(counts, 0)
        while ret := delete(b"membank"):
            refused += 1
            good &= ret == errno.EWOULDBLOCK
        good &= more(counts, 1) and not insmod("banks=ours:4M")
    good &= more(counts, 0)
    for pid in workers:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    done, nobody, wrong = (sum(c[kind] for c in counts) for kind in range(3))
    ok(good, f"is unloaded and loaded {ROUNDS} times while {WORKERS} tasks allocate")
    ok(not wrong, "an allocation is done, or nobody is there",
       wrong, "others, one with errno", [c[3] for c in counts])
    print(f"# {done} allocations done, {nobody} with nobody there; unloading was "
          f"refused {refused} times in {ROUNDS} rounds")
    end = time.monotonic() + PATIENCE
    while used() and time.monotonic() < end:
        time.sleep(0.01)
    ok(used() == 0, "the bank is empty after that", used())
    ok(unload(), "is unloaded after that")


node = test_nobody()
test_again(node)
test_quota(node)
test_heap_module()
test_under_work(node)
ret = alloc(node)
ok(ret == -errno.ENODEV, "and nobody is there again", ret)
print(f"1..{number}")
sys.exit(failed)
PYTHON
status=$?
for _ in 1 2 3 4 5; do
	grep -q '^membank ' /proc/modules || break
	rmmod membank || sleep 1
done
insmod "$ko" "$params" || exit 1
exit $status
